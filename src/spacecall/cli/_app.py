"""Put the commands together, and turn their errors into messages and exit codes.

Results go to stdout; progress, messages and errors go to stderr.
"""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

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
from spacecall.cli._commands.list import list_
from spacecall.cli._commands.record import record
from spacecall.cli._commands.refresh import refresh
from spacecall.cli._commands.remove import remove
from spacecall.cli._commands.rules import rules
from spacecall.cli._commands.schema import schema
from spacecall.cli._commands.skill import skill
from spacecall.cli._commands.wait import wait
from spacecall.cli._outputs.terminal import (
    discard_stdout,
    escape_streams,
    write,
    write_error,
    write_traceback,
)
from spacecall.cli._support.exit_codes import (
    CHECK_EPILOG,
    DONE,
    FAILED,
    OUTPUT_CLOSED,
    OutputClosedError,
    exit_code_for,
    format_epilog,
)
from spacecall.cli._support.signals import handle_signals
from spacecall.codegen._project.configuration import ConfigurationError
from spacecall.codegen._schemas.schema_folder import SchemaError
from spacecall.errors import SpaceError

__all__ = ["app", "main", "run"]


class _CommandGroup(TyperGroup):
    """The commands. Ctrl-C and SIGTERM end each of them."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command of the command line."""
        with handle_signals():
            return super().invoke(ctx)


app = typer.Typer(
    name="spacecall",
    cls=_CommandGroup,
    context_settings={"help_option_names": ["--help", "-h"]},
    help="Call Gradio apps and Hugging Face Spaces, and generate typed clients for them.",
    epilog=format_epilog(),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
"""The command `spacecall` with its subcommands."""

app.command()(inspect)
app.command()(schema)
app.command()(skill)
app.command(cls=CallCommand)(call)
app.command(cls=CallCommand)(record)
app.command()(chat)
app.command()(wait)
app.command()(add)
app.command()(refresh)
app.command()(generate)
app.command(epilog=CHECK_EPILOG)(check)
app.command("list")(list_)
app.command()(remove)
app.command()(rules)
app.add_typer(cassettes, name="cassettes")
app.command()(demo)
app.command()(doctor)


def _show_version(requested: bool) -> None:  # noqa: FBT001 - called by typer
    if requested:
        write(f"{__version__}\n")
        raise typer.Exit


@app.callback()
def _common_options(
    *,
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
    ),
) -> None: ...


def run(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code."""
    with escape_streams():
        return _run(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code; write the traceback of an unexpected error."""
    try:
        return run(arguments)
    except Exception as error:  # noqa: BLE001 - the interpreter would print it raw
        write_traceback(error)
        return FAILED


def _run(arguments: list[str] | None) -> int:
    try:
        app(args=arguments, prog_name="spacecall")
    except SystemExit as exit_request:
        return exit_request.code if isinstance(exit_request.code, int) else DONE
    except OutputClosedError:
        # Otherwise the interpreter would write the rest of the buffer at exit, and fail again.
        discard_stdout()
        return OUTPUT_CLOSED
    except (SpaceError, SchemaError, ConfigurationError, OSError) as error:
        write_error(error)
        return exit_code_for(error)
    return DONE
