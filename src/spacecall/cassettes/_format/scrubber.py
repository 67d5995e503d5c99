"""What a cassette must not keep: taken out where it is known, refused where it is found."""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from spacecall._core.loose import is_array, is_object
from spacecall._core.redaction import Redactor, unescape
from spacecall.cassettes._format.bodies import Stored, content
from spacecall.cassettes._format.exchange import Exchange, Headers
from spacecall.cassettes._format.server_sent_event import Event

GONE: Final = "SCRUBBED"
"""Stands in the place of what was taken out."""

FIELDS: Final = frozenset({"api_key", "access_token", "authorization", "password", "token"})
"""Names of fields, in JSON, forms and queries, whose value is never kept."""

_HEADERS: Final = frozenset(
    {
        *("authorization", "proxy-authorization", "x-hf-authorization", "x-api-key"),
        *("cookie", "set-cookie", "x-ip-token", "x-zerogpu-token", "x-zerogpu-uuid"),
    }
)
# Headers that clients make, which tell nothing of the caller.
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
_ADDRESS: Final = re.compile(r"https?://[^@?#]*", re.IGNORECASE)
_LETTERS: Final = "A-Za-z0-9"
_SECRETS: Final = {
    # Not in what may be base64 of a file: there it stands by chance.
    "a Hugging Face token": re.compile(
        rf"(?<![\w-]{{24}})(?:hf_[{_LETTERS}]{{16,}}|api_org_[{_LETTERS}]{{16,}})"
    ),
    "a JSON Web Token": re.compile(
        rf"(?<![{_LETTERS}])eyJ[\w-]{{8,4096}}\.[\w-]{{8,4096}}\.[\w-]{{4,}}"
    ),
    "a bearer": re.compile(r"\b[Bb]earer\s+[\w.~+/-]{12,}"),
    "an API key": re.compile(
        rf"(?<![{_LETTERS}])(?:sk-[\w-]{{16,}}|AIza[\w-]{{30,}}|AKIA[A-Z0-9]{{16}}(?![{_LETTERS}]))"
    ),
    "a GitHub token": re.compile(
        rf"(?<![{_LETTERS}])(?:gh[pousr]_[{_LETTERS}]{{20,}}|github_pat_\w{{20,}})"
    ),
    "a private key": re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----"),
    "a password in an address": re.compile(
        rf"://[^\s/@:?#]{{0,256}}:(?!{GONE}@)[^\s/@?#]{{1,256}}@"
    ),
}
_BASIC: Final = re.compile(r"\b[Bb]asic\s+([\w+/-]{4,1000}={0,2})")
_GIVEN: Final = "a credential of the caller"
_FILE: Final = 2**20
# Characters: a credential in two pieces is found, escapes included.
_OVERLAP: Final = 2**14


class Scrubber:
    """Takes out what no cassette has.

    Args:
        fields: names of fields whose values go, besides those that always do.
    """

    def __init__(self, fields: Collection[str] = ()) -> None:
        self._names = FIELDS | {name.lower() for name in fields}
        self._values: set[str] = set()
        self._redact = Redactor()

    def learn(self, url: str, values: Iterable[str]) -> None:
        """Keep out, from now on, what the caller gave for a request to `url`.

        What is a part of an app's address is not secret.
        """
        parts = urlsplit(url)
        address = f"{parts.scheme}://{parts.netloc}".lower()
        new = {
            value
            for value in values
            if not _ADDRESS.fullmatch(value) and value.lower() not in address
        }
        if not new <= self._values:
            self._values |= new
            self._redact = Redactor(self._values, mask=GONE)

    def exchange(self, exchange: Exchange, private: Collection[str] = ()) -> Exchange:
        """Return an exchange without credentials.

        Args:
            private: names of headers that the caller gave, in lower case.
        """
        return replace(
            exchange,
            url=self._url(exchange.url),
            request_headers=tuple(
                (name, self._text(value) if _is_ordinary(name, private) else GONE)
                for name, value in exchange.request_headers
            ),
            request_body=self._body(exchange.request_body),
            headers=self._headers(exchange.headers),
            body=self._body(exchange.body),
            events=None
            if exchange.events is None
            else [(at, self._event(event)) for at, event in exchange.events],
        )

    def json(self, value: Any) -> Any:
        """Return a JSON value without credentials."""
        if is_object(value):
            return {
                self._name(name): GONE
                if name.lower() in self._names and isinstance(inner, str)
                else self.json(inner)
                for name, inner in value.items()
            }
        if is_array(value):
            return [self.json(inner) for inner in value]
        return self._text(value) if isinstance(value, str) else value

    def shows(self, text: str) -> bool:
        """Return whether a value that the caller gave is in `text`."""
        return self._redact(text) != text

    def _text(self, text: str) -> str:
        return _SIGNATURE.sub(rf"\1{GONE}", self._redact(text))

    def _name(self, name: str) -> str:
        # A password may be the word `password`; the names of fields stay.
        return name if name.lower() in self._names else self._redact(name)

    def _headers(self, headers: Headers) -> Headers:
        return tuple(
            (name, self._text(value)) for name, value in headers if name.lower() not in _HEADERS
        )

    def _url(self, url: str) -> str:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        query = self._text(f"?{self._form(parts.query)}")[1:]
        path, fragment = self._redact(parts.path), self._redact(parts.fragment)
        return urlunsplit((parts.scheme, host, path, query, fragment))

    def _form(self, text: str) -> str:
        pairs = parse_qsl(text, keep_blank_values=True)
        if not any(name.lower() in self._names for name, _ in pairs):
            return text
        return urlencode(
            [
                (name, GONE if name.lower() in self._names else self._redact(value))
                for name, value in pairs
            ]
        )

    def _body(self, body: Stored) -> Stored:
        if "json" in body:
            return {**body, "json": self.json(body["json"])}
        if "parts" in body:
            return {**body, "parts": self.json(body["parts"])}
        string = body.get("string")
        if not isinstance(string, str):
            return body
        form = self._form(string)
        return {**body, "string": self._text(string) if form == string else form}

    def _event(self, event: Event) -> Event:
        name, value = self._redact(event.name), event.json()
        if value is None:
            return Event(name, self._text(event.data))
        return Event.json_of(name, self.json(value))


