"""What the end of a job means: a value, the app's own error, or a cancellation."""

from __future__ import annotations

import ast
import json
import re
from html import unescape
from typing import Any

from spacecall._core.json_values import mapping
from spacecall._wire.queue_data import CompletedOutput, ProcessCompleted
from spacecall.errors import AppError, JobCancelledError, QuotaExceededError, SpaceError

SILENT = (
    "the app raised an error and does not say which "
    "(it shows only gr.Error unless it is launched with show_error=True)"
)
WITHOUT_TEXT = "the app raised an error without a message"
_QUOTA = re.compile(r"exceeded your .{0,40}quota", re.IGNORECASE)
_QUOTA_TITLES = ("ZeroGPU quota", "ZeroGPU pending credits")
# After the facts, such a text asks to subscribe.
_OFFER = re.compile(r"(?: or)?\s<a\s.*", re.IGNORECASE | re.DOTALL)
_AMOUNTS = re.compile(
    r"(?<!\d)(?:(?P<requested>\d+)s requested vs\. (?P<left>\d+)s left"
    r"|(?P<left_first>\d+)s left vs\. (?P<requested_last>\d+)s requested)"
)
_WAIT = re.compile(
    r"(?:try again|retry) in (?:(\d{1,6}) days?, )?(\d{1,6}):(\d\d):(\d\d)", re.IGNORECASE
)
_MARKUP = re.compile(
    r"<!--.*?(?:-->|\Z)|<!doctype[^<>]*>|<(script|style)\b.*?(?:</\1\s*>|\Z)"
    r"|</?(?:(?P<inline>a|abbr|b|code|em|font|i|kbd|mark|s|small|span|strong|sub|sup|u)"
    r"|blockquote|body|br|button|center|details|div|h[1-6]|head|hr|html|img|li|link|meta|ol|p|pre"
    r"|summary|svg|table|tbody|td|th|thead|title|tr|ul)"
    r"""(?:\s(?:"[^"]*+"|'[^']*+'|[^<>"'])*+)?/?>""",
    re.IGNORECASE | re.DOTALL,
)
_CHARACTER = re.compile(r"&#([0-9]{8,})")
_ESCAPED = r"""\\(?:[\\'"nrt]|x[0-9a-f]{2}|u[0-9a-f]{4}|U00[01][0-9a-f]{5})"""
_QUOTED = re.compile(rf"""'(?:[^'\\\n]|{_ESCAPED})*+'|"(?:[^"\\\n]|{_ESCAPED})*+\"""")
_LONGEST = 100_000
"""Characters of an app's page, error or log line that are read."""


def outcome(message: ProcessCompleted) -> list[Any] | SpaceError:
    """The raw output values of a completed job, or the error it ended with.

    A cancelled job completes with `success: true` and `output: {}` (seen on 4.44 to 6.31).
    """
    output = message.output or CompletedOutput()
    if not message.success:
        title = output.title or message.title
        return app_error(output.error, title=title, duration=output.duration)
    if output.data is None:
        return JobCancelledError("the job was cancelled on the server")
    return output.data


def alters(message: ProcessCompleted) -> bool:
    """Whether a value comes with a change of its component, such as other choices."""
    data = message.output.data if message.output else None
    updates = [one for one in map(mapping, data or ()) if one.get("__type__") == "update"]
    return any(one.keys() - {"__type__", "value"} for one in updates)


def app_error(text: object, *, title: str | None, duration: float | None) -> AppError:
    """The error that an app raised, from the fields of Gradio's error object.

    Args:
        text: what it said; `gr.Error(5)` gives a number, and null is an error that is not shown.
    """
    if text is not None and not isinstance(text, str):
        text = json.dumps(text, ensure_ascii=False)
    if title is None and isinstance(text, str):
        text = _unquoted(text)
    message = SILENT if text is None else plain(text) or WITHOUT_TEXT
    if not (title or "").startswith(_QUOTA_TITLES) and not _QUOTA.search(message):
        return AppError(message, title=title, duration=duration)
    facts = plain(_OFFER.sub("", text)) if text else ""
    error = QuotaExceededError(facts or message, title=title, duration=duration)
    _read_quota(error, message)
    return error


def _unquoted(text: str) -> str:
    """The message of a gr.Error before Gradio 5, which is sent as Python would write it."""
    if len(text) > _LONGEST or not _QUOTED.fullmatch(text):
        return text
    try:
        return str(ast.literal_eval(text))
    except (ValueError, SyntaxError):  # characters that no source has, half a pair say
        return text


def _read_quota(error: QuotaExceededError, message: str) -> None:
    if amounts := _AMOUNTS.search(message):
        found = amounts.groupdict()
        error.requested = float(found["requested"] or found["requested_last"])
        error.remaining = float(found["left"] or found["left_first"])
    if wait := _WAIT.search(message):
        days, hours, minutes, seconds = (int(part or 0) for part in wait.groups())
        error.retry_after = float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)


def plain(html: str) -> str:
    """`html` as text: tags removed, entities resolved, white space around tags folded.

    Only what HTML knows is a tag: `<class 'str'>` is what Python says of a type, and stays. Of more
    than 100,000 characters the beginning is read.
    """
    html = html if len(html) <= _LONGEST else f"{html[:_LONGEST]}…"
    text, removed = _MARKUP.subn(lambda found: "" if found["inline"] else " ", html)
    # Python refuses a number of more than 4,300 digits; eight are past the last character
    text = _CHARACTER.sub(lambda found: f"&#{found[1].lstrip('0')[:8] or '0'}", text)
    text = unescape(text)
    return " ".join(text.split()) if removed else text.strip()
