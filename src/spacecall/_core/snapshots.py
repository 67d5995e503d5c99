"""The newest values of a job, which edits build up to a bounded size."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from spacecall._core.diffs import fold
from spacecall.errors import ProtocolError

__all__ = ["Snapshot", "apply_message"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Values as a message left them.

    Attributes:
        size: bytes that they have at most, as JSON.
        unmeasured: bytes of the messages since they were measured.
    """

    values: list[Any]
    size: int
    unmeasured: int = 0


def apply_message(before: Snapshot | None, data: list[Any], size: int, limit: int) -> Snapshot:
    """Return the values after a message with `data`.

    Args:
        before: what `data` are edits of; None where they are whole values.
        size: bytes of the message.
        limit: bytes that the values may have as JSON.

    Raises:
        ProtocolError: an edit cannot be made, or the values are larger than the limit.
    """
    if before is None:
        return Snapshot(fold(None, data), size)
    values = fold(before.values, data)
    # No value is larger than the messages that it was made of; but edits replace and delete, too.
    total, unmeasured = before.size + size, before.unmeasured + size
    # Measuring costs what the values are large: once for each half of the limit that came.
    if total <= limit or unmeasured <= limit // 2:
        return Snapshot(values, total, unmeasured)
    measured = _measure(values)
    if measured > limit:
        raise ProtocolError(
            f"edits built up a value of more than {limit} bytes (Limits.max_event_bytes)"
        )
    return Snapshot(values, measured)


def _measure(values: list[Any]) -> int:
    try:
        text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    except RecursionError:
        raise ProtocolError("edits built up a value that is nested too deeply") from None
    return len(text.encode(errors="surrogatepass"))
