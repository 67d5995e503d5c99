"""`spacecall refresh`: update schemas and clients from their apps."""

from __future__ import annotations

from datetime import UTC, datetime

import typer

from spacecall._visible import visible_line
from spacecall.cli._outputs.terminal import display_path, write, write_message
from spacecall.cli._runners.app_fetcher import fetch_all, plan_fetches
from spacecall.cli._support.async_runner import run_async
from spacecall.cli._support.client_selection import (
    NamesArgument,
    SourceOption,
    require_single_client,
    select_clients,
)
from spacecall.cli._support.credential_options import ReadCredentials, takes_credentials
from spacecall.cli._support.error_reports import exit_code_for, write_error
from spacecall.codegen._codegen_errors import SchemaError
from spacecall.codegen._project.client_check import LiveSource, check_client
from spacecall.codegen._project.client_refresh import refresh_client
from spacecall.codegen._project.project_clients import Client
from spacecall.codegen._schemas.schema_folder import SchemaFolder
from spacecall.codegen.drift import Policy, render_reports
from spacecall.errors import InvalidInputError, SpaceError

__all__ = ["refresh"]


@takes_credentials()
def refresh(
    names: NamesArgument = None,
    *,
    source: SourceOption = "",
    read_credentials: ReadCredentials,
) -> None:
    """Update schemas and clients from their apps.

    The command prints the drift, and the paths of the files that changed. It never changes
    overrides.toml.
    """
    project, clients = select_clients(names)
    require_single_client(clients, source)
    credentials = read_credentials()
    targets = plan_fetches(clients, source, credentials)
    results = run_async(lambda: fetch_all(targets))
    codes: list[int] = []
    for target, result in zip(targets, results, strict=True):
        client = target.client
        try:
            if isinstance(result, SpaceError):
                raise result
            _refresh_client(client, result, target.source, project.policy)
        except (SpaceError, SchemaError, OSError) as error:
            write_error(error, client.name)
            codes.append(exit_code_for(error))
    if codes:
        raise typer.Exit(codes[0])


def _refresh_client(client: Client, description: LiveSource, source: str, policy: Policy) -> None:
    if isinstance(description, SchemaFolder):
        raise InvalidInputError(
            f"{source} is a schema folder, but refresh needs an app: use --source with a Space id, "
            "an address or a saved app"
        )
    if client.lock is not None:
        try:
            check = check_client(client, description, source, policy, datetime.now(UTC).date())
            write(render_reports([check.report]))
        except SchemaError as error:
            write_message(f"spacecall: {error}; refreshing without a report of the drift")
    refreshed = refresh_client(client, description)
    write("".join(f"{display_path(path)}\n" for path in refreshed.written))
    if refreshed.removed_endpoints:
        names = visible_line(", ".join(refreshed.removed_endpoints))
        write_message(f"{client.name}: the app no longer has {names}")
