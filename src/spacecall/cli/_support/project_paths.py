"""What the commands about a project share: its clients, and paths as people write them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from spacecall.codegen._project.configuration import Configuration, configured
from spacecall.codegen._project.project_clients import Client, all_clients, choose
from spacecall.errors import InvalidInputError, SpaceError

__all__ = ["NamesArgument", "SourceOption", "chosen", "client_names", "shown", "the_one"]


def client_names() -> list[str]:
    """The names of the project's clients, for the shell's completion."""
    try:
        return [one.name for one in all_clients(configured(Path.cwd()))]
    except (SpaceError, ValueError, OSError):
        return []


NamesArgument: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NAME",
        help="Clients of the project. [default: all]",
        show_default=False,
        autocompletion=client_names,
    ),
]
"""The clients that a command is about."""

SourceOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--source",
        metavar="SOURCE",
        help="Another app than the one it was made from: a Space id, an address, a saved app. "
        "For one client.",
        show_default=False,
    ),
]
"""`--source`, for commands that ask an app."""


def chosen(names: Sequence[str] | None) -> tuple[Configuration, list[Client]]:
    """The project of the current folder, and its clients of these names, by default all.

    Raises:
        InvalidInputError: there is no such client.
        SchemaError, ConfigurationError: a lock or the configuration cannot be read.
    """
    project = configured(Path.cwd())
    return project, choose(project, names or ())


def the_one(clients: Sequence[Client], source: str) -> None:
    """See that a `--source` is for one client.

    Raises:
        InvalidInputError: it is for several.
    """
    if source and len(clients) > 1:
        names = ", ".join(one.name for one in clients)
        raise InvalidInputError(f"--source is for one client: name it, of {names}")


def shown(path: Path) -> str:
    """A path from the current folder where it is below it."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
