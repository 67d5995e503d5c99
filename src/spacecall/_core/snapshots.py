"""The newest values of a job, built from edits, of bounded size.

A text that grows is not built for each message: an output that no one reads costs no copy of the
text so far. Edits that are not such an addition are applied at once, and so are checked at once.
"""

from __future__ import annotations

import json
from typing import Any, Final

from spacecall._core.diffs import fold
from spacecall.errors import ProtocolError

__all__ = ["Snapshot", "apply_message"]

_LOOSE: Final = 4096
"""Bytes of messages after which the size of values is measured, unless the values are larger."""


_MAX_CHAIN: Final = 64
"""Messages that only add to texts after which the values are built, even if no one reads them."""


class Snapshot:
    """The values after a message.

    Args:
        values: the output values.
        size: an upper bound of their size as JSON, in bytes.
        unmeasured: bytes of the messages since the size was measured.

    Attributes:
        size, unmeasured: see the arguments.
    """

    __slots__ = ("_added", "_chain", "_previous", "_texts", "_values", "size", "unmeasured")

    def __init__(self, values: list[Any], size: int, unmeasured: int = 0) -> None:
        self._values: list[Any] | None = values
        self.size = size
        self.unmeasured = unmeasured
        self._previous: Snapshot | None = None
        self._added: list[str] = []
        self._texts: list[bool] | None = None
        self._chain = 0

    @property
    def values(self) -> list[Any]:
        """The output values; do not change them."""
        values, previous = self._values, self._previous
        if values is not None:
            return values
        if previous is None or previous._values is None:
            return self._build()
        values = previous._values.copy()
        for slot, text in enumerate(self._added):
            if text:
                values[slot] += text
        self._values, self._previous = values, None
        return values

    def __eq__(self, other: object) -> bool:
        """Compare the values, the size and the bytes since it was measured."""
        if not isinstance(other, Snapshot):
            return NotImplemented
        mine = self.values, self.size, self.unmeasured
        return mine == (other.values, other.size, other.unmeasured)

    __hash__ = None  # type: ignore[assignment] # its values are lists

    def append_texts(self, data: list[Any], size: int, unmeasured: int) -> Snapshot | None:
        """Return the snapshot after `data` if that only adds to texts; None if it does more."""
        if self._chain >= _MAX_CHAIN:
            self._build()
        texts = self._texts
        if texts is None:
            texts = self._texts = [type(value) is str for value in self.values]
        added = _read_additions(data, texts)
        if added is None:
            return None
        snapshot = Snapshot.__new__(Snapshot)
        snapshot._values = None
        snapshot.size = size
        snapshot.unmeasured = unmeasured
        snapshot._previous = self
        snapshot._added = added
        snapshot._texts = texts
        snapshot._chain = self._chain + 1
        return snapshot

    def _build(self) -> list[Any]:
        """Build the values of a snapshot whose previous one was not read."""
        messages: list[list[str]] = []
        base = self
        while base._previous is not None:
            messages.append(base._added)
            base = base._previous
        values = base.values.copy()
        messages.reverse()
        for slot in range(max(map(len, messages), default=0)):
            if text := "".join([added[slot] for added in messages if len(added) > slot]):
                values[slot] += text
        self._values, self._previous = values, None
        self._chain = 0
        return values


def _read_additions(data: list[Any], texts: list[bool]) -> list[str] | None:
    """Return the text that each output gets, if the edits do no more than to append texts.

    Args:
        data: the edits of each output.
        texts: whether each output is a text.
    """
    if len(data) > len(texts):
        return None
    added: list[str] = []
    for edits, is_text in zip(data, texts, strict=False):
        if edits == []:
            added.append("")
            continue
        if not (is_text and edits.__class__ is list and len(edits) == 1):
            return None
        edit = edits[0]
        is_edit = edit.__class__ is list and len(edit) == 3
        if not (is_edit and edit[0] == "append" and edit[1] == []):
            return None
        text = edit[2]
        if type(text) is not str:
            return None
        added.append(text)
    return added


def apply_message(previous: Snapshot | None, data: list[Any], size: int, limit: int) -> Snapshot:
    """Return the values after a message with `data`.

    Args:
        previous: the values that `data` edits; None if `data` holds values.
        data: the edits or values of the message.
        size: the size of the message in bytes.
        limit: the largest size of the values as JSON, in bytes.

    Raises:
        ProtocolError: an edit cannot be applied, or the values are larger than the limit.
    """
    if previous is None:
        return Snapshot(fold(None, data), size)
    # The values are at most as large as all messages; but edits also replace and delete, and a
    # message has more than its edits. Measuring takes time in proportion to the values: once for
    # as many bytes received, and for each half of the limit.
    total, unmeasured = previous.size + size, previous.unmeasured + size
    is_loose = unmeasured >= _LOOSE and unmeasured >= total - unmeasured
    is_measured = is_loose or (total > limit and unmeasured > limit // 2)
    added = previous.append_texts(data, total, unmeasured)
    if added is not None and not is_measured:
        return added
    values = fold(previous.values, data) if added is None else added.values
    if not is_measured:
        return Snapshot(values, total, unmeasured)
    measured = _measure(values)
    if measured > limit:
        raise ProtocolError(
            f"the app streamed a value of more than {limit} bytes: raise Limits.max_event_bytes"
        )
    return Snapshot(values, measured)


def _measure(values: list[Any]) -> int:
    try:
        text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    except RecursionError:
        raise ProtocolError(
            "the edits of a stream built a value that is nested too deeply"
        ) from None
    return len(text.encode(errors="surrogatepass"))
