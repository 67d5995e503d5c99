"""The Phi-4 facade against a replica of the Space, on real Gradio 5.50."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import AsyncGenerator

import anyio
import httpx
import pytest

from spacecall import AppError, InvalidInputError, Log, Progress, QuotaExceededError, Space
from spacecall.chat import Conversation, Message
from spacecall.spaces.phi4_multimodal import Phi4Multimodal
from tests.servers import DATA, AppServer

RED = DATA / "red.png"
TONE = DATA / "tone.wav"


@pytest.fixture
async def phi(phi4_app: AppServer) -> AsyncGenerator[Phi4Multimodal, None]:
    async with Phi4Multimodal.connect(phi4_app.url) as phi:
        yield phi


async def test_a_prompt_is_answered(phi: Phi4Multimodal) -> None:
    reply = await phi.chat("Hello")
    assert reply.text == "Phi-4 replica turn 1. You said: Hello"
    assert [message.role for message in reply.conversation.messages] == ["user", "assistant"]


async def test_the_answer_streams_as_pieces_of_text(phi: Phi4Multimodal) -> None:
    async with phi.chat("Hello") as job:
        pieces = [piece async for piece in job.text]
        assert "".join(pieces) == (await job.result()).text
    assert len(pieces) > 3


async def test_images_and_audio_go_in_one_upload(phi4_app: AppServer) -> None:
    uploads: list[httpx.Request] = []

    async def count(request: httpx.Request) -> None:
        if request.url.path.endswith("/upload"):
            uploads.append(request)

    async with (
        httpx.AsyncClient(event_hooks={"request": [count]}) as client,
        Phi4Multimodal.connect(phi4_app.url, http_client=client) as phi,
    ):
        reply = await phi.chat("Look", media=[RED, TONE.read_bytes()])
    assert len(uploads) == 1
    assert "image 1 is red.png (image/png, 75 bytes)" in reply.text
    assert re.search(r"audio 2 is file\.\w+ \(audio/x-wav, 1644 bytes\)", reply.text)


async def test_a_conversation_is_remembered_and_only_the_newest_message_is_sent(
    phi: Phi4Multimodal,
) -> None:
    first = await phi.chat("One", media=[RED])
    second = await phi.chat("Two", conversation=first.conversation)
    assert second.text == "Phi-4 replica turn 2. You said: Two"
    assert [message.content for message in second.conversation.messages] == [
        "One",
        first.text,
        "Two",
        second.text,
    ]


async def test_conversations_do_not_mix(phi: Phi4Multimodal) -> None:
    async def talk(name: str, turns: list[str]) -> None:
        conversation: Conversation | None = None
        for number in (1, 2, 3):
            reply = await phi.chat(f"{name}{number}", conversation=conversation)
            conversation = reply.conversation
            turns.append(reply.text)

    said: dict[str, list[str]] = {name: [] for name in "abcd"}
    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            for name, turns in said.items():
                group.start_soon(talk, name, turns)
    for name, turns in said.items():
        assert turns == [f"Phi-4 replica turn {n}. You said: {name}{n}" for n in (1, 2, 3)]


_SECOND_TURN = """
import anyio, sys
from spacecall.chat import Conversation
from spacecall.spaces.phi4_multimodal import Phi4Multimodal

async def main():
    async with Phi4Multimodal.connect(sys.argv[1]) as phi:
        conversation = Conversation.from_json(sys.stdin.read())
        print((await phi.chat("Again", conversation=conversation)).text)

anyio.run(main)
"""


async def test_a_conversation_goes_on_in_another_process(
    phi: Phi4Multimodal, phi4_app: AppServer
) -> None:
    first = await phi.chat("Hello", media=[RED])
    command = [sys.executable, "-c", _SECOND_TURN, phi4_app.url]
    saved = first.conversation.to_json().encode()
    done = await anyio.run_process(command, input=saved, stderr=subprocess.PIPE)
    assert done.stdout.decode().strip() == "Phi-4 replica turn 2. You said: Again"


async def test_a_history_goes_as_lines_of_roles(phi: Phi4Multimodal) -> None:
    history = [
        Message("system", "Be brief."),
        Message("user", "Hi"),
        Message("assistant", "Hello."),
        Message("user", "What is this?", media=[RED]),
    ]
    reply = await phi.chat(history)
    assert "System: Be brief.\nUser: Hi\nAssistant: Hello.\nUser: What is this?" in reply.text
    assert "image 1 is red.png" in reply.text


async def test_quota_is_told_in_seconds(phi: Phi4Multimodal) -> None:
    with pytest.raises(QuotaExceededError) as caught:
        await phi.chat("/quota")
    assert (caught.value.requested, caught.value.left) == (60.0, 0.0)
    assert caught.value.title == "ZeroGPU quota exceeded"
    assert "<" not in caught.value.message


async def test_errors_of_the_app_keep_their_title(phi: Phi4Multimodal) -> None:
    with pytest.raises(AppError, match="GPU task aborted") as caught:
        await phi.chat("/aborted")
    assert caught.value.title == "ZeroGPU worker error"
    assert await phi.chat("Still there?")


async def test_progress_and_logs_of_zerogpu_come_through(phi: Phi4Multimodal) -> None:
    async with phi.chat("/zerogpu\nplease") as job:
        events = [event async for event in job]
    titles = [event.title for event in events if isinstance(event, Log)]
    assert titles == ["ZeroGPU queue", "ZeroGPU queue"]
    reports = [event for event in events if isinstance(event, Progress)]
    assert "ZeroGPU init" in {bar.description for report in reports for bar in report.units}


async def test_leaving_an_answer_early_leaves_the_conversation_usable(phi: Phi4Multimodal) -> None:
    first = await phi.chat("Hello")
    async with phi.chat("/slow\none two three", conversation=first.conversation) as job:
        async for _ in job.text:
            break
    with anyio.fail_after(20):
        again = await phi.chat("And now?", conversation=first.conversation)
    assert "You said: And now?" in again.text


async def test_a_conversation_without_a_question_is_refused(phi: Phi4Multimodal) -> None:
    for messages in ([], [Message("assistant", "Hello.")]):
        with pytest.raises(InvalidInputError, match="user's"):
            await phi.chat(messages)


async def test_a_facade_works_over_a_space_that_is_open(phi4_app: AppServer) -> None:
    async with Space(phi4_app.url) as space:
        assert (await Phi4Multimodal(space).chat("Hi")).text.endswith("You said: Hi")


def test_what_is_no_conversation_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="not a conversation"):
        Conversation.from_json('{"session_hash": 1}')


def test_a_conversation_does_not_show_its_session() -> None:
    assert "secret" not in repr(Conversation("secret", cookies={"a": "secret"}))
