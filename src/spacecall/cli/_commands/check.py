"""`spacecall check`: compare apps with the clients that were generated from them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, cast

import typer

from spacecall._visible import visible_line
from spacecall.cli._outputs.terminal import write, write_message
from spacecall.cli._runners.app_fetcher import FetchTarget, fetch_all, plan_fetches
from spacecall.cli._support.async_runner import run_async
from spacecall.cli._support.client_selection import (
    SourceOption,
    complete_client_names,
    require_single_client,
)
from spacecall.cli._support.credential_options import ReadCredentials, takes_credentials
from spacecall.cli._support.error_reports import format_error
from spacecall.codegen._project.client_check import (
    CheckResult,
    LiveSource,
    check_client,
    report_unreachable,
)
from spacecall.codegen._project.configuration import (
    CONFIGURATION_FILE,
    Configuration,
    read_configuration,
)
from spacecall.codegen._project.project_clients import Client, find_clients
from spacecall.codegen._project.repository import repository_path
from spacecall.codegen._project.version_comparison import compare_pair
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


@takes_credentials()
def check(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME | OLD NEW",
            help="Clients of the project. [default: all]  Or two versions: schema folders, "
            "saved apps or git revisions.",
            show_default=False,
            autocompletion=complete_client_names,
        ),
    ] = None,
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
    read_credentials: ReadCredentials,
) -> None:
    """Report how apps differ from their generated clients.

    The report lists each change of an app and tells whether it breaks calls. SOURCE can also be
    another schema folder.

    With OLD and NEW instead of names, compare two versions, each a schema folder, a saved app or a
    git revision of the project. Nothing is fetched.
    """
    report_format = cast("Format", _check_choice("--format", format_, FORMATS))
    project = read_configuration(Path.cwd())
    policy = _read_policy(project, fail_on)
    compared = compare_pair(project, names or (), policy, datetime.now(UTC).date())
    if compared is not None:
        if source:
            raise InvalidInputError("--source cannot be combined with OLD and NEW")
        reports, messages = compared
    else:
        clients = find_clients(project, names or ())
        require_single_client(clients, source)
        for client in clients:
            client.read_schemas()  # refuses a damaged schema folder before any request
        credentials = read_credentials()
        reports, messages = _check_apps(plan_fetches(clients, source, credentials), policy)
        if not names:
            messages += _describe_unused_ignores(reports, policy)
    write(render_reports(reports, report_format), commands=report_format == "github")
    for line in messages:
        write_message(f"spacecall: {visible_line(line)}")
    if report_format == "text":
        _write_remedies(reports, source, of_clients=compared is None)
    else:
        _write_unchecked(reports)
    raise typer.Exit(exit_code(reports))


def _read_policy(project: Configuration, fail_on: str) -> Policy:
    """Return the project's policy, with the file's path from the root of the repository."""
    file = repository_path(project.root / CONFIGURATION_FILE, project.root)
    policy = replace(project.policy, origin=file.as_posix())
    if not fail_on:
        return policy
    threshold = _check_choice("--fail-on", fail_on, THRESHOLDS)
    return replace(policy, fail_on=cast("Threshold", threshold))


def _check_apps(targets: Sequence[FetchTarget], policy: Policy) -> tuple[list[Report], list[str]]:
    """Compare clients with their apps; return the reports, and messages about corrections."""
    results = run_async(lambda: fetch_all(targets))
    checks = [
        _check_client(target.client, target.source, result, policy)
        for target, result in zip(targets, results, strict=True)
    ]
    return [check.report for check in checks], [line for check in checks for line in check.stale]


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


def _describe_unused_ignores(reports: Sequence[Report], policy: Policy) -> list[str]:
    """Return a line for each entry of the ignore list without effect, if all apps were checked."""
    if any(report.status == "unchecked" for report in reports):
        return []
    verdicts = {report.name: report.verdict for report in reports}
    return [
        f"{policy.origin}: ignore, entry {number} ({entry.description}) matches no finding: "
        "correct or remove it"
        for number, entry in policy.find_unused(verdicts, datetime.now(UTC).date())
    ]


def _write_remedies(reports: Sequence[Report], source: str, *, of_clients: bool) -> None:
    """Say what to do about findings, also about those below the threshold."""
    drifted = [report.name for report in reports if report.verdict.findings]
    if drifted and of_clients:
        arguments = shlex.join([*drifted, *(["--source", source] if source else [])])
        write_message(f"to update the clients: spacecall refresh {visible_line(arguments)}")
    if drifted:
        write_message("to see what a finding means: spacecall rules ID")


def _write_unchecked(reports: Sequence[Report]) -> None:
    """Say on stderr which apps could not be checked, for formats that are read by programs."""
    for report in reports:
        if report.status == "unchecked":
            line = visible_line(f"{report.name} could not be checked: {report.reason}")
            write_message(f"spacecall: {line}")


def _check_choice(option: str, value: str, choices: Sequence[str]) -> str:
    if value not in choices:
        raise InvalidInputError(f"{option} must be one of {', '.join(choices)}, got {value!r}")
    return value
