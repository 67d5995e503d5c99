"""The answer in the value of a chatbot, of each Gradio generation."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from spacecall._core.chat_messages import (
    answer_contents,
    answer_text,
    as_messages,
    content_text,
    is_messages,
    is_pairs,
    thought_text,
)

USER = {"role": "user", "content": "hi"}
THOUGHT = {"role": "assistant", "content": "hm", "metadata": {"title": "Thinking"}}
PARTS: list[Any] = [
    {"type": "text", "text": "a"},
    {"type": "file", "file": {}},
    {"type": "text", "text": "b"},
]


def said(content: Any, **fields: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content, **fields}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([USER], ""),
        ([USER, said("hello")], "hello"),
        ([USER, said("hello", metadata={"title": None})], "hello"),
        ([USER, said("old"), USER], ""),
        ([USER, said("first"), said("second")], "second"),
        ([USER, said("text"), said({"file": {"path": "x.png"}})], "text"),
        ([USER, THOUGHT], ""),
        ([USER, THOUGHT, said("so")], "so"),
        ([USER, said("so"), {"role": "system", "content": "x"}], "so"),
        ([said("welcome")], "welcome"),
        ([USER, said(PARTS)], "ab"),
        ([SimpleNamespace(role="assistant", content=[SimpleNamespace(text="typed")])], "typed"),
        ([["hi", None]], ""),
        ([["hi", "there"]], "there"),
        ([("hi", None), (None, "there"), (None, ("x.png",))], "there"),
        ([["old", "answer"], ["new", None]], ""),
    ],
)
def test_the_text_is_that_of_the_assistants_last_message(value: list[Any], text: str) -> None:
    assert answer_text(value) == text


def test_the_contents_of_an_answer_come_newest_first() -> None:
    assert list(answer_contents([said("old"), USER, said("a"), THOUGHT, said("b")])) == ["b", "a"]
    assert list(answer_contents([said("welcome")])) == ["welcome"]
    assert list(answer_contents([["hi", "a"], [None, "b"]])) == ["b", "a"]


@pytest.mark.parametrize(
    "value", ["text", [], {}, [1], [{"role": "x"}], [USER, "x"], [{}], (USER,)]
)
def test_other_values_are_not_messages(value: Any) -> None:
    assert not is_messages(value)


@pytest.mark.parametrize("value", ["ab", [], [["a"]], ["ab"], [["a", "b"], None], (["a", "b"],)])
def test_other_values_are_not_pairs(value: Any) -> None:
    assert not is_pairs(value)


def test_messages_and_pairs_are_recognised() -> None:
    assert is_messages([USER, said(None)])
    assert is_pairs([["a", None], ("b", "c")])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([USER, said("a")], ""),
        ([USER, THOUGHT, said("a")], "hm"),
        ([THOUGHT, USER, said("a")], ""),
        ([USER, THOUGHT, said("a"), {**THOUGHT, "content": "well"}], "hm\nwell"),
        ([USER, {**THOUGHT, "content": ""}, THOUGHT], "hm"),
        ([["hi", "a"]], ""),
    ],
)
def test_thoughts_have_a_title(value: list[Any], text: str) -> None:
    assert thought_text(value) == text


def test_a_single_message_is_a_list_of_one() -> None:
    assert as_messages(THOUGHT) == [THOUGHT]
    assert as_messages([USER, THOUGHT]) == [USER, THOUGHT]
    for value in ("text", None, {}, {"role": "user"}, [], [1], [["a", "b"]]):
        assert as_messages(value) is None


def test_a_file_or_a_component_has_no_text() -> None:
    assert content_text({"component": "image", "value": {}}) == ""
    assert content_text(None) == ""
