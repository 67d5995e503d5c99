"""Messages as dicts, and contents with parts."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest

from spacecall import InvalidInputError
from spacecall.chat import Conversation, Message, MessageDict, MessageInput, ToolCall, VideoUrl
from spacecall.facades import read_turn
from spacecall.inference._text_requests import Sampling, build_chat_request, join_history
from spacecall.media import Media

PNG = "data:image/png;base64,iVBORw0KGgo="
URL = "https://example.com/cat.png"
CLIP = "https://example.com/clip.mp4"
WAV = "UklGRgAAAABXQVZF"
CALL: Any = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
PARTS: list[Any] = [
    {"type": "text", "text": "Compare"},
    {"type": "image_url", "image_url": {"url": PNG, "detail": "low"}},
    {"type": "text", "text": "with"},
    {"type": "image_url", "image_url": {"url": URL}},
    {"type": "input_audio", "input_audio": {"data": WAV, "format": "wav"}},
    {"type": "audio_url", "audio_url": {"url": "https://example.com/a.mp3"}},
    {"type": "video_url", "video_url": {"url": CLIP}},
]
HISTORY: list[MessageDict] = [
    {"role": "developer", "content": "Be brief.", "name": "boss"},
    {"role": "user", "content": PARTS},
    {"role": "assistant", "content": None, "tool_calls": [CALL], "reasoning": "Hm."},
    {"role": "tool", "content": "20 C", "tool_call_id": "a"},
]


def sent(*messages: MessageInput, conversation: Conversation | None = None) -> list[Any]:
    history = join_history(messages, (), conversation)
    body: Any = build_chat_request("o/m", history, Sampling()).json
    return [*body["messages"]]


def test_dicts_are_sent_as_they_are() -> None:
    expected: list[Any] = [dict(message) for message in HISTORY]
    expected[2]["content"] = ""
    assert sent(*HISTORY) == expected


def test_a_content_keeps_its_order_in_a_conversation_and_in_json() -> None:
    conversation = Conversation(messages=tuple(join_history(HISTORY)))
    saved = Conversation.from_json(conversation.to_json())
    assert saved == conversation
    parts = saved.messages[1].parts
    assert [part if isinstance(part, str) else type(part) for part in parts] == [
        *("Compare", Media, "with", Media, Media, Media, VideoUrl),
    ]
    assert saved.messages[1].text == "Compare\nwith"
    assert sent({"role": "user", "content": "And?"}, conversation=saved)[:2] == sent(*HISTORY)[:2]


def test_values_and_dicts_mix_in_a_content() -> None:
    content = ["Look", Media(URL, detail="high"), VideoUrl(CLIP), PARTS[0]]
    (message,) = sent(Message("user", content, media=[PNG]))
    kinds = [part["type"] for part in message["content"]]
    assert kinds == ["text", "image_url", "video_url", "text", "image_url"]
    assert message["content"][1]["image_url"] == {"url": URL, "detail": "high"}
    (plain,) = sent(Message("user", ["Hi"]))
    assert plain["content"] == "Hi"


def test_a_message_of_a_service_can_be_sent_back_as_it_is() -> None:
    dumped: Any = {
        "role": "assistant",
        "content": "Hi",
        "refusal": None,
        "annotations": [],
        "audio": None,
        "function_call": None,
        "tool_calls": None,
    }
    assert sent(dumped) == [{"role": "assistant", "content": "Hi"}]
    assert sent({"role": "assistant", "content": None, "refusal": "No."})[0]["content"] == "No."


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        ({"content": "Hi"}, "messages[1].role is missing"),
        ({"role": "usr", "content": "Hi"}, "messages[1].role cannot be 'usr': did you mean user?"),
        ({"role": "user"}, "messages[1].content is missing"),
        ({"role": "user", "content": None}, "messages[1].content must be str or a list of parts"),
        ({"role": "user", "content": 3}, "content must be str or a list of parts, got int"),
        ({"role": "user", "content": "Hi", "nmae": "x"}, "takes no 'nmae': did you mean name?"),
        ({"role": "user", "content": "Hi", "name": 3}, "messages[1].name must be str or None"),
        ({"role": "tool", "content": "1"}, "messages[1].tool_call_id is missing"),
        (
            {"role": "assistant", "content": "", "tool_calls": [CALL, {"id": "b"}]},
            "messages[1].tool_calls[1].function must be dict, got None",
        ),
        (
            {"role": "assistant", "content": "", "tool_calls": [{**CALL, "id": 7}]},
            "messages[1].tool_calls[0].id must be str or None, got int",
        ),
        ({"role": "assistant", "tool_calls": CALL}, "tool_calls must be a list, got dict"),
        ({"role": "user", "content": "", "tool_calls": [CALL]}, "takes no 'tool_calls'"),
    ],
)
def test_a_wrong_dict_is_refused_with_its_place(message: Any, problem: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        sent({"role": "user", "content": "Hi"}, message)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("part", "problem"),
    [
        ({"type": "image"}, ".type cannot be 'image': did you mean image_url?"),
        ({"text": "Hi"}, ".type is missing"),
        ({"type": "text", "text": None}, ".text must be str, got None"),
        (
            {"type": "text", "text": "Hi", "detail": "low"},
            " takes no 'detail': it takes type, text",
        ),
        ({"type": "image_url", "image_url": URL}, ".image_url must be dict, got str"),
        (
            {"type": "image_url", "image_url": {"url": "cat.png"}},
            ".image_url.url must be an http(s)",
        ),
        (
            {"type": "image_url", "image_url": {"url": URL, "detail": "lo"}},
            ".image_url.detail cannot be 'lo': did you mean low?",
        ),
        (
            {"type": "image_url", "image_url": {"url": f"data:audio/wav;base64,{WAV}"}},
            ".image_url.url: 'file' is not an image: it is audio",
        ),
        ({"type": "input_audio", "input_audio": {"data": WAV}}, ".input_audio.format is missing"),
        ({"type": "video_url", "video_url": {"url": 3}}, ".video_url.url must be str or None"),
    ],
)
def test_a_wrong_part_is_refused_with_its_place(part: Any, problem: str) -> None:
    for message in ({"role": "user", "content": ["x", part][1:]}, Message("user", [part])):
        with pytest.raises(InvalidInputError) as caught:
            sent(cast("MessageInput", message))
        assert f"messages[0].content[0]{problem}" in str(caught.value)


@pytest.mark.parametrize("messages", [[3], [None], ["Hi"]])
def test_what_is_not_a_message_is_refused(messages: Any) -> None:
    with pytest.raises(InvalidInputError, match=r"messages\[0\] must be dict, got"):
        sent(*messages)


def test_a_content_of_another_type_is_refused_with_the_types_that_are_right() -> None:
    expected = r"content must be str or Sequence\[str \| Media \| VideoUrl \| dict\], got None"
    with pytest.raises(TypeError, match=expected):
        Message("user", cast("str", None))


def test_an_app_gets_one_text_and_its_media() -> None:
    parts = [part for part in PARTS if part["type"] != "video_url"]
    turn = read_turn([{"role": "user", "content": parts}])
    assert (turn.prompt, len(turn.media)) == ("Compare\nwith", 4)
    assert turn.messages[0].content == "Compare\nwith"
    with pytest.raises(InvalidInputError, match="leave out the VideoUrl"):
        read_turn([{"role": "user", "content": PARTS}])


def test_a_video_is_an_address() -> None:
    with pytest.raises(InvalidInputError, match=r"VideoUrl\.url must be"):
        VideoUrl("clip.mp4")
    saved = json.dumps({"messages": [{"role": "user", "content": [{"url": "file:///etc"}]}]})
    with pytest.raises(InvalidInputError, match="not a conversation"):
        Conversation.from_json(saved)


def test_tool_calls_and_reasoning_of_dicts_are_those_of_messages() -> None:
    message = join_history(HISTORY)[2]
    assert message.tool_calls == (ToolCall("a", "f", "{}"),)
    assert (message.reasoning, message.reasoning_field) == ("Hm.", "reasoning")
