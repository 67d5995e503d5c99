"""The commands, and what becomes of their errors.

Results go to stdout, everything else to stderr.
"""

from __future__ import annotations

import os
import sys

import typer

from spacecall._version import __version__
from spacecall.cli.add import add
from spacecall.cli.call import CallCommand, call
from spacecall.cli.cassettes import cassettes
from spacecall.cli.chat import chat
from spacecall.cli.check import check
from spacecall.cli.demonstration import demo
from spacecall.cli.doctor import doctor
from spacecall.cli.exits import (
    CHECKING,
    DONE,
    READER_GONE,
    ReaderGoneError,
    epilog,
    message_of,
    status_of,
)
from spacecall.cli.generate import generate
from spacecall.cli.inspect import inspect
from spacecall.cli.record import record
from spacecall.cli.refresh import refresh
from spacecall.cli.remove import remove
from spacecall.cli.rules import rules
from spacecall.cli.wait import wait
from spacecall.codegen.configuration import ConfigurationError
from spacecall.codegen.store import SchemaError
from spacecall.errors import SpaceError

__all__ = ["app", "run"]

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
        print(__version__)
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
    try:
        app(args=arguments, prog_name="spacecall")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else DONE
    except ReaderGoneError:
        # What is still buffered has no reader either: the interpreter must not try to write it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE
    except (SpaceError, SchemaError, ConfigurationError, OSError) as error:
        print(f"spacecall: {message_of(error)}", file=sys.stderr)
        return status_of(error)
    return DONE
