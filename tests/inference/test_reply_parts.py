"""The parts of a chat completion, from chunks as services send them."""

from __future__ import annotations

import base64
import json
import pickle
import sys
from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from typing import Any

import pytest

from spacecall import InvalidInputError, JobLostError, ProtocolError, StatusError
from spacecall.chat import (
    ChatReply,
    Conversation,
    Message,
    ReplyDelta,
    TokenLogprob,
    ToolCall,
    Usage,
)
from spacecall.chat._reply_deltas import _added
from spacecall.chat._think_tags import ThinkTagSplitter
from spacecall.inference._chat_accumulator import ChatAccumulator
from spacecall.inference._response_formats import response_format_json
from spacecall.inference._text_service import _chat_reply
from spacecall.inference._tool_call_builder import ToolCallsBuilder
from tests.inference.stand_in import chunk, whole

THOUGHT = "<think>\nHow? </thin or so.\n</think>\n\nSo < that."


def read(*chunks: Any, n: int = 1) -> ChatAccumulator:
    accumulator = ChatAccumulator(n=n)
    for value in chunks:
        accumulator.feed(value if isinstance(value, str) else json.dumps(value))
    accumulator.finish()
    return accumulator


def read_whole(completion: Any) -> ChatAccumulator:
    accumulator = ChatAccumulator()
    accumulator.read_body(json.dumps(completion).encode())
    return accumulator


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def split(*pieces: str) -> tuple[str, str]:
    splitter = ThinkTagSplitter()
    for piece in pieces:
        splitter.feed(piece)
    splitter.finish()
    return splitter.reasoning, splitter.text


@pytest.mark.parametrize("size", range(1, len(THOUGHT)))
def test_think_tags_are_split_wherever_the_pieces_end(size: int) -> None:
    pieces = [THOUGHT[start : start + size] for start in range(0, len(THOUGHT), size)]
    assert split(*pieces) == ("How? </thin or so.", "So < that.")
    rest = THOUGHT.removeprefix("<think>\n")
    pieces = [rest[start : start + size] for start in range(0, len(rest), size)]
    assert split(*pieces) == ("How? </thin or so.", "So < that.")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  <think>cut of", ("cut of", "")),
        ("<think></think>Hi", ("", "Hi")),
        ("</think>\n\nHi", ("", "Hi")),
        ("The tag `</think>` ends it.", ("", "The tag `</think>` ends it.")),
        ("It is\n<think>\nx\n</think>\n", ("", "It is\n<think>\nx\n</think>\n")),
        ("<thin", ("", "<thin")),
        ("  Hi", ("", "  Hi")),
        ("\n\n", ("", "\n\n")),
    ],
)
def test_only_tags_around_the_beginning_are_thinking(text: str, expected: tuple[str, str]) -> None:
    assert split(text) == expected
    assert split(*text) == expected


@pytest.mark.parametrize("name", ["reasoning", "reasoning_content"])
def test_reasoning_has_two_names_and_is_added_once(name: str) -> None:
    streamed = read(chunk(**{name: "Hm"}), chunk(**{name: "m."}), chunk("Hi", "stop"))
    both = read_whole(whole("Hi", reasoning="Hmm.", reasoning_content="Hmm."))
    for accumulator in (streamed, read_whole(whole("Hi", **{name: "Hmm."})), both):
        (choice,) = accumulator.choices
        assert (choice.reasoning, choice.text) == ("Hmm.", "Hi")
    assert streamed.reasoning_field == name


def test_thinking_parts_of_a_content_are_reasoning() -> None:
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]},
        {"type": "text", "text": "Hi"},
        {"type": "new", "blob": 1},
        "!",
    ]
    (choice,) = read(chunk() | {"choices": [{"delta": {"content": parts}}]}, "[DONE]").choices
    assert (choice.reasoning, choice.text) == ("Hm.", "Hi!")


CALL = {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}}


GARBAGE: list[Any] = [None, 3, ["x"], [{"function": None}], [{}], [{"id": "b", "function": 5}]]
PIECES = [("", "weather"), ("{}", None)]


def calls(*deltas: Any) -> list[tuple[str, str, str]]:
    builder = ToolCallsBuilder()
    for delta in deltas:
        builder.add(delta)
    return [(call.id, call.name, call.arguments) for call in builder.build()]


def delta(arguments: Any = None, name: str | None = None, **fields: Any) -> list[dict[str, Any]]:
    return [{"function": {"name": name, "arguments": arguments}, **fields}]


