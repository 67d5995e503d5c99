"""The command line, `spacecall`. It needs the extra `cli`.

`_app` puts the commands together. Each command is a module of `_commands`, with its options and
help texts. `_inputs` parses arguments, `_runners` carries out the larger commands, `_outputs`
writes to the terminal, and `_support` has what several commands share. `_demo_app` holds the app
and the program of `spacecall demo`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit the process.

    Args:
        arguments: the command line; by default that of the process.

    Raises:
        SystemExit: always, with an exit code of `spacecall --help`.
    """
    try:
        from spacecall.cli._app import main as run_command  # noqa: PLC0415 - the extra may be missing
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "spacecall":
            raise
        print(
            f"spacecall: the command line needs {error.name}: pip install 'spacecall[cli]'",
            file=sys.stderr,
        )
        sys.exit(2)
    sys.exit(run_command(None if arguments is None else list(arguments)))
