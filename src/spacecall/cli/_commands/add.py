"""`spacecall add`: generate a typed client for an app."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spacecall._visible import visible_line
from spacecall.cli._outputs.terminal import display_path, write, write_message
from spacecall.cli._support.app_access import Credentials
from spacecall.cli._support.signals import run_async
from spacecall.codegen._project import client_builder
from spacecall.codegen._project.configuration import read_configuration
from spacecall.codegen._schemas.app_documents import fetch_app

__all__ = ["add"]


def add(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A Space id (owner/name), an address, or a folder with config.json and info.json.",
            show_default=False,
        ),
    ],
    *,
    name: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="Name the client. [default: the Space's name, or the app's title]"
        ),
    ] = "",
    into: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Write the client to this Python file or folder. [default: ./spaces]",
            show_default=False,
        ),
    ] = None,
    schemas: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Write the schemas to a subfolder of this folder. [default: ./schemas/spaces]",
            show_default=False,
        ),
    ] = None,
    endpoints: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="Include only these endpoints, separated by commas.",
            show_default=False,
        ),
    ] = "",
    all_: Annotated[
        bool,
        typer.Option("--all", help="Include endpoints that the app's page does not show."),
    ] = False,
) -> None:
    """Generate a typed client for an app.

    Print the paths of the new schema folder and of the new module.

    Set SPACECALL_USERNAME and SPACECALL_PASSWORD for an app with a login, and HF_TOKEN for a
    private Space (only Hugging Face gets the token).
    """
    project = read_configuration(Path.cwd())
    access = Credentials.from_options().for_app(source)
    app = run_async(lambda: fetch_app(source, auth=access.auth))
    settings = project.settings_of(name, app.source)
    selected = [part.strip() for part in endpoints.split(",") if part.strip()]
    added = client_builder.add_client(
        app,
        project.root,
        name=name or settings.name,
        into=into or settings.code or project.code,
        package=(into or settings.code) is None,
        schemas=schemas or project.schemas,
        endpoints=selected or (None if all_ else settings.endpoints),
        undocumented=all_ or settings.undocumented,
    )
    write(f"{display_path(added.paths.schemas)}\n{display_path(added.paths.module)}\n")
    if added.folder.lock.left_out:
        names = visible_line(", ".join(added.folder.lock.left_out))
        write_message(f"not included, since they are private: {names}")
