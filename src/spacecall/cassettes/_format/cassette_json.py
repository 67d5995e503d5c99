"""JSON of cassettes: bounded, so that it can be walked, compared and written again."""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final

from spacecall._core.json_values import is_array, is_object

__all__ = [
    "MAX_DEPTH",
    "MAX_SECONDS",
    "dump_json",
    "escape_surrogates",
    "parse_json",
    "parse_seconds",
    "replace_non_finite",
]

MAX_DEPTH: Final = 128
"""Levels of nesting; deeper JSON is stored as text."""

MAX_SECONDS: Final = 1e9
"""The latest time in a cassette, in seconds since its recording began: 31 years."""

_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def parse_json(text: str | bytes, depth: int = MAX_DEPTH) -> Any:
    """Return the value of a JSON text.

    Raises:
        ValueError: the text is not JSON, or is nested deeper than `depth` levels.
    """
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise ValueError("the JSON is nested too deeply") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"invalid JSON: {error}") from error
    if isinstance(text, str):
        opening = text.count("[") + text.count("{")
    else:
        opening = text.count(b"[") + text.count(b"{")
    if opening > depth and _is_deeper(value, depth):
        raise ValueError(f"the JSON is nested deeper than {depth} levels")
    return value


def dump_json(value: Any) -> str:
    """Return the shortest JSON of a value, as text that UTF-8 can encode."""
    return escape_surrogates(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def escape_surrogates(text: str) -> str:
    r"""Replace lone surrogates, which no encoding has, by JSON's escapes: `\ud800`."""
    if text.isascii():
        return text
    return _SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def parse_seconds(value: object) -> float:
    """Return a time of a cassette, in seconds since its recording began.

    Raises:
        ValueError: the value is not a number from 0 to `MAX_SECONDS`.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        message = f"a time must be a number, got {type(value).__name__}"
        raise ValueError(message)  # noqa: TRY004
    if not 0 <= value <= MAX_SECONDS:  # NaN fails this too
        raise ValueError(f"a time must be from 0 to {MAX_SECONDS:.0f} seconds")
    return float(value)


def replace_non_finite(value: Any) -> Any:
    """Return `value` with text for the numbers that JSON does not have: NaN and the infinities."""
    if is_object(value):
        return {name: replace_non_finite(inner) for name, inner in value.items()}
    if is_array(value):
        return [replace_non_finite(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "not a number" if math.isnan(value) else "∞" if value > 0 else "-∞"
    return value


def _is_deeper(value: Any, depth: int) -> bool:
    level: list[Any] = [value]
    for _ in range(depth + 1):
        level = [node for node in level if is_object(node) or is_array(node)]
        if not level:
            return False
        level = [inner for node in level for inner in (node.values() if is_object(node) else node)]
    return True
