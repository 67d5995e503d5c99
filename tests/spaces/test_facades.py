"""What of a conversation is sent for one answer."""

from __future__ import annotations

import pytest

from spacecall import InvalidInputError
from spacecall.chat import Conversation, Message
from spacecall.facades import format_history, read_turn
from spacecall.media import Media
from tests.servers import DATA

RED = DATA / "red.png"
TONE = DATA / "tone.wav"


def test_a_prompt_goes_as_it_is() -> None:
    turn = read_turn("Hi", [RED, TONE])
    assert turn.prompt == "Hi"
    assert [medium.kind for medium in turn.media] == ["image", "audio"]
    (message,) = turn.messages
    assert (message.role, message.content, tuple(message.media)) == ("user", "Hi", turn.media)


def test_a_history_goes_as_lines_with_its_media_in_order() -> None:
    history = [
        Message("system", "Be brief."),
        Message("user", "Hi", media=[TONE]),
        Message("assistant", "Hello."),
        Message("user", "And this?"),
    ]
    turn = read_turn(history, [RED])
    assert turn.prompt == (
        "System: Be brief.\nUser: Hi\nAssistant: Hello.\nUser: And this?\nAssistant:"
    )
    assert turn.prompt == format_history(history)
    assert [medium.kind for medium in turn.media] == ["audio", "image"]


def test_of_a_conversation_that_a_server_keeps_only_the_newest_message_goes() -> None:
    history = (Message("user", "One"), Message("assistant", "1"))
    turn = read_turn(
        [Message("system", "Again."), Message("user", "Old"), Message("user", "New")],
        conversation=Conversation("hash", history),
        is_stored=True,
    )
    assert turn.prompt == "New"
    assert turn.messages == (*history, Message("user", "New"))


@pytest.mark.parametrize("session_hash", [None, "of-another-app"])
def test_a_conversation_that_the_server_does_not_have_goes_whole(session_hash: str | None) -> None:
    history = (Message("user", "One", media=[Media(RED)]), Message("assistant", "1"))
    turn = read_turn("Two", conversation=Conversation(session_hash, history))
    assert turn.prompt == "User: One\nAssistant: 1\nUser: Two\nAssistant:"
    assert [medium.kind for medium in turn.media] == ["image"]
    assert [message.content for message in turn.messages] == ["One", "1", "Two"]


@pytest.mark.parametrize("messages", [[], [Message("assistant", "Hello.")], "", " \n"])
def test_without_a_question_there_is_no_turn(messages: str | list[Message]) -> None:
    with pytest.raises(InvalidInputError, match=r"user's|empty"):
        read_turn(messages)


def test_media_alone_are_a_message() -> None:
    assert read_turn("", [RED]).prompt == ""


def test_what_is_no_medium_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(InvalidInputError, match="application/pdf"):
        read_turn("What is this?", [b"%PDF-1.7"])
