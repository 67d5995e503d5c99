"""What an actor of Ray does with a batch, without Ray: its calls go to the stand-in."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

from spacecall import AppError, InvalidInputError, Space, TransportError
from spacecall.batch._row_files import import_pyarrow
from spacecall.batch.ray import SpaceMapper, SpaceMapping
from tests.faults.stub import DOWNLOAD, Stub, stub
from tests.faults.test_map import failing_job


@pytest.fixture(scope="module", params=["asyncio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Ray runs on asyncio."""
    return str(request.param)


@pytest.fixture
async def app() -> AsyncGenerator[Stub, None]:
    async with stub() as app:
        yield app


async def map_rows(mapper: SpaceMapper, rows: list[dict[str, Any]]) -> Any:
    table = import_pyarrow("pyarrow").Table.from_pylist(rows)
    try:
        (result,) = [batch async for batch in mapper(table)]
    finally:
        mapper.close()
    return result


async def test_a_batch_gets_values_and_errors(app: Stub) -> None:
    mapper = SpaceMapper(SpaceMapping(source=app.url, endpoint="/echo", per_actor=1))
    app.once("join", failing_job(app, "no"))
    table = await map_rows(mapper, [{"text": "a", "id": 1}, {"text": "b", "id": 2}])
    assert table.column_names == ["text", "id", "value", "error"]
    assert table.column("value").to_pylist() == [None, "b"]
    assert [error and error["type"] for error in table.column("error").to_pylist()] == [
        "AppError",
        None,
    ]


async def test_a_space_is_opened_once_and_closed_with_its_mapper(app: Stub) -> None:
    opened: list[Space] = []

    def create_space() -> Space:
        opened.append(Space(app.url))
        return opened[-1]

    mapper = SpaceMapper(SpaceMapping(source=create_space, endpoint="/echo"))
    table = import_pyarrow("pyarrow").Table.from_pylist([{"text": "a"}])
    for _ in range(2):
        async for batch in mapper(table):
            assert batch.column("value").to_pylist() == ["a"]
    (space,) = opened
    connection = space._context.connection
    assert not connection.closed
    del mapper
    assert connection.closed


async def test_columns_of_other_names_are_mapped(app: Stub) -> None:
    mapping = SpaceMapping(source=app.url, endpoint="/echo", columns={"text": "caption"})
    table = await map_rows(SpaceMapper(mapping), [{"caption": "a", "text": "b"}])
    assert table.column("value").to_pylist() == ["a"]


async def test_files_of_results_are_saved_once(app: Stub, tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    mapping = SpaceMapping(source=app.url, endpoint="/file", files_to=str(tmp_path / "files"))
    table = await map_rows(SpaceMapper(mapping), [{"file": b"one"}, {"file": b"two"}])
    first, second = table.column("value").to_pylist()
    assert first == second
    (path,) = (tmp_path / "files").iterdir()
    assert first == str(path)
    assert path.read_bytes() == DOWNLOAD


async def test_a_folder_that_a_node_does_not_have_is_refused(app: Stub, tmp_path: Path) -> None:
    mapping = SpaceMapping(source=app.url, endpoint="/file", files_to=str(tmp_path / "files"))
    with pytest.raises(InvalidInputError, match="a node of the cluster has no folder"):
        await map_rows(SpaceMapper(mapping), [{"file": b"one"}])


async def test_json_text_fits_values_that_their_type_does_not(app: Stub) -> None:
    async def join(exchange: Any) -> None:
        event_id = await app.accept(exchange)
        app.session_of(event_id).messages[-1]["output"]["data"] = [7]
        await exchange.answer(200, {"event_id": event_id})

    app.always("join", join)
    mapping = partial(SpaceMapping, source=app.url, endpoint="/echo")
    table = await map_rows(SpaceMapper(mapping()), [{"text": "a"}])
    (error,) = table.column("error").to_pylist()
    assert "does not fit" in error["message"]
    table = await map_rows(SpaceMapper(mapping(values="json")), [{"text": "a"}])
    assert table.column("value").to_pylist() == ["7"]


async def test_an_error_is_raised_if_that_is_wanted(app: Stub) -> None:
    app.once("join", failing_job(app, "no"))
    mapping = SpaceMapping(source=app.url, endpoint="/echo", per_actor=1, on_error="raise")
    with pytest.raises(AppError, match="no"):
        await map_rows(SpaceMapper(mapping), [{"text": str(number)} for number in range(9)])


async def test_rows_have_the_error_of_an_app_that_cannot_be_opened() -> None:
    async with stub() as app, Space(app.url) as space:
        endpoint, url = space.endpoints["/echo"], app.url
    mapper = SpaceMapper(SpaceMapping(source=url, endpoint="/echo"), endpoint)
    table = await map_rows(mapper, [{"text": "a"}, {"text": "b"}])
    assert {error["type"] for error in table.column("error").to_pylist()} == {"TransportError"}
    with pytest.raises(TransportError):
        await map_rows(SpaceMapper(SpaceMapping(source=url, endpoint="/echo")), [{"text": "a"}])


@pytest.mark.parametrize(
    ("options", "rows", "message"),
    [
        ({}, [{"caption": "a"}], "has no column text; it has caption"),
        ({"columns": {"txt": "a"}}, [{"a": "a"}], "no parameter txt"),
        ({}, [{"text": "a", "value": 1}], "has a column value"),
        ({"error_column": "text"}, [{"text": "a"}], "has a column text"),
    ],
)
async def test_a_batch_that_does_not_fit_is_refused(
    app: Stub, options: dict[str, Any], rows: list[dict[str, Any]], message: str
) -> None:
    mapper = SpaceMapper(SpaceMapping(source=app.url, endpoint="/echo", **options))
    with pytest.raises(InvalidInputError, match=message):
        await map_rows(mapper, rows)
    assert app.asked("join") == []


@pytest.mark.parametrize(
    "options", [{"per_actor": 0}, {"retries": -1}, {"on_error": "ignore"}, {"values": "text"}]
)
def test_options_are_checked(options: dict[str, Any]) -> None:
    create: Callable[..., SpaceMapping] = SpaceMapping
    with pytest.raises(ValueError, match=next(iter(options))):
        create(source="owner/app", endpoint="/echo", **options)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no pipes with a name")
async def test_a_row_that_names_a_pipe_has_an_error(app: Stub, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "a.txt").write_text("a")
    rows = [{"file": str(tmp_path / name)} for name in ("pipe", "a.txt")]
    with anyio.fail_after(10):
        table = await map_rows(SpaceMapper(SpaceMapping(source=app.url, endpoint="/file")), rows)
    first, second = table.column("error").to_pylist()
    assert "is a pipe, a socket or a device" in first["message"]
    assert second is None


async def test_bytes_for_a_text_are_an_error(app: Stub) -> None:
    mapper = SpaceMapper(SpaceMapping(source=app.url, endpoint="/echo"))
    (error,) = (await map_rows(mapper, [{"text": b"abc"}])).column("error").to_pylist()
    assert error["type"] == "InvalidInputError"
    assert not app.asked("upload")
