"""What the Phi-4 facade says on the wire, to a replica of the Space on real Gradio 5.50.

The facts are those known of the Space; the mistakes named here are those of other clients of it.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import anyio
import pytest

from spacecall import QuotaExceededError
from spacecall.chat import ChatReply, Conversation, Message
from spacecall.spaces.phi4_multimodal import Phi4Multimodal
from tests.chat.wire import Wire, watched
from tests.client import proxies
from tests.servers import DATA, AppServer

RED = DATA / "red.png"
TONE = DATA / "tone.wav"
STEP = "/run/process_message"
JOIN = "/queue/join"
ZERO_GPU = ("x-zerogpu-token", "x-zerogpu-uuid")


@asynccontextmanager
async def connected(server: AppServer) -> AsyncGenerator[tuple[Phi4Multimodal, Wire], None]:
    async with (
        watched() as wire,
        Phi4Multimodal.connect(server.url, http_client=wire.client) as phi,
    ):
        wire.requests.clear()
        yield phi, wire


async def test_both_steps_share_a_session_and_the_upload_is_named_after_it(
    phi4_app: AppServer,
) -> None:
    async with connected(phi4_app) as (phi, wire):
        reply = await phi.chat("Look", media=[RED])
        (step,), (join,) = wire.bodies(STEP), wire.bodies(JOIN)
        (stream,), (upload,) = wire.to("/queue/data"), wire.to("/upload")
    session = step["session_hash"]
    assert re.fullmatch("[0-9a-f]{32}", session)
    assert join["session_hash"] == stream.url.params["session_hash"] == session
    assert upload.url.params["upload_id"] == reply.conversation.session_hash == session


async def test_what_each_step_takes(phi4_app: AppServer) -> None:
    """`[history, {text, files}, State]`, then `[history, State]`: State is sent as null."""
    async with connected(phi4_app) as (phi, wire):
        await phi.chat("Look", media=[RED, TONE])
        (step,), (join,) = wire.bodies(STEP), wire.bodies(JOIN)
    history, message, state = step["data"]
    assert (history, message["text"], state) == ([], "Look", None)
    history, state = join["data"]
    assert state is None
    assert [turn["role"] for turn in history] == ["user"] * 3
    assert history[0]["content"] == "Look"
    assert {"file", "alt_text"} <= set(history[1]["content"])


async def test_several_images_and_clips_go_in_one_upload_as_files_of_the_server(
    phi4_app: AppServer,
) -> None:
    async with connected(phi4_app) as (phi, wire):
        reply = await phi.chat("Look", media=[RED, RED.read_bytes(), TONE, TONE.read_bytes()])
        assert len(wire.to("/upload")) == 1
        files = wire.bodies(STEP)[0]["data"][1]["files"]
    for file in files:
        assert set(file) == {"path", "url", "orig_name", "size", "mime_type", "meta"}
        assert file["meta"] == {"_type": "gradio.FileData"}
    assert [file["orig_name"] for file in files] == [
        *("red.png", "file.png", "tone.wav", "file.wav"),
    ]
    kinds = re.findall(r"(image|audio|file) \d is", reply.text)
    assert kinds == ["image", "image", "audio", "audio"]


async def test_mistake_files_null(phi4_app: AppServer) -> None:
    """`"files": null` is HTTP 500 on Gradio 5: without media the list is empty."""
    async with connected(phi4_app) as (phi, wire):
        await phi.chat("Hello")
        assert wire.bodies(STEP)[0]["data"][1] == {"text": "Hello", "files": []}
        assert not wire.to("/upload")


async def test_mistake_the_whole_history_is_sent_again(phi4_app: AppServer) -> None:
    """The server has the turns: of a conversation the newest user message goes, once."""
    async with connected(phi4_app) as (phi, wire):
        first = await phi.chat([Message("system", "Be brief."), Message("user", "One")])
        messages = [*first.conversation.messages, Message("user", "Two", media=[RED])]
        await phi.chat(messages, conversation=first.conversation)
        texts = [step["data"][1]["text"] for step in wire.bodies(STEP)]
        sessions = {step["session_hash"] for step in wire.bodies(STEP)}
    assert texts == ["System: Be brief.\nUser: One\nAssistant:", "Two"]
    assert len(sessions) == 1


async def test_the_page_is_the_referer(phi4_app: AppServer) -> None:
    async with connected(phi4_app) as (phi, wire):
        await phi.chat("Look", media=[RED])
        requests = [*wire.to("/upload"), *wire.to(STEP), *wire.to(JOIN)]
    assert len(requests) == 3
    for request in requests:
        assert request.headers["referer"] == f"{phi4_app.url}?__theme=light"


async def test_cookies_lead_to_the_replica_and_are_in_the_conversation(
    phi4_app: AppServer,
) -> None:
    async with connected(phi4_app) as (phi, wire):
        first = await phi.chat("One", cookies={"replica": "b"})
        saved = Conversation.from_json(first.conversation.to_json())
        assert saved.cookies == {"replica": "b"}
        await phi.chat("Two", conversation=saved)
        await phi.chat("Another conversation")
        cookies = [request.headers.get("cookie") for request in wire.to(JOIN)]
    assert cookies == ["replica=b", "replica=b", None]


@pytest.mark.parametrize(
    "change",
    [{"space": "https://other.example"}, {"space": None}, {"app_id": "of an earlier run"}],
    ids=["another app", "saved without an app", "another run"],
)
async def test_a_session_of_another_app_gets_neither_hash_nor_cookies_but_the_history(
    change: dict[str, Any], phi4_app: AppServer
) -> None:
    async with connected(phi4_app) as (phi, wire):
        first = await phi.chat("One", cookies={"replica": "b"})
        foreign = replace(first.conversation, **change)
        saved = Conversation.from_json(foreign.to_json())
        reply = await phi.chat("Two", conversation=saved)
        requests = wire.requests[-4:]
        cookies = [request.headers.get("cookie") for request in wire.to(JOIN)]
    secret = str(first.conversation.session_hash)
    sent = "".join(f"{item.url} {item.headers} {item.content!r}" for item in requests)
    assert secret not in sent
    assert cookies == ["replica=b", None]
    history = f"User: One\nAssistant: {first.text}"
    assert reply.text.startswith(f"Phi-4 replica turn 1. You said: {history}")
    assert len(reply.conversation.messages) == 4


async def test_an_older_reply_is_continued_in_a_session_without_the_newer_turns(
    phi4_app: AppServer,
) -> None:
    async with connected(phi4_app) as (phi, wire):
        root = await phi.chat("Root")
        await phi.chat("Branch one", conversation=root.conversation)
        second = await phi.chat("Branch two", conversation=root.conversation)
        third = await phi.chat("Go on", conversation=second.conversation)
        sessions = [step["session_hash"] for step in wire.bodies(STEP)]
    assert "turn 1. You said: User: Root\n" in second.text
    assert "Branch one" not in second.text
    assert third.text == "Phi-4 replica turn 2. You said: Go on"
    assert sessions[0] == sessions[1] != sessions[2] == sessions[3]


async def test_zerogpu_headers_go_with_the_join_of_that_call_alone(phi4_app: AppServer) -> None:
    async with connected(phi4_app) as (phi, wire):
        first = await phi.chat("One", media=[RED], api_key="secret-token", zerogpu_uuid="some-uuid")
        await phi.chat("Two", conversation=first.conversation)
        first_join, second_join = wire.to(JOIN)
        assert [first_join.headers.get(name) for name in ZERO_GPU] == ["secret-token", "some-uuid"]
        for request in wire.requests:
            assert request is first_join or not {*ZERO_GPU} & {*request.headers}
        assert second_join.headers.get("x-gradio-user") == "api"
    assert "secret-token" not in first.conversation.to_json() + repr(first) + repr(phi)


async def test_mistake_a_token_shared_between_users(
    phi4_app: AppServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Two users of one process and one facade, many calls at once: tokens never meet."""
    caplog.set_level(logging.DEBUG)
    async with connected(phi4_app) as (phi, wire):
        replies: list[ChatReply] = []

        async def talk(user: str, number: int) -> None:
            prompt = f"{user} {number}"
            replies.append(await phi.chat(prompt, api_key=f"token-of-{user}"))

        with anyio.fail_after(90):
            async with anyio.create_task_group() as group:
                for number in range(8):
                    group.start_soon(talk, "ada", number)
                    group.start_soon(talk, "bob", number)
        texts = {step["session_hash"]: step["data"][1]["text"] for step in wire.bodies(STEP)}
        joins = wire.to(JOIN)
        assert len(texts) == len(joins) == 16
        for join in joins:
            user = texts[json.loads(join.content)["session_hash"]].split(" ")[0]
            assert join.headers["x-zerogpu-token"] == f"token-of-{user}"
        other_requests = [request for request in wire.requests if request not in joins]
        assert not any("x-zerogpu-token" in request.headers for request in other_requests)
    saved = "".join(reply.conversation.to_json() + repr(reply) for reply in replies)
    assert "token-of" not in saved + repr(phi) + caplog.text


