"""The parts of multipart bodies, as they pass by: names, sizes and hashes, without the content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spacecall._core.json_values import as_list, as_str, is_object

__all__ = ["MultipartParser", "UploadPart", "parse_boundary", "parse_part_headers", "stored_parts"]


@dataclass(frozen=True, slots=True)
class UploadPart:
    """One part of an upload.

    Attributes:
        name: of the form field.
        type: its content type; empty if the part has no such header.
        size: bytes of its content.
        sha256: of its content, in hex.
    """

    name: str
    filename: str
    type: str
    size: int
    sha256: str

    def to_stored(self) -> dict[str, Any]:
        """Return the part in the form that a cassette stores."""
        return {name: getattr(self, name) for name in self.__slots__}


class MultipartParser:
    """Reads the parts of a multipart body as it passes by; the content is not stored.

    Args:
        boundary: of the body, from its content type.
    """

    def __init__(self, boundary: str) -> None:
        self._delimiter = b"\r\n--" + boundary.encode()
        self._buffer = b"\r\n"  # so that the first boundary begins like the others
        self._headers: dict[str, str] | None = None
        self._digest = hashlib.sha256()
        self._size = 0
        self.parts: list[UploadPart] = []

    def feed(self, chunk: bytes) -> None:
        """Parse the next bytes of the body."""
        self._buffer += chunk
        while self._advance():
            pass

    def _advance(self) -> bool:
        """Parse the next header block or content; return False if more bytes are needed."""
        return self._read_headers() if self._headers is None else self._read_content(self._headers)

    def _read_headers(self) -> bool:
        _, delimiter, tail = self._buffer.partition(self._delimiter)
        head, end, tail = tail.partition(b"\r\n\r\n")
        if not delimiter or not end:
            return False
        self._headers = parse_part_headers(head.decode(errors="replace"))
        # The boundary of an empty part begins with the line end that ended its headers.
        self._buffer = b"\r\n" + tail if tail.startswith(self._delimiter[2:]) else tail
        self._digest, self._size = hashlib.sha256(), 0
        return True

    def _read_content(self, headers: dict[str, str]) -> bool:
        index = self._buffer.find(self._delimiter)
        # The end of the buffer may be the beginning of a delimiter.
        length = index if index >= 0 else max(0, len(self._buffer) - len(self._delimiter) + 1)
        self._digest.update(self._buffer[:length])
        self._size += length
        self._buffer = self._buffer[length:]
        if index < 0:
            return False
        self.parts.append(UploadPart(**headers, size=self._size, sha256=self._digest.hexdigest()))
        self._headers = None
        return True


def parse_boundary(content_type: str) -> str | None:
    """Return the boundary of a multipart body, or None for any other content type."""
    media_type, _, parameters = content_type.partition(";")
    if not media_type.strip().lower().startswith("multipart/"):
        return None
    for parameter in parameters.split(";"):
        name, _, value = parameter.strip().partition("=")
        if name.lower() == "boundary":
            return value.strip('"') or None
    return None


def parse_part_headers(head: str) -> dict[str, str]:
    """Return `name`, `filename` and `type` from the headers of one part of a form."""
    fields = {"name": "", "filename": "", "type": ""}
    for line in head.split("\r\n"):
        name, _, value = line.partition(":")
        if name.strip().lower() == "content-type":
            fields["type"] = value.strip()
        elif name.strip().lower() == "content-disposition":
            for parameter in value.split(";"):
                key, _, quoted = parameter.strip().partition("=")
                if key in ("name", "filename"):
                    fields[key] = quoted.strip('"')
    return fields


def stored_parts(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the parts that a stored body lists."""
    return [
        part
        for part in as_list(body.get("parts"))
        if is_object(part) and as_str(part.get("sha256"))
    ]
