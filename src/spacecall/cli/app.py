"""The commands, and what becomes of their errors.

Results go to stdout, everything else to stderr.
"""

from __future__ import annotations

import sys

import typer

from spacecall._version import __version__
from spacecall.cli.add import add
from spacecall.cli.demonstration import demo
from spacecall.codegen.store import SchemaError
from spacecall.errors import InvalidInputError, NotFoundError, SpaceError

__all__ = ["app", "run"]

DONE, FAILED, WRONG_USE, UNREACHABLE = 0, 1, 2, 3

app = typer.Typer(
    name="spacecall",
    help="Typed clients for Gradio apps and Hugging Face Spaces.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
"""All commands."""

app.command()(add)
app.command()(demo)


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
    except (InvalidInputError, NotFoundError, SchemaError) as error:
        return _say(str(error), WRONG_USE)
    except SpaceError as error:
        return _say(str(error) or type(error).__name__, UNREACHABLE)
    except OSError as error:
        return _say(": ".join(filter(None, [error.filename, error.strerror])), FAILED)
    return DONE


def _say(message: str, status: int) -> int:
    print(f"spacecall: {message}", file=sys.stderr)
    return status
