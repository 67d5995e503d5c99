"""Starts demo apps on a Gradio and compares what three clients get of every endpoint."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import httpx

from spacecall import Auth
from spacecall.codegen.fetch import AppDocuments, fetch
from tests import servers
from tests.demos.cases import Case, cases
from tests.demos.clients import (
    Client,
    DynamicClient,
    GeneratedClient,
    Outcome,
    PeerClient,
    opened,
    peer,
)
from tests.demos.comparison import Difference, compare

_AT_ONCE = 20
"""Apps of one server: every queue asks for work all the time."""


@dataclass(slots=True)
class Report:
    """What became of the calls of an app."""

    app: str
    calls: int = 0
    differences: list[Difference] = field(default_factory=list[Difference])


async def listed(url: str) -> dict[str, Any]:
    """The apps of a server: what each is mounted with, by name."""
    async with httpx.AsyncClient() as client:
        apps: dict[str, Any] = (await client.get(f"{url}/config")).json()["apps"]
    return apps


async def run_apps(url: str, version: str, names: Sequence[str]) -> AsyncGenerator[Report, None]:
    """Call every endpoint of these apps of a server; a report for each app."""
    apps = await listed(url)
    with tempfile.TemporaryDirectory() as folder:
        async with peer(version) as theirs:
            for name in names or apps:
                auth = (apps[name].get("auth") or [None])[0]
                yield await _run_app(name, f"{url}/{name}", auth, theirs, Path(folder))


async def _run_app(
    name: str, url: str, auth: Any, theirs: PeerClient, folder: Path
) -> Report:
    login = None if auth is None else Auth(username=auth[0], password=auth[1])
    documents = await fetch(url, auth=login)
    await theirs.open(url, auth)
    report = Report(name)
    async with opened(url, login) as space:
        ours: dict[str, Client] = {
            "dynamic": DynamicClient(space),
            "typed": GeneratedClient(space, documents, name, folder),
        }
        for case in cases(documents):
            outcomes = await _run_case(case, {**ours, "gradio_client": theirs})
            report.calls += len(case.steps)
            expected = outcomes.pop("gradio_client")
            report.differences += compare(name, case, outcomes, expected)
    return report


async def _run_case(case: Case, clients: dict[str, Client]) -> dict[str, list[Outcome]]:
    outcomes: dict[str, list[Outcome]] = {}

    async def run(name: str, client: Client) -> None:
        outcomes[name] = await client.run(case)

    async with anyio.create_task_group() as group:
        for name, client in clients.items():
            group.start_soon(run, name, client)
    return {name: outcomes[name] for name in clients}
