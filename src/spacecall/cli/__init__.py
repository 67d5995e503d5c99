"""The `spacecall` command. Needs the `cli` extra."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and leave the process.

    Args:
        arguments: by default those of the process.

    Raises:
        SystemExit: always; 0 done, 1 failed, 2 wrong use, 3 the app could not be reached.
    """
    try:
        from spacecall.cli._app import main as start  # noqa: PLC0415 - the extra may be missing
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "spacecall":
            raise
        print(
            f"The command needs {error.name}: pip install 'spacecall[cli]'",
            file=sys.stderr,
        )
        sys.exit(2)
    sys.exit(start(None if arguments is None else list(arguments)))
