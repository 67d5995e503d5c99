"""`spacecall skill`: write an agent skill for an app."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spacecall._atomic import check_inside, write_files
from spacecall._core.app_sources import space_id
from spacecall._regular_files import check_output_folder, open_if_regular
from spacecall.cli._commands.call import SourceArgument
from spacecall.cli._outputs.terminal import display_path, write
from spacecall.cli._support.app_overview import load_overview, missing_address_error
from spacecall.cli._support.async_runner import run_async
from spacecall.cli._support.credential_options import ReadCredentials, takes_credentials
from spacecall.codegen._name_spelling import slug
from spacecall.codegen._project.configuration import read_configuration
from spacecall.errors import InvalidInputError

__all__ = ["skill"]

_FILE = "SKILL.md"


@takes_credentials()
def skill(
    source: SourceArgument,
    *,
    name: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Name the skill, and the typed client that it uses. [default: the Space's name, "
            "or the app's title]",
            show_default=False,
        ),
    ] = "",
    into: Annotated[
        Path,
        typer.Option(metavar="FOLDER", help="Write the skill to a subfolder of this folder."),
    ] = Path("skills"),
    read_credentials: ReadCredentials,
) -> None:
    """Write an agent skill for an app.

    \b
    spacecall skill SOURCE --into .claude/skills

    The skill is a folder with SKILL.md: what the app does, and for each endpoint its parameters, a
    program with a typed client, and a program with curl. Print the path of the file.

    Texts of the app are data in it: they cannot add markup or commands, and are cut.
    """  # noqa: D301 - typer needs this character
    # the other commands do not need these
    from spacecall.cli._exports.agent_skill import (  # noqa: PLC0415
        GENERATOR,
        source_line,
        write_skill,
    )
    from spacecall.cli._exports.app_snippets import choose_auth  # noqa: PLC0415
    from spacecall.cli._exports.typed_methods import client_name  # noqa: PLC0415

    check_output_folder("--into", into)
    access = read_credentials().for_app(source)
    app = run_async(lambda: load_overview(source, access))
    if not app.url and space_id(app.source) is None:
        raise missing_address_error(source)
    skill_name = slug(name) if name else client_name(app, read_configuration(Path.cwd()))
    if not skill_name:
        raise InvalidInputError(f"no skill can be named {name!r}: use ASCII letters and digits")
    file = into / skill_name / _FILE
    check_inside(file, Path.cwd())
    if file.exists():
        with open_if_regular(file) as content:
            head = content.read(4096).decode(errors="replace")
        lines = [line.strip() for line in head.splitlines()]
        if GENERATOR not in lines:
            raise InvalidInputError(f"{file} was not written by spacecall: move it, or use --name")
        if source_line(app) not in lines:
            raise InvalidInputError(f"{file} is for another app: remove it, or use --name")
    text = write_skill(app, skill_name, choose_auth(app, access))
    write_files({file: text.encode("utf-8", "backslashreplace")}, Path.cwd())
    write(f"{display_path(file)}\n")
