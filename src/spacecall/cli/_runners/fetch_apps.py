"""What the apps of a project's clients say of themselves, asked for side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio

from spacecall.cli._support.app_access import Access, Credentials
from spacecall.cli._support.credential_scope import StoredApp
from spacecall.cli._support.signals import deadline
from spacecall.codegen._project.client_check import Told
from spacecall.codegen._project.project_clients import Client
from spacecall.codegen._schemas import schema_folder
from spacecall.codegen._schemas.app_documents import fetch
from spacecall.codegen._schemas.schema_folder import LOCK
from spacecall.errors import InvalidInputError, SpaceError, SpaceStateError

__all__ = ["Visit", "ask_all", "visits"]

_AT_ONCE = 8
_PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class Visit:
    """A client whose app is asked.

    Attributes:
        source: its app's; a schema folder is one, too.
        access: how to reach the app.
    """

    client: Client
    source: str
    access: Access


def visits(clients: Sequence[Client], source: str, credentials: Credentials) -> list[Visit]:
    """What is asked for which client.

    Args:
        clients: of the project, whose addresses come from its files.
        source: what the caller wrote for the one client instead; empty for nothing.
        credentials: for the app that the caller has named.

    Raises:
        InvalidInputError: it was not said which app gets the credentials.
    """
    if source:
        access = credentials.for_app(source)
        return [Visit(client, source, access) for client in clients]
    accesses = credentials.for_stored([StoredApp(one.name, one.source) for one in clients])
    return [
        Visit(client, client.source, access)
        for client, access in zip(clients, accesses, strict=True)
    ]


async def ask_all(visits: Sequence[Visit]) -> list[Told | SpaceError]:
    """What each source says, in that order, or why it does not.

    Raises:
        InvalidInputError: a source is none.
        SchemaError: a schema folder cannot be read.
    """
    limiter = anyio.CapacityLimiter(_AT_ONCE)
    answers: dict[int, Told | SpaceError] = {}
    wrong: list[Exception] = []

    async def ask(number: int, visit: Visit) -> None:
        async with limiter:
            try:
                answers[number] = await _ask(visit)
            except InvalidInputError as error:
                if error.status is None:
                    wrong.append(error)
                answers[number] = error
            except SpaceError as error:
                answers[number] = error
            except Exception as error:  # noqa: BLE001 - raised below, alone
                wrong.append(error)

    async with anyio.create_task_group() as group:
        for number, visit in enumerate(visits):
            group.start_soon(ask, number, visit)
    if wrong:
        raise wrong[0]
    return [answers[number] for number in range(len(visits))]


async def _ask(visit: Visit) -> Told:
    client, source, access = visit.client, visit.source, visit.access
    if not source:
        # no wrong use: among many clients one may have been made from saved files
        raise SpaceStateError(f"{client.name} was made from saved files: give its --source")
    if (Path(source) / LOCK).is_file():
        return schema_folder.read(Path(source))
    seconds = access.timeout or _PATIENCE
    with deadline(seconds, "the app did not answer"):
        return await fetch(source, auth=access.auth, settings=access.settings)
