"""`spacecall add`: generate a typed client for an app."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spacecall._visible import visible_line
from spacecall.cli._outputs.terminal import display_path, write, write_message
from spacecall.cli._runners.app_fetcher import fetch_one
from spacecall.cli._support.async_runner import run_async
from spacecall.cli._support.credential_options import ReadCredentials, takes_credentials
from spacecall.codegen._project import client_builder
from spacecall.codegen._project.configuration import read_configuration

__all__ = ["add"]


@takes_credentials()
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
        typer.Option(
            "--all", help="Include endpoints that are undocumented or only compute a default."
        ),
    ] = False,
    read_credentials: ReadCredentials,
) -> None:
    """Generate a typed client for an app.

    Print the paths of the new schema folder and of the new module. The client of another app is
    never replaced: choose a name with --name then.
    """
    project = read_configuration(Path.cwd())
    access = read_credentials().for_app(source)
    app = run_async(lambda: fetch_one(source, access))
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
        reserved_names=() if name or settings.name else project.spaces.keys(),
    )
    write(f"{display_path(added.paths.schemas)}\n{display_path(added.paths.module)}\n")
    if added.folder.lock.left_out:
        names = visible_line(", ".join(added.folder.lock.left_out))
        write_message(f"not included, since they are private: {names}")
