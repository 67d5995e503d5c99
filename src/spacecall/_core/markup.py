"""Convert the HTML in an app's messages to plain text."""

from __future__ import annotations

import re
from html import unescape
from typing import Final

__all__ = ["MAX_LENGTH", "strip_markup"]

MAX_LENGTH: Final = 100_000
"""The longest text that is converted, in characters."""

_TAG = re.compile(
    r"<!--.*?(?:-->|\Z)|<!doctype[^<>]*>|<(script|style)\b.*?(?:</\1\s*>|\Z)"
    r"|</?(?:(?P<inline>a|abbr|b|code|em|font|i|kbd|mark|s|small|span|strong|sub|sup|u)"
    r"|blockquote|body|br|button|center|details|div|h[1-6]|head|hr|html|img|li|link|meta|ol|p|pre"
    r"|summary|svg|table|tbody|td|th|thead|title|tr|ul)"
    r"""(?:\s(?:"[^"]*+"|'[^']*+'|[^<>"'])*+)?/?>""",
    re.IGNORECASE | re.DOTALL,
)
_NUMERIC_ENTITY = re.compile(r"&#([0-9]{8,})")


def strip_markup(html: str) -> str:
    """Return `html` as text: without tags, with entities resolved, with single spaces.

    Only tags of HTML are removed: `<class 'str'>`, Python's name of a type, stays. A text of more
    than 100,000 characters is cut.
    """
    html = html if len(html) <= MAX_LENGTH else f"{html[:MAX_LENGTH]}…"
    text, removed = _TAG.subn(lambda tag: "" if tag["inline"] else " ", html)
    # Python refuses a number of more than 4,300 digits; eight are past the last character
    text = _NUMERIC_ENTITY.sub(lambda entity: f"&#{entity[1].lstrip('0')[:8] or '0'}", text)
    text = unescape(text)
    return " ".join(text.split()) if removed else text.strip()
