"""Write an app's texts as Python source: string literals and docstrings.

Every text of an app passes through here. Characters that a reader of the source could not see, or
would see wrongly (control characters, bidirectional marks, invisible characters, surrogates), are
escaped in literals and left out of docstrings. The table is fixed, so that it does not depend on
the version of Python.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable

__all__ = ["INVISIBLE", "format_docstring", "one_line", "quote"]

_WIDTH = 100

INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202f\u205f-\u206f\u3164\ud800-\udfff\ue000-\uf8ff\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\uffff\U000e0000-\U0010ffff]"
)
"""Characters that are invisible, or that change how others are shown."""


def quote(text: str) -> str:
    """Return a Python literal for `text`, in the quotes that need the fewest escapes."""
    quotes = '"' if text.count('"') <= text.count("'") else "'"
    body = text.replace("\\", "\\\\").replace(quotes, f"\\{quotes}")
    return f"{quotes}{INVISIBLE.sub(lambda match: _escape(match[0]), body)}{quotes}"


def one_line(text: str) -> str:
    """Return `text` on one line, without invisible characters and with single spaces only."""
    spaced = re.sub("[\\s\x1c-\x1f\x85\u2028\u2029]+", " ", text)
    return " ".join(INVISIBLE.sub("", spaced).split())


def format_docstring(paragraphs: Iterable[str], *, indent: int) -> list[str]:
    """Return the lines of a docstring.

    Args:
        paragraphs: texts from `one_line`; one that begins with four spaces is an item of the
            section above it, and gets no blank line before it.
        indent: spaces before each line.
    """
    margin = " " * indent
    lines: list[str] = []
    for paragraph in paragraphs:
        is_item = paragraph.startswith("    ")
        if lines and not is_item:
            lines.append("")
        lines += _wrap(paragraph.strip(), _WIDTH - indent - (4 if is_item else 0), is_item=is_item)
    body = [_escape_line(line) for line in lines] or [""]
    if len(body) == 1 and indent + len(body[0]) + 6 <= _WIDTH:
        return [f'{margin}"""{_escape_line(lines[0], last=True) if lines else ""}"""']
    more_lines = [f"{margin}{line}" if line else "" for line in body[1:]]
    return [f'{margin}"""{body[0]}', *more_lines, f'{margin}"""']


def _wrap(text: str, width: int, *, is_item: bool) -> list[str]:
    first_indent, indent = ("    ", "        ") if is_item else ("", "")
    # three columns for the opening quotes
    wrapped = textwrap.wrap(text, width - (len(indent) or 3), break_on_hyphens=False)
    return [f"{indent if number else first_indent}{line}" for number, line in enumerate(wrapped)]


def _escape_line(line: str, *, last: bool = False) -> str:
    """Escape a line for use inside triple quotes; `last` says that the closing quotes follow it."""
    if last and line.endswith('"'):
        return f'{_escape_line(line[:-1])}\\"'
    return INVISIBLE.sub("", line).replace("\\", "\\\\").replace('"""', '\\"\\"\\"')


def _escape(char: str) -> str:
    short_escape = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(char)
    code = ord(char)
    if short_escape or code > 0xFFFF:
        return short_escape or f"\\U{code:08x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
