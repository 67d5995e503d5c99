"""`spacecall cassettes`: look at recordings, and check them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from spacecall.cli.exits import FAILED, epilog

__all__ = ["cassettes"]

cassettes = typer.Typer(
    help="Look at recordings of apps, and check them; `spacecall record` makes them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
"""All commands about cassettes."""

_FilesArgument: TypeAlias = Annotated[
    list[Path], typer.Argument(metavar="FILE", help="Cassettes, name.json.", show_default=False)
]
_EPILOG = epilog(0, 1, 2)


@cassettes.command(epilog=_EPILOG)
def show(
    files: _FilesArgument,
    *,
    html: Annotated[
        Path | None,
        typer.Option(
            metavar="PAGE",
            help="Write one page with the picture, and the events on click, instead. For one FILE.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Draw the timeline of cassettes: when each job was queued, worked on, told, and done."""
    from spacecall.cli import tapes  # noqa: PLC0415 - needs an extra

    if html is None:
        tapes.show(files)
    else:
        tapes.write_page(files, html)


@cassettes.command(epilog=_EPILOG)
def validate(
    files: _FilesArgument,
    *,
    schema: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="The schema folder that calls must fit. [default: the project's, for apps that "
            "it has a client of; otherwise what the app said of itself]",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Check every recorded message against the protocol and the app's schemas."""
    from spacecall.cli import tapes  # noqa: PLC0415 - needs an extra

    if not tapes.validate(files, schema):
        raise typer.Exit(FAILED)


@cassettes.command(epilog=_EPILOG)
def check(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FOLDER", help="Where tests are. [default: as pytest]", show_default=False
        ),
    ] = None,
) -> None:
    """List cassettes that no test uses, damaged ones, and those of older schemas.

    The tests are collected with pytest, and not run.
    """
    from spacecall.cli import tapes  # noqa: PLC0415 - needs an extra

    if not tapes.check(folders or []):
        raise typer.Exit(FAILED)
