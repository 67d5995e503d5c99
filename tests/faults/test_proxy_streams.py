"""Real servers whose streams break off: at every message, and at any byte."""

from __future__ import annotations

from collections import Counter

import anyio
import pytest

from spacecall import JobLostError, Retry, TransportError
from tests import servers
from tests.client.tools import collect
from tests.conftest import ServerPool
from tests.faults.proxy import At, Ending, Fault, event
from tests.faults.proxy_tools import spoilt
from tests.faults.tools import until_quiet
from tests.servers import AppServer

ENDINGS = [Ending.CLOSE, Ending.RESET]
AT_ONCE = 15.0
"""Seconds in which a broken connection must be noticed on a busy machine."""


@pytest.fixture(scope="module", params=[servers.GRADIO_6, servers.GRADIO_5, servers.GRADIO_4])
def server(request: pytest.FixtureRequest, app_server: ServerPool) -> AppServer:
    return app_server("protocol_app.py", request.param)


async def test_a_stream_cut_before_the_completion_loses_the_job_and_later_gives_the_value(
    server: AppServer,
) -> None:
    messages = ["estimation", "process_starts", "process_generating", "process_completed"]
    async with spoilt(server) as (way, space):
        for msg in messages:
            for extra in (-1, 0, 1, 30):
                ending = ENDINGS[extra % 2]
                way.once("queue/data", Fault(answer=At(extra, f'"{msg}"'.encode()), ending=ending))
                with anyio.fail_after(AT_ONCE), pytest.raises(JobLostError) as caught:
                    await space.call("/stream_text", text="w", n=2)
                assert caught.value.sent
                assert not caught.value.safe_to_retry
                assert caught.value.event_id is not None
        for position in (At(0, b'"close_stream"'), At(-2, b'{"msg":"close_stream"')):
            way.once("queue/data", Fault(answer=position, ending=Ending.RESET))
            assert await space.call("/stream_text", text="w", n=2) == "w0 w1 "
            await until_quiet()
        assert way.spoilt == len(messages) * 4 + 2


async def test_a_stream_cut_at_any_byte_gives_the_value_or_loses_the_job(
    protocol_app_6: AppServer,
) -> None:
    ends = Counter[str]()
    async with spoilt(protocol_app_6) as (way, space):

        async def cut(position: int) -> None:
            way.once("queue/data", Fault(answer=At(position), ending=ENDINGS[position % 2]))
            with anyio.fail_after(AT_ONCE):
                try:
                    assert await space.call("/stream_text", text="w", n=1) == "w0 "
                    ends["value"] += 1
                except (JobLostError, TransportError) as error:
                    # The last answer may have come whole, and its connection be closed under this
                    # call's join.
                    assert error.sent  # noqa: PT017
                    ends["lost"] += 1

        for position in range(0, 1360, 17):  # the completion comes at about 1,200
            await cut(position)
    assert ends["lost"] > 40
    assert ends["value"] >= 1


async def test_what_came_before_a_cut_is_still_given_to_who_reads_events(
    protocol_app_6: AppServer,
) -> None:
    async with spoilt(protocol_app_6) as (way, space):
        position = At(5, b'"process_generating"', 3)
        way.once("queue/data", Fault(answer=position, ending=Ending.RESET))
        seen: list[str] = []
        async with space.call("/stream_text", text="w", n=20) as job:
            with pytest.raises(JobLostError):
                await collect(job.outputs, seen)
        assert seen == ["w0 ", "w0 w1 "]


async def test_jobs_on_one_broken_stream_are_each_lost_and_those_on_another_go_on(
    protocol_app_6: AppServer,
) -> None:
    async with spoilt(protocol_app_6) as (way, space), space.session() as session:
        way.once(f"queue/data?session_hash={session.session_hash}", Fault(answer=event(6)))
        lost: list[JobLostError] = []

        async def call() -> None:
            with pytest.raises(JobLostError) as caught:
                await session.call("/slow_many", seconds=0.3)
            lost.append(caught.value)

        async with anyio.create_task_group() as group:
            for _ in range(4):
                group.start_soon(call)
            assert await space.call("/slow_many", seconds=0.3) == "slept 0.3"
        assert len({error.event_id for error in lost}) == 4


async def test_a_job_lost_in_its_stream_is_submitted_again_where_the_caller_wants_it(
    protocol_app_6: AppServer,
) -> None:
    async with spoilt(protocol_app_6, retry=Retry(attempts=1, resubmit_lost=2)) as (way, space):
        way.once("queue/data", Fault(answer=At()), Fault(answer=event(2), ending=Ending.RESET))
        assert await space.call("/stream_text", text="w", n=3) == "w0 w1 w2 "
        assert way.asked("queue/join") == 3
