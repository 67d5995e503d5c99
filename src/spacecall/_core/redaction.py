"""Remove the caller's secrets from errors and events, which repeat a server's texts."""

from __future__ import annotations

import re
import sys
import unicodedata
from base64 import b64decode, b64encode
from bisect import bisect_right
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Final, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

from spacecall._core.json_values import describe_error
from spacecall.errors import SpaceError
from spacecall.events import Event, Log, Progress, ProgressUnit, Status

__all__ = [
    "MASK",
    "MAX_SECRET",
    "MAX_TEXT",
    "MIN_SECRET",
    "Redactor",
    "basic_credentials",
    "header_secrets",
    "redact_error",
    "redact_event",
    "redacting",
    "unescape",
    "url_secrets",
]

T = TypeVar("T")

MASK: Final = "…"
MAX_TEXT: Final = 2**16
"""The most characters of a server's text in an error or an event."""
MIN_SECRET: Final = 6
"""The fewest characters of a secret: a shorter one would occur in ordinary text."""

MAX_SECRET: Final = 2**14
"""More characters than a secret has, escapes included."""
_BACKSLASH: Final = ord("\\")
_NORMAL_FORMS: Final = ("NFC", "NFD")
_NAMED_ENTITIES: Final = {"quot": '"', "amp": "&", "lt": "<", "gt": ">", "apos": "'"}
_ESCAPE: Final = re.compile(
    r"%(?:25){0,9}(?P<percent>[0-9a-f]{2})"
    r"|\\+(?:u(?P<unicode>[0-9a-f]{4})|x(?P<hex>[0-9a-f]{2}))?"
    r"|&(?:\#(?P<decimal>[0-9]{1,6})|\#x(?P<hexadecimal>[0-9a-f]{1,5})"
    r"|(?P<named>quot|amp|lt|gt|apos));",
    re.IGNORECASE,
)
_ORDINARY_HEADERS: Final = frozenset(
    {
        "accept",
        "accept-encoding",
        "accept-language",
        "cache-control",
        "connection",
        "content-length",
        "content-type",
        "host",
        "origin",
        "pragma",
        "sec-websocket-key",
        "sec-websocket-version",
        "te",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "x-gradio-user",
        "x-hf-bill-to",
    }
)
_ERROR_TEXTS: Final = ("space", "endpoint", "event_id", "body", "title", "stage", "provider")
_ERROR_LINES: Final = ("problems", "differences")


class Redactor:
    """Replaces secrets in a text by a mask, in every encoding that servers use.

    A secret is found in upper and lower case, in both normal forms of Unicode, percent-encoded,
    with escapes of JSON, Python or HTML, as hexadecimal digits, and inside base64 without line
    breaks. The time is linear in the text.

    Args:
        secrets: the secrets; one of fewer than `MIN_SECRET` characters is ignored.
        mask: the replacement of each secret.
    """

    __slots__ = ("_mask", "_needles")

    def __init__(self, secrets: Iterable[str] = (), *, mask: str = MASK) -> None:
        self._mask = mask
        self._needles = frozenset(
            _lower(needle)
            for secret in {secret.strip() for secret in secrets}
            if len(secret) >= MIN_SECRET
            for variant in _variants(secret)
            for needle in _needles(variant)
        )

    def __call__(self, text: str) -> str:
        """Return `text` without the secrets."""
        if not self._needles or not text:
            return text
        plain, starts, sources = _unescaped(text)
        spans = sorted(_spans(_lower(plain), self._needles))
        if not spans:
            return text

        def source(position: int) -> tuple[int, int]:
            """Return where the character at `position` of `plain` begins and ends in `text`."""
            segment = bisect_right(starts, position) - 1
            if segment % 2:
                return sources[segment], sources[segment + 1]
            start = sources[segment] + position - starts[segment]
            return start, start + 1

        parts: list[str] = []
        end = 0
        for first, last in spans:
            start, _ = source(first)
            if start >= end:
                parts += text[end:start], self._mask
            _, stop = source(last - 1)
            end = max(end, stop)
        parts.append(text[end:])
        return "".join(parts)

    def cut(self, text: str, length: int = MAX_TEXT, *, complete: bool = True) -> str:
        """Return the first `length` characters of `text` without the secrets.

        Args:
            text: the text.
            length: the most characters of the result.
            complete: False for a text that was cut already, after more than `MAX_SECRET`
                characters: its last `MAX_SECRET` characters are left out.
        """
        window = length + MAX_SECRET
        redacted = self(text[:window])
        if len(text) > window or not complete:
            redacted = redacted[:-MAX_SECRET]  # its end may be half a secret
        return redacted[:length]


