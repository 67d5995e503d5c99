"""Arguments that cannot be sent harm their own call alone."""

from __future__ import annotations

import math
from typing import Any

import anyio
import pytest

from spacecall import InvalidInputError, SchemaDriftError, Space
from tests.faults import description
from tests.faults.stub import stub
from tests.faults.tools import DEADLINE, faulty


def deep() -> list[Any]:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [object(), {1, 2}, b"bytes", {(1, 2): 3}, {"x": math.nan}, "half a pair \ud800", deep()],
    ids=["object", "set", "bytes", "key", "nan", "surrogate", "deep"],
)
async def test_a_value_that_is_no_json_is_invalid_input(value: Any) -> None:
    async with faulty() as (app, space), space.call("/hold", text="x") as held_job:
        await anext(held_job)
        with pytest.raises(InvalidInputError, match=r"cannot be sent as JSON|too deeply") as caught:
            await space.call("/hold", text=value)
        assert caught.value.endpoint == "/hold"
        assert len(app.asked("join")) == 1
        assert not held_job.done


async def test_half_a_pair_in_a_text_is_invalid_input_without_the_queue_too() -> None:
    async with faulty() as (app, space):
        with pytest.raises(InvalidInputError, match="cannot be sent as JSON"):
            await space.call("/plain", text="half a pair \ud800")
        assert app.asked("run") == []


async def test_an_app_whose_config_and_info_differ_is_schema_drift() -> None:
    with anyio.fail_after(DEADLINE):
        async with stub() as app:
            app.config = description.config()
            app.config["dependencies"][description.ECHO]["inputs"] = [1, 1]
            async with Space(app.url) as space:
                with pytest.raises(SchemaDriftError, match="/echo takes 2 values, got 1"):
                    await space.call("/echo", text="x")
                assert await space.call("/plain", text="x") == "x"


async def test_a_query_that_no_address_takes_is_refused_by_its_name() -> None:
    async with faulty() as (app, space):
        call = space.call("/echo", text="a").with_options(query_params={"a": "x" * 70_000})
        with pytest.raises(InvalidInputError, match="query_params have 70002 bytes"):
            await call
        assert not app.asked("join")