@pytest.mark.parametrize("index", [{"index": 0}, {"index": None}, {}])
def test_new_ids_make_separate_calls_whatever_the_index_is(index: dict[str, Any]) -> None:
    first, second = ({**CALL, "id": name, **index} for name in "ab")
    expected = [("a", "f", '{"x": 1}'), ("b", "f", '{"x": 1}')]
    assert calls([first], [second]) == expected
    assert calls([first, second]) == expected
    pieces = [delta('{"x"', "f", id="a", **index), delta(": 1}", **index)]
    assert calls(*pieces, *[delta('{"x": 1}', "f", id="b", **index)]) == expected


@pytest.mark.parametrize(
    ("deltas", "expected"),
    [
        # Interleaved by index, and by repeated ids.
        (
            [*(delta("{", "f", index=i, id=str(i)) for i in (0, 1)), delta("}", index=0)],
            [("0", "f", "{}"), ("1", "f", "{")],
        ),
        ([delta("{", "f", id="a"), delta("}", "f", id="a")], [("a", "f", "{}")]),
        # An id that follows, or is missing.
        ([delta("{", "f", index=0), delta("}", index=0, id="a")], [("a", "f", "{}")]),
        ([delta("{}", "f"), delta("{}", "g")], [("call_0", "f", "{}"), ("call_1", "g", "{}")]),
        ([delta('{"a": "}', "f"), delta('\\"{"}', "f")], [("call_0", "f", '{"a": "}\\"{"}')]),
        # The whole call again at the end, as an object, with numbers and values.
        ([CALL | {"index": 0}, CALL | {"index": 0}], [("a", "f", '{"x": 1}')]),
        ([delta({"x": 1}, "f", index="0", id=7)], [("7", "f", '{"x": 1}')]),
        # The name in pieces, and again with each piece of the arguments.
        (
            [delta(None, "get_", index=0, id="a"), *(delta(*p, index=0) for p in PIECES)],
            [("a", "get_weather", "{}")],
        ),
        ([delta("{", "f", index=0), delta("}", "f", index=0)], [("call_0", "f", "{}")]),
        # Calls without arguments, at a service that sends neither ids nor other indexes.
        (
            [delta("", name, index=0, type="function") for name in "fg"],
            [("call_0", "f", ""), ("call_1", "g", "")],
        ),
        # Garbage, and what never gets a name.
        (GARBAGE, []),
        ([delta("{}", id="a"), CALL | {"id": "b"}], [("b", "f", '{"x": 1}')]),
    ],
)
def test_deltas_become_the_calls_that_were_meant(deltas: Any, expected: Any) -> None:
    assert calls(*deltas) == expected


def test_each_call_of_a_whole_message_is_separate() -> None:
    same = {"function": {"name": "f", "arguments": "{}"}}
    (choice,) = read_whole(whole("", "tool_calls", tool_calls=[same, same])).choices
    assert choice.tool_calls == (ToolCall("call_0", "f", "{}"), ToolCall("call_1", "f", "{}"))


A = chunk("A")
STOP = chunk(reason="stop")
ODD: dict[str, Sequence[Any]] = {
    "a number as id": [A | {"id": 7}, STOP],
    "a huge number as count": [A | {"usage": {"total_tokens": 10**400}}, STOP],
    "a date as created": [A | {"created": "2026-01-01T00:00:00Z"}, STOP],
    "usage of other types": [A, STOP | {"usage": {"prompt_tokens": 1.5, "total_tokens": "3"}}],
    "usage without choices": [A, STOP, {"usage": {"total_tokens": 3}}],
    "choices null": [A, {"choices": None}, STOP, {"choices": None, "usage": []}],
    "empty objects": [{}, A, {}, STOP, {}],
    "an error that is null": [A | {"error": None}, STOP],
    "empty data": ["", A, " ", STOP],
    "anything after the end": [A, STOP, "gone", {"error": "late"}, [1]],
    "a delta that is null": [A, {"choices": [{"delta": None, "finish_reason": "stop"}]}],
    "an index of another type": [{"choices": [{"index": "0", "delta": {"content": "A"}}]}, STOP],
    "logprobs of another type": [{"choices": [{"delta": {"content": "A"}, "logprobs": 1}]}, STOP],
    "tool calls of another type": [chunk("A", tool_calls="none"), STOP],
    "a content that is one part": [
        {"choices": [{"delta": {"content": {"type": "text", "text": "A"}}}]},
        STOP,
    ],
}


@pytest.mark.parametrize("chunks", ODD.values(), ids=ODD)
def test_a_field_that_is_not_read_never_costs_the_answer(chunks: Sequence[Any]) -> None:
    assert read(*chunks).text == "A"


