"""Read how a job ended: with values, with an error of the app, or cancelled."""

from __future__ import annotations

import ast
import json
import re
from typing import Any

from spacecall._core.auth_hints import ACTING_FOR_A_USER
from spacecall._core.json_values import as_dict
from spacecall._core.markup import MAX_LENGTH, strip_markup
from spacecall._core.messages import JobOutput, ProcessCompleted
from spacecall.errors import AppError, AuthError, JobCancelledError, QuotaExceededError, SpaceError
from spacecall.events import UsedCache

HIDDEN_ERROR = (
    "the app raised an error and hides its message "
    "(Gradio shows only gr.Error unless the app is launched with show_error=True)"
)
EMPTY_ERROR = "the app raised an error without a message"
# Gradio's text, since 3.50.
_NO_USER = "This action requires a logged in user. Please sign in and retry."
_QUOTA = re.compile(r"exceeded your .{0,40}quota", re.IGNORECASE)
_QUOTA_TITLES = ("ZeroGPU quota", "ZeroGPU pending credits")
# A quota message ends with an offer to subscribe.
_OFFER = re.compile(r"(?: or)?\s<a\s.*", re.IGNORECASE | re.DOTALL)
_AMOUNTS = re.compile(
    r"(?<!\d)(?:(?P<requested>\d+)s requested vs\. (?P<left>\d+)s left"
    r"|(?P<left_first>\d+)s left vs\. (?P<requested_last>\d+)s requested)"
)
_WAIT = re.compile(
    r"(?:try again|retry) in (?:(\d{1,6}) days?, )?(\d{1,6}):(\d\d):(\d\d)", re.IGNORECASE
)
_ESCAPED = r"""\\(?:[\\'"nrt]|x[0-9a-f]{2}|u[0-9a-f]{4}|U00[01][0-9a-f]{5})"""
_QUOTED = re.compile(rf"""'(?:[^'\\\n]|{_ESCAPED})*+'|"(?:[^"\\\n]|{_ESCAPED})*+\"""")


def read_outcome(message: ProcessCompleted) -> list[Any] | SpaceError:
    """Return the raw output values of a completed job, or the error that it ended with.

    A cancelled job completes with `success: true` and `output: {}` (measured on 4.44 to 6.31).
    """
    output = message.output or JobOutput()
    if not message.success:
        title = output.title or message.title
        return read_app_error(output.error, title=title, duration=output.duration)
    if output.data is None:
        return JobCancelledError("the job was cancelled on the server")
    return output.data


def read_used_cache(message: ProcessCompleted) -> UsedCache | None:
    """Return how much of the result comes from the app's cache (6.x)."""
    output = message.output or JobOutput()
    used_cache = message.used_cache or output.used_cache
    if used_cache == "full":
        return "full"
    return "partial" if used_cache == "partial" else None


def changes_component(message: ProcessCompleted) -> bool:
    """Return whether an output also changes its component, for example its choices."""
    data = message.output.data if message.output else None
    updates = [value for value in map(as_dict, data or ()) if value.get("__type__") == "update"]
    return any(update.keys() - {"__type__", "value"} for update in updates)


def read_app_error(text: object, *, title: str | None, duration: float | None) -> SpaceError:
    """Return the error that a job ended with, from the fields of Gradio's error object.

    It is an AuthError if Gradio refused to run the function because no user is logged in, see
    `make_app_error` for others.
    """
    error = make_app_error(text, title=title, duration=duration)
    return AuthError(f"{_NO_USER}{ACTING_FOR_A_USER}") if error.message == _NO_USER else error


def make_app_error(text: object, *, title: str | None, duration: float | None) -> AppError:
    """Return the error that an app raised, from the fields of Gradio's error object.

    Args:
        text: the error's message; `gr.Error(5)` sends a number, and a hidden error sends null.
        title: the error's title.
        duration: seconds that the app's page shows the message for.
    """
    if text is not None and not isinstance(text, str):
        text = json.dumps(text, ensure_ascii=False)
    if title is None and isinstance(text, str):
        text = _unquote(text)
    message = HIDDEN_ERROR if text is None else strip_markup(text) or EMPTY_ERROR
    if not (title or "").startswith(_QUOTA_TITLES) and not _QUOTA.search(message):
        return AppError(message, title=title, duration=duration)
    facts = strip_markup(_OFFER.sub("", text)) if text else ""
    error = QuotaExceededError(facts or message, title=title, duration=duration)
    _set_quota(error, message)
    return error


def _unquote(text: str) -> str:
    """Return the message of a gr.Error: Gradio before 5 sends it as a Python literal."""
    if len(text) > MAX_LENGTH or not _QUOTED.fullmatch(text):
        return text
    try:
        return str(ast.literal_eval(text))
    except (ValueError, SyntaxError):  # a character that no source has, such as half a pair
        return text


def _set_quota(error: QuotaExceededError, message: str) -> None:
    """Set the seconds that `message` names: requested, remaining, and until the next try."""
    if match := _AMOUNTS.search(message):
        amounts = match.groupdict()
        error.requested = float(amounts["requested"] or amounts["requested_last"])
        error.remaining = float(amounts["left"] or amounts["left_first"])
    if wait := _WAIT.search(message):
        days, hours, minutes, seconds = (int(part or 0) for part in wait.groups())
        error.retry_after = float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
