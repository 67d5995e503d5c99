"""Cassettes on disk: JSON that vcrpy reads, with large bodies beside it by their hash."""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import anyio

from spacecall._atomic import check_inside, move_file, write_files
from spacecall._core.loose import is_array, is_object, items, mapping, strings, text
from spacecall.cassettes._format import vcrpy
from spacecall.cassettes._format.bodies import MAX_JSON, Stored, content, store
from spacecall.cassettes._format.cassette_json import MAX_DEPTH, escape_surrogates, parse_json
from spacecall.cassettes._format.exchange import Exchange
from spacecall.cassettes.errors import CassetteError

LARGE = 64 * 2**10
"""Bytes of a body from which on it is kept beside the cassette."""

MOST = 256 * 2**20
"""Bytes of a body beside a cassette that are read at most."""

_MAX_URL = 2**16
# Of the file: what is around the body of a request or an answer, or the value of an event, too.
_MAX_DEPTH = MAX_DEPTH + 8
_CHUNK = 2**16
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Bodies:
    """The bodies of one cassette.

    Args:
        cassette: the cassette's path; `name.json` has its large bodies in `name.bodies`.
        clean: takes out of a large body's JSON what no cassette has.
    """

    def __init__(self, cassette: Path, clean: Callable[[Any], Any] = lambda value: value) -> None:
        self.folder = cassette.with_suffix(".bodies")
        self._clean = clean
        self._waiting: dict[str, Path] = {}

    def keep(self, file: IO[bytes], content_type: str) -> Stored:
        """The stored form of what `file` has; large bodies wait in a temporary file."""
        first = file.read(LARGE)
        if len(first) < LARGE:
            return store(first, content_type)
        if "json" in content_type:
            file = BytesIO(self._cleaned(first + file.read()))
            first = file.read(LARGE)
        digest, size = hashlib.sha256(), 0
        with tempfile.NamedTemporaryFile(delete=False) as copy:
            while first:
                digest.update(first)
                size += copy.write(first)
                first = file.read(_CHUNK)
        self._waiting[digest.hexdigest()] = Path(copy.name)
        return {"sha256": digest.hexdigest(), "size": size}

    def waiting(self) -> dict[str, Path]:
        """What `keep` has put aside and `save` has not moved yet, by hash."""
        return dict(self._waiting)

    def save(self, needed: frozenset[str]) -> None:
        """Put the bodies that wait beside the cassette.

        Args:
            needed: the names of all bodies that the cassette has.
        """
        check_inside(self.folder, self.folder.parent)
        for digest in needed & self._waiting.keys():
            self.folder.mkdir(parents=True, exist_ok=True)
            move_file(self._waiting.pop(digest), self.folder / digest)

    def sweep(self, needed: frozenset[str]) -> None:
        """Take away the bodies of an older recording, once the cassette is written.

        Args:
            needed: as for `save`.
        """
        check_inside(self.folder, self.folder.parent)
        old = [*self.folder.iterdir()] if self.folder.is_dir() else []
        for path in old:
            if path.name not in needed and _SHA256.fullmatch(path.name):
                path.unlink()
        if old and not needed and not any(self.folder.iterdir()):
            self.folder.rmdir()

    def discard(self) -> None:
        """Forget the bodies that wait."""
        for path in self._waiting.values():
            path.unlink(missing_ok=True)
        self._waiting.clear()

    def read(self, stored: Stored) -> bytes:
        """The bytes of a body, at once.

        Raises:
            CassetteError: it is missing, or is not what was recorded.
        """
        if "sha256" not in stored:
            return content(stored)
        path = self._beside(stored)
        found = path.read_bytes()
        self._verify(path, stored, hashlib.sha256(found).hexdigest())
        return found

    async def chunks(self, stored: Stored) -> AsyncIterator[bytes]:
        """The bytes of a body.

        Raises:
            CassetteError: it is missing, or is not what was recorded.
        """
        if "sha256" not in stored:
            if found := content(stored):
                yield found
            return
        path = self._beside(stored)
        digest = hashlib.sha256()
        async with await anyio.open_file(path, "rb") as file:
            while chunk := await file.read(_CHUNK):
                digest.update(chunk)
                yield chunk
        self._verify(path, stored, digest.hexdigest())

    def _verify(self, path: Path, stored: Stored, digest: str) -> None:
        if digest != stored["sha256"]:
            raise CassetteError(f"{path} is not what was recorded: its sha256 is another")

    def _cleaned(self, whole: bytes) -> bytes:
        """A JSON body without what no cassette has; the very bytes where it has none of that."""
        try:
            value = parse_json(whole)
        except ValueError:
            return whole
        cleaned = self._clean(value)
        return whole if cleaned == value else content({"json": cleaned})

    def _beside(self, stored: Stored) -> Path:
        digest = str(stored["sha256"])
        if not _SHA256.fullmatch(digest):
            raise CassetteError("a body beside the cassette is named by what is no sha256")
        path = self._waiting.get(digest, self.folder / digest)
        try:
            size = path.stat().st_size
        except OSError as error:
            raise CassetteError(f"the body {path} is missing") from error
        if size != stored.get("size") or size > MOST:
            raise CassetteError(f"the body {path} has {size} bytes, not {stored.get('size')}")
        return path


