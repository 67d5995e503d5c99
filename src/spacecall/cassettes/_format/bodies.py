"""Bodies as a cassette stores them: readable where possible, and always exact."""

from __future__ import annotations

import base64
from typing import Any, TypeAlias

from spacecall.cassettes._format.cassette_json import dump_json, parse_json
from spacecall.cassettes._format.upload_parts import MultipartParser, parse_boundary
from spacecall.cassettes.errors import CassetteError

MAX_JSON = 64 * 2**20
"""The most bytes of JSON that are read: as Python objects they may take 30 times that."""

StoredBody: TypeAlias = dict[str, Any]
"""A body in a cassette, in one of these forms:

- `{}`: empty;
- `{"json": value}`: the value of its JSON;
- `{"string": text}`: UTF-8 text, under the name that vcrpy uses;
- `{"base64": text}`: bytes;
- `{"sha256": hex, "size": bytes}`: bytes in a file of their own beside the cassette;
- `{"sha256": hex, "size": bytes, "shared": true}`: the description of an app, in a file that
  cassettes share; its size may differ, since git may change the line ends;
- `{"parts": [{"name", "filename", "type", "size", "sha256"}]}`: the files of an upload, without
  their content.
"""


def store_body(content: bytes, content_type: str) -> StoredBody:
    """Return `content` in the form that a cassette stores."""
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


def body_bytes(body: StoredBody) -> bytes:
    """Return the bytes of a body that is in the cassette itself.

    Raises:
        CassetteError: the body is in none of the forms of `StoredBody` that hold bytes.
    """
    if not body:
        return b""
    if "json" in body:
        return dump_json(body["json"]).encode()
    string = body.get("string")
    if isinstance(string, (str, bytes)):  # vcrpy turns text into bytes
        return string.encode(errors="replace") if isinstance(string, str) else string
    if isinstance(body.get("base64"), str):
        try:
            return base64.b64decode(body["base64"], validate=True)
        except ValueError as error:
            raise CassetteError(f"a body is not valid base64: {error}") from error
    names = ", ".join(sorted(body))[:200]
    raise CassetteError(f"a body has none of json, string and base64, only: {names}")


class RequestBodyRecorder:
    """Records the body of a request as it passes by: its content, or the parts of an upload.

    Args:
        content_type: of the request.
    """

    def __init__(self, content_type: str) -> None:
        self._content_type = content_type
        boundary = parse_boundary(content_type)
        self._parser = None if boundary is None else MultipartParser(boundary)
        self._chunks: list[bytes] = []

    def feed(self, chunk: bytes) -> None:
        """Record the next bytes."""
        if self._parser is None:
            self._chunks.append(chunk)
        else:
            self._parser.feed(chunk)

    def to_stored(self) -> StoredBody:
        """Return the body in the form that a cassette stores."""
        if self._parser is None:
            return store_body(b"".join(self._chunks), self._content_type)
        return {"parts": [part.to_stored() for part in self._parser.parts]}
