"""Bodies as a cassette keeps them: readable where they can be, exact always."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from spacecall._core.loose import is_object, items, text
from spacecall.cassettes._format.cassette_json import dump_json, parse_json
from spacecall.cassettes.errors import CassetteError

MAX_JSON = 64 * 2**20
"""Bytes of JSON that are read at most: as Python objects they may take 30 times that."""

Stored: TypeAlias = dict[str, Any]
"""A body in a cassette, one of

- `{}`: none;
- `{"json": value}`: what its text reads as;
- `{"string": text}`: UTF-8 text, under the name that vcrpy gives it;
- `{"base64": text}`: bytes;
- `{"sha256": hex, "size": bytes}`: bytes kept beside the cassette;
- `{"parts": [{"name", "filename", "type", "size", "sha256"}]}`: the files of an upload, of which
  the content is not kept.
"""


def store(content: bytes, content_type: str) -> Stored:
    """`content` as a cassette keeps it."""
    if not content:
        return {}
    if "json" in content_type:
        try:
            return {"json": parse_json(content)}
        except ValueError:
            pass
    try:
        return {"string": content.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}


def content(stored: Stored) -> bytes:
    """The bytes of a body that is in the cassette itself.

    Raises:
        CassetteError: it is none of what `Stored` lists.
    """
    if not stored:
        return b""
    if "json" in stored:
        return dump_json(stored["json"]).encode()
    string = stored.get("string")
    if isinstance(string, (str, bytes)):  # vcrpy makes bytes of it
        return string.encode(errors="replace") if isinstance(string, str) else string
    if isinstance(stored.get("base64"), str):
        try:
            return base64.b64decode(stored["base64"], validate=True)
        except ValueError as error:
            raise CassetteError(f"a body is not base64: {error}") from error
    raise CassetteError(f"a body of an unknown kind: {', '.join(sorted(stored))[:200]}")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of an upload.

    Attributes:
        name: of the form field.
        type: its content type, empty where there is none.
        size: bytes of its content.
        sha256: of its content, in hex.
    """

    name: str
    filename: str
    type: str
    size: int
    sha256: str

    def stored(self) -> dict[str, Any]:
        """The part as a cassette keeps it."""
        return {name: getattr(self, name) for name in self.__slots__}


class Parts:
    """The parts of a multipart body as it passes by; the content is not kept.

    Args:
        boundary: of the body, from its content type.
    """

    def __init__(self, boundary: str) -> None:
        self._mark = b"\r\n--" + boundary.encode()
        self._buffer = b"\r\n"  # so that the first boundary begins like the others
        self._head: dict[str, str] | None = None
        self._digest = hashlib.sha256()
        self._size = 0
        self.parts: list[Part] = []

    def feed(self, chunk: bytes) -> None:
        """The next bytes of the body."""
        self._buffer += chunk
        while self._advance():
            pass

    def _advance(self) -> bool:
        """Take what is certain off the buffer; whether there may be more."""
        if self._head is None:
            _, mark, rest = self._buffer.partition(self._mark)
            head, end, rest = rest.partition(b"\r\n\r\n")
            if not mark or not end:
                return False
            self._head = disposition(head.decode(errors="replace"))
            # an empty part's boundary begins with the line end that ended the head
            self._buffer = b"\r\n" + rest if rest.startswith(self._mark[2:]) else rest
            self._digest, self._size = hashlib.sha256(), 0
            return True
        found = self._buffer.find(self._mark)
        certain = found if found >= 0 else max(0, len(self._buffer) - len(self._mark) + 1)
        self._digest.update(self._buffer[:certain])
        self._size += certain
        self._buffer = self._buffer[certain:]
        if found < 0:
            return False
        self.parts.append(Part(**self._head, size=self._size, sha256=self._digest.hexdigest()))
        self._head = None
        return True

    def stored(self) -> Stored:
        """What a cassette keeps of the body."""
        return {"parts": [part.stored() for part in self.parts]}


class RequestBody:
    """The body of a request as it passes by: whole, to be compared, or the parts of an upload.

    Args:
        content_type: of the request.
    """

    def __init__(self, content_type: str) -> None:
        self._type = content_type
        mark = boundary(content_type)
        self._parts = None if mark is None else Parts(mark)
        self._chunks: list[bytes] = []

    def feed(self, chunk: bytes) -> None:
        """The next bytes."""
        if self._parts is None:
            self._chunks.append(chunk)
        else:
            self._parts.feed(chunk)

    def stored(self) -> Stored:
        """What a cassette keeps of it."""
        if self._parts is None:
            return store(b"".join(self._chunks), self._type)
        return self._parts.stored()


def boundary(content_type: str) -> str | None:
    """The boundary of a multipart body, or None for what is none."""
    kind, _, rest = content_type.partition(";")
    if not kind.strip().lower().startswith("multipart/"):
        return None
    for parameter in rest.split(";"):
        name, _, value = parameter.strip().partition("=")
        if name.lower() == "boundary":
            return value.strip('"') or None
    return None


def disposition(head: str) -> dict[str, str]:
    """Name, file name and content type in the head of one part of a form."""
    fields = {"name": "", "filename": "", "type": ""}
    for line in head.split("\r\n"):
        name, _, value = line.partition(":")
        if name.strip().lower() == "content-type":
            fields["type"] = value.strip()
        elif name.strip().lower() == "content-disposition":
            for parameter in value.split(";"):
                key, _, found = parameter.strip().partition("=")
                if key in ("name", "filename"):
                    fields[key] = found.strip('"')
    return fields


def parts(stored: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The parts that a stored body lists."""
    return [
        part for part in items(stored.get("parts")) if is_object(part) and text(part.get("sha256"))
    ]
