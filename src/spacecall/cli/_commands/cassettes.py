"""`spacecall cassettes`: show and check recordings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from spacecall.cli._support.exit_codes import DONE, FAILED, USAGE_ERROR, format_epilog

__all__ = ["cassettes"]

cassettes = typer.Typer(
    name="cassettes",
    help="Show and check recordings of apps. `spacecall record` creates them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
"""The command `spacecall cassettes` with its subcommands."""

_FilesArgument: TypeAlias = Annotated[
    list[Path], typer.Argument(metavar="FILE", help="Cassettes (name.json).", show_default=False)
]
_CHECK_EPILOG = (
    "\b\nExit codes:\n"
    "  0  no problem found\n"
    "  1  a problem was found\n"
    "  2  usage error, or invalid input"
)


@cassettes.command(epilog=format_epilog(DONE, USAGE_ERROR))
def show(
    files: _FilesArgument,
    *,
    html: Annotated[
        Path | None,
        typer.Option(
            metavar="PAGE",
            help="Write an HTML page with the timeline and the events of a single FILE instead.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Draw timelines of cassettes.

    A timeline shows the queue time, the run time, the partial results and the outcome of each job.
    """
    from spacecall.cli._runners import cassette_runner  # noqa: PLC0415 - needs an extra

    if html is None:
        cassette_runner.show(files)
    else:
        cassette_runner.write_page(files, html)


@cassettes.command(epilog=_CHECK_EPILOG)
def validate(
    files: _FilesArgument,
    *,
    schema: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Check calls against this schema folder. [default: the schemas of the project's "
            "client for the app, or the recorded schemas]",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Check recorded messages against the protocol and the schemas."""
    from spacecall.cli._runners import cassette_runner  # noqa: PLC0415 - needs an extra

    if not cassette_runner.validate(files, schema):
        raise typer.Exit(FAILED)


@cassettes.command(epilog=_CHECK_EPILOG)
def check(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FOLDER",
            help="Folders of tests. [default: the test folders of pytest]",
            show_default=False,
        ),
    ] = None,
    *,
    prune: Annotated[
        bool,
        typer.Option(
            "--prune", help="Delete files beside cassettes that no cassette needs. Keep cassettes."
        ),
    ] = False,
) -> None:
    """List unused, missing, damaged and outdated cassettes.

    A cassette is outdated if it was recorded with other schemas than those of the project's client.
    pytest collects the tests, but does not run them.
    """
    from spacecall.cli._runners import cassette_runner  # noqa: PLC0415 - needs an extra

    if not cassette_runner.check(folders or [], prune=prune):
        raise typer.Exit(FAILED)
