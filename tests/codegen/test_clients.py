"""The generated clients of the protocol app, at work against it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from spacecall import File, InvalidInputError, Space, SyncSpace
from tests.clients import protocol_app_5, protocol_app_6
from tests.servers import AppServer

PICTURE = Path(__file__).resolve().parent.parent / "apps" / "data" / "red.png"


@pytest.fixture(params=["6", "5"])
async def client(request: pytest.FixtureRequest) -> AsyncGenerator[Any, None]:
    """The client of the protocol app, on the Gradio that it was generated from."""
    module = {"5": protocol_app_5, "6": protocol_app_6}[request.param]
    server: AppServer = request.getfixturevalue(f"protocol_app_{request.param}")
    class_ = getattr(module, f"ProtocolApp{request.param}")
    async with Space(server.url, describe=False) as space:
        yield class_(space)


async def test_a_typed_call_gives_the_typed_value(client: Any) -> None:
    assert await client.echo(text="hi") == "hi"
    assert await client.add(a=1) == 11
    assert await client.api_fn(a=2, b=("x", "y")) == {"x": 2, "y": 2}
    assert await client.nothing(text="quietly") is None


async def test_a_streaming_call_gives_whole_values(client: Any) -> None:
    async with client.stream_text(text="a", n=3) as job:
        values = [value async for value in job.outputs]
    assert values[-1] == "a0 a1 a2 "


async def test_several_outputs_have_names(client: Any) -> None:
    result = await client.stream_edit(text="x")
    assert result.text_out == "end"
    assert result.json_out == {"only": None}


async def test_files_go_in_from_a_path_and_come_out_as_files(client: Any) -> None:
    image = await client.image(path=PICTURE)
    assert isinstance(image, File)
    assert await image.read() == PICTURE.read_bytes()
    files = await client.files(files=[PICTURE, File(b"text", name="note.txt")])
    assert [file.name for file in files] == ["red.png", "note.txt"]
    (first, _) = await client.gallery(path=PICTURE)
    assert first.caption == "one"
    assert isinstance(first.image, File)


async def test_an_empty_picture_goes_and_comes_as_none(client: Any) -> None:
    assert await client.image(path=None) is None


async def test_objects_go_in_and_come_out_as_models(client: Any) -> None:
    result = await client.widgets(radio="one", js={"k": [1]}, ddm=["y"], slider=5)
    assert result.text_out.startswith("['x', ['y'], 'one', [], 5, False, ")
    assert result.df_out.headers
    assert result.json_out == {"got": {"k": [1]}}


async def test_a_conversation_can_be_sent_back_as_it_came(client: Any) -> None:
    first = await client.chat(message="hello")
    second = await client.chat(message="again", history=first.chat)
    assert len(second.chat) == 4
    assert second.chat[:2] == first.chat


async def test_a_message_with_files_goes_in(client: Any) -> None:
    module = protocol_app_6 if type(client).__name__.endswith("6") else protocol_app_5
    message = module.MultimodalData(text="look", files=[File(PICTURE)])
    result = await client.add_message(message=message)
    # emptied: 5.50 gives null, 6.31 an empty message
    assert result.mm is None or result.mm == module.MultimodalData(text="", files=[])
    assert [message.role for message in result.chat] == ["user"] * len(result.chat)
    assert (await client.add_message(message=module.MultimodalData(text="no files"))).chat


async def test_component_updates_give_their_value(client: Any) -> None:
    result = await client.update(text="x")
    assert tuple(result) == ("upd x", "q")


async def test_what_does_not_fit_is_said_before_anything_is_sent(client: Any) -> None:
    with pytest.raises(InvalidInputError, match="slider: 21 is more than the maximum of 20"):
        await client.widgets(radio="one", js=None, slider=21)
    with pytest.raises(InvalidInputError, match="dd: 'w' is not one of 'x', 'y', 'z'"):
        await client.widgets(radio="one", js=None, dd="w")


async def test_not_a_number_comes_as_none(client: Any) -> None:
    assert (await client.nan(text="x")).sum is None


def test_the_synchronous_twin_does_the_same(protocol_app_6: AppServer) -> None:
    from tests.clients.protocol_app_6 import SyncProtocolApp6

    with SyncSpace(protocol_app_6.url, describe=False) as space:
        client = SyncProtocolApp6(space)
        assert client.echo(text="hi").result() == "hi"
        image = client.image(path=PICTURE).result()
        assert isinstance(image, File)
