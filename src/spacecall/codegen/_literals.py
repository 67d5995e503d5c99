"""Text of an app as Python source: string literals and docstrings that can hold anything.

Every text that comes from an app passes through here. What a reader of the source could not see, or
could see wrongly (control characters, bidirectional marks, invisible characters, surrogates), is
escaped in literals and left out of docstrings. The table is fixed, so that all Pythons agree.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable

__all__ = ["UNSEEN", "docstring", "one_line", "quote"]

_WIDTH = 100

UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202f\u205f-\u206f\u3164\ud800-\udfff\ue000-\uf8ff\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\uffff\U000e0000-\U0010ffff]"
)
"""Characters that have no look of their own."""


def quote(text: str) -> str:
    """A Python literal for `text`, on one line, in the quotes that need the fewest escapes."""
    mark = '"' if text.count('"') <= text.count("'") else "'"
    body = text.replace("\\", "\\\\").replace(mark, f"\\{mark}")
    return f"{mark}{UNSEEN.sub(lambda found: _escape(found[0]), body)}{mark}"


def one_line(text: str) -> str:
    """`text` without line breaks and unseen characters, runs of white space made single spaces."""
    spaced = re.sub("[\\s\x1c-\x1f\x85\u2028\u2029]+", " ", text)
    return " ".join(UNSEEN.sub("", spaced).split())


def docstring(paragraphs: Iterable[str], *, indent: int) -> list[str]:
    """The lines of a docstring, each paragraph already free of line breaks that matter.

    Args:
        paragraphs: texts from `one_line`; one that begins with `    ` or ends with `:` keeps its
            place, next to its neighbours, as the lines of a Google-style section do.
        indent: spaces before each line.
    """
    margin = " " * indent
    lines: list[str] = []
    for paragraph in paragraphs:
        item = paragraph.startswith("    ")
        if lines and not item:
            lines.append("")
        lines += _wrapped(paragraph.strip(), _WIDTH - indent - (4 if item else 0), item=item)
    body = [_literal(line) for line in lines] or [""]
    if len(body) == 1 and indent + len(body[0]) + 6 <= _WIDTH:
        return [f'{margin}"""{_literal(lines[0], last=True) if lines else ""}"""']
    rest = [f"{margin}{line}" if line else "" for line in body[1:]]
    return [f'{margin}"""{body[0]}', *rest, f'{margin}"""']


def _wrapped(text: str, width: int, *, item: bool) -> list[str]:
    first, rest = ("    ", "        ") if item else ("", "")
    # three columns of room for the opening quotes
    wrapped = textwrap.wrap(text, width - (len(rest) or 3), break_on_hyphens=False)
    return [f"{rest if number else first}{line}" for number, line in enumerate(wrapped)]


def _literal(line: str, *, last: bool = False) -> str:
    """A line inside triple quotes; the `last` one is right before those that close."""
    if last and line.endswith('"'):
        return f'{_literal(line[:-1])}\\"'
    return UNSEEN.sub("", line).replace("\\", "\\\\").replace('"""', '\\"\\"\\"')


def _escape(char: str) -> str:
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(char)
    code = ord(char)
    if named or code > 0xFFFF:
        return named or f"\\U{code:08x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
