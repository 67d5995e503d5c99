"""Waiting for a Space, on a stand-in for the Hub and the proxy in front of its Spaces."""

from __future__ import annotations

import time

import pytest

from spacecall import (
    DeadlineError,
    NotFoundError,
    ProtocolError,
    RateLimitedError,
    Retry,
    Space,
    SpaceError,
    SpaceStateError,
    StatusError,
    TransportError,
)
from spacecall._client.discovery.readiness import is_transient
from spacecall.hub import Hub, Stage
from tests.faults.exchanges import Exchange, unused_port
from tests.hub.fake_hub import NAME, NOT_FOUND, FakeHub, refusing, runtime
from tests.servers import AppServer

ONCE = Retry(attempts=1)
QUICK = 0.01


async def test_one_that_runs_is_ready_at_once(hub: FakeHub) -> None:
    stages: list[Stage] = []
    async with Hub() as client:
        runtime = await client.wait_until_ready(NAME, on_stage=stages.append)
    assert (runtime.stage, runtime.hardware) == (Stage.RUNNING, "zero-a10g")
    assert stages == [Stage.RUNNING]
    assert [visit.path for visit in hub.visits] == ["/"]


async def test_a_sleeping_one_is_woken_by_a_visit_and_a_real_app_is_called_then(
    hub: FakeHub, protocol_app_6: AppServer
) -> None:
    hub.app = protocol_app_6.url
    hub.goes("SLEEPING", "BUILDING", "APP_STARTING", "APP_STARTING", "RUNNING")
    stages: list[Stage] = []
    async with Hub() as client:
        await client.wait_until_ready(NAME, interval=QUICK, on_stage=stages.append)
    assert stages == ["SLEEPING", "BUILDING", "APP_STARTING", "RUNNING"]
    assert len(hub.visits) == 2, "one wakes it, one sees that it answers"
    async with Space(NAME) as space:
        assert await space.call("/echo", text="awake") == "awake"


@pytest.mark.parametrize(
    "stage",
    [
        *("NO_APP_FILE", "CONFIG_ERROR", "BUILD_ERROR", "RUNTIME_ERROR"),
        *("PAUSED", "STOPPED", "DELETING"),
    ],
)
async def test_one_that_will_not_run_by_itself_is_an_error_at_once(
    hub: FakeHub, stage: str
) -> None:
    hub.goes("BUILDING", runtime(stage, None, errorMessage="the reason"))
    async with Hub() as client:
        with pytest.raises(SpaceStateError, match=f"{NAME} is {stage}: .*the reason") as caught:
            await client.wait_until_ready(NAME, interval=QUICK)
    assert caught.value.stage == stage
    assert not hub.visits


@pytest.mark.parametrize("stage", ["BUILDING", "SLEEPING", "APP_STARTING", "A_NEW_STAGE"])
async def test_no_stage_is_waited_for_without_end(hub: FakeHub, stage: str) -> None:
    hub.goes(stage)
    async with Hub() as client:
        with pytest.raises(DeadlineError, match=f"{NAME} is still {stage} after 1 s") as caught:
            await client.wait_until_ready(NAME, timeout=1, interval=QUICK)
    assert caught.value.phase == "total"
    assert len(hub.requests) > 2


async def test_one_that_runs_but_does_not_answer_is_not_ready(hub: FakeHub) -> None:
    hub.host = f"http://127.0.0.1:{unused_port()}"
    async with Hub() as client:
        with pytest.raises(DeadlineError, match="is RUNNING, but its app does not answer"):
            await client.wait_until_ready(NAME, timeout=0.1, interval=QUICK)


async def test_an_app_that_wants_a_login_answers(hub: FakeHub) -> None:
    hub.front = refusing(401, {"detail": "Not authenticated"})
    async with Hub() as client:
        assert (await client.wait_until_ready(NAME, timeout=5)).stage.runs


async def test_an_app_whose_proxy_is_behind_the_hub_is_waited_for(hub: FakeHub) -> None:
    left = [200, 503, 502]

    async def late(exchange: Exchange) -> None:
        await exchange.html(left.pop(), "<h1>perhaps</h1>")

    hub.front = late
    async with Hub() as client:
        await client.wait_until_ready(NAME, interval=QUICK)
    assert not left


