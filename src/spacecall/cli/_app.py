"""The commands, and what becomes of their errors.

Results go to stdout, everything else to stderr.
"""

from __future__ import annotations

import typer

from spacecall._version import __version__
from spacecall.cli._commands.add import add
from spacecall.cli._commands.call import CallCommand, call
from spacecall.cli._commands.cassettes import cassettes
from spacecall.cli._commands.chat import chat
from spacecall.cli._commands.check import check
from spacecall.cli._commands.demo import demo
from spacecall.cli._commands.doctor import doctor
from spacecall.cli._commands.generate import generate
from spacecall.cli._commands.inspect import inspect
from spacecall.cli._commands.record import record
from spacecall.cli._commands.refresh import refresh
from spacecall.cli._commands.remove import remove
from spacecall.cli._commands.rules import rules
from spacecall.cli._commands.wait import wait
from spacecall.cli._outputs.terminal import (
    drop_stdout,
    tell_error,
    tell_traceback,
    visible_streams,
    write,
)
from spacecall.cli._support.exit_codes import (
    CHECKING,
    DONE,
    FAILED,
    READER_GONE,
    ReaderGoneError,
    epilog,
    status_of,
)
from spacecall.codegen._project.configuration import ConfigurationError
from spacecall.codegen._schemas.schema_folder import SchemaError
from spacecall.errors import SpaceError

__all__ = ["app", "main", "run"]

app = typer.Typer(
    name="spacecall",
    help="Typed clients for Gradio apps and Hugging Face Spaces.",
    epilog=epilog(),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
"""All commands."""

app.command()(inspect)
app.command(cls=CallCommand)(call)
app.command(cls=CallCommand)(record)
app.command()(chat)
app.command()(wait)
app.command()(add)
app.command()(refresh)
app.command()(generate)
app.command(epilog=CHECKING)(check)
app.command()(remove)
app.command()(rules)
app.add_typer(cassettes, name="cassettes")
app.command()(demo)
app.command()(doctor)


def _version(asked: bool) -> None:  # noqa: FBT001 - called by typer
    if asked:
        write(f"{__version__}\n")
        raise typer.Exit


@app.callback()
def _common(
    *,
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Show the version and leave."
    ),
) -> None: ...


def run(arguments: list[str] | None = None) -> int:
    """Run a command; its exit status."""
    with visible_streams():
        return _run(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run a command; its exit status. An unexpected error is shown with its traceback."""
    try:
        return run(arguments)
    except Exception as error:  # noqa: BLE001 - the interpreter would print it raw
        tell_traceback(error)
        return FAILED


def _run(arguments: list[str] | None) -> int:
    try:
        app(args=arguments, prog_name="spacecall")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else DONE
    except ReaderGoneError:
        # What is still buffered has no reader either: the interpreter must not try to write it.
        drop_stdout()
        return READER_GONE
    except (SpaceError, SchemaError, ConfigurationError, OSError) as error:
        tell_error(error)
        return status_of(error)
    return DONE
