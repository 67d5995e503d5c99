"""Texts and tool calls that arrive in pieces, on whatever borders."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest

from spacecall import InvalidInputError
from spacecall.chat import Conversation, Message, ToolCall
from spacecall.chat._text_builder import TextBuilder
from spacecall.chat._think_tags import ThinkTagSplitter
from spacecall.inference._accumulators import TextAccumulator
from spacecall.inference._chat_accumulator import ChatAccumulator
from tests.inference.stand_in import CHAT, StandIn, chunk, opened, streaming, token

SIGNATURE = {"google": {"thought_signature": "c2ln"}}


def split(text: str, size: int) -> tuple[str, str]:
    splitter = ThinkTagSplitter()
    for start in range(0, len(text), size):
        splitter.feed(text[start : start + size])
    splitter.finish()
    return splitter.reasoning, splitter.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Several blocks.
        ("<think>a</think>b<think>c</think>d", ("a\nc", "bd")),
        ("<think>\na\n</think>\n\nHi\n\n<think>\nb\n</think>\n\nyou", ("a\nb", "Hi\n\nyou")),
        ("<think></think>\n<think></think>Hi", ("", "Hi")),
        ("a\n</think>\nb <think>c</think>d", ("a\nc", "b d")),
        ("<think>a</think>b<think>cut", ("a\ncut", "b")),
        # A block in a block; a prompt format whose opening tag the model repeats.
        ("<think>a<think>b</think>c</think>d", ("abc", "d")),
        ("<think>a<think>b<think>c</think>d</think>e</think>f", ("abcde", "f")),
        ("<think>\n<think>\na\n</think>\n\nb", ("a", "b")),
        # Tags that are mentioned.
        ("<think>`<think>`?</think>The `<think>` tag", ("`<think>`?", "The `<think>` tag")),
        ('<think>a</think>Use "<think>" and "</think>"', ("a", 'Use "<think>" and "</think>"')),
        ("<think>a</think>``\n<think>b</think>\n``".replace("``", "```"), None),
        ("<think>a</think>b</think>c", ("a", "b</think>c")),
        ("Write <think>a</think> so", ("", "Write <think>a</think> so")),
    ],
)
def test_blocks_of_thinking_are_reasoning_wherever_they_are(
    text: str, expected: tuple[str, str] | None
) -> None:
    expected = expected or ("a", text.removeprefix("<think>a</think>"))
    assert {split(text, size) for size in range(1, len(text) + 1)} == {expected}


def test_blanks_before_a_tag_are_never_the_answer() -> None:
    splitter = ThinkTagSplitter()
    seen: list[str] = []
    for piece in ("\n", " <thi", "nk>a</think>", "b"):
        splitter.feed(piece)
        seen.append(splitter.text)
    assert seen == ["", "", "", "b"]


@contextmanager
def counting_copies(monkeypatch: pytest.MonkeyPatch) -> Generator[list[int]]:
    """Yield the numbers of characters that texts had when they were joined."""
    copies: list[int] = []
    join = TextBuilder.__str__

    def counted(builder: TextBuilder) -> str:
        is_joined = len(builder._pieces) > 1
        text = join(builder)
        copies.append(len(text) if is_joined else 0)
        return text

    with monkeypatch.context() as patch:
        patch.setattr(TextBuilder, "__str__", counted)
        yield copies


def read_long_reply(number: int) -> int:
    """Read a stream of `number` pieces of each part of a reply; return their length."""
    accumulator = ChatAccumulator()
    for text in ("<think>", *["ab"] * number, "</think>", *["cd"] * number):
        accumulator.feed(json.dumps(chunk(text)))
    for index in range(number):
        call = {"index": 0, "function": {"name": "f", "arguments": '"x"' if index else '{"a":'}}
        accumulator.feed(json.dumps(chunk(tool_calls=[call], reasoning="ef", refusal="gh")))
    accumulator.feed(json.dumps(chunk(reason="stop")))
    accumulator.finish()
    (choice,) = accumulator.choices
    arguments = choice.tool_calls[0].arguments
    return len(choice.text + choice.reasoning + (choice.refusal or "") + arguments)


def read_long_text(number: int) -> int:
    accumulator = TextAccumulator()
    for _ in range(number):
        accumulator.feed(json.dumps(token("ab")))
    accumulator.feed(json.dumps(token("", last="x")))
    return len(accumulator.text)


@pytest.mark.parametrize("read", [read_long_reply, read_long_text])
def test_pieces_that_nobody_follows_are_joined_once(
    read: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with counting_copies(monkeypatch) as copies:
        length = read(100)
    assert length >= 200
    assert 0 < sum(copies) <= length


async def test_what_a_service_wants_back_with_a_call_is_sent_back(service: StandIn) -> None:
    """Gemini refuses a call whose signature is missing. It is kept in a saved conversation too."""
    call = {
        "index": 0,
        "id": "a",
        "type": "function",
        "function": {"name": "f", "arguments": "{}"},
        "extra_content": SIGNATURE,
    }
    service.on(CHAT, streaming(chunk(tool_calls=[call]), chunk(reason="tool_calls"), done=True))
    result = Message("tool", "4", tool_call_id="a")
    async with opened(service) as (hf, _):
        first = await hf.chat("Hi")
        assert first.tool_calls == (ToolCall("a", "f", "{}", extra_content=SIGNATURE),)
        assert hash(first.tool_calls[0]) == hash(ToolCall("a", "f", "{}"))
        saved = Conversation.from_json(first.conversation.to_json())
        for conversation in (first.conversation, saved):
            await hf.chat([result], conversation=conversation)
        by_hand: Any = {"role": "assistant", "content": None, "tool_calls": [call]}
        await hf.chat([by_hand, result])
        wrong: Any = {**by_hand, "tool_calls": [{**call, "extra_content": "x"}]}
        with pytest.raises(InvalidInputError, match=r"tool_calls\[0\].extra_content must be dict"):
            await hf.chat([wrong])
    sent = await service.sent(CHAT)
    calls = [
        message["tool_calls"]
        for body in sent
        for message in body["messages"][:2]
        if "tool_calls" in message
    ]
    assert [entry["extra_content"] for (entry,) in calls] == [SIGNATURE] * 3


@pytest.mark.parametrize(
    ("messages", "options", "place"),
    [
        ("\ud83d", {}, "'messages': [0]: 'content': '\\ud83d' cannot be sent as JSON"),
        (
            [{"role": "user", "content": [{"type": "text", "text": t} for t in ("a", "b\udc00")]}],
            {},
            "'messages': [0]: 'content': [1]: 'text': 'b\\udc00' cannot be sent",
        ),
        ("Hi", {"stop": ["a", "\ud800"]}, "'stop': [1]: '\\ud800' cannot be sent as JSON"),
        ("Hi", {"extra_body": {"x": {1}}}, "'x': a set cannot be sent as JSON: write list"),
        ("Hi", {"temperature": float("nan")}, "'temperature': nan cannot be sent as JSON"),
    ],
)
async def test_the_place_of_what_cannot_be_sent_is_named(
    service: StandIn, messages: Any, options: Any, place: str
) -> None:
    async with opened(service) as (hf, _):
        with pytest.raises(InvalidInputError) as caught:
            await hf.chat(messages, **options)
    assert place in str(caught.value)
    assert caught.value.endpoint == CHAT
    assert service.to(CHAT) == []
