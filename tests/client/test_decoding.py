"""Values of a dynamic call: snapshots of one stream, each decoded from the one before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from spacecall import File
from spacecall._client.calls.prepared_call import DynamicDecoder
from spacecall._core.diffs import fold
from tests.io.tools import STEADY

FILE = {"path": "x.png", "meta": {"_type": "gradio.FileData"}}
LEAVES = st.one_of(st.none(), st.integers(0, 3), st.text("ab", max_size=2), st.just(FILE))
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3)
    ),
    max_leaves=8,
)


class _Made:
    """Stands for the handle of a file."""

    def __init__(self, payload: Mapping[str, Any]) -> None:
        self.payload = payload

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Made) and self.payload == other.payload

    __hash__ = None  # type: ignore[assignment]


def _make(payload: Mapping[str, Any]) -> File:
    return cast("File", _Made(payload))


def _fresh(values: list[Any]) -> Any:
    return DynamicDecoder()(values, _make)


@STEADY
@given(st.lists(st.lists(VALUES, min_size=1, max_size=2), min_size=1, max_size=5))
def test_a_decoder_that_has_seen_others_decodes_as_a_new_one(snapshots: list[list[Any]]) -> None:
    decoder = DynamicDecoder()
    for values in snapshots:
        assert decoder(values, _make) == _fresh(values)


def test_what_an_edit_leaves_alone_is_decoded_once() -> None:
    payloads: list[Mapping[str, Any]] = []

    def count(payload: Mapping[str, Any]) -> File:
        payloads.append(payload)
        return _make(payload)

    decoder = DynamicDecoder()
    first = fold(None, [[{"text": "a", "file": FILE}, {"text": "b", "file": FILE}]])
    second = fold(first, [[["append", [1, "text"], "c"], ["add", [2], {"file": FILE}]]])
    decoder(first, count)
    assert len(payloads) == 2
    assert decoder(second, count) == _fresh(second)
    assert len(payloads) == 3
    third = fold(second, [[["delete", [2], None], ["replace", [0], FILE]]])
    assert decoder(third, count) == _fresh(third)
    assert len(payloads) == 4
