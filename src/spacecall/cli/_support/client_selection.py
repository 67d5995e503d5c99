"""Select the project's clients that a command works on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from spacecall.codegen._project.configuration import Configuration, read_configuration
from spacecall.codegen._project.project_clients import Client, find_clients, list_clients
from spacecall.errors import InvalidInputError, SpaceError

__all__ = [
    "NamesArgument",
    "SourceOption",
    "complete_client_names",
    "require_single_client",
    "select_clients",
]


def complete_client_names() -> list[str]:
    """Return the names of the project's clients, for the shell's completion."""
    try:
        return [client.name for client in list_clients(read_configuration(Path.cwd()))]
    except (SpaceError, ValueError, OSError):
        return []


NamesArgument: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NAME",
        help="Clients of the project. [default: all]",
        show_default=False,
        autocompletion=complete_client_names,
    ),
]
"""The names of the clients that a command works on."""

SourceOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--source",
        metavar="SOURCE",
        help="Use this app instead of the client's own: a Space id (owner/name), an address, or "
        "a saved app. Needs a single NAME. [default: the app that the client was generated from]",
        show_default=False,
    ),
]
"""`--source`, for commands that fetch the schemas of an app."""


def select_clients(names: Sequence[str] | None) -> tuple[Configuration, list[Client]]:
    """Return the project of the current folder, and its clients of these names, by default all.

    Raises:
        InvalidInputError: the project has no client of such a name.
        SchemaError, ConfigurationError: a lock or the configuration cannot be read.
    """
    project = read_configuration(Path.cwd())
    return project, find_clients(project, names or ())


def require_single_client(clients: Sequence[Client], source: str) -> None:
    """Refuse a `--source` for several clients.

    Raises:
        InvalidInputError: there are several clients and a source.
    """
    if source and len(clients) > 1:
        names = ", ".join(client.name for client in clients)
        raise InvalidInputError(f"--source is for one client: add one NAME of {names}")
