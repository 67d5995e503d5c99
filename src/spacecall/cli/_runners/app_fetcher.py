"""Fetch the schemas of the apps of a project's clients, concurrently."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio

from spacecall.cli._support.app_access import Access, Credentials
from spacecall.cli._support.async_runner import deadline
from spacecall.cli._support.credential_scope import StoredApp
from spacecall.codegen._project.client_check import LiveSource
from spacecall.codegen._project.project_clients import Client
from spacecall.codegen._schemas import schema_folder
from spacecall.codegen._schemas.app_documents import AppDocuments, fetch_app
from spacecall.codegen._schemas.schema_folder import LOCK_FILE
from spacecall.errors import InvalidInputError, SpaceError, SpaceStateError

__all__ = ["FetchTarget", "fetch_all", "fetch_one_app", "plan_fetches"]

_MAX_CONCURRENT = 8
_DEFAULT_TIMEOUT = 120.0


@dataclass(frozen=True, slots=True)
class FetchTarget:
    """A client and the source of its schemas.

    Attributes:
        source: a Space id, an address, or the path of a saved app or of a schema folder.
        access: how to reach the app.
    """

    client: Client
    source: str
    access: Access


def plan_fetches(
    clients: Sequence[Client], source: str, credentials: Credentials
) -> list[FetchTarget]:
    """Return what to fetch for each client.

    Args:
        clients: clients of the project; their addresses come from its files.
        source: the value of `--source`, for a single client; empty for the clients' own sources.
        credentials: the credentials of the command line.

    Raises:
        InvalidInputError: the credentials need `--for`.
    """
    if source:
        access = credentials.for_app(source)
        return [FetchTarget(client, source, access) for client in clients]
    stored_apps = [StoredApp(client.name, client.source) for client in clients]
    return [
        FetchTarget(client, client.source, access)
        for client, access in zip(clients, credentials.for_stored(stored_apps), strict=True)
    ]


async def fetch_all(targets: Sequence[FetchTarget]) -> list[LiveSource | SpaceError]:
    """Fetch the schemas of each target; return them, or the errors, in the same order.

    Raises:
        InvalidInputError: a source is not an app.
        SchemaError: a schema folder cannot be read.
    """
    limiter = anyio.CapacityLimiter(_MAX_CONCURRENT)
    results: dict[int, LiveSource | SpaceError] = {}
    fatal_errors: list[Exception] = []

    async def fetch_target(index: int, target: FetchTarget) -> None:
        async with limiter:
            try:
                results[index] = await _fetch(target)
            except InvalidInputError as error:
                if error.status is None:
                    fatal_errors.append(error)
                results[index] = error
            except SpaceError as error:
                results[index] = error
            except Exception as error:  # noqa: BLE001 - raised below, without a group
                fatal_errors.append(error)

    async with anyio.create_task_group() as group:
        for index, target in enumerate(targets):
            group.start_soon(fetch_target, index, target)
    if fatal_errors:
        raise fatal_errors[0]
    return [results[index] for index in range(len(targets))]


async def _fetch(target: FetchTarget) -> LiveSource:
    client, source, access = target.client, target.source, target.access
    if not source:
        # Not a usage error: other clients of the project can be fetched.
        raise SpaceStateError(f"{client.name} was generated from saved files: add --source SOURCE")
    if (Path(source) / LOCK_FILE).exists():
        return schema_folder.read_folder(Path(source))
    return await fetch_one_app(source, access)


async def fetch_one_app(source: str, access: Access) -> AppDocuments:
    """Fetch the description of one app within the command's timeout.

    Raises:
        InvalidInputError: the source is not an app.
        SpaceError: the app cannot be reached, or is not a Gradio app.
    """
    seconds = _DEFAULT_TIMEOUT if access.timeout is None else access.timeout
    with deadline(seconds, "the app did not answer"):
        return await fetch_app(source, auth=access.auth, settings=access.settings)