def _is_ordinary(name: str, private: Collection[str]) -> bool:
    return name.lower() in _CLIENT_HEADERS and name not in private


def secrets(exchange: Exchange, scrubber: Scrubber | None = None) -> Iterator[str]:
    """What in an exchange looks like a secret: its kind and its place, never itself."""
    where = f"{exchange.method} {urlsplit(exchange.url).path}"
    texts: list[tuple[str, Any]] = [
        ("url", exchange.url),
        *((f"header {name}", value) for name, value in exchange.request_headers),
        ("request body", _readable(exchange.request_body)),
        *((f"answer's header {name}", value) for name, value in exchange.headers),
        ("answer", _readable(exchange.body)),
    ]
    for number, (_, event) in enumerate(exchange.events or (), start=1):
        texts.append((f"event {number}", event.data))
    for place, value in texts:
        for at, text in _texts(value, place):
            yield from (f"{kind} in {where}, {at}" for kind in _kinds(text))
    for side, body in (("request body", exchange.request_body), ("answer", exchange.body)):
        bytes_of = _readable(body).get("base64") if scrubber else None
        if scrubber and isinstance(bytes_of, str) and scrubber.shows(bytes_of):
            yield f"{_GIVEN} in {where}, {side}"


def secrets_in(path: Path, scrubber: Scrubber | None = None) -> Iterator[str]:
    """The same of the bytes of a file."""
    before = ""
    size = path.stat().st_size
    with path.open("rb") as file:
        while chunk := file.read(_FILE):
            text = before + chunk.decode("latin-1")
            yield from (f"{kind} in a body of {size} bytes" for kind in _kinds(text))
            if scrubber and scrubber.shows(text):
                yield f"{_GIVEN} in a body of {size} bytes"
            before = text[-_OVERLAP:]


def _readable(body: Stored) -> Stored:
    """A body with its bytes as text."""
    if not isinstance(body.get("base64"), str):
        return body
    return {**body, "base64": content(body).decode("latin-1")}


def _kinds(text: str) -> Iterator[str]:
    forms = {text, unescape(text)}
    for kind, pattern in _SECRETS.items():
        if any(pattern.search(form) for form in forms):
            yield kind
    if any(_is_basic(match[1]) for form in forms for match in _BASIC.finditer(form)):
        yield "a name and a password"


def _is_basic(credentials: str) -> bool:
    """Whether this is the base64 of `name:password`."""
    try:
        plain = base64.b64decode(credentials, altchars=b"-_").decode()
    except ValueError:
        return False
    return ":" in plain and plain.isprintable()


def _texts(value: Any, place: str) -> Iterator[tuple[str, str]]:
    """Every text in a value, names of fields too, with its place."""
    if isinstance(value, str):
        yield place, value
    elif is_object(value):
        for name, inner in value.items():
            yield f"{place}, a name", name
            yield from _texts(inner, f"{place}.{name}")
    elif is_array(value):
        for number, inner in enumerate(value):
            yield from _texts(inner, f"{place}[{number}]")
