"""Functions with `queue=False`: one request, one answer."""

from __future__ import annotations

from typing import Any

import pytest

from spacecall import Completed, InvalidInputError, Output, Space, Started


async def test_the_answer_is_the_value(space: Space) -> None:
    assert await space.call("/noqueue", text="x") == "nq x"


async def test_an_entered_call_starts_and_completes(space: Space) -> None:
    async with space.call("/noqueue", text="x") as job:
        events = [event async for event in job]
    assert isinstance(events[0], Started)
    assert isinstance(events[1], Completed)
    assert events[1].value == "nq x"
    assert len(events) == 2


async def test_a_generator_gives_all_its_values(space: Space) -> None:
    async with space.call("/noqueue_gen", text="x") as job:
        events = [event async for event in job]
    assert [event.value for event in events if isinstance(event, Output)] == ["a", "b"]
    assert await space.call("/noqueue_gen", text="x") == "b"


@pytest.mark.parametrize(
    "value",
    [{"a": [1, None, True, "x\u2028\"'"], "f": 1.5}, [1, 2], "root={}", 3, None],
    ids=["object", "array", "text", "number", "null"],
)
async def test_json_comes_as_the_value_it_is(space: Space, value: Any) -> None:
    assert await space.call("/json_noqueue", js=value) == ({"got": value}, repr(value))


async def test_wrong_arguments_are_found_before_anything_is_sent(space: Space) -> None:
    with pytest.raises(InvalidInputError, match="text is missing"):
        await space.call("/noqueue")
