"""JSON of cassettes: whoever wrote it, it can be walked, compared and written again."""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final

from spacecall._core.loose import is_array, is_object

__all__ = [
    "MAX_DEPTH",
    "MAX_SECONDS",
    "dump_json",
    "escape_surrogates",
    "name_numbers",
    "parse_json",
    "seconds",
]

MAX_DEPTH: Final = 128
"""Levels of nesting; JSON that is deeper is kept as text."""

MAX_SECONDS: Final = 1e9
"""The latest time in a cassette, in seconds since its recording began: 31 years."""

_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def parse_json(text: str | bytes, depth: int = MAX_DEPTH) -> Any:
    """Return the value of a JSON text.

    Raises:
        ValueError: it is not JSON, or is nested deeper than `depth`.
    """
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if isinstance(text, str):
        opened = text.count("[") + text.count("{")
    else:
        opened = text.count(b"[") + text.count(b"{")
    if opened > depth and _is_deeper(value, depth):
        raise ValueError(f"nested deeper than {depth} levels")
    return value


def dump_json(value: Any) -> str:
    """Return the shortest JSON of a value; it can always be encoded."""
    return escape_surrogates(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def escape_surrogates(text: str) -> str:
    r"""Write half characters, which no encoding has, as JSON's escapes: `\ud800`."""
    if text.isascii():
        return text
    return _SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def seconds(value: object) -> float:
    """Return a time of a cassette.

    Raises:
        ValueError: it is not a number from 0 to `MAX_SECONDS`.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"a time is a number, not {type(value).__name__}")  # noqa: TRY004
    if not 0 <= value <= MAX_SECONDS:  # nor is NaN
        raise ValueError(f"a time is from 0 to {MAX_SECONDS:.0f} seconds")
    return float(value)


def name_numbers(value: Any) -> Any:
    """Return `value` with words for the numbers that JSON does not have: NaN and the infinities."""
    if is_object(value):
        return {name: name_numbers(inner) for name, inner in value.items()}
    if is_array(value):
        return [name_numbers(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "not a number" if math.isnan(value) else "∞" if value > 0 else "-∞"
    return value


def _is_deeper(value: Any, depth: int) -> bool:
    level: list[Any] = [value]
    for _ in range(depth + 1):
        level = [one for one in level if is_object(one) or is_array(one)]
        if not level:
            return False
        level = [inner for one in level for inner in (one.values() if is_object(one) else one)]
    return True
