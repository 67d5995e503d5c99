"""The command line, `spacecall`. It needs the extra `cli`.

`_app` puts the commands together. Each command is a module of `_commands`, with its options and
help texts. `_inputs` parses arguments, `_runners` carries out the larger commands, `_outputs`
writes to the terminal, and `_support` has what several commands share. `_demo_app` holds the app
and the program of `spacecall demo`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec

__all__ = ["main"]

# Those of the extra `cli`.
_LIBRARIES = ("typer", "rich", "datamodel_code_generator")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit the process.

    Args:
        arguments: the command line; by default that of the process.

    Raises:
        SystemExit: always, with an exit code of `spacecall --help`.
    """
    for library in _LIBRARIES:
        if find_spec(library) is None:
            print(
                f"spacecall: the command line needs {library}: pip install 'spacecall[cli]'",
                file=sys.stderr,
            )
            sys.exit(2)
    from spacecall.cli._app import main as run_command  # noqa: PLC0415 - the extra may be missing

    sys.exit(run_command(None if arguments is None else list(arguments)))