@pytest.mark.parametrize("text", ["gone", "[1]", '{"choices": 1}', "[" * 100_000])
def test_what_is_not_a_reply_is_still_refused(text: str) -> None:
    with pytest.raises(ProtocolError, match="not answer with a model's reply"):
        read(text)
    with pytest.raises(StatusError, match="broken"):
        read(A, {"error": "broken"})


BARE_ERRORS: list[tuple[dict[str, Any], int]] = [
    ({"object": "error", "message": "broken", "code": 400}, 400),
    ({"text": "broken", "error_code": 50004}, 500),
    ({"detail": "broken"}, 500),
    ({"message": "broken", "status_code": 429}, 429),
    ({"errors": ["broken"]}, 500),
    ({"errors": [{"message": "broken"}], "choices": None}, 500),
]


@pytest.mark.parametrize(("error", "status"), BARE_ERRORS)
def test_an_error_without_the_key_error_is_an_error_too(error: dict[str, Any], status: int) -> None:
    for chunks in ([error], [A, error, "[DONE]"]):
        with pytest.raises(StatusError, match="broken") as caught:
            read(*chunks)
        assert caught.value.status == status
    with pytest.raises(StatusError, match="broken"):
        read_whole(error)


def test_a_stream_needs_a_reason_for_each_choice_or_none_at_all_and_a_mark() -> None:
    first = [{"choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": "stop"}]}]
    second: dict[str, Any] = {"choices": [{"index": 1, "delta": {"content": "b"}}]}
    for chunks in ([*first, second], [*first, second, "[DONE]"], [A], []):
        with pytest.raises(JobLostError):
            read(*chunks, n=2)
    with pytest.raises(ProtocolError, match="no choices"):
        read("[DONE]")
    assert read(A, "[DONE]").text == "A"
    assert read(*first, n=2).text == "a"  # the service makes one answer only


def test_what_follows_the_first_reason_is_part_of_the_answer() -> None:
    accumulator = read(chunk("The ", "stop"), chunk("answer.", "stop"), "[DONE]")
    assert accumulator.text == "The answer."
    call = {"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}
    (choice,) = read(chunk(reason="tool_calls"), chunk(tool_calls=[call])).choices
    assert choice.tool_calls == (ToolCall("a", "f", "{}"),)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"name": "Østby"}, '{"name": "Østby"}'),
        ({"type": "city", "name": "Oslo"}, '{"type": "city", "name": "Oslo"}'),
        ([{"name": "Oslo"}], '[{"name": "Oslo"}]'),
        ([1, 2], "[1, 2]"),
        (42, "42"),
        (0, "0"),
        (False, "false"),
        ([], ""),
        ([{"type": "other"}, {"type": "text", "text": "A"}], "A"),
        (None, ""),
    ],
)
def test_a_content_that_is_not_text_is_written_as_json(content: Any, text: str) -> None:
    message = {"message": {"content": content}, "finish_reason": "stop"}
    assert read_whole({"choices": [message]}).text == text
    assert read({"choices": [{"delta": {"content": content}}]}, STOP).text == text


def test_a_function_call_of_an_older_server_is_a_tool_call() -> None:
    call = {"name": "f", "arguments": '{"a": 1}'}
    pieces = [{"name": "f", "arguments": ""}, {"arguments": '{"a"'}, {"arguments": ": 1}"}]
    streamed = read(*(chunk(function_call=piece) for piece in pieces), STOP)
    for accumulator in (streamed, read_whole(whole("", function_call=call))):
        (choice,) = accumulator.choices
        assert choice.tool_calls == (ToolCall("call_0", "f", '{"a": 1}'),)


def test_a_choice_without_a_message_is_not_an_answer() -> None:
    with pytest.raises(ProtocolError, match="not answer with a model's reply"):
        read_whole({"choices": [{}]})


async def test_images_of_an_answer_are_files() -> None:
    png = b"\x89PNG\r\n\x1a\n" + bytes(16)
    part = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{b64(png)}"}}
    remote = {"type": "image_url", "image_url": {"url": "https://cdn.example/cat.png"}}
    local = {"type": "image_url", "image_url": {"url": "/etc/passwd"}}
    for accumulator in (
        read_whole(whole("", images=[part, remote, local, 1])),
        read_whole({"choices": [{"message": {"content": [part, remote]}}]}),
        read(chunk(images=[part]), chunk("", "stop", images=[remote, {"image_url": None}])),
    ):
        image, other = _chat_reply(accumulator, [Message("user", "A cat")]).images
        assert (await image.read(), image.mime_type) == (png, "image/png")
        assert other.url == "https://cdn.example/cat.png"


