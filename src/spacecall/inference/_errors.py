"""What HF Inference and its providers say when they refuse, as typed errors."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from spacecall._core.loose import is_object, items, text
from spacecall._core.outcomes import plain
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

__all__ = ["in_band", "refusal"]

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
    401: "no valid token (give api_key=…, or set HF_TOKEN)",
    402: "there are no credits left",
    403: "refused",
    404: "not found",
    410: "this address is gone",
    429: "too many requests",
    502: "the model is not available now",
    503: "the model is not available now",
    504: "the model did not answer in time",
}
# What hf-inference would have answered (text-generation-inference's own table), had it not
# begun to stream.
_IN_BAND: Final = {
    "validation": 422,
    "template_error": 422,
    "tool_error": 422,
    "overloaded": 429,
    "rate_limit_exceeded": 429,
}
_NO_MODEL: Final = ("model_not_supported", "model_not_found")
_LONGEST: Final = 300


@dataclass(frozen=True, slots=True)
class _Said:
    """What a body says, whichever shape it has."""

    message: str
    problems: tuple[str, ...] = ()
    code: str = ""
    estimated_time: float | None = None


def refusal(
    error: StatusError, *, provider: str | None = None, redact: Redactor | None = None
) -> StatusError:
    """`error`, as the connection raised it, with what its body says.

    Args:
        provider: who was asked, unless the answer itself names somebody.
        redact: takes out what the answer may repeat, and no error should.
    """
    redact = redact or Redactor()
    body = redact(error.body)
    status = error.status or 0
    typed = _typed(status, _read(body), error.provider or provider, body)
    redact_error(typed, redact)
    typed.retry_after = error.retry_after
    typed.space = error.space
    typed.endpoint = error.endpoint
    return typed


def in_band(said: str, *, provider: str | None = None) -> StatusError | None:
    """The error that one message of a stream is, or None for any other message.

    It gets the status that the server would have answered; 500 where nothing tells.
    """
    try:
        body = ErrorBody.model_validate_json(said)
    except ValidationError:
        return None
    if body.error is None:
        return None
    detail = body.error if isinstance(body.error, ErrorDetail) else ErrorDetail()
    names = (body.error_type, detail.type, detail.code, body.code)
    known = [_IN_BAND[name] for name in names if isinstance(name, str) and name in _IN_BAND]
    numbers = (body.http_status_code, detail.code, body.code)
    statuses = [code for code in numbers if isinstance(code, int) and 400 <= code < 600]
    return _typed(next(iter([*statuses, *known]), 500), _read(said), provider, said)


def _typed(status: int, said: _Said, provider: str | None, body: str) -> StatusError:
    kind = _KINDS.get(status, StatusError)
    if said.code.lower() in _NO_MODEL:
        kind = NotFoundError
    unknown = "" if kind is InvalidInputError else f"the server answered {status}"
    meaning = _MEANINGS.get(status, unknown)
    message = ": ".join(part for part in (provider, meaning, said.message) if part)
    error: StatusError
    if kind is InvalidInputError:
        problems = said.problems or (said.message,)
        error = InvalidInputError(message, problems=problems, status=status, body=body)
    else:
        error = kind(message, status=status, body=body)
    error.provider = provider
    error.estimated_time = said.estimated_time
    return error


def _read(said: str) -> _Said:
    """The message of a body; of one that is no JSON, its text."""
    try:
        body = ErrorBody.model_validate_json(said)
    except ValidationError:
        if "<html" in said[:500].lower():
            return _Said(_short(f"a web page: {plain(said)}"))
        return _Said(_short(said))
    problems = tuple(_problem(entry) for entry in (*items(body.error), *items(body.detail)))
    detail = body.error if isinstance(body.error, ErrorDetail) else ErrorDetail()
    candidates = (
        text(body.error),
        detail.message,
        text(body.detail),
        body.message,
        "; ".join(problems),
        body.title,
        said,
    )
    return _Said(
        message=_short(next(found for found in candidates if found)),
        problems=problems,
        code=text(detail.code) or text(body.code) or detail.type or "",
        estimated_time=body.estimated_time,
    )


def _problem(entry: Any) -> str:
    if not is_object(entry):
        return _short(str(entry))
    where = ".".join(map(str, items(entry.get("loc"))))
    what = text(entry.get("msg")) or text(entry.get("message")) or json.dumps(entry)
    return _short(f"{where}: {what}" if where else what)


def _short(said: str) -> str:
    said = said.strip()
    return said[: _LONGEST - 1] + "…" if len(said) > _LONGEST else said or "no explanation"
