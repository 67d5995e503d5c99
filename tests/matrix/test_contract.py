"""What every release must do, by the same client."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any

import anyio
import pytest

from spacecall import (
    AppError,
    DeadlineError,
    Event,
    Log,
    Output,
    Progress,
    Queued,
    Space,
    Started,
    Timeouts,
)
from tests import servers
from tests.client.tools import unique
from tests.matrix.conftest import KEPT_IN_THE_QUEUE, PATIENT, PROTOCOLS, TABLE, detached, given
from tests.servers import DATA, AppServer

RED = DATA / "red.png"
TONE = DATA / "tone.wav"


@pytest.fixture
async def space(app: AppServer) -> AsyncGenerator[Space, None]:
    async with Space(app.url, timeouts=PATIENT) as space:
        yield space


async def test_a_value(space: Space, release: str) -> None:
    assert await given(space, "/echo", "hi") == "hi"
    assert await given(space, "/add", 1, 2) == 3
    opened = space._context.connection.app
    assert opened.protocol == PROTOCOLS.get(release, "sse_v3")


async def test_values_while_it_works(space: Space) -> None:
    async with given(space, "/stream_text", "a", 4) as job:
        assert [value async for value in job.outputs] == [
            *("a0 ", "a0 a1 ", "a0 a1 a2 "),
            "a0 a1 a2 a3 ",
        ]
    async with given(space, "/stream_text", "b", 4) as job:
        assert "".join([str(piece) async for piece in job.text]) == "b0 b1 b2 b3 "
    async with given(space, "/stream_text", "c", 4).with_options(every_output=True) as job:
        await job.result()
        assert len([value async for value in job.outputs]) == 4


async def test_edits_of_structures(space: Space) -> None:
    async with given(space, "/stream_edit", "x") as job:
        values = [event.value async for event in job if isinstance(event, Output)]
        result = await job.result()
    assert len(values) > 2
    assert result == values[-1]


async def test_queue_progress_and_logs(space: Space) -> None:
    async with given(space, "/progress", 2) as job:
        events = [event async for event in job]
    kinds = {type(event) for event in events}
    assert {Queued, Started, Progress, Log} <= kinds
    assert next(event.message for event in events if isinstance(event, Log)) == "a Info message"


async def test_files(space: Space) -> None:
    image = await given(space, "/image", RED)
    assert (await image.read()).startswith(b"\x89PNG")
    sound = await given(space, "/audio", TONE)
    assert (await sound.read())[:4] == b"RIFF"
    files = await given(space, "/files", [RED, TONE])
    assert [await file.read() for file in files] == [RED.read_bytes(), TONE.read_bytes()]
    file = await given(space, "/make_file", "text")
    assert await file.read() == b"text"


async def test_chat_with_state(space: Space) -> None:
    async with space.session() as session:
        _, first = await given(space, "/chat", "one", [], on=session)
        _, second = await given(space, "/chat", "two", first, on=session)
    assert "turn 1: you said one" in str(first)
    assert "turn 2: you said two" in str(second)


async def test_functions_without_a_queue_or_outputs(space: Space) -> None:
    assert await given(space, "/noqueue", "x") == "nq x"
    assert await given(space, "/nothing", "x") is None


@pytest.fixture
def batch_app(app: AppServer, release: str) -> Generator[AppServer]:
    """Where one call of a function that works in batches kills the app's queue, an app for it."""
    if PROTOCOLS.get(release) not in ("sse", "sse_v1"):
        yield app
        return
    with servers.serve("protocol_app.py", release) as separate_app:
        yield separate_app


async def test_functions_that_work_in_batches(
    batch_app: AppServer, app: AppServer, refused: Callable[[], None]
) -> None:
    if batch_app is app:
        async with Space(app.url, timeouts=PATIENT) as space:
            assert await given(space, "/batch", "x") == "X"
        return
    async with Space(batch_app.url, timeouts=Timeouts(queue=1, total=60)) as space:
        assert await given(space, "/echo", "hi") == "hi"
        for endpoint in ("/batch", "/echo"):
            with pytest.raises(DeadlineError, match="did not start") as late:
                await given(space, endpoint, "x")
            assert late.value.phase == "queue"
        assert await given(space, "/noqueue", "x") == "nq x"
    refused()