def unescape(text: str) -> str:
    """Return `text` without escapes of URLs, JSON, Python and HTML, and without backslashes."""
    return _unescaped(text)[0]


def header_secrets(headers: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield the possible secrets in headers: each value, and its parts."""
    for name, value in headers:
        if name.lower() in _ORDINARY_HEADERS:
            continue
        yield value
        scheme, _, credentials = value.partition(" ")
        if credentials and "=" not in scheme:
            yield credentials
        if scheme.lower() == "basic":
            with suppress(ValueError):
                plain = b64decode(credentials).decode()
                yield from (plain, plain.partition(":")[2])
        for part in re.split(r"[;,]\s*", value):
            yield part.partition("=")[2].strip('"')


def url_secrets(url: str) -> Iterator[str]:
    """Yield the possible secrets in a URL: its password, and the values of its query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return
    yield parts.query
    for _, value in parse_qsl(parts.query):
        yield value
    if parts.password:
        yield unquote(parts.password)
        yield basic_credentials(unquote(parts.username or ""), unquote(parts.password))


def basic_credentials(username: str, password: str) -> str:
    """Return the credentials of basic authentication, without the word `Basic`."""
    return b64encode(f"{username}:{password}".encode()).decode()


def redact_error(error: SpaceError, redact: Redactor) -> None:
    """Remove the secrets from an error and its causes; cut texts at `MAX_TEXT`.

    A cause of another library is dropped if it has a secret in it or repeats input.
    """
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        if isinstance(current, SpaceError):
            _redact_fields(current, redact)
        cause = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
        if cause is not None and _has_secret(cause, redact):
            current.__cause__ = cause = None
        current = cause


@contextmanager
def redacting(redactor: Callable[[], Redactor]) -> Generator[None]:
    """Remove the secrets from each `SpaceError` that is raised inside.

    Args:
        redactor: returns the redactor; called only if an error is raised.
    """
    try:
        yield
    except SpaceError as error:
        redact_error(error, redactor())
        raise


def redact_event(event: Event[T], redact: Redactor) -> Event[T]:
    """Return an event without the secrets, its texts cut at `MAX_TEXT`.

    Output values stay as they are.
    """
    if isinstance(event, Log):
        return _redact_log(event, redact)
    if isinstance(event, Progress):
        return _redact_progress(event, redact)
    return event


def redact_status(status: Status, redact: Redactor) -> Status:
    """Return a status without the secrets, its texts cut at `MAX_TEXT`."""
    return replace(
        status,
        progress=status.progress and _redact_progress(status.progress, redact),
        log=status.log and _redact_log(status.log, redact),
    )


def _redact_log(log: Log, redact: Redactor) -> Log:
    title = None if log.title is None else redact.cut(log.title)
    return replace(log, message=redact.cut(log.message), title=title)


def _redact_progress(progress: Progress, redact: Redactor) -> Progress:
    return Progress(tuple(_redact_unit(unit, redact) for unit in progress.units))


def _redact_unit(unit: ProgressUnit, redact: Redactor) -> ProgressUnit:
    return replace(
        unit,
        unit=None if unit.unit is None else redact.cut(unit.unit),
        description=None if unit.description is None else redact.cut(unit.description),
    )


def _has_secret(cause: BaseException, redact: Redactor) -> bool:
    if isinstance(cause, SpaceError):
        return False  # it is redacted itself
    text = describe_error(cause)
    return _repeats_input(cause) or len(text) > MAX_TEXT or redact(text) != text


def _repeats_input(cause: BaseException) -> bool:
    pydantic = sys.modules.get("pydantic_core")
    return pydantic is not None and isinstance(cause, pydantic.ValidationError)


def _redact_fields(error: SpaceError, redact: Redactor) -> None:
    error.args = tuple(redact.cut(arg) if isinstance(arg, str) else arg for arg in error.args)
    for name in _ERROR_TEXTS:
        if isinstance(value := getattr(error, name, None), str):
            setattr(error, name, redact.cut(value))
    for name in _ERROR_LINES:
        if lines := getattr(error, name, None):
            setattr(error, name, tuple(map(redact.cut, lines)))


def _variants(secret: str) -> set[str]:
    """Return the spellings of `secret` that differ in more than case folding covers."""
    if secret.isascii():
        return {secret}
    cases = secret, secret.upper(), secret.lower(), secret.casefold()
    return {
        secret,
        *(unicodedata.normalize(form, case) for form in _NORMAL_FORMS for case in cases),
    }


def _needles(secret: str) -> Iterator[str]:
    """Yield the texts to search for, in an unescaped text, to find `secret`."""
    data = secret.encode("utf-8", "surrogatepass")
    for text in _decodings(secret, data):
        for form in {text, text.replace(" ", "+")}:  # the second form in the fields of a form
            yield form.replace("\\", "")
            if _ESCAPE.search(form):
                yield _unescaped(form)[0]
    yield data.hex()
    for offset in range(3):
        encoded = b64encode(bytes(offset) + data).decode()
        # Only the characters without bits of neighbouring bytes.
        inner = encoded[-(-8 * offset // 6) : 8 * (offset + len(data)) // 6]
        yield inner
        yield inner.replace("+", "-").replace("/", "_")


def _decodings(secret: str, data: bytes) -> Iterator[str]:
    yield secret
    if not secret.isascii():
        yield data.decode("latin-1")  # escaped byte by byte, as in a URL
        units = secret.encode("utf-16-le", "surrogatepass")
        yield "".join(  # escaped in halves of pairs, as in JSON
            chr(int.from_bytes(units[at : at + 2], "little")) for at in range(0, len(units), 2)
        )


def _lower(text: str) -> str:
    """Return `text` in lower case, with the same length."""
    # Only İ becomes two characters; the lower case of Σ depends on its neighbours.
    return text.replace("İ", "i").lower().replace("ς", "σ")


def _unescaped(text: str) -> tuple[str, list[int], list[int]]:
    """Resolve the escapes in `text` and remove backslashes.

    Returns:
        The resolved text; the start of each segment in it; and the start of that segment in `text`.
        Every second segment is an escape.
    """
    parts: list[str] = []
    starts, sources = [0], [0]
    length = end = 0
    for escape in _ESCAPE.finditer(text):
        start, stop = escape.span()
        character = _character(escape.lastgroup, escape)
        parts += text[end:start], character
        length += start - end
        starts += length, length + len(character)
        sources += start, stop
        length += len(character)
        end = stop
    parts.append(text[end:])
    return "".join(parts), starts, sources


def _character(kind: str | None, escape: re.Match[str]) -> str:
    if kind is None:  # backslashes that escape the next character
        return ""
    if kind == "named":
        return _NAMED_ENTITIES[escape[kind].lower()]
    number = int(escape[kind], 10 if kind == "decimal" else 16)
    return "" if number == _BACKSLASH else chr(number)


def _spans(text: str, needles: Iterable[str]) -> Iterator[tuple[int, int]]:
    for needle in needles:
        start = text.find(needle)
        while start >= 0:
            yield start, start + len(needle)
            start = text.find(needle, start + len(needle))
