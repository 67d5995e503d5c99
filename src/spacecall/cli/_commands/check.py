"""`spacecall check`: whether the apps still are what the clients were generated from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, cast

import typer

from spacecall._visible import visible_line
from spacecall.cli._outputs.terminal import tell, write
from spacecall.cli._runners.fetch_apps import ask_all, visits
from spacecall.cli._support.app_access import (
    Credentials,
    ForOption,
    HeaderOption,
    TimeoutOption,
    TokenOption,
    UserOption,
)
from spacecall.cli._support.exit_codes import message_of
from spacecall.cli._support.project_paths import NamesArgument, SourceOption, chosen, the_one
from spacecall.cli._support.signals import run
from spacecall.codegen._project.client_check import Checked, Told, compare, not_told
from spacecall.codegen._project.project_clients import Client
from spacecall.codegen.drift import (
    FORMATS,
    THRESHOLDS,
    Format,
    Policy,
    Threshold,
    exit_code,
    render_reports,
)
from spacecall.errors import InvalidInputError, ProtocolError, SpaceError

__all__ = ["check"]


def check(
    names: NamesArgument = None,
    *,
    source: SourceOption = "",
    format_: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help=f"{', '.join(FORMATS)}.")
    ] = "text",
    fail_on: Annotated[
        str,
        typer.Option(
            metavar="SEVERITY",
            help=f"The mildest that fails: {', '.join(THRESHOLDS)}. "
            "[default: error, or as configured]",
            show_default=False,
        ),
    ] = "",
    token: TokenOption = "",
    user: UserOption = "",
    header: HeaderOption = None,
    for_: ForOption = "",
    timeout: TimeoutOption = None,
) -> None:
    """Compare the clients with their apps: what changed, and whether it breaks calls.

    SOURCE can be another schema folder, too.
    """
    form = cast("Format", _one_of("--format", format_, FORMATS))
    project, clients = chosen(names)
    the_one(clients, source)
    for one in clients:
        one.read()
    policy = project.policy
    if fail_on:
        threshold = cast("Threshold", _one_of("--fail-on", fail_on, THRESHOLDS))
        policy = replace(policy, fail_on=threshold)
    credentials = Credentials.of(token, user, header, timeout, for_)
    asked = visits(clients, source, credentials)
    told = run(lambda: ask_all(asked))
    checked = [
        _checked(one, source or one.source, answer, policy)
        for one, answer in zip(clients, told, strict=True)
    ]
    reports = [one.report for one in checked]
    write(render_reports(reports, form), commands=form == "github")
    for line in (line for one in checked for line in one.stale):
        tell(f"spacecall: {visible_line(line)}")
    if form != "text":
        for report in reports:
            if report.status == "unchecked":
                why = visible_line(f"{report.name} could not be checked: {report.reason}")
                tell(f"spacecall: {why}")
    raise typer.Exit(exit_code(reports))


def _checked(client: Client, source: str, told: Told | SpaceError, policy: Policy) -> Checked:
    today = datetime.now(UTC).date()
    try:
        if not isinstance(told, SpaceError):
            return compare(client, told, source, policy, today)
    except ProtocolError as error:
        told = error
    return not_told(client, source, told, message_of(told), policy, today)


def _one_of(option: str, value: str, known: Sequence[str]) -> str:
    if value not in known:
        raise InvalidInputError(f"{option} is one of {', '.join(known)}, got {value!r}")
    return value
