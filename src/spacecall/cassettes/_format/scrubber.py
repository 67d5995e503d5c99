"""Secrets in a recording: known ones are replaced, and probable ones are reported."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit, urlunsplit

from spacecall._core.json_values import is_array, is_object
from spacecall._core.redaction import Redactor
from spacecall._regular_files import open_if_regular
from spacecall.cassettes._format.bodies import StoredBody, body_bytes
from spacecall.cassettes._format.exchange import Exchange, Headers
from spacecall.cassettes._format.secret_formats import PLACEHOLDER, find_kinds
from spacecall.cassettes._format.secret_names import is_secret_name
from spacecall.cassettes._format.server_sent_event import ServerSentEvent

# What gr.HighlightedText marks: {"token": "a piece of text", "class_or_confidence": "a label"};
# and a token of a chat model: {"token": "a piece of text", "logprob": -0.1, …}.
_PIECE: Final = "token"
_SPAN_LABEL: Final = "class_or_confidence"
_PROBABILITY: Final = "logprob"

# The edits of partial results that write a value: [kind, path, value].
_WRITING_EDITS: Final = ("add", "append", "replace")

_BOX_TYPE: Final = "password"
"""The type of a text box whose value the page does not show."""

_SECRET_HEADERS: Final = frozenset(
    {
        *("authorization", "proxy-authorization", "x-hf-authorization", "x-api-key"),
        *("cookie", "set-cookie", "x-ip-token", "x-zerogpu-token", "x-zerogpu-uuid"),
    }
)
# Headers that clients set, which say nothing about the caller.
_CLIENT_HEADERS: Final = frozenset(
    {
        *("accept", "accept-encoding", "accept-language", "connection", "content-length"),
        *("content-type", "host", "transfer-encoding", "user-agent", "x-gradio-user"),
    }
)
_SIGNATURE: Final = re.compile(
    r"(?<=[?&;])((?:x-(?:amz|goog)-(?:signature|security-token)|signature|sig|__sign)=)[^&;#\s\"'<>]+",
    re.IGNORECASE,
)
_URL_IN_TEXT: Final = re.compile(r"https?://[^\s\"<>\\`]+", re.IGNORECASE)
# In a text, what may follow an address ends a value: quotes, brackets, commas.
_QUERY_FIELD: Final = re.compile(r"(?<=[?&;#])([^?&;#=]{1,64})=[^&;#'^{|}()\[\],]+")
_ADDRESS: Final = re.compile(r"https?://[^@?#]*", re.IGNORECASE)
_CALLER_CREDENTIAL: Final = "a credential of the caller"
_CHUNK: Final = 2**20
# Characters of the chunk before: a credential in two chunks is found, escapes included.
_OVERLAP: Final = 2**16


class Scrubber:
    """Replaces secrets by `PLACEHOLDER`.

    Args:
        fields: names of fields whose values are replaced, besides those of `is_secret_name`.
    """

    def __init__(self, fields: Collection[str] = ()) -> None:
        self.filter_fields: Final = frozenset(name.lower() for name in fields)
        self._keeps_pieces = _PIECE not in self.filter_fields
        self._secrets: set[str] = set()
        self._redact = Redactor(mask=PLACEHOLDER)

    def add_secrets(self, url: str, values: Iterable[str]) -> None:
        """Replace, from now on, the credentials that the caller passed for a request to `url`.

        A part of the app's address is not secret.
        """
        parts = urlsplit(url)
        address = f"{parts.scheme}://{parts.netloc}".lower()
        secrets = {
            value
            for value in values
            if not _ADDRESS.fullmatch(value) and value.lower() not in address
        }
        if not secrets <= self._secrets:
            self._secrets |= secrets
            self._redact = Redactor(self._secrets, mask=PLACEHOLDER)

    def with_secrets(self, values: Collection[str]) -> Scrubber:
        """Return a scrubber that also replaces these values."""
        scrubber = Scrubber(self.filter_fields)
        scrubber._secrets = self._secrets | set(values)
        scrubber._redact = Redactor(scrubber._secrets, mask=PLACEHOLDER)
        return scrubber

    def find_query_secrets(self, url: str) -> set[str]:
        """Return the values in a query that are secret by their names: an app may echo them."""
        return {
            value
            for name, value in parse_qsl(urlsplit(url).query)
            if self._is_secret_name(name) or _SIGNATURE.search(f"?{name}=value")
        }

    def scrub_exchange(self, exchange: Exchange, private: Collection[str] = ()) -> Exchange:
        """Return an exchange without credentials.

        Args:
            private: names of headers that the caller set, in lower case.
        """
        return replace(
            self.scrub_request(exchange),
            request_headers=tuple(
                (name, self._scrub_text(value) if _is_ordinary(name, private) else PLACEHOLDER)
                for name, value in exchange.request_headers
            ),
            headers=self._scrub_headers(exchange.headers),
            body=self._scrub_body(exchange.body),
            events=None
            if exchange.events is None
            else [(seconds, self._scrub_event(event)) for seconds, event in exchange.events],
        )

    def scrub_request(self, exchange: Exchange) -> Exchange:
        """Return an exchange whose request has no credentials in its URL and body."""
        return replace(
            exchange,
            url=self._scrub_url(exchange.url),
            request_body=self._scrub_body(exchange.request_body),
        )

    def scrub_json(self, value: Any) -> Any:
        """Return a JSON value without credentials."""
        if is_object(value):
            scrubbed = {
                self._scrub_name(name): PLACEHOLDER
                if self._is_secret(name, inner) and not self._is_piece(name, value)
                else self.scrub_json(inner)
                for name, inner in value.items()
            }
            scrubbed |= dict.fromkeys(self._named_secrets(value), PLACEHOLDER)
            if value.get("type") == _BOX_TYPE:  # its value may be the same word
                scrubbed["type"] = _BOX_TYPE
                if isinstance(value.get("value"), str) and value["value"]:
                    scrubbed["value"] = PLACEHOLDER
            return scrubbed
        if is_array(value):
            if self._is_secret_edit(value):
                return [*value[:2], PLACEHOLDER]
            return [self.scrub_json(inner) for inner in value]
        return self._scrub_text(value) if isinstance(value, str) else value

    def _is_secret(self, name: str, value: Any) -> bool:
        """Return whether the value of a field is secret; one that the caller named always is."""
        if name.lower() in self.filter_fields:
            return value is not None
        return isinstance(value, str) and self._is_secret_name(name)

    def _is_piece(self, name: str, value: Mapping[str, Any]) -> bool:
        """Return whether a field of an object is a `token` that is a piece of a text."""
        is_token = name == _PIECE and self._keeps_pieces
        is_of_model = isinstance(value.get(_PROBABILITY), (int, float))
        return is_token and (is_of_model or set(value) == {_PIECE, _SPAN_LABEL})

    def _named_secrets(self, value: Mapping[str, Any]) -> list[str]:
        """Return the field `value`, in any case, of an object whose name or key is of a secret."""
        texts = (value[field] for field in value if field.lower() in ("name", "key"))
        names = [text for text in texts if isinstance(text, str)]
        return [
            field
            for field, inner in value.items()
            if field.lower() == "value" and any(self._is_secret(name, inner) for name in names)
        ]

    def _is_secret_edit(self, value: Sequence[Any]) -> bool:
        """Return whether an array is an edit of a partial result that writes a secret field."""
        if len(value) != 3 or value[0] not in _WRITING_EDITS or not is_array(value[1]):
            return False
        *parents, field = value[1] or [None]
        is_in_list = bool(parents) and isinstance(parents[-1], int)
        is_piece = field == _PIECE and is_in_list and self._keeps_pieces
        return isinstance(field, str) and not is_piece and self._is_secret(field, value[2])

    def _is_secret_name(self, name: str) -> bool:
        return name.lower() in self.filter_fields or is_secret_name(name)

    def has_secret(self, text: str) -> bool:
        """Return whether `text` contains a credential of the caller."""
        return self._redact(text) != text

    def _scrub_text(self, text: str) -> str:
        text = _SIGNATURE.sub(rf"\1{PLACEHOLDER}", self._redact(text))
        return _URL_IN_TEXT.sub(self._scrub_query_fields, text)

    def _scrub_query_fields(self, url: re.Match[str]) -> str:
        def scrub(field: re.Match[str]) -> str:
            is_secret = self._is_secret_name(unquote_plus(field[1]))
            return f"{field[1]}={PLACEHOLDER}" if is_secret else field[0]

        return _QUERY_FIELD.sub(scrub, url[0])

    def _scrub_name(self, name: str) -> str:
        # A password may be the word `password`: the names of fields stay.
        return name if self._is_secret_name(name) else self._redact(name)

    def _scrub_headers(self, headers: Headers) -> Headers:
        return tuple(
            (name, self._scrub_text(value))
            for name, value in headers
            if name.lower() not in _SECRET_HEADERS
        )

    def _scrub_url(self, url: str) -> str:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        query = self._scrub_text(f"?{self._scrub_form(parts.query)}")[1:]
        path, fragment = self._redact(parts.path), self._redact(parts.fragment)
        return urlunsplit((parts.scheme, host, path, query, fragment))

    def _scrub_form(self, text: str) -> str:
        pairs = parse_qsl(text, keep_blank_values=True)
        if not any(self._is_secret_name(name) for name, _ in pairs):
            return text
        return urlencode(
            [
                (name, PLACEHOLDER if self._is_secret_name(name) else self._redact(value))
                for name, value in pairs
            ]
        )

    def _scrub_body(self, body: StoredBody) -> StoredBody:
        if "json" in body:
            return {**body, "json": self.scrub_json(body["json"])}
        if "parts" in body:
            return {**body, "parts": self.scrub_json(body["parts"])}
        string = body.get("string")
        if not isinstance(string, str):
            return body
        form = self._scrub_form(string)
        return {**body, "string": self._scrub_text(string) if form == string else form}

    def _scrub_event(self, event: ServerSentEvent) -> ServerSentEvent:
        name, value = self._redact(event.name), event.as_json()
        if value is None:
            return ServerSentEvent(name, self._scrub_text(event.data))
        return ServerSentEvent.from_json(name, self.scrub_json(value))


def _is_ordinary(name: str, private: Collection[str]) -> bool:
    return name.lower() in _CLIENT_HEADERS and name not in private


def find_secrets(exchange: Exchange, scrubber: Scrubber | None = None) -> Iterator[str]:
    """Yield the kind and location of each probable secret in an exchange, never the secret."""
    request = f"{exchange.method} {urlsplit(exchange.url).path}"
    values: list[tuple[str, Any]] = [
        ("url", exchange.url),
        *((f"header {name}", value) for name, value in exchange.request_headers),
        ("request body", _decode_bytes(exchange.request_body)),
        *((f"response header {name}", value) for name, value in exchange.headers),
        ("response body", _decode_bytes(exchange.body)),
    ]
    for number, (_, event) in enumerate(exchange.events or (), start=1):
        values.append((f"event {number}", event.data))
    for location, value in values:
        for path, text in _iter_texts(value, location):
            yield from (f"{kind} in {request}, {path}" for kind in find_kinds(text))
    for side, body in (("request body", exchange.request_body), ("response body", exchange.body)):
        decoded = _decode_bytes(body).get("base64") if scrubber else None
        if scrubber and isinstance(decoded, str) and scrubber.has_secret(decoded):
            yield f"{_CALLER_CREDENTIAL} in {request}, {side}"


def find_secrets_in_file(path: Path, scrubber: Scrubber | None = None) -> Iterator[str]:
    """Yield the kind of each probable secret in the bytes of a file, never the secret."""
    overlap = ""
    size = path.stat().st_size
    with open_if_regular(path) as file:
        while chunk := file.read(_CHUNK):
            text = overlap + chunk.decode("latin-1")
            yield from (f"{kind} in a body of {size} bytes" for kind in find_kinds(text))
            if scrubber and scrubber.has_secret(text):
                yield f"{_CALLER_CREDENTIAL} in a body of {size} bytes"
            overlap = text[-_OVERLAP:]


def _decode_bytes(body: StoredBody) -> StoredBody:
    """Return a body with the bytes of its base64 as text."""
    if not isinstance(body.get("base64"), str):
        return body
    return {**body, "base64": body_bytes(body).decode("latin-1")}


def _iter_texts(value: Any, location: str) -> Iterator[tuple[str, str]]:
    """Yield every text in a value with its location, names of fields included."""
    if isinstance(value, str):
        yield location, value
    elif is_object(value):
        for name, inner in value.items():
            yield f"{location}, a field name", name
            yield from _iter_texts(inner, f"{location}.{name}")
    elif is_array(value):
        for index, inner in enumerate(value):
            yield from _iter_texts(inner, f"{location}[{index}]")
