"""What a message shows of a value: its beginning, whatever the value is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacecall._core.value_excerpts import short_repr
from tests.core.cost import calls


def values(texts: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    data = texts.map(lambda text: text.encode())
    return st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | texts | data,
        lambda inner: (
            st.lists(inner)
            | st.lists(inner).map(tuple)
            | st.dictionaries(texts | st.integers(), inner)
        ),
        max_leaves=10,
    )


VALUES = values(st.text(st.characters(codec="utf-8")))
# Which quotes `repr` takes depends on those in the whole text.
UNQUOTED = values(st.text(st.characters(codec="utf-8", exclude_characters="'")))


@given(VALUES)
def test_what_is_short_is_shown_as_it_is(value: Any) -> None:
    assert short_repr(value, 10**6) == repr(value)


@given(UNQUOTED, st.integers(1, 80))
def test_what_is_long_is_cut(value: Any, limit: int) -> None:
    full_repr = repr(value)
    assert short_repr(value, limit) == (
        full_repr if len(full_repr) <= limit else f"{full_repr[:limit]}…"
    )


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [list(range(100_000)), ["x" * 10**6] * 9, {n: n for n in range(100_000)}, nested(50_000)],
    ids=["list", "texts", "dict", "nested"],
)
def test_only_what_is_shown_costs_anything(value: Any) -> None:
    assert calls(lambda: short_repr(value)) < 5000


def test_a_number_that_python_does_not_write_out_has_a_size() -> None:
    assert short_repr(10**5000) == "<int of 16610 bits>"
    assert short_repr([-(10**5000)]) == "[<int of 16610 bits>]"
