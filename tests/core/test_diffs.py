"""Folding streamed diffs."""

from __future__ import annotations

import contextlib
import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacecall._core import diffs
from spacecall._core.diffs import apply, fold
from spacecall._core.json_values import is_array, is_object
from spacecall.errors import ProtocolError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("ab"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", max_size=1), inner),
    max_leaves=12,
)


def edits(old: Any, new: Any, path: tuple[Any, ...] = ()) -> list[list[Any]]:
    """The edits from `old` to `new`, with list deletes at literal indices, from the end."""
    if type(old) is type(new) and old == new:
        return []
    if isinstance(old, str) and isinstance(new, str) and new.startswith(old):
        return [["append", [*path], new[len(old) :]]]
    if is_array(old) and is_array(new):
        common = range(min(len(old), len(new)))
        changed = [edit for i in common for edit in edits(old[i], new[i], (*path, i))]
        gone = [["delete", [*path, i], None] for i in reversed(range(len(new), len(old)))]
        return changed + gone + [["add", [*path, i], new[i]] for i in range(len(old), len(new))]
    if is_object(old) and is_object(new):
        changed = [e for k in old if k in new for e in edits(old[k], new[k], (*path, k))]
        gone = [["delete", [*path, k], None] for k in old if k not in new]
        return changed + gone + [["add", [*path, k], new[k]] for k in new if k not in old]
    return [["replace", [*path], new]]


def test_the_first_message_is_the_snapshot() -> None:
    data = ["a", {"b": 1}]
    snapshot = fold(None, data)
    assert snapshot == data
    assert snapshot is not data


def test_each_output_has_its_own_edits() -> None:
    snapshot = fold(["a", {"b": 1}, 5], [[["append", [], "b"]], [["replace", ["b"], 2]], []])
    assert snapshot == ["ab", {"b": 2}, 5]


def test_an_output_that_appears_in_mid_stream_comes_as_edits_of_null() -> None:
    assert fold(["a"], [[], [["replace", [], {"b": 1}]], []]) == ["a", {"b": 1}, None]


def test_an_output_that_is_left_out_keeps_its_value() -> None:
    assert fold(["a", "b"], [[["append", [], "x"]]]) == ["ax", "b"]


EDITS: list[tuple[Any, ...]] = [
    ("ab", [["append", [], "c"]], "abc"),
    (5, [["replace", [], [1]]], [1]),
    (None, [["add", [], 1]], 1),
    ([{"content": [{"text": "a"}]}], [["append", [0, "content", 0, "text"], "b"]],
     [{"content": [{"text": "ab"}]}]),
    ([1, 3], [["add", [1], 2]], [1, 2, 3]),
    ([1], [["add", [1], 2]], [1, 2]),
    ([1, 2], [["replace", [1], 3]], [1, 3]),
    ({}, [["add", ["a"], 1]], {"a": 1}),
    ({"a": 1}, [["add", ["a"], 2]], {"a": 2}),
    ({"a": 1, "b": 2}, [["delete", ["a"], None]], {"b": 2}),
    ({"1": "a"}, [["append", [1], "b"]], {"1": "ab"}),
    ({"true": 1, "null": 2}, [["delete", [True], None], ["delete", [None], None]], {}),
    ({"a": {"b": [1, 2]}}, [["delete", ["a", "b", 7], None], ["add", ["a", "c"], 0]],
     {"a": {"b": [1], "c": 0}}),
]  # fmt: skip


@pytest.mark.parametrize(("value", "ops", "after"), EDITS)
def test_an_edit_changes_one_place(value: Any, ops: list[Any], after: Any) -> None:
    before = copy.deepcopy(value)
    assert apply(value, ops) == after
    assert value == before


@pytest.mark.parametrize("index", [0, 2, 4, -3, 99])
def test_a_delete_on_a_list_removes_its_last_element_whatever_its_index(index: int) -> None:
    assert apply([1, 2, 3], [["delete", [index], None]]) == [1, 2]


def test_what_an_edit_leaves_alone_is_shared_with_the_old_value() -> None:
    old = {"big": list(range(100)), "log": ["a"]}
    new = apply(old, [["append", ["log", 0], "b"]])
    assert new["big"] is old["big"]
    assert old["log"] == ["a"]


