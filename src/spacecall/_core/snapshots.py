"""The newest values of a job, built from edits, of bounded size."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from spacecall._core.diffs import fold
from spacecall.errors import ProtocolError

__all__ = ["Snapshot", "apply_message"]

_LOOSE: Final = 4096
"""Bytes of messages after which the size of values is measured, unless the values are larger."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The values after a message.

    Attributes:
        values: the output values.
        size: an upper bound of their size as JSON, in bytes.
        unmeasured: bytes of the messages since the size was measured.
    """

    values: list[Any]
    size: int
    unmeasured: int = 0


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
    values = fold(previous.values, data)
    # The values are at most as large as all messages; but edits also replace and delete, and a
    # message has more than its edits. Measuring takes time in proportion to the values: once for
    # as many bytes received, and for each half of the limit.
    total, unmeasured = previous.size + size, previous.unmeasured + size
    is_loose = unmeasured >= max(_LOOSE, total - unmeasured)
    is_over_limit = total > limit and unmeasured > limit // 2
    if not (is_loose or is_over_limit):
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