@pytest.mark.parametrize(
    ("content", "reason", "text"),
    [
        ("Hi</s>", "eos_token", "Hi"),
        ("Hi<|im_end|>", "eos", "Hi"),
        ("Write </s>", "stop", "Write </s>"),
        ("Write </s>", "length", "Write </s>"),
    ],
)
def test_an_end_mark_is_removed_only_if_it_ended_the_answer(
    content: str, reason: str, text: str
) -> None:
    assert read(chunk(content, reason)).text == text
    assert read_whole(whole(content, reason)).text == text


def test_several_choices_are_kept_apart_and_finish_apart() -> None:
    chunks = [
        {"choices": [{"index": index, "delta": {"content": text}, "finish_reason": reason}]}
        for index, text, reason in ((1, "b", None), (0, "a", "stop"), (1, "B", "length"))
    ]
    accumulator = ChatAccumulator(n=2)
    finished: list[bool] = []
    for value in chunks:
        accumulator.feed(json.dumps(value))
        finished.append(accumulator.has_finished)
    assert finished == [False, False, True]
    texts = [(choice.index, choice.text, choice.finish_reason) for choice in accumulator.choices]
    assert texts == [(0, "a", "stop"), (1, "bB", "length")]
    assert accumulator.text == "a"
    many = ChatAccumulator()
    for index in range(1000):
        many.feed(json.dumps({"choices": [{"index": index, "delta": {"content": "x"}}]}))
    assert len(many.choices) == 128


def test_probabilities_and_counts_are_read() -> None:
    token = {"token": "A", "logprob": -0.5, "top_logprobs": [{"token": "B", "logprob": -1}, 3]}
    logprobs = {"content": [token]}
    usage = {
        "prompt_tokens": 1,
        "completion_tokens": 9,
        "total_tokens": 10,
        "completion_tokens_details": {"reasoning_tokens": 8},
        "prompt_tokens_details": {"cached_tokens": 0},
    }
    chunk_with_logprobs = {"choices": [{"delta": {"content": "A"}, "logprobs": logprobs}]}
    accumulator = read(chunk_with_logprobs, STOP, {"choices": [], "usage": usage})
    (choice,) = accumulator.choices
    assert choice.logprobs == (TokenLogprob("A", -0.5, (TokenLogprob("B", -1),)),)
    assert accumulator.usage == Usage(1, 9, 10, 8, 0)
    older = {"tokens": ["A"], "token_logprobs": [None]}
    (choice,) = read({"choices": [{"delta": {"content": "A"}, "logprobs": older}]}, STOP).choices
    assert choice.logprobs == (TokenLogprob("A", None),)


def test_a_refusal_is_not_text() -> None:
    (choice,) = read(chunk(refusal="I can"), chunk(refusal="not."), STOP).choices
    assert (choice.text, choice.refusal) == ("", "I cannot.")


def test_a_class_that_is_not_a_pydantic_model_is_no_format() -> None:
    with pytest.raises(InvalidInputError, match="must be a pydantic model, not the class int"):
        response_format_json(int)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_a_delta_survives_pickling() -> None:
    delta = ReplyDelta("x", 3, "tool_call", 1)
    copy = pickle.loads(pickle.dumps(delta))
    assert (copy, copy.offset, copy.kind, copy.call_index) == ("x", 3, "tool_call", 1)


def count_calls(function: Callable[[], object]) -> int:
    """Return how many functions `function` calls, those written in C too."""
    count = 0

    def profile(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        function()
    finally:
        sys.setprofile(before)
    return count


def follow_tool_calls(number: int) -> list[str]:
    """Return the deltas of a stream in which each chunk adds a tool call, and an empty text."""
    accumulator = ChatAccumulator()
    before = ChatReply("", Conversation())
    deltas: list[str] = []
    for index in range(number):
        call = {"index": index, "id": f"c{index}", "function": {"name": "f", "arguments": "{}"}}
        accumulator.feed(json.dumps(chunk(tool_calls=[call])))
        reply = _chat_reply(accumulator, [Message("user", "Hi")])
        deltas += _added(before, reply)
        before = reply
    return deltas


def test_following_tool_calls_takes_steps_linear_in_their_number() -> None:
    assert follow_tool_calls(3) == ["{}"] * 3
    single, double = (count_calls(partial(follow_tool_calls, n)) for n in (200, 400))
    assert double < 2.2 * single


@pytest.mark.parametrize(("reason", "text"), [*product(("length", "stop"), ("", "Hi"))])
def test_only_a_reply_without_an_answer_was_cut_while_thinking(reason: str, text: str) -> None:
    accumulator = read(chunk(reasoning="Hm."), chunk(text, reason))
    (choice,) = accumulator.choices
    reply = ChatReply(text, Conversation(), reason, reasoning=choice.reasoning)
    assert reply.is_cut_while_thinking == ((reason, text) == ("length", ""))
