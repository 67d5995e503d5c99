"""`spacecall add`: an app's schema files, and the typed client made of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import anyio
import typer

from spacecall._visible import visible_line
from spacecall.cli._outputs.terminal import tell, write
from spacecall.cli._support.app_access import Credentials
from spacecall.cli._support.project_paths import shown
from spacecall.codegen._project import client_builder
from spacecall.codegen._project.configuration import configured
from spacecall.codegen._schemas.app_documents import fetch

__all__ = ["add"]


def add(
    source: Annotated[
        str,
        typer.Argument(
            help="A Space id (owner/name), an address, or a folder with config.json and info.json.",
            show_default=False,
        ),
    ],
    *,
    name: Annotated[
        str, typer.Option(help="Of the client. [default: the Space's name, or the app's title]")
    ] = "",
    into: Annotated[
        Path | None,
        typer.Option(
            help="The Python file to write, or a folder for it. [default: ./spaces]",
            show_default=False,
        ),
    ] = None,
    schemas: Annotated[
        Path | None,
        typer.Option(
            help="The folder of all schema folders. [default: ./schemas/spaces]",
            show_default=False,
        ),
    ] = None,
    endpoints: Annotated[
        str, typer.Option(help="Only these, by name: a,b.", show_default=False)
    ] = "",
    all_: Annotated[
        bool, typer.Option("--all", help="Endpoints that the app's page does not show, too.")
    ] = False,
) -> None:
    """Write the schema files of an app, and a typed client.

    An app with a login needs SPACECALL_USERNAME and SPACECALL_PASSWORD, a private Space HF_TOKEN,
    which goes to Hugging Face alone.
    """
    project = configured(Path.cwd())
    access = Credentials.of().for_app(source)
    app = anyio.run(lambda: fetch(source, auth=access.auth))
    known = project.named(name, app.source)
    asked = [part.strip() for part in endpoints.split(",") if part.strip()]
    done = client_builder.add(
        app,
        project.root,
        name=name or known.name,
        into=into or known.code or project.code,
        package=(into or known.code) is None,
        schemas=schemas or project.schemas,
        endpoints=asked or (None if all_ else known.endpoints),
        undocumented=all_ or known.undocumented,
    )
    write(f"{shown(done.places.schemas)}\n{shown(done.places.module)}\n")
    if done.folder.lock.left_out:
        tell(f"private, left out: {visible_line(', '.join(done.folder.lock.left_out))}")
