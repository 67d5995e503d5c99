"""Calls every endpoint of demo apps with three clients, and compares what they get."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import anyio
import httpx

from spacecall import Auth
from spacecall.codegen._schemas.app_documents import fetch_app
from tests.demos.cases import Case, cases
from tests.demos.clients import DynamicClient, GeneratedClient, PeerClient, opened, peer
from tests.demos.comparison import Difference, compare
from tests.demos.explanations import explain

APP: Final = "demos/serve.py"
"""What `tests.servers` starts; `--only a,b` serves these apps alone."""


@dataclass(slots=True)
class Report:
    """What became of the calls of an app.

    Attributes:
        app: its name.
        endpoints, calls: how many were called, and how often by each client.
        explained: the differences that are meant, by the name of their explanation.
        unexplained: the others.
    """

    app: str
    endpoints: int = 0
    calls: int = 0
    explained: dict[str, list[Difference]] = field(default_factory=dict[str, list[Difference]])
    unexplained: list[Difference] = field(default_factory=list[Difference])

    def add(self, differences: Sequence[Difference]) -> None:
        """Sort differences into those with an explanation and those without."""
        for difference in differences:
            explanation = explain(difference)
            if explanation is None:
                self.unexplained.append(difference)
            else:
                self.explained.setdefault(explanation.name, []).append(difference)


async def run_apps(
    url: str,
    version: str,
    *,
    on_report: Callable[[Report], None],
    select: Callable[[list[Case]], list[Case]] = lambda selected: selected,
    at_once: int = 2,
) -> None:
    """Call every endpoint of the apps of a server.

    Args:
        url: of the server.
        version: of its Gradio.
        on_report: called with the report of each app.
        select: chooses among the cases of an app.
        at_once: apps that are called at the same time. The clients of an app take turns: Gradio
            writes a file of the same content to the same path again, while others read it.
    """
    async with httpx.AsyncClient() as client:
        apps: dict[str, dict[str, Any]] = (await client.get(f"{url}/config")).json()["apps"]
    remaining = iter(apps.items())

    async def work(folder: Path) -> None:
        async with peer(version) as theirs:
            for name, options in remaining:
                runner = _AppRunner(name, f"{url}/{name}", options, theirs, folder)
                on_report(await runner.run(select))

    with tempfile.TemporaryDirectory() as folder:
        async with anyio.create_task_group() as group:
            for _ in range(at_once):
                group.start_soon(work, Path(folder))


@dataclass(frozen=True, slots=True)
class _AppRunner:
    name: str
    url: str
    options: dict[str, Any]
    theirs: PeerClient
    folder: Path

    async def run(self, select: Callable[[list[Case]], list[Case]]) -> Report:
        logins: list[tuple[str, str]] | None = self.options.get("auth")
        auth = Auth(username=logins[0][0], password=logins[0][1]) if logins else None
        documents = await fetch_app(self.url, auth=auth)
        await self.theirs.open(self.url, logins[0] if logins else None)
        report = Report(self.name)
        async with opened(self.url, auth) as space:
            dynamic = DynamicClient(space)
            typed = GeneratedClient(space, documents, self.name, self.folder)
            selected = select(cases(documents))
            for case in selected:
                expected = await self.theirs.run(case)
                outcomes = {"dynamic": await dynamic.run(case), "typed": await typed.run(case)}
                report.calls += len(case.steps)
                report.add(compare(self.name, case, outcomes, expected))
        report.endpoints = len({case.endpoint for case in selected})
        return report


def first_of_each_kind(selected: list[Case]) -> list[Case]:
    """A sample: of each endpoint the first case of every kind."""
    return list(_firsts(selected))


def _firsts(selected: list[Case]) -> Iterator[Case]:
    taken: set[tuple[str, str]] = set()
    for case in selected:
        if (case.endpoint, case.kind) not in taken:
            taken.add((case.endpoint, case.kind))
            yield case
