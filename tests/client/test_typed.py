"""Generated clients of the protocol app, on the Gradio that each was generated from."""

from __future__ import annotations

import math
import pickle
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any, Literal, NamedTuple, TypeAlias

import httpx
import pytest

from spacecall import File, InvalidInputError, SchemaDriftError, Space, SyncSpace
from spacecall._client.calls.prepared_call import DynamicDecoder, unwrap_update
from spacecall._core.gradio3_files import FILE_SCHEMA
from spacecall.typed import TypedClient, TypedEndpoint
from tests.clients import protocol_app_5, protocol_app_6
from tests.clients.protocol_app_5 import ProtocolApp5, SyncProtocolApp5
from tests.clients.protocol_app_6 import ProtocolApp6, SyncProtocolApp6
from tests.servers import DATA, GRADIO_6, AppServer

Client: TypeAlias = ProtocolApp5 | ProtocolApp6
RED = DATA / "red.png"


def client_for(server: AppServer, space: Space) -> Client:
    return ProtocolApp6(space) if server.version == GRADIO_6 else ProtocolApp5(space)


@pytest.fixture
def app(protocol_app: AppServer, space: Space) -> Client:
    return client_for(protocol_app, space)


async def test_one_output_is_a_value(app: Client) -> None:
    assert await app.echo(text="hi") == "hi"
    assert await app.add(a=1) == 11


async def test_no_output_is_none(app: Client) -> None:
    nothing: object = await app.nothing(text="x")  # type: ignore[func-returns-value]
    assert nothing is None


async def test_several_outputs_are_a_named_tuple(app: Client) -> None:
    result = await app.stream_edit(text="x")
    assert result.json_out == {"only": None}
    assert result.text_out == "end"


async def test_values_stream_with_their_type(app: Client) -> None:
    async with app.stream_edit(text="x") as job:
        values = [value async for value in job.outputs]
    assert all(isinstance(value.text_out, str) for value in values)
    assert values[-1].text_out == "end"
    async with app.stream_text(text="w", n=3) as job_of_text:
        assert "".join([piece async for piece in job_of_text.text]) == "w0 w1 w2 "


async def test_arguments_are_checked_before_anything_is_sent(app: Client) -> None:
    with pytest.raises(InvalidInputError, match="slider") as caught:
        await app.widgets(radio="one", js=None, slider=99)
    assert caught.value.endpoint == "/widgets"
    assert len(caught.value.problems) == 1
    with pytest.raises(InvalidInputError, match="dd"):
        await app.widgets(radio="one", js=None, dd="nope")  # type: ignore[arg-type]


async def test_defaults_of_the_app_are_used(app: Client) -> None:
    result = await app.widgets(radio="two", js={"a": [1]})
    assert result.text_out is not None
    assert result.text_out.startswith("['x', ['x'], 'two', [], 4, False, 'DataFrame', {'a': [1]}")
    assert result.json_out == {"got": {"a": [1]}}


async def test_files_go_in_from_any_source_and_come_out_as_handles(app: Client) -> None:
    image = await app.image(path=RED)
    assert isinstance(image, File)
    assert image.mime_type == "image/png"
    files = await app.files(files=[RED, RED.read_bytes(), File(b"hello", name="a.txt")])
    assert files is not None
    assert [file.name for file in files] == ["red.png", "file.png", "a.txt"]
    assert await files[2].read() == b"hello"


async def test_a_missing_file_is_named(app: Client) -> None:
    with pytest.raises(InvalidInputError, match=r"nowhere\.png"):
        await app.image(path="nowhere.png")


async def test_files_inside_objects_are_uploaded(protocol_app: AppServer, app: Client) -> None:
    module = protocol_app_6 if protocol_app.version == GRADIO_6 else protocol_app_5
    message: Any = module.MultimodalData(text="look", files=[File(RED)])
    result = await app.add_message(message=message)
    assert len(result.chat) == 2
    again = await app.bot(history=result.chat)  # type: ignore[arg-type]
    assert len(again) == 3


async def test_state_lives_in_a_session(protocol_app: AppServer, space: Space) -> None:
    async with space.session() as session:
        app = ProtocolApp6(session) if protocol_app.version == GRADIO_6 else ProtocolApp5(session)
        first = await app.chat(message="a")
        second = await app.chat(message="b", history=first.chat)  # type: ignore[arg-type]
    assert "turn 2" in str(second.chat[-1].content)


async def test_connecting_asks_for_nothing_but_the_config(protocol_app: AppServer) -> None:
    paths: list[str] = []

    async def note(request: httpx.Request) -> None:
        paths.append(request.url.path)

    client = ProtocolApp6 if protocol_app.version == GRADIO_6 else ProtocolApp5
    async with (
        httpx.AsyncClient(event_hooks={"request": [note]}) as http,
        client.connect(protocol_app.url, http_client=http) as app,
    ):
        assert await app.echo(text="x") == "x"
    assert [path.rpartition("/")[2] for path in paths] == ["config", "join", "data"]


async def test_an_output_of_another_type_is_drift(space: Space) -> None:
    from tests.clients.protocol_app_6 import EchoInput

    class Drifted(TypedClient):
        ECHO: TypedEndpoint[int] = TypedEndpoint("/echo", inputs=EchoInput, output=int, returns=1)

    client = Drifted(space)
    with pytest.raises(SchemaDriftError, match="integer") as caught:
        await client._call(Drifted.ECHO, text="not a number")
    assert caught.value.endpoint == "/echo"
    assert caught.value.differences
    assert caught.value.values == ("not a number",)
    assert await space.call("/echo", text="alive") == "alive"


def no_file(payload: Mapping[str, Any]) -> File:
    raise AssertionError(payload)