async def test_a_hub_that_fails_for_a_while_is_asked_again(hub: FakeHub) -> None:
    hub.goes("BUILDING", "RUNNING")

    async def cut(exchange: Exchange) -> None:
        await exchange.cut()

    async with Hub(retry=ONCE) as client:
        first = await client.runtime(NAME)
        assert first.stage == "BUILDING"
        hub.goes("BUILDING", "BUILDING", "RUNNING")
        seen: list[str] = []

        def noted(stage: Stage) -> None:
            seen.append(stage)
            if stage == "BUILDING":
                hub.faults = [
                    refusing(502, b"bad gateway"),
                    cut,
                    refusing(429, b"slowly", retry_after="0"),
                ]

        await client.wait_until_ready(NAME, interval=QUICK, on_stage=noted)
    assert seen == ["BUILDING", "RUNNING"]
    assert not hub.faults


async def test_a_hub_that_asks_for_time_gets_it(hub: FakeHub) -> None:
    hub.goes("BUILDING", "RUNNING")

    def noted(stage: Stage) -> None:
        if stage == "BUILDING":
            hub.faults = [refusing(429, b"", retry_after="1")]

    async with Hub(retry=ONCE) as client:
        began = time.monotonic()
        await client.wait_until_ready(NAME, interval=QUICK, on_stage=noted)
    assert 1 <= time.monotonic() - began < 5


async def test_a_hub_that_asks_for_more_time_than_there_is_gives_the_error_at_once(
    hub: FakeHub,
) -> None:
    hub.goes("BUILDING")

    def noted(_: Stage) -> None:
        hub.faults = [refusing(429, b"", ratelimit='"api";r=0;t=290')]

    async with Hub() as client:
        with pytest.raises(RateLimitedError, match="for 290 s"):
            await client.wait_until_ready(NAME, timeout=20, interval=QUICK, on_stage=noted)


@pytest.mark.parametrize(
    ("status", "kind"), [(429, RateLimitedError), (500, SpaceError), (404, NotFoundError)]
)
async def test_a_hub_that_refuses_from_the_beginning_is_not_waited_for(
    hub: FakeHub, status: int, kind: type[SpaceError]
) -> None:
    hub.faults = [refusing(status, NOT_FOUND)]
    async with Hub(retry=ONCE) as client:
        with pytest.raises(kind):
            await client.wait_until_ready(NAME)
    assert len(hub.requests) == 1


async def test_one_that_is_deleted_meanwhile_is_not_found(hub: FakeHub) -> None:
    hub.goes("BUILDING")

    def noted(_: Stage) -> None:
        hub.faults = [refusing(404, NOT_FOUND)]

    async with Hub() as client:
        with pytest.raises(NotFoundError, match=f"the Hub has no Space {NAME}"):
            await client.wait_until_ready(NAME, interval=QUICK, on_stage=noted)


async def test_a_hub_that_cannot_be_reached_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{unused_port()}")
    async with Hub(retry=ONCE) as client:
        with pytest.raises(TransportError, match="cannot connect"):
            await client.wait_until_ready(NAME)


async def test_what_the_callback_raises_comes_out(hub: FakeHub) -> None:
    def stop(_: Stage) -> None:
        raise ZeroDivisionError

    async with Hub() as client:
        with pytest.raises(ZeroDivisionError):
            await client.wait_until_ready(NAME, on_stage=stop)


def with_retry_after(error: StatusError) -> StatusError:
    error.retry_after = 3.0
    return error


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (StatusError(status=429), True),
        (StatusError(status=500), True),
        (StatusError(status=503), True),
        (StatusError(status=403), False),
        (StatusError(status=404), False),
        (with_retry_after(StatusError(status=403)), True),
        (StatusError(), False),
        (TransportError(), True),
        (DeadlineError(), True),
        (SpaceStateError(stage="BUILDING"), True),
        (SpaceStateError(stage="SLEEPING"), True),
        (SpaceStateError(stage="A_NEW_STAGE"), True),
        (SpaceStateError(), True),
        (SpaceStateError(stage="PAUSED"), False),
        (SpaceStateError(stage="RUNTIME_ERROR"), False),
        (ProtocolError(), False),
        (ValueError(), False),
    ],
    ids=repr,
)
def test_waiting_helps_where_nobody_has_to_act(error: Exception, *, transient: bool) -> None:
    assert is_transient(error) == transient
