"""Calls with values by position, which need no description of the app."""

from __future__ import annotations

from pathlib import Path

import pytest

from spacecall import File, InvalidInputError, NotFoundError, Space, SyncSpace
from tests.client.tools import counting
from tests.servers import DATA, AppServer


async def test_values_are_given_in_the_app_s_order(protocol_app: AppServer) -> None:
    async with counting(protocol_app, describe=False) as (space, counts):
        assert await space.call_raw("/echo", ["hi"]) == "hi"
        assert await space.call_raw("echo", ("hi",)) == "hi"
    assert not [path for path in counts if path.endswith("/info")]


async def test_a_function_is_found_by_its_number(protocol_app: AppServer) -> None:
    async with Space(protocol_app.url) as space:
        functions = space._context.connection.app.dependencies
        numbers = {function.name: function.fn_index for function in functions}
        assert await space.call_raw(numbers["/noqueue"], ["hi"]) == "nq hi"
        assert numbers[None] > 0, "the app has functions without a name"
        with pytest.raises(NotFoundError, match="no function with the number 10000; it has 0 to "):
            await space.call_raw(10_000, ["hi"])
        with pytest.raises(NotFoundError, match="no endpoint /ecko; did you mean"):
            await space.call_raw("/ecko", ["hi"])


async def test_nothing_is_checked_against_a_schema(protocol_app: AppServer) -> None:
    async with Space(protocol_app.url) as space:
        with pytest.raises(InvalidInputError):
            await space.call("/json_noqueue", js=object())
        result, _ = await space.call_raw("/json_noqueue", [{"any": [1, None, "x"]}])
        assert result == {"got": {"any": [1, None, "x"]}}


async def test_files_are_sent_and_texts_are_texts(protocol_app: AppServer, tmp_path: Path) -> None:
    red = DATA / "red.png"
    async with Space(protocol_app.url) as space:
        image = await space.call_raw("/image", [red])
        assert isinstance(image, File)
        await image.save(tmp_path)
        assert await space.call_raw("/echo", [str(red)]) == str(red)


@pytest.mark.parametrize("values", [[], ["a", "b"]])
async def test_another_number_of_values_is_refused_with_the_labels(
    protocol_app: AppServer, values: list[str]
) -> None:
    async with Space(protocol_app.url) as space:
        with pytest.raises(
            InvalidInputError, match=rf"/echo takes 1 values \(.*\), got {len(values)}"
        ):
            await space.call_raw("/echo", values)


async def test_what_json_cannot_carry_is_refused_with_its_position(protocol_app: AppServer) -> None:
    async with Space(protocol_app.url) as space:
        with pytest.raises(InvalidInputError, match=r"value 0: .*an object cannot be sent"):
            await space.call_raw("/json_noqueue", [{"a": [object()]}])


def test_it_works_without_async(protocol_app: AppServer) -> None:
    with SyncSpace(protocol_app.url) as space:
        assert space.call_raw("/echo", ["hi"]).result() == "hi"
