"""What type checkers make of a generated client. Nothing here runs: mypy and pyright read it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from concurrent.futures import Future
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any, assert_type

import httpx
import httpx2
from pydantic import BaseModel

from spacecall import (
    Call,
    Caller,
    Feed,
    File,
    FileInput,
    Job,
    Limits,
    RowCalls,
    RowOutcome,
    Session,
    Space,
    SpaceView,
    Status,
    SyncRowCalls,
    SyncSession,
    SyncSpace,
    SyncSpaceView,
    Ticket,
    Timeouts,
    Update,
    Updated,
    chat,
    images,
    models,
)
from spacecall.chat import ChatReply
from spacecall.events import Event, TextDelta
from spacecall.facades import SpaceFacade, read_turn
from spacecall.hub import Hub
from spacecall.inference import HuggingFaceInference, SyncHuggingFaceInference
from spacecall.media import MediaInput
from spacecall.spaces.phi4_multimodal import Phi4Multimodal
from spacecall.sync import SyncCall, SyncFeed
from tests.clients.protocol_app_6 import (
    AddMessageOutput,
    ChatOutput,
    DataframeData,
    GalleryImage,
    GalleryVideo,
    Message,
    MultimodalData,
    ProtocolApp6,
    StreamEditOutput,
    SyncProtocolApp6,
    WidgetsOutput,
)


async def calls_give_what_the_endpoint_gives(space: Space, session: Session) -> None:
    client = ProtocolApp6(space)
    assert_type(client.echo(text="hi"), Call[str | None])
    assert_type(await client.echo(text="hi"), str | None)
    assert_type(await client.add(a=1, b=2.5), int | float | None)
    assert_type(await client.nothing(text="x"), None)
    assert_type(await client.api_fn(a=1, b=["x"], d={"k": 1}), dict[str, int])
    assert_type(await client.image(path="picture.png"), File | None)
    assert_type(await client.image(path=Path("picture.png")), File | None)
    assert_type(await client.files(files=[b"bytes", File("x")]), list[File] | None)
    assert_type(await client.gallery(path=None), list[GalleryImage | GalleryVideo])
    assert_type(await client.stream_edit(text="x"), StreamEditOutput)
    assert_type(await client.whoami(text="x"), Any)
    assert_type(await ProtocolApp6(session).chat(message="hi"), ChatOutput)


class Drawing:
    """What an image of Pillow has."""

    mode = "RGB"

    def save(
        self,
        fp: str | bytes | IO[bytes],
        format: str | None = None,  # noqa: A002 - Pillow's name
        **params: Any,
    ) -> None: ...


class Frame:
    """What a DataFrame of pandas or polars has."""

    @property
    def columns(self) -> list[str]:
        return []

    def __len__(self) -> int:
        return 0


class Array:
    """What an array of NumPy has."""

    @property
    def shape(self) -> tuple[int, int]:
        return (0, 0)

    def tolist(self) -> list[list[float]]:
        return []


async def values_of_libraries_are_taken(client: ProtocolApp6, day: date, now: datetime) -> None:
    assert_type(await client.image(path=Drawing()), File | None)
    assert_type(await client.files(files=[Drawing(), "a.png"]), list[File] | None)
    assert_type(await client.more(d=now, c=None), str | None)
    assert_type(await client.more(d=day, c="#ff0000"), str | None)
    await client.widgets(radio="one", js=None, df=Frame())
    await client.widgets(radio="one", js=None, df=Array())
    await client.widgets(radio="one", js=None, df=DataframeData(headers=["a"], data=[[1]]))


async def named_outputs_have_types_of_their_own(client: ProtocolApp6) -> None:
    output = await client.chat(message="hi")
    assert_type(output.text_in, str | None)
    assert_type(output.chat, list[Message])
    text, messages = output
    assert_type(text, str | None)
    assert_type(messages, list[Message])
    await client.chat(message="again", history=output.chat)
    widgets = await client.widgets(radio="one", js={"any": ["json"]})
    assert_type(widgets, WidgetsOutput)
    assert_type(widgets.df_out, DataframeData)
    update = await client.update(text="x")
    assert_type(update.dd, str | None)


async def objects_are_made_by_their_python_names(client: ProtocolApp6) -> None:
    message = MultimodalData(text="look", files=[File("a.png")])
    assert_type(await client.add_message(message=message), AddMessageOutput)
    assert_type(message.files, list[File])
    DataframeData(headers=["a"], data=[[1]])


async def entered_calls_stream_their_type(client: ProtocolApp6) -> None:
    async with client.stream_text(text="x", n=3) as job:
        assert_type(job, Job[str | None])
        async for event in job:
            assert_type(event, Event[str | None])
        async for value in job.outputs:
            assert_type(value, str | None)
        async for delta in job.text:
            assert_type(delta, TextDelta)
        assert_type(await job.result(), str | None)


async def streams_of_inputs_have_types(client: ProtocolApp6, space: SyncSpace) -> None:
    async with client.stream_cam() as feed:
        assert_type(feed, Feed[FileInput | None, File | None])
        await feed.send(b"frame")
        await feed.send(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        async for value in feed.outputs:
            assert_type(value, File | None)
    client.stream_cam(img=b"x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.stream_echo()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    with SyncProtocolApp6(space).stream_cam() as sync_feed:
        assert_type(sync_feed, SyncFeed[FileInput | None, File | None])
        sync_feed.send(b"frame")
        sync_feed.send(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        assert_type(next(sync_feed.outputs), File | None)


def the_synchronous_twin_has_the_same_types(space: SyncSpace) -> None:
    client = SyncProtocolApp6(space)
    assert_type(client.echo(text="hi"), SyncCall[str | None])
    assert_type(client.echo(text="hi").result(), str | None)
    assert_type(client.image(path=b"bytes").result(), File | None)
    assert_type(client.chat(message="hi").result().chat, list[Message])
    with client.stream_text(text="x", n=3) as job:
        for event in job:
            assert_type(event, Event[str | None])


async def updates_and_status_have_types(client: ProtocolApp6) -> None:
    call = client.echo(text="hi").with_updates()
    assert_type(call, Call[Updated[str | None]])
    assert_type((await call).updates, tuple[Update, ...])
    async with client.stream_text(text="x", n=2).with_options(every_output=True) as job:
        assert_type(job.status, Status)
        assert_type(job.conflated, int)
        assert_type(job.outputs, AsyncIterator[str | None])


def futures_have_the_type_of_the_call(space: SyncSpace) -> None:
    client = SyncProtocolApp6(space)
    assert_type(client.echo(text="hi").submit(), Future[str | None])
    assert_type(client.echo(text="hi").result(timeout=5), str | None)
    assert_type(client.echo(text="hi").with_updates().submit(), Future[Updated[str | None]])
    assert_type(space.call_component("files", "ls", []), SyncCall[Any])
    client.echo(text="hi").with_options(every_outputs=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def a_client_opens_a_space_of_its_own() -> None:
    async with ProtocolApp6.connect("http://127.0.0.1:7860") as client:
        assert_type(client, ProtocolApp6)
    with SyncProtocolApp6.connect("http://127.0.0.1:7860") as synchronous:
        assert_type(synchronous, SyncProtocolApp6)


def clients_of_both_libraries_are_taken(
    older: httpx.AsyncClient, newer: httpx2.AsyncClient, sync: httpx.Client, sync2: httpx2.Client
) -> None:
    for client in (older, newer, None):
        Space("x", http_client=client)
        SyncSpace("x", http_client=client)
        ProtocolApp6.connect("x", http_client=client)
        Hub(http_client=client)
        HuggingFaceInference.connect(http_client=client)
    Space("x", http_client=sync)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Space("x", http_client=sync2)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Hub(http_client=3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def wrong_arguments_are_errors(client: ProtocolApp6) -> None:
    await client.echo(text=1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.echo("hi")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await client.echo(words="hi")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await client.widgets(
        radio="three",  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        js=None,
    )
    await client.image(path=3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    MultimodalData(txt="x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def files_have_limits(file: File, space: SyncSpace) -> None:
    assert_type(await file.read(max_bytes=None), bytes)
    assert_type(await file.save("x", max_bytes=10), Path)
    assert_type(space.read(file, max_bytes=None), bytes)
    Limits(file_hosts="any")
    Limits(file_hosts="all")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    MultimodalData(text="", files=["a.png"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    MultimodalData(text="", files=[Path("a.png"), b"png", file, {"path": "a.png"}])


class City(BaseModel):
    """A format of replies."""

    name: str


async def options_of_models_have_types(hf: HuggingFaceInference, model: chat.AnyChatModel) -> None:
    assert_type(hf.chat("Hi", temperature=0.5), Call[ChatReply])
    assert_type(hf.text_generation("Hi", action="continue"), Call[ChatReply])
    assert_type(hf.generate("a cat", n=2), Call[list[File]])
    assert_type(model.chat("Hi", max_tokens=10, zerogpu_uuid="u"), Call[ChatReply])
    hf.chat(
        [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}, chat.Message("user", "")]
    )
    hf.chat([{"role": "assistant", "content": None}, chat.Message("user", "Hi")])
    hf.chat([{"role": "usr", "content": ""}])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType, reportCallIssue]
    assert_type((await hf.chat("Hi", response_format=City)).parsed, City)
    hf.chat("Hi", temprature=1)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    hf.generate("x", seed="7")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    model.chat("Hi", temprature=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def options_of_the_sync_twins_have_types(
    hf: SyncHuggingFaceInference, model: chat.SyncChatModel, painter: images.SyncImageModel
) -> None:
    assert_type(hf.chat("Hi", temperature=0.5), SyncCall[ChatReply])
    assert_type(hf.chat("Hi", response_format=City).result().parsed, City)
    assert_type(hf.text_generation("Hi", seed=1), SyncCall[ChatReply])
    assert_type(hf.generate("a cat", aspect_ratio="16:9"), SyncCall[list[File]])
    assert_type(model.chat("Hi", cookies={"a": "b"}), SyncCall[ChatReply])
    assert_type(painter.generate("a cat", guidance_scale=2.0), SyncCall[list[File]])
    hf.chat("Hi", temprature=1)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    hf.chat("Hi", zerogpu_uuid="u")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    hf.text_generation(
        "Hi",
        action="go on",  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    )
    hf.generate("a cat", steps=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    model.chat("Hi", temprature=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    painter.generate("x", stepps=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def options_of_connecting_have_types() -> None:
    HuggingFaceInference.connect("http://127.0.0.1", model="o/m", cache_ttl=60)
    SyncHuggingFaceInference.connect(model="o/m", timeouts=Timeouts(run=5))
    chat.connect("phi-4", source="http://127.0.0.1", describe=True)
    chat.connect_sync("o/m", base_url="http://127.0.0.1", bill_to="us")
    images.connect("flux-dev", source="http://127.0.0.1", timeouts=Timeouts(run=5))
    HuggingFaceInference.connect(modle="x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    HuggingFaceInference.connect(timeout=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    SyncHuggingFaceInference.connect(modle="x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    SyncHuggingFaceInference.connect(timeout=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    chat.connect("phi-4", modle="x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    chat.connect_sync("phi-4", timeout=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    images.connect("flux", modle="x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    images.connect_sync("flux", timeout=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Phi4Multimodal.connect(timeout=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    images.connect("o/m", base_url="http://127.0.0.1", api_key="hf_x")
    HuggingFaceInference.connect(image_model="o/m")
    images.connect("flux", sorce="x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def rows_have_types(space: SpaceView, client: ProtocolApp6) -> None:
    rows = [{"text": "a"}]
    assert_type(space.map("/echo", rows), RowCalls[dict[str, str], Any])
    outcomes = client.map(client.add, [{"a": 1.5}], concurrency=3)
    async for outcome in outcomes:
        assert_type(outcome, RowOutcome[dict[str, float], int | float | None])
        assert_type(outcome.value, int | float | None)
        assert_type(outcome.result(), int | float | None)
    client.map(client.caller, rows)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    space.map("/echo", [1])  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
    space.map("/echo", rows, concurrency="max")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def sync_rows_have_types(space: SyncSpace, client: SyncProtocolApp6) -> None:
    assert_type(space.map("/echo", [{"text": "a"}]), SyncRowCalls[dict[str, str], Any])
    for outcome in client.map(client.add, [{"a": 1.5}], on_quota="stop"):
        assert_type(outcome, RowOutcome[dict[str, float], int | float | None])


async def views_of_a_space_have_sessions_and_tickets(space: Space, ticket: Ticket) -> None:
    view = space.with_options(timeouts=Timeouts(run=5))
    assert_type(view, SpaceView)
    assert_type(view.with_options(check=False), SpaceView)
    assert_type(view.session(), Session)
    assert_type(view.collect(ticket), Call[Any])
    async with view.session() as session:
        assert_type(session.with_options(retry=None), Caller)
        session.with_options().session()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    space.with_options(timeout=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    view.collect("ticket")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert_type(space.config, dict[str, Any])
    assert_type(session.info, dict[str, Any])
    space.config = {}  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    ProtocolApp6(view)
    ProtocolApp6(SyncSpace("o/n"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def the_sync_views_have_the_same_types(space: SyncSpace, ticket: Ticket, file: File) -> None:
    view = space.with_options(timeouts=Timeouts(run=5))
    assert_type(view, SyncSpaceView)
    assert_type(view.session(), SyncSession)
    assert_type(view.collect(ticket).result(), Any)
    assert_type(space.info, dict[str, Any])
    with space.iter_bytes(file) as chunks:
        assert_type(b"".join(chunks), bytes)
    space.iter_bytes(b"content")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with space.stream("/cam", threshold=0.5) as feed:
        assert_type(feed, SyncFeed[Any, Any])
        feed.send(file, threshold=0.7)
        assert_type(next(feed.outputs), Any)
    space.with_options(simple=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    SyncProtocolApp6(view)


def the_registry_has_types() -> None:
    assert_type(models.find_model("phi-4", "chat").space, str | None)
    assert_type(models.list_models("image"), tuple[models.ModelEntry, ...])
    models.find_model("phi-4", "text")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    models.find_model("phi-4")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


class Parrot(SpaceFacade):
    """A facade as users write one."""

    LABEL = "Parrot"
    SOURCE = "owner/parrot"

    def chat(
        self,
        messages: str | Sequence[chat.MessageInput],
        *,
        media: Sequence[MediaInput] = (),
        conversation: chat.Conversation | None = None,
    ) -> Call[ChatReply]:
        turn = read_turn(messages, media, conversation)
        call: Call[str] = self.space.call("/repeat", text=turn.prompt)
        return call.map(lambda text: ChatReply(text, chat.Conversation(messages=turn.messages)))


async def a_facade_is_a_model() -> None:
    async with Parrot.connect(timeouts=Timeouts(run=5)) as parrot:
        assert_type(parrot, Parrot)
        model: chat.ChatModel = parrot
        assert_type(await model.chat("Hi"), ChatReply)
        image: images.ImageModel = parrot  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        del image
    with chat.SyncChatModel.connect(Parrot.connect()) as polly:
        assert_type(polly, chat.SyncChatModel)
    Parrot.connect(modle="x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
