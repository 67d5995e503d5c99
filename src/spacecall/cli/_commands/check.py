"""`spacecall check`: compare apps with the clients that were generated from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, cast

import typer

from spacecall._visible import visible_line
from spacecall.cli._outputs.terminal import write, write_message
from spacecall.cli._runners.app_fetcher import fetch_all, plan_fetches
from spacecall.cli._support.app_access import (
    Credentials,
    ForOption,
    HeaderOption,
    TimeoutOption,
    TokenOption,
    UserOption,
)
from spacecall.cli._support.client_selection import (
    NamesArgument,
    SourceOption,
    require_single_client,
    select_clients,
)
from spacecall.cli._support.exit_codes import FAILED, format_error
from spacecall.cli._support.signals import run_async
from spacecall.codegen._project.client_check import (
    CheckResult,
    LiveSource,
    check_client,
    report_unreachable,
)
from spacecall.codegen._project.project_clients import Client
from spacecall.codegen.drift import (
    FORMATS,
    THRESHOLDS,
    Format,
    Policy,
    Report,
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
        str,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help=f"The format of the report: {', '.join(FORMATS)}.",
            autocompletion=lambda: list(FORMATS),
        ),
    ] = "text",
    fail_on: Annotated[
        str,
        typer.Option(
            metavar="SEVERITY",
            help="Exit with 1 if a finding has this severity or a higher one: "
            f"{', '.join(THRESHOLDS)}. [default: error, or the value in pyproject.toml]",
            show_default=False,
            autocompletion=lambda: list(THRESHOLDS),
        ),
    ] = "",
    token: TokenOption = "",
    user: UserOption = "",
    header: HeaderOption = None,
    for_: ForOption = "",
    timeout: TimeoutOption = None,
) -> None:
    """Report how apps differ from their generated clients.

    The report lists each change of an app and tells whether it breaks calls. SOURCE can also be
    another schema folder.
    """
    report_format = cast("Format", _check_choice("--format", format_, FORMATS))
    project, clients = select_clients(names)
    require_single_client(clients, source)
    for client in clients:
        client.read_schemas()  # refuses a damaged schema folder before any request
    policy = project.policy
    if fail_on:
        threshold = cast("Threshold", _check_choice("--fail-on", fail_on, THRESHOLDS))
        policy = replace(policy, fail_on=threshold)
    credentials = Credentials.from_options(token, user, header, timeout, for_)
    targets = plan_fetches(clients, source, credentials)
    results = run_async(lambda: fetch_all(targets))
    checks = [
        _check_client(target.client, target.source, result, policy)
        for target, result in zip(targets, results, strict=True)
    ]
    reports = [check.report for check in checks]
    write(render_reports(reports, report_format), commands=report_format == "github")
    for line in (line for check in checks for line in check.stale):
        write_message(f"spacecall: {visible_line(line)}")
    if report_format == "text":
        _write_remedies(reports)
    else:
        for report in reports:
            if report.status == "unchecked":
                line = visible_line(f"{report.name} could not be checked: {report.reason}")
                write_message(f"spacecall: {line}")
    raise typer.Exit(exit_code(reports))


def _check_client(
    client: Client, source: str, result: LiveSource | SpaceError, policy: Policy
) -> CheckResult:
    today = datetime.now(UTC).date()
    try:
        if not isinstance(result, SpaceError):
            return check_client(client, result, source, policy, today)
    except ProtocolError as error:
        result = error
    return report_unreachable(client, source, result, format_error(result), policy, today)


def _write_remedies(reports: Sequence[Report]) -> None:
    drifted = [report.name for report in reports if exit_code([report]) == FAILED]
    if drifted:
        write_message(
            f"to update the clients: spacecall refresh {visible_line(' '.join(drifted))}\n"
            "to see what a finding means: spacecall rules ID"
        )


def _check_choice(option: str, value: str, choices: Sequence[str]) -> str:
    if value not in choices:
        raise InvalidInputError(f"{option} must be one of {', '.join(choices)}, got {value!r}")
    return value