def _problem(interaction: object) -> str:
    """Return what an interaction is not; empty for a request and its response."""
    sides = [mapping(interaction).get(side) for side in ("request", "response")]
    if not all(is_object(side) and is_object(side.get("body", {})) for side in sides):
        return "is not a request and a response"
    request = mapping(sides[0])
    url = request.get("uri")
    if not isinstance(request.get("method"), str) or not isinstance(url, str):
        return "has no method or no address"
    if len(url) > _MAX_URL:
        return f"has an address of more than {_MAX_URL} characters"
    if any(not strings(values) for values in mapping(request.get("headers")).values()):
        return "has a header without a text"
    try:
        _ = urlsplit(url).port
    except ValueError as error:
        return f"has an address that cannot be read: {error}"
    return ""


def beside(exchanges: Iterable[Exchange]) -> frozenset[str]:
    """The names of the bodies that are kept beside a cassette with these exchanges."""
    return frozenset(str(one.body["sha256"]) for one in exchanges if "sha256" in one.body)


def load(path: Path) -> tuple[list[Exchange], dict[str, Any]]:
    """The exchanges of a cassette, and what it says of itself.

    Raises:
        CassetteError: there is no such cassette, or it is none.
    """
    document = _document(path)
    exchanges: list[Exchange] = []
    for number, interaction in enumerate(map(mapping, items(document["interactions"])), start=1):
        try:
            exchanges.append(_exchange(interaction))
        except CassetteError as error:
            raise CassetteError(f"{path}, interaction {number}: {error.message}") from error
    return exchanges, _metadata(mapping(document.get("metadata")))


def _document(path: Path) -> Mapping[str, Any]:
    """The JSON of a cassette, with interactions that are requests and responses."""
    if path.is_file() and path.stat().st_size > MAX_JSON:
        raise CassetteError(f"{path} has more than {MAX_JSON} bytes")
    try:
        written = path.read_text(encoding="utf-8") if path.is_file() else ""
    except ValueError as error:
        raise CassetteError(f"{path} is not a cassette: {error}") from error
    if not written.strip():  # an empty file counts as none, as with vcrpy
        raise CassetteError(f"there is no cassette {path}")
    try:
        document = parse_json(written, _MAX_DEPTH)
    except ValueError as error:
        raise CassetteError(
            f"{path}: the cassette is not JSON that can be used: {error}"
        ) from error
    if not is_object(document) or not is_array(document.get("interactions")):
        raise CassetteError(f"{path}: the cassette is not a list of interactions")
    for number, interaction in enumerate(items(document["interactions"]), start=1):
        if problem := _problem(interaction):
            raise CassetteError(f"{path}: interaction {number} of the cassette {problem}")
    return document


def _exchange(interaction: Mapping[str, Any]) -> Exchange:
    request = mapping(interaction["request"])
    headers = mapping(request.get("headers"))
    exchange = Exchange(
        request["method"],
        request["uri"],
        tuple((name, text(items(values)[0])) for name, values in headers.items()),
        dict(mapping(request.get("body"))),
    )
    exchange.read_response(mapping(interaction["response"]))
    return exchange


def _metadata(written: Mapping[str, Any]) -> dict[str, Any]:
    schemas = mapping(written.get("schemas"))
    known = {digest: strings(endpoints) for digest, endpoints in schemas.items()}
    return {**written, "schemas": known} if "schemas" in written else dict(written)


def save(path: Path, exchanges: Sequence[Exchange], metadata: dict[str, Any]) -> None:
    """Write a cassette."""
    # vcrpy's own cassettes log every answer that they are given: only its format is used.
    document: dict[str, Any] = {
        "version": vcrpy.VERSION,
        "interactions": [
            {"request": _stored_request(one), "response": one.stored_response()}
            for one in exchanges
        ],
    }
    if metadata:
        document["metadata"] = metadata
    written = escape_surrogates(json.dumps(document, ensure_ascii=False, indent=1)) + "\n"
    write_files({path: written.encode()}, path.parent)


def _stored_request(exchange: Exchange) -> dict[str, Any]:
    headers = {name: [value] for name, value in exchange.request_headers}
    return {
        "method": exchange.method,
        "uri": exchange.url,
        "body": exchange.request_body,
        "headers": headers,
    }


def vcr_request(exchange: Exchange) -> Any:
    """The request as vcrpy's matchers and filters see it."""
    headers = dict(exchange.request_headers)
    return vcrpy.request(exchange.method, exchange.url, exchange.request_body, headers)