IMPOSSIBLE: list[tuple[Any, ...]] = [
    ("a", ["append", [], 5], "'append' at []: 5 cannot be appended to str"),
    (5, ["append", [], "a"], "'append' at []: 'a' cannot be appended to int"),
    ("a", ["delete", [], None], "'delete' at []: there is nothing to delete"),
    ("a", ["move", [], None], "'move' at []: unknown operation"),
    ("a", ["replace", ["x"], 1], "'replace' at ['x']: 'x' does not exist in str"),
    (None, ["add", [0], 1], "'add' at [0]: 0 does not exist in NoneType"),
    ([], ["delete", [0], None], "'delete' at [0]: the list is empty"),
    ([1], ["add", [3], 1], "'add' at [3]: the list has 1 elements"),
    ([1], ["add", [-1], 1], "'add' at [-1]: the list has 1 elements"),
    ([1], ["replace", [1], 1], "'replace' at [1]: the list has 1 elements"),
    ([1], ["replace", ["a"], 1], "'replace' at ['a']: 'a' is not an index of a list"),
    ([1], ["delete", [True], 1], "'delete' at [True]: True is not an index of a list"),
    ({}, ["append", ["a"], "x"], "'append' at ['a']: the object has no 'a'"),
    ({}, ["delete", ["a"], None], "'delete' at ['a']: the object has no 'a'"),
    ({}, ["delete", ["a", "b"], None], "'delete' at ['a', 'b']: the object has no 'a'"),
    ([], ["add", [0] * 300, 1], ": the path is longer than 256"),
]


@pytest.mark.parametrize(("value", "edit", "message"), IMPOSSIBLE)
def test_an_impossible_edit_is_named(value: Any, edit: list[Any], message: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        apply(value, [edit])
    assert caught.value.message.startswith("cannot apply the edit ")
    assert message in caught.value.message


@pytest.mark.parametrize("edit", [None, "append", [], ["append", []], ["append", "x", 1]])
def test_what_is_no_edit_is_refused(edit: object) -> None:
    with pytest.raises(ProtocolError, match=r"expected an edit \[op, path, value\], got "):
        apply("a", [edit])


@pytest.mark.parametrize("data", [["whole"], [None], [{"a": 1}]])
def test_what_is_no_list_of_edits_is_refused(data: list[Any]) -> None:
    with pytest.raises(ProtocolError, match="expected a list of edits"):
        fold(["a"], data)


def test_a_message_quotes_little_of_a_large_value() -> None:
    with pytest.raises(ProtocolError) as caught:
        apply("a", ["x" * 10_000])
    assert len(caught.value.message) < 200


@given(JSON, JSON)
def test_edits_lead_from_any_value_to_any_other(old: Any, new: Any) -> None:
    before = copy.deepcopy(old)
    assert apply(old, edits(old, new)) == new
    assert old == before


@given(st.lists(st.lists(JSON, min_size=2, max_size=2), min_size=1, max_size=6))
def test_a_stream_of_edits_gives_every_snapshot_and_keeps_the_earlier_ones(
    states: list[list[Any]],
) -> None:
    folded: list[list[Any]] = []
    snapshot: list[Any] | None = None
    previous: list[Any] = []
    for state in copy.deepcopy(states):
        is_first = snapshot is None
        data = state if is_first else [edits(*pair) for pair in zip(previous, state, strict=True)]
        snapshot = fold(snapshot, data)
        folded.append(snapshot)
        previous = state
    assert folded == states


@given(JSON, st.lists(st.lists(JSON, max_size=3) | JSON, max_size=3))
def test_no_edit_raises_anything_but_a_protocol_error(value: Any, ops: list[Any]) -> None:
    before = copy.deepcopy(value)
    with contextlib.suppress(ProtocolError):
        apply(value, ops)
    assert value == before


class Copied(list[Any]):
    """A list that counts how often it is copied."""

    copies = 0

    def copy(self) -> list[Any]:
        Copied.copies += 1
        return list(self)


@pytest.mark.parametrize("op", ["replace", "add", "delete"])
def test_many_edits_of_one_message_copy_a_list_once(op: str) -> None:
    Copied.copies = 0
    value = {"items": Copied(range(1000))}
    index = len(value["items"]) if op == "add" else 0
    edits_of_it = [[op, ["items", index + n * (op == "add")], None] for n in range(500)]
    changed = apply(value, edits_of_it)
    assert Copied.copies == 1
    assert value["items"] == list(range(1000))
    assert len(changed["items"]) == 1000 + {"replace": 0, "add": 500, "delete": -500}[op]


MOVES: list[Any] = [
    ("x" * 1000, ["append", [], "x"]),
    ([0] * 1000, ["add", [0], 0]),
    ([""], ["append", [0], "x"]),
]


@pytest.mark.parametrize(("value", "edit"), MOVES)
def test_what_the_edits_of_one_message_move_again_is_bounded(
    value: Any, edit: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diffs, "MAX_MOVED", 100_000)
    apply(value, [edit] * 80)
    with pytest.raises(ProtocolError, match="move too many elements"):
        apply(value, [edit] * 1000)


def test_a_long_text_takes_one_edit_a_message_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diffs, "MAX_MOVED", 10)
    text = "x" * 1000
    for _ in range(50):
        text = apply(text, [["append", [], "y"]])
    assert len(text) == 1050


def test_the_path_of_an_edit_may_be_anything() -> None:
    deep: Any = 1
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(ProtocolError):
        apply({"a": 1}, [["replace", [deep], 1]])
    with pytest.raises(ProtocolError, match="int of"):
        apply([1], [["replace", [10**5000], 1]])
    with pytest.raises(ProtocolError, match="the object has no"):
        apply({"a": 1}, [["replace", ["k" * 10**6], 1]])
