"""`spacecall add`: generate a typed client for an app."""

from __future__ import annotations

import os
from keyword import iskeyword
from pathlib import Path
from typing import Annotated

import typer

from spacecall._regular_files import check_output, check_output_folder
from spacecall._visible import visible_line
from spacecall.cli._outputs.terminal import display_path, write, write_message
from spacecall.cli._runners.app_fetcher import fetch_one_app
from spacecall.cli._support.async_runner import run_async
from spacecall.cli._support.credential_options import ReadCredentials, takes_credentials
from spacecall.codegen._project import client_builder
from spacecall.codegen._project.configuration import Configuration, read_configuration
from spacecall.errors import InvalidInputError

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
            help="Write the client to this Python file or folder; the other commands find it "
            "there. [default: ./spaces]",
            show_default=False,
        ),
    ] = None,
    schemas: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Write the schemas to a subfolder of this folder outside of the project; the "
            "folder in the project is in pyproject.toml. [default: ./schemas/spaces]",
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
    _check_places(project, into, schemas)
    access = read_credentials().for_app(source)
    app = run_async(lambda: fetch_one_app(source, access))
    settings = project.settings_of(name, app.source)
    if into is not None and settings.code is not None:
        raise InvalidInputError(
            f"pyproject.toml has the file of {settings.name}, in spaces.{settings.name}.code: "
            "change it there instead of --into"
        )
    selected = [part.strip() for part in endpoints.split(",") if part.strip()]
    added = client_builder.add_client(
        app,
        project.root,
        name=name or settings.name,
        into=settings.code or project.code,
        chosen=into,
        keeps_module=settings.code is None,
        package=settings.code is None,
        schemas=schemas or project.schemas,
        endpoints=selected or (None if all_ else settings.endpoints),
        undocumented=all_ or settings.undocumented,
        reserved_names=() if name or settings.name else project.spaces.keys(),
    )
    write(f"{display_path(added.paths.schemas)}\n{display_path(added.paths.module)}\n")
    if added.older_module is not None:
        older = display_path(added.older_module)
        kept = "is kept, since it is not as it was generated: delete it if nothing uses it"
        write_message(f"{older} {'is deleted' if added.removed_older else kept}")
    if added.folder.lock.left_out:
        names = visible_line(", ".join(added.folder.lock.left_out))
        write_message(f"not included, since they are private: {names}")


def _check_places(project: Configuration, into: Path | None, schemas: Path | None) -> None:
    """Refuse places where the project's other commands would not find the client.

    A client outside of the project, schemas and module, is of no concern to them.

    Raises:
        InvalidInputError: such a place.
    """
    folder = project.schemas if schemas is None else _absolute(schemas)
    if into is not None:
        _check_module(into)
        is_among_schemas = _absolute(into).is_relative_to(project.schemas)
        if is_among_schemas and project.schemas != project.root:
            raise InvalidInputError(
                f"--into {into} is in the folder of the schemas: name another file or folder"
            )
    is_inside = folder.is_relative_to(project.root)
    if is_inside and folder != project.schemas:
        path = folder.relative_to(project.root).as_posix()
        raise InvalidInputError(
            f"other commands look for schemas in {display_path(project.schemas)}: write "
            f'[tool.spacecall] with schemas = "{path}" to pyproject.toml instead of --schemas'
        )
    if is_inside and into is not None and not _absolute(into).is_relative_to(project.root):
        raise InvalidInputError(
            f"{into} is outside of the project, where other commands write nothing: name a folder "
            "outside with --schemas too, or a file in the project"
        )
    if not is_inside and (into is None or _absolute(into).is_relative_to(project.root)):
        raise InvalidInputError(
            f"{schemas} is outside of the project: name a file or a folder outside with --into too"
        )


def _check_module(into: Path) -> None:
    if into.suffix == ".py":
        if iskeyword(into.stem):
            raise InvalidInputError(
                f"--into {into}: {into.name} cannot be imported: {into.stem} is a keyword "
                "of Python, choose another name"
            )
        if not into.stem.isidentifier():
            raise InvalidInputError(
                f"--into {into}: {into.name} cannot be imported: use letters, digits and _, not a "
                "digit first"
            )
        check_output("--into", into)
        return
    check_output_folder("--into", into)
    if into.suffix and not into.is_dir():
        raise InvalidInputError(f"--into {into}: name a Python file (….py) or a folder")


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 - without symlinks
