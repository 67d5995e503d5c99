"""Events of a job, in order, to the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anyio
import pytest

from spacecall import (
    AppError,
    Completed,
    Event,
    Limits,
    Log,
    Output,
    Progress,
    Queued,
    Space,
    Started,
)
from tests.client.tools import DEADLINE, collect, logged, unique
from tests.servers import AppServer


def values(events: Sequence[Event[Any]]) -> list[Any]:
    return [event.value for event in events if isinstance(event, (Output, Completed))]


def growing(word: str, count: int) -> list[str]:
    """What /stream_text gives: one more piece each time."""
    return ["".join(f"{word}{i} " for i in range(upto)) for upto in range(1, count + 1)]


async def test_events_come_in_the_order_of_the_job(space: Space) -> None:
    async with space.call("/stream_text", text="w", n=5) as job:
        assert not job.done
        events = [event async for event in job]
        assert job.done
    kinds = [type(event) for event in events]
    assert kinds == [Queued, Started, *[Output] * 5, Completed]
    assert values(events) == [*growing("w", 5), growing("w", 5)[-1]]
    assert job.event_id


async def test_a_function_that_does_not_stream_gives_its_result_alone(space: Space) -> None:
    async with space.call("/echo", text="x") as job:
        events = [event async for event in job]
    assert [type(event) for event in events] == [Queued, Started, Completed]
    assert values(events) == ["x"]


async def test_several_outputs_stream_together_as_tuples(space: Space) -> None:
    async with space.call("/stream_edit", text="x") as job:
        events = [event async for event in job]
    first, *_, short, last, result = values(events)
    assert first == ({"text": "x0", "items": [{"i": 0, "s": ""}], "n": 0}, "x0")
    items = [{"i": i, "s": "x" * i} for i in (1, 2, 3)]
    assert short == ({"text": "short", "items": items}, "short")
    assert last == result == ({"only": None}, "end")


async def test_earlier_values_do_not_change_when_later_ones_come(space: Space) -> None:
    async with space.call("/stream_edit", text="x") as job:
        values = [value async for value in job.outputs]
    assert [len(value["text"]) for value, _ in values[:4]] == [2, 4, 6, 8]
    assert [len(value["items"]) for value, _ in values[:4]] == [1, 2, 3, 4]


async def test_progress_and_messages_come_as_events(space: Space) -> None:
    async with space.call("/progress", n=10) as job:
        events = [event async for event in job]
    logs = [event for event in events if isinstance(event, Log)]
    assert [(log.level, log.message) for log in logs] == [
        ("info", "a Info message"),
        ("warning", "a Warning message"),
        ("success", "a Success message"),
    ]
    assert (logs[2].title, logs[2].duration) == ("T", 3)
    bars = [event.units for event in events if isinstance(event, Progress)]
    counted = [units[0] for units in bars if units and units[0].description == "tq"]
    assert counted
    assert {bar.length for bar in counted} == {10}
    assert {bar.unit for bar in counted} == {"steps"}
    assert isinstance(events[-1], Completed)
    assert events[-1].value == "done 10"


async def test_a_generator_that_fails_gives_its_values_before_the_error(space: Space) -> None:
    seen: list[Event[Any]] = []
    async with space.call("/fail_mid", text="x") as job:
        with pytest.raises(AppError, match="boom mid-stream") as caught:
            await collect(job, seen)
    assert values(seen) == ["first", "first second"]
    assert caught.value.title == "Error"
    assert caught.value.endpoint == "/fail_mid"
    assert caught.value.event_id == job.event_id


async def test_an_error_is_raised_again_by_every_later_read(space: Space) -> None:
    async with space.call("/fail", text="x") as job:
        for _ in range(2):
            with pytest.raises(AppError, match="boom"):
                await job.result()
            with pytest.raises(AppError, match="boom"):
                await collect(job, [])


async def test_the_end_stays_the_end(space: Space) -> None:
    async with space.call("/echo", text="x") as job:
        assert [type(event) async for event in job][-1] is Completed
        assert [event async for event in job] == []
        assert await job.result() == "x"


async def test_the_result_can_be_awaited_while_events_are_left_unread(space: Space) -> None:
    async with space.call("/stream_text", text="w", n=3) as job:
        assert isinstance(await anext(job), Queued)
        assert await job.result() == growing("w", 3)[-1]
        assert values([event async for event in job]) == [*growing("w", 3), growing("w", 3)[-1]]


async def test_the_result_can_be_awaited_while_another_task_reads_events(space: Space) -> None:
    seen: list[Event[Any]] = []
    async with (
        space.call("/stream_text", text="w", n=4) as job,
        anyio.create_task_group() as group,
    ):
        group.start_soon(collect, job, seen)
        assert await job.result() == growing("w", 4)[-1]
    assert values(seen)[-1] == growing("w", 4)[-1]


async def test_two_consumers_share_the_events_and_both_end(space: Space) -> None:
    seen: list[list[Event[Any]]] = [[], []]
    async with space.call("/stream_text", text="w", n=6) as job:
        with anyio.fail_after(DEADLINE):
            async with anyio.create_task_group() as group:
                for mine in seen:
                    group.start_soon(collect, job, mine)
    events = [event for mine in seen for event in mine]
    assert len([event for event in events if isinstance(event, Completed)]) == 1
    assert len([event for event in events if isinstance(event, Output)]) == 6


async def test_a_slow_consumer_gets_newer_values_and_the_end(protocol_app: AppServer) -> None:
    async with (
        Space(protocol_app.url, limits=Limits(max_buffered_events=4)) as space,
        space.call("/stream_text", text="w", n=40) as job,
    ):
        await job.result()
        events = [event async for event in job]
    assert len(events) <= 6
    assert Started in [type(event) for event in events]
    complete_text = growing("w", 40)
    assert values(events)[-1] == complete_text[-1]
    places = [complete_text.index(value) for value in values(events)[:-1]]
    assert places == sorted(places)
    assert places[-1] == 39


async def test_a_consumer_that_stops_reading_for_a_while_loses_nothing_that_fits(
    space: Space, protocol_app: AppServer
) -> None:
    seconds = unique(0.8)
    async with space.call("/slow_stream", seconds=seconds) as job:
        assert isinstance(await anext(job), Queued)
        await logged(protocol_app, f"slow_stream finished {seconds}")
        steps = [f"step {i}" for i in range(int(seconds * 5))]
        assert values([event async for event in job]) == [*steps, steps[-1]]