def test_an_output_that_the_app_leaves_unchanged_is_none() -> None:
    endpoint: TypedEndpoint[protocol_app_6.StreamEditOutput] = TypedEndpoint(
        "/x",
        inputs=protocol_app_6.EchoInput,
        output=protocol_app_6.StreamEditOutput,
        returns=2,
    )
    skipped = unwrap_update({"__type__": "update", "visible": True})
    assert tuple(endpoint.decode([{"a": 1}, skipped], no_file)) == ({"a": 1}, None)
    assert DynamicDecoder()([{"a": 1}, skipped], no_file) == ({"a": 1}, None)
    emptied = unwrap_update({"__type__": "update", "value": None})
    assert tuple(endpoint.decode([{"a": 1}, emptied], no_file)) == ({"a": 1}, None)


def returning(output: Any, returns: int = 1) -> TypedEndpoint[Any]:
    return TypedEndpoint("/x", inputs=protocol_app_6.EchoInput, output=output, returns=returns)


class Seeded(NamedTuple):
    """An image's usual outputs, with a text."""

    image: File | list[File] | None
    seed: int | float
    text: str


def named(payload: Mapping[str, Any]) -> File:
    if payload["path"] == "broken":
        raise ValueError("a file without an address")
    return File(b"", name=payload["path"])


@pytest.mark.parametrize("number", [7, 2**53 + 1, -(2**63), 10**30, 0, 1.5, 3.0, 1e300])
def test_a_number_stays_what_it_was(number: float) -> None:
    for output in (int | float, int | float | None):
        value = returning(output).decode([number], no_file)
        assert (type(value), value) == (type(number), number)
    (value,) = returning(list[int | float]).decode([[number]], no_file)
    assert (type(value), value) == (type(number), number)


def test_null_is_none_or_not_a_number_where_none_does_not_fit() -> None:
    assert returning(int | float | None).decode([None], no_file) is None
    assert math.isnan(returning(int | float).decode([None], no_file))
    for output in (int, str, bool, list[Any], dict[str, Any], Literal["a"]):
        with pytest.raises(SchemaDriftError):
            returning(output).decode([None], no_file)


def test_an_only_file_is_a_list_where_several_are_typed() -> None:
    payload = {"path": "a.txt", "meta": {"_type": "gradio.FileData"}}
    for output in (list[File], list[File] | None):
        (file,) = returning(output).decode([payload], named)
        assert file.name == "a.txt"
    single = returning(File | list[File] | None)
    assert single.decode([payload], named).name == "a.txt"
    assert [file.name for file in single.decode([[payload, payload]], named)] == ["a.txt"] * 2
    assert single.decode([[]], named) == []
    assert single.decode([None], named) is None


def test_drift_keeps_every_output() -> None:
    payload = {"path": "a.png", "meta": {"_type": "gradio.FileData"}}
    broken = {**payload, "path": "broken"}
    endpoint = returning(Seeded, 3)
    with pytest.raises(SchemaDriftError, match="text: ") as caught:
        endpoint.decode([payload, 2**53 + 1, {"file": payload, "other": [1]}], named)
    image, seed, text = caught.value.values
    assert (image.name, seed) == ("a.png", 2**53 + 1)
    assert text["file"].name == "a.png"
    with pytest.raises(SchemaDriftError, match="3 outputs expected, got 2") as caught:
        endpoint.decode([payload, 1], named)
    assert [type(value) for value in caught.value.values] == [File, int]
    with pytest.raises(SchemaDriftError, match="image") as caught:
        endpoint.decode([broken, 1, "x"], named)
    assert caught.value.values == (broken, 1, "x")
    skipped = unwrap_update({"__type__": "update"})
    with pytest.raises(SchemaDriftError) as caught:
        endpoint.decode([skipped, "x", "x"], named)
    assert caught.value.values == (None, "x", "x")
    assert pickle.loads(pickle.dumps(caught.value)).values == (None, "x", "x")


def test_outputs_of_a_dynamic_call_are_on_its_drift_too() -> None:
    payload = {"path": "a.png", "meta": {"_type": "gradio.FileData"}}
    decode = DynamicDecoder([FILE_SCHEMA, None])
    with pytest.raises(SchemaDriftError) as caught:
        decode(["no file", payload], named)
    assert caught.value.values[0] == "no file"
    assert caught.value.values[1].name == "a.png"
    with pytest.raises(SchemaDriftError) as caught:
        DynamicDecoder()([{**payload, "path": "broken"}, 1], named)
    assert caught.value.values == ({**payload, "path": "broken"}, 1)


async def test_another_number_of_inputs_is_drift(space: Space) -> None:
    from tests.clients.protocol_app_6 import EchoInput

    endpoint: TypedEndpoint[float] = TypedEndpoint(
        "/add", inputs=EchoInput, output=float, returns=1
    )
    with pytest.raises(
        SchemaDriftError, match="the app takes 2 inputs, the client was generated for 1"
    ):
        await endpoint.call(space, {"text": "x"})


def test_the_sync_twin_gives_the_same(protocol_app: AppServer) -> None:
    with ExitStack() as stack:
        space = stack.enter_context(SyncSpace(protocol_app.url))
        newest = protocol_app.version == GRADIO_6
        app = SyncProtocolApp6(space) if newest else SyncProtocolApp5(space)
        assert app.echo(text="hi").result() == "hi"
        with app.stream_text(text="w", n=3) as job:
            assert "".join(job.text) == job.result() == "w0 w1 w2 "
        assert app.stream_edit(text="x").result().text_out == "end"


def test_the_sync_twin_connects_by_itself(protocol_app_6: AppServer) -> None:
    with SyncProtocolApp6.connect(protocol_app_6.url) as app:
        assert app.add(a=1, b=2).result() == 3
