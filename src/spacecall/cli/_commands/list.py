"""`spacecall list`: show the clients of a project."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spacecall._visible import visible_line
from spacecall.cli._outputs.terminal import display_path, to_json, write, write_message
from spacecall.codegen._project.configuration import read_configuration
from spacecall.codegen._project.project_clients import Client, list_clients

__all__ = ["list_"]


def list_(
    *,
    json_: Annotated[
        bool, typer.Option("--json", help="Print a JSON array with an object for each client.")
    ] = False,
) -> None:
    """List the typed clients of the project.

    Print a line for each: its name, the app that it was generated from, and its module.
    """
    clients = list_clients(read_configuration(Path.cwd()))
    if json_:
        write(f"{to_json([_describe(client) for client in clients], indent=2)}\n")
        return
    if not clients:
        write_message("the project has no clients: spacecall add SOURCE makes one")
    rows = [
        (client.name, visible_line(client.source) or "a saved app", display_path(client.module))
        for client in clients
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(2)]
    for name, source, module in rows:
        write(f"{name:{widths[0]}}  {source:{widths[1]}}  {module}\n")


def _describe(client: Client) -> dict[str, str | None]:
    return {
        "name": client.name,
        "source": client.source or None,
        "schemas": display_path(client.folder),
        "module": display_path(client.module),
        "gradio": client.lock.gradio if client.lock else None,
        "date": client.lock.date if client.lock else None,
    }
