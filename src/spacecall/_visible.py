r"""Texts of apps and files made safe to show: on a terminal, in a log, in a warning or an error.

What a terminal obeys (control characters), what changes the order of a line (bidirectional marks)
and what has no look of its own is written as a visible escape, `\x1b`. Everything else stays, and
so do line breaks and tabs. Every function takes time in proportion to the text.
"""

from __future__ import annotations

import re
from functools import cache

__all__ = [
    "escape_commands",
    "escape_for_json",
    "shorten",
    "visible",
    "visible_json",
    "visible_line",
]

# A joiner belongs after a letter of a script that joins, or after a picture: `👩‍💻`, `می‌خواهم`.
_JOINED = (
    "\u0620-\u115e\u1161-\u17b3\u17b6-\u180a\u1810-\u1fff\u2100-\u3163\u3165-\ud7ff\ufb50-\ufdff"
    "\ufe0f\ufe70-\ufefe\U00010000-\U000dffff"
)
# A variation selector belongs after a sign that is a picture too: `❤️`, `1️⃣`.
_VARIED = "0-9#*\xa9\xae\u203c-\u205e\u2100-\u3163\u3165-\u3299\U0001f000-\U0001ffff"
_UNSEEN = (
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e"
    "\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb"
    "\ufffe\uffff\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
    f"|(?<![{_JOINED}])[\u200c\u200d]"
    f"|(?<![{_VARIED}])[\ufe0e\ufe0f]"
)
# What a CI server obeys: GitHub `::` after white space at the beginning of a line, and `##[`
# anywhere; Azure Pipelines and TeamCity `##vso[` and `##teamcity[`.
_MARK = re.compile(r"#(?=#(?:vso|teamcity)?\[)")
_COMMAND = re.compile(rf"^([^\S\n]*):(?=:)|{_MARK.pattern}", re.MULTILINE)


@cache
def _unseen() -> re.Pattern[str]:
    return re.compile(_UNSEEN)  # takes 2 ms


def shorten(text: str, limit: int = 100) -> str:
    """Return `text`, or its first `limit` characters and `…`."""
    return text if len(text) <= limit else f"{text[:limit]}…"


def visible(text: str, before: str = "") -> str:
    r"""Escape what would not be seen as it is.

    Args:
        text: of anybody; `\r\n` counts as a line break.
        before: the text that it goes on from, where a text comes in pieces.
    """
    text = text.replace("\r\n", "\n")
    context = before[-1:]
    if not context or _unseen().match(context):
        return _unseen().sub(_escape, text)
    return _unseen().sub(_escape, context + text)[1:]


def visible_line(text: str) -> str:
    """As `visible`, on one line: runs of white space are single spaces."""
    return visible(" ".join(text.split()))


def visible_json(document: str) -> str:
    """JSON of the same value, in which the same characters and marks are JSON's own escapes."""
    escaped = _unseen().sub(lambda match: escape_for_json(match[0]), document)
    return _MARK.sub("\\\\u0023", escaped)


def escape_commands(text: str) -> str:
    """Escape what a CI server would obey in the log of a command."""
    return _COMMAND.sub(
        lambda match: "\\x23" if match[0] == "#" else f"{match[1]}\\x3a",
        text,
    )


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def escape_for_json(text: str) -> str:
    r"""Return each character as `\uXXXX`, an escape of JSON; characters beyond U+FFFF as two."""
    units = text.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
