"""What the apps of a project's clients say of themselves, asked for side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import anyio

from spacecall.cli.access import Access
from spacecall.cli.running import deadline
from spacecall.codegen import store
from spacecall.codegen.checking import Told
from spacecall.codegen.clients import Client
from spacecall.codegen.fetch import fetch
from spacecall.codegen.store import LOCK
from spacecall.errors import InvalidInputError, SpaceError, SpaceStateError

__all__ = ["ask_all"]

_AT_ONCE = 8
_PATIENCE = 120.0


async def ask_all(clients: Sequence[tuple[Client, str]], access: Access) -> list[Told | SpaceError]:
    """What each source says, in that order, or why it does not.

    Args:
        clients: each with its source; a schema folder is one, too.
        access: how to reach the apps.

    Raises:
        InvalidInputError: a source is none.
        SchemaError: a schema folder cannot be read.
    """
    limiter = anyio.CapacityLimiter(_AT_ONCE)
    answers: dict[int, Told | SpaceError] = {}
    wrong: list[Exception] = []

    async def ask(number: int, client: Client, source: str) -> None:
        async with limiter:
            try:
                answers[number] = await _ask(client, source, access)
            except InvalidInputError as error:
                if error.status is None:
                    wrong.append(error)
                answers[number] = error
            except SpaceError as error:
                answers[number] = error
            except Exception as error:  # noqa: BLE001 - raised below, alone
                wrong.append(error)

    async with anyio.create_task_group() as group:
        for number, (client, source) in enumerate(clients):
            group.start_soon(ask, number, client, source)
    if wrong:
        raise wrong[0]
    return [answers[number] for number in range(len(clients))]


async def _ask(client: Client, source: str, access: Access) -> Told:
    if not source:
        # no wrong use: among many clients one may have been made from saved files
        raise SpaceStateError(f"{client.name} was made from saved files: give its --source")
    if (Path(source) / LOCK).is_file():
        return store.read(Path(source))
    seconds = access.timeout or _PATIENCE
    with deadline(seconds, "the app did not answer"):
        return await fetch(source, auth=access.auth, settings=access.settings)