async def test_mistake_the_saved_token_goes_to_any_host(
    phi4_app: AppServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_saved")
    async with connected(phi4_app) as (phi, wire):
        await phi.chat("Look", media=[RED])
        assert "hf_saved" not in wire.text()
        assert {str(request.url.host) for request in wire.requests} == {"127.0.0.1"}


async def test_mistake_the_text_of_a_quota_error_is_lost(phi4_app: AppServer) -> None:
    async with connected(phi4_app) as (phi, _):
        with pytest.raises(QuotaExceededError) as caught:
            await phi.chat("/quota", api_key="token")
    error = caught.value
    assert error.message == "You have exceeded your GPU quota (60s requested vs. 0s left)."
    assert (error.title, error.requested, error.remaining) == ("ZeroGPU quota exceeded", 60, 0)
    assert "token" not in repr(error) + str(error)


@pytest.mark.parametrize("way", ["http", "socks5"])
async def test_a_conversation_goes_through_a_proxy(way: str, phi4_app: AppServer) -> None:
    greet, login = (proxies.http, "") if way == "http" else (proxies.socks5, "u:p@")
    with anyio.fail_after(60):
        async with (
            proxies.proxy(greet) as (port, targets),
            Phi4Multimodal.connect(phi4_app.url, proxy=f"{way}://{login}127.0.0.1:{port}") as phi,
        ):
            first = await phi.chat("One", media=[RED])
            second = await phi.chat("Two", conversation=first.conversation)
    assert second.text == "Phi-4 replica turn 2. You said: Two"
    assert set(targets) == {("127.0.0.1", phi4_app.port)}
