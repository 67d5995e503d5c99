"""Several runs of one app behind a balancer that does not keep a caller with one of them."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import anyio
import httpx
import pytest

from spacecall import Retry, Space, SpaceError
from tests.faults.exchanges import serving
from tests.faults.restarting import ReplicatedStub, VersionsStub
from tests.faults.tools import PATIENT

DEADLINE = 60.0
NAMES = ("echo", "plain", "stream") * 3


@pytest.mark.parametrize("lent", [False, True], ids=["own client", "lent client"])
@pytest.mark.parametrize("number", [2, 3])
async def test_calls_go_to_any_replica_that_has_the_same_functions(lent: bool, number: int) -> None:
    app = ReplicatedStub(number)
    results: list[object] = []

    async def call(space: Space, name: str) -> None:
        results.append(await space.call(f"/{name}", text=name))

    with anyio.fail_after(DEADLINE):
        async with serving(app) as app.url, httpx.AsyncClient() as client:
            http_client = client if lent else None
            retry = Retry(attempts=4, wait_initial=0, jitter=0)
            async with Space(
                app.url, timeouts=PATIENT, retry=retry, http_client=http_client
            ) as space:
                for name in NAMES:
                    await call(space, name)
                config_requests: list[int] = []
                for _ in range(5):
                    config_requests.append(len(app.asked("config")))
                    async with anyio.create_task_group() as group:
                        for name in NAMES:
                            group.start_soon(partial(call, space, name))
    assert sorted(map(str, results)) == sorted(NAMES * 6)
    # On a slow machine a wave of calls may open connections that have to be checked.
    config_requests.append(len(app.asked("config")))
    assert any(before == after for before, after in pairwise(config_requests)), (
        "once every replica is known, nothing is read again"
    )


async def test_versions_whose_arguments_differ_in_order_alone_are_not_replicas() -> None:
    app = VersionsStub()
    results: list[object] = []

    async def call(space: Space) -> None:
        try:
            results.append(await space.call("/echo", x="x", y="y"))
        except SpaceError as error:
            results.append(error)

    with anyio.fail_after(DEADLINE):
        async with serving(app) as app.url, Space(app.url, timeouts=PATIENT) as space:
            for _ in range(6):
                async with anyio.create_task_group() as group:
                    for _ in range(6):
                        group.start_soon(call, space)
    assert app.wrong == []
    assert len(app.asked("join")) > 1
