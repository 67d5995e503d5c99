"""`spacecall refresh`: schemas and clients, taken from the apps again."""

from __future__ import annotations

from datetime import UTC, datetime

import typer

from spacecall._visible import visible_line
from spacecall.cli._outputs.terminal import tell, tell_error, write
from spacecall.cli._runners.fetch_apps import ask_all, visits
from spacecall.cli._support.app_access import (
    Credentials,
    ForOption,
    HeaderOption,
    TimeoutOption,
    TokenOption,
    UserOption,
)
from spacecall.cli._support.exit_codes import status_of
from spacecall.cli._support.project_paths import NamesArgument, SourceOption, chosen, shown, the_one
from spacecall.cli._support.signals import run
from spacecall.codegen._project.client_check import Told, compare
from spacecall.codegen._project.client_refresh import refresh as renew
from spacecall.codegen._project.project_clients import Client
from spacecall.codegen._schemas.schema_folder import SchemaError, SchemaFolder
from spacecall.codegen.drift import Policy, render_reports
from spacecall.errors import InvalidInputError, SpaceError

__all__ = ["refresh"]


def refresh(
    names: NamesArgument = None,
    *,
    source: SourceOption = "",
    token: TokenOption = "",
    user: UserOption = "",
    header: HeaderOption = None,
    for_: ForOption = "",
    timeout: TimeoutOption = None,
) -> None:
    """Fetch the apps' schemas again, show the drift, and write schemas and clients.

    What is the same stays untouched, and so does overrides.toml. The drift and the files that were
    written go to stdout.
    """
    project, clients = chosen(names)
    the_one(clients, source)
    credentials = Credentials.of(token, user, header, timeout, for_)
    asked = visits(clients, source, credentials)
    told = run(lambda: ask_all(asked))
    codes: list[int] = []
    for visit, answer in zip(asked, told, strict=True):
        client = visit.client
        try:
            if isinstance(answer, SpaceError):
                raise answer
            _refresh(client, answer, visit.source, project.policy)
        except (SpaceError, SchemaError, OSError) as error:
            tell_error(error, client.name)
            codes.append(status_of(error))
    if codes:
        raise typer.Exit(codes[0])


def _refresh(client: Client, told: Told, source: str, policy: Policy) -> None:
    if isinstance(told, SchemaFolder):
        raise InvalidInputError(f"{source} is a schema folder: refresh needs an app")
    if client.lock is not None:
        try:
            checked = compare(client, told, source, policy, datetime.now(UTC).date())
            write(render_reports([checked.report]))
        except SchemaError as error:
            tell(f"spacecall: {error}; nothing to compare with")
    done = renew(client, told)
    write("".join(f"{shown(path)}\n" for path in done.written))
    if done.gone:
        names = visible_line(", ".join(done.gone))
        tell(f"{client.name}: the app has no {names} any more")
