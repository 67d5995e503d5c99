"""The system programs that some tests run: which of them are missing, and how to install them.

Run as a script, it prints a line for each missing program; in CI (``CI=true``) that is a failure.
Standard library only.
"""

from __future__ import annotations

import os
import shutil
import sys

PACKAGES = {
    "nginx": "nginx-light",
    "chromedriver": "chromium chromium-driver",
    "openssl": "openssl",
}
"""The Debian packages of each program."""

EXTRA_FOLDERS = ("/usr/sbin", "/usr/local/sbin")
"""Where Debian installs servers; only root has these folders on the PATH."""


def find_program(name: str) -> str | None:
    """Return the path of a program, or None if it is not installed."""
    folders = [os.environ.get("PATH", os.defpath), *EXTRA_FOLDERS]
    return shutil.which(name, path=os.pathsep.join(folders))


def explain_missing(name: str) -> str | None:
    """Return how to install a program, or None if it is installed."""
    if find_program(name):
        return None
    return f"{name} is missing: apt-get install {PACKAGES[name]}"


def is_ci() -> bool:
    """Whether this is a run of continuous integration, in which every program must be installed."""
    return os.environ.get("CI", "").lower() in ("1", "true")


def main() -> int:
    """Print what is missing, on stderr."""
    missing = [text for name in PACKAGES if (text := explain_missing(name))]
    for text in missing:
        outcome = "error" if is_ci() else "the tests that need it are left out"
        print(f"· {text} ({outcome})", file=sys.stderr)
    return int(is_ci() and bool(missing))


if __name__ == "__main__":
    sys.exit(main())
