"""A conversation there and back through JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacecall import InvalidInputError
from spacecall.chat import Conversation, Message, Role, ToolCall
from spacecall.media import Media
from tests.servers import DATA

ROLES: list[Role] = ["system", "user", "assistant", "tool"]
URL = "https://example.com/cat.png"
DATA_URI = "data:audio/wav;base64,UklGRgAAAABXQVZF"

texts = st.text(max_size=20)
messages = st.builds(
    Message,
    st.sampled_from(ROLES),
    texts,
    media=st.lists(st.sampled_from([Media(URL), Media(DATA_URI)]), max_size=2).map(tuple),
    tool_calls=st.lists(st.builds(ToolCall, texts, texts, texts), max_size=2).map(tuple),
    tool_call_id=st.none() | texts,
)
conversations = st.builds(
    Conversation,
    st.none() | texts,
    st.lists(messages, max_size=4).map(tuple),
    st.dictionaries(texts, texts, max_size=2),
)


@given(conversations)
def test_a_conversation_comes_back_as_it_was(conversation: Conversation) -> None:
    assert Conversation.from_json(conversation.to_json()) == conversation


def test_media_are_kept_where_they_are_addresses_or_data() -> None:
    original = Message("user", "Look", media=[URL, DATA_URI, DATA / "red.png", b"GIF89a"])
    (message,) = Conversation.from_json(Conversation(messages=(original,)).to_json()).messages
    media = [Media(medium) for medium in message.media]
    assert [(medium.kind, medium.uri) for medium in media] == [("image", URL), ("audio", DATA_URI)]


def test_an_address_that_does_not_tell_its_kind_comes_back_with_it() -> None:
    picture = Media("https://example.com/show?id=3", kind="image")
    saved = Conversation(messages=(Message("user", "", media=[picture]),)).to_json()
    assert Conversation.from_json(saved).messages[0].media == (picture,)


def saved_text(**fields: object) -> str:
    return json.dumps({"messages": [{"role": "user", "content": "", **fields}]})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"session_hash": "s"}',
        '{"messages": [], "session_hash": 1}',
        '{"messages": {}}',
        '{"messages": null}',
        '{"messages": [], "model": "m"}',
        '{"messages": [], "version": 2}',
        '{"messages": [], "version": "1"}',
        '{"mesages": [{"role": "user", "content": "Hi"}]}',
        '{"messages": [{"role": "user"}]}',
        saved_text(contents="Hi"),
        saved_text(role="nobody"),
        saved_text(content=None),
        saved_text(media=[{"kind": "film", "uri": URL}]),
        saved_text(media=[{"kind": "image", "uri": "/etc/passwd"}]),
        saved_text(media=[{"kind": "image", "uri": "data:;base64,!"}]),
    ],
)
def test_what_is_no_conversation_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="not a conversation"):
        Conversation.from_json(text)


def test_a_conversation_does_not_show_its_session() -> None:
    assert "secret" not in repr(Conversation("secret", cookies={"a": "secret"}))


def test_json_has_only_what_there_is() -> None:
    saved = Conversation(messages=(Message("user", "Hi"),)).to_json()
    assert json.loads(saved) == {"version": 1, "messages": [{"role": "user", "content": "Hi"}]}


def test_json_without_a_version_is_that_of_the_first() -> None:
    saved = '{"messages": [{"role": "user", "content": "Hi"}]}'
    assert Conversation.from_json(saved) == Conversation(messages=(Message("user", "Hi"),))


def test_an_empty_conversation_comes_back() -> None:
    assert Conversation.from_json(Conversation().to_json()) == Conversation()
