"""The Phi-4 facade against a replica of the Space, on real Gradio 5.50."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import anyio
import pytest

from spacecall import (
    AppError,
    Call,
    InvalidInputError,
    Log,
    Progress,
    QuotaExceededError,
    Space,
)
from spacecall.chat import ChatReply, Conversation, Message
from spacecall.spaces.phi4_multimodal import Phi4Multimodal
from tests.servers import DATA, AppServer

RED = DATA / "red.png"


@pytest.fixture
async def phi(phi4_app: AppServer) -> AsyncGenerator[Phi4Multimodal, None]:
    async with Phi4Multimodal.connect(phi4_app.url) as phi:
        yield phi


async def follow(call: Call[ChatReply]) -> None:
    async with call as job:
        async for _ in job.text:
            pass


async def test_a_prompt_is_answered(phi: Phi4Multimodal) -> None:
    reply = await phi.chat("Hello")
    assert reply.text == "Phi-4 replica turn 1. You said: Hello"
    assert [message.role for message in reply.conversation.messages] == ["user", "assistant"]


async def test_the_answer_streams_as_pieces_of_text(phi: Phi4Multimodal) -> None:
    async with phi.chat("Hello") as job:
        pieces = [piece async for piece in job.text]
        assert "".join(pieces) == (await job.result()).text
    assert len(pieces) > 3


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
    assert (caught.value.requested, caught.value.remaining) == (60.0, 0.0)
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


async def test_mistake_an_error_while_streaming_is_swallowed(phi: Phi4Multimodal) -> None:
    with pytest.raises(QuotaExceededError):
        await follow(phi.chat("/quota"))
    with pytest.raises(AppError, match="hides its message"):
        await follow(phi.chat("/crash"))


async def test_mistake_a_failed_upload_hangs(phi: Phi4Multimodal) -> None:
    with anyio.fail_after(20):
        for media in (["/nowhere/cat.png"], ["http://127.0.0.1:9/cat.png"]):
            with pytest.raises(InvalidInputError, match="cannot"):
                await follow(phi.chat("Look", media=media))


async def test_mistake_an_alias_to_another_model(phi: Phi4Multimodal) -> None:
    for model in ("phi-4", "phi-4-multimodal"):
        assert await phi.chat("Hello", model=model)
    with pytest.raises(InvalidInputError, match="'phi-3': leave out model"):
        await phi.chat("Hello", model="phi-3")


async def test_a_conversation_of_a_service_without_state_begins_a_session(
    phi: Phi4Multimodal,
) -> None:
    history = (Message("user", "One", media=[RED]), Message("assistant", "1"))
    first = await phi.chat("Two", conversation=Conversation(messages=history))
    assert "turn 1. You said: User: One\nAssistant: 1\nUser: Two\nAssistant:" in first.text
    assert "image 1 is red.png" in first.text
    second = await phi.chat("Three", conversation=first.conversation)
    assert second.text == "Phi-4 replica turn 2. You said: Three"


async def test_leaving_an_answer_early_leaves_the_conversation_usable(phi: Phi4Multimodal) -> None:
    first = await phi.chat("Hello")
    async with phi.chat("/slow\none two three", conversation=first.conversation) as job:
        async for _ in job.text:
            break
    with anyio.fail_after(20):
        again = await phi.chat("And now?", conversation=first.conversation)
    assert "And now?" in again.text
    assert "one two three" not in again.text  # the app has stored it in the first session


async def test_a_conversation_without_a_question_is_refused(phi: Phi4Multimodal) -> None:
    for messages in ([], [Message("assistant", "Hello.")]):
        with pytest.raises(InvalidInputError, match="user's"):
            await phi.chat(messages)


async def test_a_facade_works_over_a_space_that_is_open(phi4_app: AppServer) -> None:
    async with Space(phi4_app.url) as space:
        assert (await Phi4Multimodal(space).chat("Hi")).text.endswith("You said: Hi")