async def test_updates(space: Space) -> None:
    assert await given(space, "/update", "x") == ("upd x", "q")
    async with space.session() as session:
        updated = await given(space, "/update", "x", on=session).with_updates()
        assert updated.value == ("upd x", "q")
        assert [update.label for update in updated.updates] == ["new label", None]
        assert updated.updates[1].choices == ["p", "q"]
        values = ("p", ["x"], "one", ["c1"], 6, True, TABLE, {"k": [1]})
        text, _, _ = await given(space, "/widgets", *values, on=session)
        assert text.startswith("['p', ")


async def test_widgets(space: Space) -> None:
    values = ("y", ["x", "z"], "one", ["c1", "c3"], 6, True)
    text, table, json = await given(space, "/widgets", *values, TABLE, {"k": [1]})
    assert text == repr([*values, "DataFrame", {"k": [1]}])
    assert (table["headers"], table["data"]) == (TABLE["headers"], TABLE["data"])
    assert json == {"got": {"k": [1]}}


async def test_errors_of_the_app(space: Space) -> None:
    with pytest.raises(AppError, match=r"^boom \["):
        await given(space, "/fail", "x")
    seen: list[Event[Any]] = []

    async def follow() -> None:
        async with given(space, "/fail_mid", "x") as job:
            while True:
                seen.append(await anext(job))

    with pytest.raises(AppError, match=r"^boom mid-stream \["):
        await follow()
    values = [event.value for event in seen if isinstance(event, Output)]
    assert values == ["first", "first second"]
    with pytest.raises(AppError, match=r"hides its message|secret detail"):
        await given(space, "/crash", "x")
    assert await given(space, "/echo", "hi") == "hi"


async def test_a_hundred_at_once(space: Space) -> None:
    results: dict[int, str] = {}

    async def one(number: int) -> None:
        results[number] = await given(space, "/echo", f"call {number}")

    async with anyio.create_task_group() as group:
        for number in range(100):
            group.start_soon(one, number)
    assert results == {number: f"call {number}" for number in range(100)}


async def test_leaving_a_stream_ends_it_on_the_server(space: Space, app: AppServer) -> None:
    seconds = 20 + time.time() % 10
    async with given(space, "/slow_stream", seconds) as job:
        async for event in job:
            if isinstance(event, Output):
                break
    assert (await given(space, "/slow_stream", 0.4)).startswith("step")
    assert f"slow_stream finished {seconds}" not in app.log()


async def test_a_deadline_is_kept(space: Space, app: AppServer, release: str) -> None:
    """Before 4.34 a server ends generators alone: another function runs on, and is not told of."""
    seconds = (3 if release in PROTOCOLS else 20) + time.time() % 1
    call = given(space, "/slow_async", seconds)
    with pytest.raises(DeadlineError):
        await call.with_options(timeouts=Timeouts(run=0.5))
    assert await given(space, "/slow_async", 0.1) == "slept 0.1"
    assert (f"slow_async finished {seconds}" in app.log()) == (release in PROTOCOLS)


async def test_a_job_that_waits_can_be_given_up(space: Space, app: AppServer, release: str) -> None:
    seconds = unique(1)
    async with given(space, "/slow_async", 2) as first:
        async for event in first:
            if isinstance(event, Started):
                break
        async with given(space, "/slow_async", seconds) as second:
            async for event in second:
                if isinstance(event, Queued):
                    break
            await second.cancel()
        assert (await first.result()).startswith("slept 2")
    assert await given(space, "/slow_async", 0.1) == "slept 0.1"
    assert (f"slow_async start {seconds}" in app.log()) == (release in KEPT_IN_THE_QUEUE)


async def test_detached_jobs(
    space: Space, app: AppServer, release: str, refused: Callable[[], None]
) -> None:
    """Where a job has a stream of its own it ends with it."""
    ticket = await detached(space, release, refused)
    if ticket is None:
        return
    async with Space(app.url, timeouts=PATIENT) as second_space:
        assert await second_space.collect(ticket) == "slept 0.2"
