"""`gr.State` lives in a session: kept between its calls, shared with no other."""

from __future__ import annotations

import gc
import re
import weakref

import anyio
import pytest

from spacecall import DeadlineError, JobCancelledError, JobLostError, Space, Timeouts
from spacecall._client.calls.caller import Caller
from tests.client.tools import DEADLINE, first_value, logged, suspended, unique
from tests.servers import AppServer


async def turn(caller: Caller) -> int:
    """Which turn the app's State says that this is."""
    _, history = await caller.call("/chat", message="hi", history=[])
    match = re.search(r"turn (\d+): you said hi", str(history[-1]))
    assert match
    return int(match[1])


async def test_state_is_kept_between_the_calls_of_a_session(space: Space) -> None:
    async with space.session() as session:
        assert [await turn(session) for _ in range(3)] == [1, 2, 3]


async def test_two_sessions_do_not_share_state(space: Space) -> None:
    async with space.session() as first, space.session() as second:
        assert first.session_hash != second.session_hash
        assert [await turn(first), await turn(second), await turn(first), await turn(second)] == [
            1,
            1,
            2,
            2,
        ]


async def test_a_call_outside_a_session_begins_with_fresh_state(space: Space) -> None:
    assert [await turn(space), await turn(space)] == [1, 1]


async def test_state_is_shared_by_different_functions_of_a_session(space: Space) -> None:
    async with space.session() as session:
        assert await turn(session) == 1
        await session.call("/bot", history=[])
        assert await turn(session) == 3


async def test_a_view_with_other_options_is_of_the_same_session(space: Space) -> None:
    async with space.session() as session:
        view = session.with_options(headers={"x-test": "1"})
        assert [await turn(session), await turn(view)] == [1, 2]


async def test_concurrent_calls_of_a_session_each_get_their_own_result(space: Space) -> None:
    texts = [f"t{i}" for i in range(20)]
    got: dict[str, str] = {}
    async with space.session() as session:

        async def call(text: str) -> None:
            got[text] = await session.call("/echo", text=text)

        async with anyio.create_task_group() as group:
            for text in texts:
                group.start_soon(call, text)
            assert await turn(session) == 1
        assert await turn(session) == 2
    assert got == {text: text for text in texts}


async def test_functions_without_a_queue_see_the_session_too(space: Space) -> None:
    async with space.session() as session:
        assert await session.call("/noqueue", text="x") == "nq x"
        identity = await session.call("/whoami", text="x")
    assert identity["session"] == session.session_hash


async def test_a_session_is_resumed_by_its_hash(protocol_app: AppServer) -> None:
    async with Space(protocol_app.url) as space, space.session() as session:
        assert [await turn(session), await turn(session)] == [1, 2]
        session_hash = session.session_hash
    async with Space(protocol_app.url) as space:
        async with space.session(session_hash=session_hash) as session:
            assert session.session_hash == session_hash
            assert await turn(session) == 3
        async with space.session(session_hash=session_hash) as again:
            assert await turn(again) == 4


async def test_two_handles_of_one_session_read_one_stream(space: Space) -> None:
    first = space.session()
    second = space.session(session_hash=first.session_hash)
    async with first.call("/slow_stream", seconds=0.6) as job:
        assert await second.call("/echo", text="x") == "x"
        assert await job.result() == "step 2"


async def test_leaving_a_session_ends_what_runs_in_it(
    space: Space, protocol_app: AppServer
) -> None:
    generator, function = unique(30), unique(30)
    async with space.session() as session:
        streaming = await session.call("/slow_stream", seconds=generator).__aenter__()
        working = await session.call("/slow_async", seconds=function).__aenter__()
        await first_value(streaming)
        await logged(protocol_app, f"slow_async start {function}")
    for job in (streaming, working):
        with pytest.raises(JobCancelledError, match="session was closed"):
            await job.result()
    await logged(protocol_app, f"slow_stream GeneratorExit {generator}")
    await logged(protocol_app, f"slow_async cancelled {function}")


async def test_a_session_that_was_left_takes_no_further_calls(space: Space) -> None:
    async with space.session() as session:
        assert await session.call("/echo", text="x") == "x"
    with pytest.raises(RuntimeError, match=r"the session is closed: .*, or open another"):
        await session.call("/echo", text="x")


async def test_a_session_that_lost_its_stream_says_so_and_another_works(
    protocol_app: AppServer,
) -> None:
    async with Space(protocol_app.url, timeouts=Timeouts(idle=1, cancel=0.2)) as space:
        async with space.session() as session:
            async with session.call("/slow_stream", seconds=30) as job:
                await first_value(job)
                with suspended(protocol_app), pytest.raises(DeadlineError, match="silent"):
                    await job.result()
            with pytest.raises(JobLostError, match="open another"):
                await session.call("/echo", text="x")
        async with space.session() as session:
            assert await turn(session) == 1


async def test_a_session_that_lost_its_stream_is_resumed_by_its_hash(space: Space) -> None:
    async with space.session() as session:
        assert await turn(session) == 1
        await session.call("/slow_stream", seconds=30).__aenter__()
    async with space.session(session_hash=session.session_hash) as again:
        with anyio.fail_after(DEADLINE):
            assert [await turn(again), await turn(again)] == [2, 3]


async def test_sessions_and_spaces_are_not_kept_alive(protocol_app: AppServer) -> None:
    async with Space(protocol_app.url) as space:
        async with space.session() as session:
            assert await turn(session) == 1
        seen: list[weakref.ref[Caller]] = [weakref.ref(session), weakref.ref(space)]
    del space, session
    gc.collect()
    assert [reference() for reference in seen] == [None, None]


async def test_the_description_of_a_closed_space_does_not_wait_for_the_collector(
    protocol_app: AppServer,
) -> None:
    async with Space(protocol_app.url) as space:
        endpoints = space._context.connection.endpoints  # pyright: ignore[reportPrivateUsage]
        assert endpoints is not None
        seen = weakref.ref(endpoints)
    gc.collect()
    gc.disable()
    try:
        del space, endpoints
        assert seen() is None
    finally:
        gc.enable()
