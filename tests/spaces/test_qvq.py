"""The QVQ-72B facade against a replica of the Space, on real Gradio 5.50 and 6.31.

The Space is known on Gradio 5; what it would be on 6 is made up. Lines in quotes are what is known
of the Space or of another client of it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from spacecall import AppError, Call, InvalidInputError, Progress, QuotaExceededError
from spacecall.chat import ChatReply, Conversation, Message, SyncChatModel, connect
from spacecall.spaces.qvq_72b import Qvq72B
from tests.chat.wire import Wire, watched
from tests.client import proxies
from tests.conftest import ServerPool
from tests.servers import DATA, GRADIO_5, GRADIO_6, AppServer

RED = DATA / "red.png"
TONE = DATA / "tone.wav"
CALL = "/gradio_api/call/generate"
JOIN = "/gradio_api/queue/join"


@pytest.fixture(scope="session", params=[GRADIO_6, GRADIO_5], ids=lambda item: f"gradio-{item}")
def app(request: pytest.FixtureRequest, app_server: ServerPool) -> AppServer:
    """The replica, on each Gradio."""
    return app_server("qvq_replica.py", request.param)


@asynccontextmanager
async def connected(server: AppServer) -> AsyncGenerator[tuple[Qvq72B, Wire], None]:
    async with watched() as wire, Qvq72B.connect(server.url, http_client=wire.client) as qvq:
        wire.requests.clear()
        yield qvq, wire


def paths(wire: Wire) -> list[str]:
    """The paths of the calls' requests, in order, without the job's id and checks of the app."""
    requested = [request.url.path.removesuffix("/") for request in wire.requests]
    calls = [path for path in requested if not path.endswith("/app_id")]
    return [CALL if path.startswith(CALL) else path for path in calls]


def data(app: AppServer, wire: Wire) -> list[Any]:
    """What the last call was given."""
    requests = wire.bodies("/call/generate" if app.version == GRADIO_6 else "/queue/join")
    return list(requests[-1]["data"])


async def follow(call: Call[ChatReply]) -> list[str]:
    async with call as job:
        return [str(piece) async for piece in job.text]


async def test_one_image_and_a_prompt(app: AppServer) -> None:
    async with connected(app) as (qvq, wire):
        reply = await qvq.chat("What is this?", media=[RED])
        assert "The picture red.png is image/png with" in reply.text
        assert reply.text.endswith("The question is: What is this?")
        (upload,) = wire.to("/upload")
        assert upload.headers["content-type"].startswith("multipart/form-data")
        assert upload.url.params["upload_id"]
        image, prompt = data(app, wire)
    assert image["path"].endswith("red.png")
    assert image["mime_type"] == "image/png"
    assert prompt == "What is this?"


async def test_without_an_image_null_is_sent(app: AppServer) -> None:
    async with connected(app) as (qvq, wire):
        assert "There is no picture." in (await qvq.chat("Hello")).text
        assert data(app, wire) == [None, "Hello"]


async def test_the_simple_call_api_where_it_tells_errors_and_the_queue_elsewhere(
    app: AppServer,
) -> None:
    async with connected(app) as (qvq, wire):
        await qvq.chat("Hello")
        simple, queue = [CALL, CALL], [JOIN, "/gradio_api/queue/data"]
        assert paths(wire) == (simple if app.version == GRADIO_6 else queue)
        wire.requests.clear()
        await qvq.chat("Hello").with_options(call_api=app.version != GRADIO_6)
        assert paths(wire) == (queue if app.version == GRADIO_6 else simple)


async def test_whole_texts_become_pieces(app: AppServer) -> None:
    async with connected(app) as (qvq, _):
        pieces = await follow(qvq.chat("/long 20"))
    assert "".join(pieces) == " ".join(f"word{number}" for number in range(1, 21))
    assert len(pieces) > 5


async def test_the_text_of_a_quota_error_is_kept(app: AppServer) -> None:
    async with connected(app) as (qvq, _):
        for call in (qvq.chat("/quota"), qvq.chat("/quota", media=[RED])):
            with pytest.raises(QuotaExceededError) as caught:
                await follow(call)
            error = caught.value
            assert error.message == "You have exceeded your GPU quota (60s requested vs. 0s left)."
            assert (error.title, error.requested, error.remaining) == (
                "ZeroGPU quota exceeded",
                60,
                0,
            )


async def test_errors_are_typed(app: AppServer) -> None:
    async with connected(app) as (qvq, _):
        with pytest.raises(AppError, match="GPU task aborted") as caught:
            await qvq.chat("/aborted")
        assert caught.value.title == "ZeroGPU worker error"
        with pytest.raises(AppError, match="hides its message"):
            await qvq.chat("/crash")


async def test_on_gradio_5_the_simple_call_api_would_lose_the_text(app_server: ServerPool) -> None:
    app = app_server("qvq_replica.py", GRADIO_5)
    async with connected(app) as (qvq, _):
        with pytest.raises(AppError, match="hides its message") as caught:
            await qvq.chat("/quota").with_options(call_api=True)
    assert not isinstance(caught.value, QuotaExceededError)


async def test_over_the_queue_progress_comes_too(app: AppServer) -> None:
    async with connected(app) as (qvq, _), qvq.chat("/zerogpu").with_options(call_api=False) as job:
        seen = [event async for event in job]
    reports = [event for event in seen if isinstance(event, Progress)]
    assert "ZeroGPU init" in {bar.description for report in reports for bar in report.units}


async def test_a_conversation_goes_flattened_with_its_newest_image(app: AppServer) -> None:
    async with connected(app) as (qvq, wire):
        first = await qvq.chat([Message("system", "Be brief."), Message("user", "One", [RED])])
        saved = Conversation.from_json(first.conversation.to_json())
        second = await qvq.chat("Two", conversation=saved)
        assert (
            f"Be brief.\nUser: One\nAssistant: {first.text}\nUser: Two\nAssistant:" in second.text
        )
        assert "is image/png with" in second.text
        assert saved.session_hash is None
        assert [item.role for item in second.conversation.messages] == [
            *("system", "user", "assistant", "user", "assistant"),
        ]
        clip = Message("user", "Look", [RED.read_bytes()])
        await qvq.chat([clip, Message("assistant", "I see"), Message("user", "And this?", [RED])])
        assert data(app, wire)[0]["orig_name"] == "red.png"


async def test_what_it_cannot_see_is_refused_before_anything_is_sent(app: AppServer) -> None:
    async with connected(app) as (qvq, wire):
        for media, words in (
            ([RED, RED], "one image per message, got 2"),
            ([TONE], "one image, not audio"),
        ):
            with pytest.raises(InvalidInputError, match=words):
                await qvq.chat("Look", media=media)
        with pytest.raises(InvalidInputError, match="no model 'qvq-7b', only qwen-qvq-72b-preview"):
            await qvq.chat("Look", model="qvq-7b")
        assert not wire.requests


async def test_a_key_is_a_bearer_of_its_call_alone(app: AppServer) -> None:
    async with connected(app) as (qvq, wire):
        reply = await qvq.chat("Look", media=[RED], api_key="secret-key")
        requests = [item for item in wire.requests if item.method == "POST"]
        assert [item.headers.get("authorization") for item in requests] == ["Bearer secret-key"] * 2
        wire.requests.clear()
        await qvq.chat("And now?", conversation=reply.conversation)
        assert "secret-key" not in wire.text()
    assert "secret-key" not in reply.conversation.to_json() + repr(reply) + repr(qvq)


async def test_through_a_proxy(app: AppServer) -> None:
    with anyio.fail_after(60):
        async with (
            proxies.proxy(proxies.http) as (port, requests),
            Qvq72B.connect(app.url, proxy=f"http://127.0.0.1:{port}") as qvq,
        ):
            assert (await qvq.chat("Look", media=[RED])).text
    assert set(requests) == {("127.0.0.1", app.port)}


async def test_leaving_early_ends_the_answer_on_the_server(app: AppServer) -> None:
    async with connected(app) as (qvq, _):
        for _ in range(4):  # as many as the app answers at once
            async with qvq.chat("/slow one two three four five six seven eight") as job:
                async for _ in job.text:
                    break
        with anyio.fail_after(60):
            assert (await qvq.chat("Hello")).text


async def test_it_is_found_by_its_names(app: AppServer) -> None:
    assert Qvq72B.LABEL == "Qwen QVQ-72B"
    for name in ("qvq-72b", "qwen-qvq-72b-preview", "QVQ-72B"):
        async with connect(name, source=app.url) as model:
            assert isinstance(model, Qvq72B)
            assert (await model.chat("Hello", model=name.lower())).text


def test_without_async_too(app: AppServer) -> None:
    with SyncChatModel.connect(Qvq72B.connect(app.url)) as qvq, qvq.chat("/long 5") as job:
        assert "".join(job.text) == "word1 word2 word3 word4 word5"
