"""Read the error bodies of HF Inference and its providers, and make typed errors of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from spacecall._core.auth_hints import FOR_A_SERVICE, FOR_INFERENCE
from spacecall._core.json_values import as_dict, as_list, as_str, is_object, parse_json
from spacecall._core.markup import strip_markup
from spacecall._core.redaction import Redactor, redact_error
from spacecall._wire.inference.errors import ErrorBody, ErrorDetail
from spacecall.errors import (
    AuthError,
    CreditsError,
    InvalidInputError,
    NotFoundError,
    RateLimitedError,
    StatusError,
    UnavailableError,
)

__all__ = ["stream_error", "typed_error"]

_KINDS: Final[dict[int, type[StatusError]]] = {
    400: InvalidInputError,
    401: AuthError,
    402: CreditsError,
    403: AuthError,
    404: NotFoundError,
    410: NotFoundError,
    413: InvalidInputError,
    422: InvalidInputError,
    429: RateLimitedError,
    502: UnavailableError,
    503: UnavailableError,
    504: UnavailableError,
}
_MEANINGS: Final = {
    401: f"no valid token ({FOR_INFERENCE})",
    402: "no credits are left",
    403: "access denied",
    404: "not found",
    410: "the address is gone",
    429: "too many requests",
    502: "the model is not available now",
    503: "the model is not available now",
    504: "the model did not answer in time",
}
_MEANINGS_AT_A_SERVICE: Final = {**_MEANINGS, 401: f"no valid key ({FOR_A_SERVICE})"}
"""At another service than those of Hugging Face."""
# The status that hf-inference would have sent if it had not started to stream: the table of
# text-generation-inference.
_STREAM_STATUSES: Final = {
    "validation": 422,
    "template_error": 422,
    "tool_error": 422,
    "overloaded": 429,
    "rate_limit_exceeded": 429,
}
_MISSING_MODEL: Final = ("model_not_supported", "model_not_found")
_MAX_MESSAGE: Final = 300
_REPLY_FIELDS: Final = ("choices", "usage", "token", "generated_text")
_ERROR_FIELDS: Final = ("error_code", "errors", "detail", "message")


@dataclass(frozen=True, slots=True)
class _ErrorText:
    """The fields of an error body, whatever its shape."""

    message: str
    problems: tuple[str, ...] = ()
    code: str = ""
    estimated_time: float | None = None


def typed_error(
    error: StatusError,
    *,
    provider: str | None = None,
    redact: Redactor | None = None,
    is_own_service: bool = False,
) -> StatusError:
    """Return the typed error for `error`, with the explanation of its body.

    Args:
        provider: the provider that was asked; a provider that `error` names wins.
        redact: removes secrets that the body may repeat.
        is_own_service: whether another service than those of Hugging Face answered.
    """
    redact = redact or Redactor()
    body = redact(error.body)
    status = error.status or 0
    if 300 <= status < 400:  # the message names the address
        return error
    meanings = _MEANINGS_AT_A_SERVICE if is_own_service else _MEANINGS
    typed = _typed(status, _read(body), error.provider or provider, body, meanings)
    redact_error(typed, redact)
    typed.retry_after = error.retry_after
    typed.space = error.space
    typed.endpoint = error.endpoint
    return typed


def stream_error(message: str, *, provider: str | None = None) -> StatusError | None:
    """Return the error that a message of a stream carries, or None if it is not an error.

    The error gets the status that the server would have answered, 500 if the message has none.
    """
    try:
        body = ErrorBody.model_validate_json(message)
    except ValidationError:
        return None
    if body.error is None and not _is_error(as_dict(parse_json(message))):
        return None
    detail = body.error if isinstance(body.error, ErrorDetail) else ErrorDetail()
    names = (body.error_type, detail.type, detail.code, body.code)
    typical = [_STREAM_STATUSES.get(name) for name in names if isinstance(name, str)]
    numbers = (
        *(body.http_status_code, detail.code, body.code),
        *(body.status_code, body.error_code),
    )
    explicit = [code for code in numbers if isinstance(code, int) and 400 <= code < 600]
    status = next((code for code in [*explicit, *typical] if code), 500)
    return _typed(status, _read(message), provider, message)


def _is_error(fields: Mapping[str, Any]) -> bool:
    """Return whether the fields without `error` are an error, and not a piece of a reply."""
    if any(fields.get(name) is not None for name in _REPLY_FIELDS):
        return False
    return fields.get("object") == "error" or any(fields.get(name) for name in _ERROR_FIELDS)


def _typed(
    status: int,
    details: _ErrorText,
    provider: str | None,
    body: str,
    meanings: Mapping[int, str] = _MEANINGS,
) -> StatusError:
    kind = _KINDS.get(status, StatusError)
    if details.code.lower() in _MISSING_MODEL:
        kind = NotFoundError
    unknown = "" if kind is InvalidInputError else f"the server answered {status}"
    meaning = meanings.get(status, unknown)
    message = ": ".join(part for part in (provider, meaning, details.message) if part)
    error: StatusError
    if kind is InvalidInputError:
        problems = details.problems or (details.message,)
        error = InvalidInputError(message, problems=problems, status=status, body=body)
    else:
        error = kind(message, status=status, body=body)
    error.provider = provider
    error.estimated_time = details.estimated_time
    return error


def _read(body_text: str) -> _ErrorText:
    """Read an error body; one that is not JSON is the message itself."""
    try:
        body = ErrorBody.model_validate_json(body_text)
    except ValidationError:
        if "<html" in body_text[:500].lower():
            return _ErrorText(_short(f"a web page: {strip_markup(body_text)}"))
        return _ErrorText(_short(body_text))
    entries = (*as_list(body.error), *as_list(body.detail), *as_list(body.errors))
    problems = tuple(map(_problem, entries))
    detail = body.error if isinstance(body.error, ErrorDetail) else ErrorDetail()
    candidates = (
        as_str(body.error),
        detail.message,
        as_str(body.detail),
        body.message,
        "; ".join(problems),
        body.title,
        as_str(body.text),
        body_text,
    )
    return _ErrorText(
        message=_short(next(message for message in candidates if message)),
        problems=problems,
        code=as_str(detail.code) or as_str(body.code) or detail.type or "",
        estimated_time=body.estimated_time,
    )


def _problem(entry: Any) -> str:
    if not is_object(entry):
        return _short(str(entry))
    field = ".".join(map(str, as_list(entry.get("loc"))))
    message = as_str(entry.get("msg")) or as_str(entry.get("message")) or json.dumps(entry)
    return _short(f"{field}: {message}" if field else message)


def _short(message: str) -> str:
    message = message.strip()
    if len(message) > _MAX_MESSAGE:
        return message[: _MAX_MESSAGE - 1] + "…"
    return message or "no explanation"
