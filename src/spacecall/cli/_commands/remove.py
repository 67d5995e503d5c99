"""`spacecall remove`: a client's files go away."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spacecall._atomic import remove_files
from spacecall.cli._outputs.terminal import tell, write
from spacecall.cli._support.project_paths import client_names, shown
from spacecall.codegen._names import module_name, slug
from spacecall.codegen._project import generated_files
from spacecall.codegen._project.configuration import FILE, Configuration, configured
from spacecall.codegen._project.project_clients import all_clients, choose, orphans
from spacecall.errors import InvalidInputError

__all__ = ["remove"]


def remove(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="A client.", show_default=False, autocompletion=client_names
        ),
    ],
) -> None:
    """Take a client's schema folder and its generated module away.

    A module that was not generated is left alone: that is an error, and nothing is taken away. The
    files that were taken away go to stdout.
    """
    project = configured(Path.cwd())
    if (left := _without_schemas(project, name)) is not None:
        remove_files([left], project.root)
        write(f"{shown(left)}\n")
        return
    (client,) = choose(project, [name])
    write("".join(f"{shown(path)}\n" for path in client.remove()))
    if client.folder.is_dir():
        tell(f"{shown(client.folder)} has other files, which stay")
    if client.settings.given:
        tell(f"{FILE} still has tool.spacecall.spaces.{client.name}")


def _without_schemas(project: Configuration, name: str) -> Path | None:
    """A generated module whose schemas are gone already."""
    try:
        module = f"{module_name(name)}.py"
    except ValueError as error:
        raise InvalidInputError(str(error)) from error
    known = all_clients(project)
    if name not in (slug(name), module.removesuffix(".py")):
        return None
    if any(module == f"{module_name(one.name)}.py" for one in known):
        return None
    usual = (project.code or project.root / "spaces") / module
    lonely = [usual] if usual.is_file() and generated_files.is_generated(usual) else []
    return next((path for path in (*orphans(known), *lonely) if path.name == module), None)
