"""A process that generates the clients of all saved apps twice, and tells the second time."""

from __future__ import annotations

import time

from spacecall.codegen._schemas.app_documents import AppDocuments
from tests.codegen.apps import CAPTURES, CORPUS, DRIFTED, generated, saved


def main() -> None:
    """Print the number of apps and the processor seconds that they took."""
    apps = [saved(path) for path in (*CORPUS, *CAPTURES, *DRIFTED)]
    _generate(apps)
    print(len(apps), _generate(apps))


def _generate(apps: list[AppDocuments]) -> float:
    began = time.process_time()
    for app in apps:
        generated(app)
    return time.process_time() - began


if __name__ == "__main__":
    main()
