"""Cassettes on disk: JSON that vcrpy reads, and files of large bodies named by their hash."""

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
from anyio.to_thread import run_sync

from spacecall._atomic import check_inside, move_file, write_files
from spacecall._core.json_values import as_dict, as_list, as_str, as_str_list, is_array, is_object
from spacecall._regular_files import (
    NotRegularFileError,
    UnusablePathError,
    check_status,
    follow_link,
    locate_output,
    open_if_regular,
    read_document,
)
from spacecall.cassettes._format import vcrpy
from spacecall.cassettes._format.bodies import MAX_JSON, StoredBody, body_bytes, store_body
from spacecall.cassettes._format.cassette_json import MAX_DEPTH, escape_surrogates, parse_json
from spacecall.cassettes._format.exchange import Exchange
from spacecall.cassettes.errors import CassetteError

EXTERNAL_FROM = 64 * 2**10
"""Bytes from which on a body is external: a file of its own beside the cassette."""

MAX_BYTES = 256 * 2**20
"""The most bytes of an external body that are read."""

SHARED_FOLDER = "_apps"
"""The name of the folder with the descriptions of apps (/config and /info) that cassettes share."""

_MAX_URL = 2**16
# Of the file: the JSON around a body or the value of an event counts too.
_MAX_DEPTH = MAX_DEPTH + 8
_CHUNK = 2**16
_SHA256 = re.compile(r"[0-9a-f]{64}")
# Without a suffix: of spacecall 0.1.
_BODY_FILE = re.compile(r"[0-9a-f]{64}(?:\.bin)?")
# Git must not change newlines: it takes a body of text for a text file.
_BODY_SUFFIX = ".bin"
_ATTRIBUTES_FILE = ".gitattributes"
_ATTRIBUTES = b"*.bin binary\n"


class BodyFiles:
    """The external bodies of one cassette.

    Args:
        cassette: path of the cassette; `name.json` has its external bodies in `name.bodies`.
        scrub: removes secrets from the JSON of an external body.
    """

    def __init__(self, cassette: Path, scrub: Callable[[Any], Any] = lambda value: value) -> None:
        self.folder = follow_link(cassette).with_suffix(".bodies")
        self.shared_folder = shared_folder(cassette)
        self._scrub = scrub
        self._pending: dict[str, Path] = {}
        self._shared: set[str] = set()

    def store(self, file: IO[bytes], content_type: str) -> StoredBody:
        """Return the stored form of a file's content; put a large body into a temporary file."""
        chunk = file.read(EXTERNAL_FROM)
        if len(chunk) < EXTERNAL_FROM:
            return store_body(chunk, content_type)
        if "json" in content_type:
            file = BytesIO(self._scrub_json(chunk + file.read()))
            chunk = file.read(EXTERNAL_FROM)
        digest, size = hashlib.sha256(), 0
        with tempfile.NamedTemporaryFile(delete=False) as copy:
            while chunk:
                digest.update(chunk)
                size += copy.write(chunk)
                chunk = file.read(_CHUNK)
        self._pending[digest.hexdigest()] = Path(copy.name)
        return {"sha256": digest.hexdigest(), "size": size}

    def scrub_again(
        self, body: StoredBody, content_type: str, scrub: Callable[[Any], Any]
    ) -> StoredBody:
        """Return the stored form of a new external body of JSON without further secrets."""
        path = self._pending.get(as_str(body.get("sha256")))
        if path is None or "json" not in content_type:
            return body
        content = read_document(path, MAX_BYTES)
        try:
            value = parse_json(content)
        except ValueError:
            return body
        scrubbed = scrub(value)
        if scrubbed == value:
            return body
        # Another response may have the same body: its file is removed with the unused ones.
        return self.store(BytesIO(body_bytes({"json": scrubbed})), content_type)

    def share(self, document: Any) -> StoredBody:
        """Return the stored form of a description of an app; all cassettes of a folder share it."""
        text = escape_surrogates(json.dumps(document, ensure_ascii=False, indent=1)) + "\n"
        content = text.encode()
        digest = hashlib.sha256(content).hexdigest()
        if digest not in self._pending:
            with tempfile.NamedTemporaryFile(delete=False) as copy:
                copy.write(content)
            self._pending[digest] = Path(copy.name)
        self._shared.add(digest)
        return {"sha256": digest, "size": len(content), "shared": True}

    def check_sizes(self, path: Path, exchanges: Iterable[Exchange]) -> None:
        """Raise an error if a new external body is too large to be read later.

        Args:
            path: of the cassette, for the error.
            exchanges: of the cassette.

        Raises:
            CassetteError: a body is too large.
        """
        for exchange in exchanges:
            body = exchange.body
            if body.get("sha256") in self._pending and body["size"] > (most := _max_size(body)):
                raise CassetteError(
                    f"{path} was not written: the response of {exchange.method} "
                    f"{urlsplit(exchange.url).path} has {body['size']} bytes, more than the "
                    f"{most} that are read: record a smaller response"
                )

    def pending(self) -> dict[str, Path]:
        """Return the temporary files of `store` that `save` has not moved yet, by hash."""
        return dict(self._pending)

    def save(self, hashes: frozenset[str]) -> None:
        """Move the temporary files into the folder of the cassette.

        Args:
            hashes: of all external bodies of the cassette.
        """
        check_inside(self.folder, self.folder.parent)
        check_inside(self.shared_folder, self.shared_folder.parent)
        for digest in (hashes | self._shared) & self._pending.keys():
            if digest in self._shared:
                path = self.shared_folder / digest
            else:
                path = self.folder / f"{digest}{_BODY_SUFFIX}"
            path.parent.mkdir(parents=True, exist_ok=True)
            move_file(self._pending.pop(digest), path)
            if digest not in self._shared:
                write_files({self.folder / _ATTRIBUTES_FILE: _ATTRIBUTES}, self.folder)

    def remove_unused(self, hashes: frozenset[str]) -> None:
        """Remove the bodies of an older recording, after the cassette is written.

        Args:
            hashes: of all external bodies of the cassette that are not shared.
        """
        check_inside(self.folder, self.folder.parent)
        paths = [*self.folder.iterdir()] if self.folder.is_dir() else []
        for path in paths:
            if path.stem not in hashes and _BODY_FILE.fullmatch(path.name):
                path.unlink()
        if paths and not hashes and not any(_without_attributes(self.folder)):
            (self.folder / _ATTRIBUTES_FILE).unlink(missing_ok=True)
            self.folder.rmdir()

    def discard(self) -> None:
        """Remove the temporary files."""
        for path in self._pending.values():
            path.unlink(missing_ok=True)
        self._pending.clear()

    def read(self, body: StoredBody) -> bytes:
        """Return the bytes of a body, in the cassette or external.

        Raises:
            CassetteError: the body is missing, or differs from the recorded one.
        """
        if "sha256" not in body:
            return body_bytes(body)
        path = self._locate(body)
        content = read_document(path, _max_size(body))
        if body.get("shared"):
            content = content.replace(b"\r\n", b"\n")  # git may write line ends of Windows
        self._verify(path, body, hashlib.sha256(content).hexdigest())
        return content

    async def stream(self, body: StoredBody) -> AsyncIterator[bytes]:
        """Yield the bytes of a body, in the cassette or external, in chunks.

        Raises:
            CassetteError: the body is missing, or differs from the recorded one.
        """
        if "sha256" not in body:
            if content := body_bytes(body):
                yield content
            return
        if body.get("shared"):
            yield self.read(body)
            return
        path = self._locate(body)
        digest = hashlib.sha256()
        async with anyio.wrap_file(await run_sync(open_if_regular, path)) as file:
            while chunk := await file.read(_CHUNK):
                digest.update(chunk)
                yield chunk
        self._verify(path, body, digest.hexdigest())

    def _verify(self, path: Path, body: StoredBody, digest: str) -> None:
        if digest != body["sha256"]:
            raise CassetteError(
                f"the body {path} has changed since it was recorded (its sha256 is {digest}): "
                "restore it, or record the cassette again"
            )

    def _scrub_json(self, content: bytes) -> bytes:
        """Return a JSON body without secrets; the very same bytes if it has none."""
        try:
            value = parse_json(content)
        except ValueError:
            return content
        scrubbed = self._scrub(value)
        return content if scrubbed == value else body_bytes({"json": scrubbed})

    def _find_file(self, digest: str, body: StoredBody) -> Path:
        if body.get("shared"):
            return self.shared_folder / digest
        path = self.folder / f"{digest}{_BODY_SUFFIX}"
        older_path = self.folder / digest
        return older_path if not path.exists() and older_path.exists() else path

    def _locate(self, body: StoredBody) -> Path:
        digest = str(body["sha256"])
        if not _SHA256.fullmatch(digest):
            raise CassetteError("the sha256 of a body must be 64 hexadecimal digits")
        path = self._pending.get(digest) or self._find_file(digest, body)
        try:
            status = path.stat()
        except OSError as error:
            raise CassetteError(
                f"the body {path} is missing: restore it, or record the cassette again"
            ) from error
        try:
            check_status(path, status)
        except NotRegularFileError as error:
            raise CassetteError(
                f"the body {path} {error.strerror}: restore it, or record the cassette again"
            ) from error
        size = status.st_size
        if size != body.get("size") and not body.get("shared"):
            raise CassetteError(
                f"the body {path} has {size} bytes, not {body.get('size')}: "
                "restore it, or record the cassette again"
            )
        if size > (most := _max_size(body)):
            raise CassetteError(
                f"the body {path} has {size} bytes, more than the {most} that are read: "
                "record a smaller response"
            )
        return path


def _max_size(body: StoredBody) -> int:
    """Return the most bytes of an external body that are read."""
    return MAX_JSON if body.get("shared") else MAX_BYTES


def _problem(interaction: object) -> str:
    """Return why an interaction is not a request/response pair; empty if it is."""
    sides = [as_dict(interaction).get(side) for side in ("request", "response")]
    if not all(is_object(side) and is_object(side.get("body", {})) for side in sides):
        return "is not a request/response pair"
    request = as_dict(sides[0])
    url = request.get("uri")
    if not isinstance(request.get("method"), str) or not isinstance(url, str):
        return "has no method or no URL"
    if len(url) > _MAX_URL:
        return f"has a URL of more than {_MAX_URL} characters"
    if any(not as_str_list(values) for values in as_dict(request.get("headers")).values()):
        return "has a header without a text value"
    try:
        _ = urlsplit(url).port
    except ValueError as error:
        return f"has an invalid URL: {error}"
    return ""


def unused_files(folder: Path, hashes: frozenset[str]) -> list[Path]:
    """Return the files of a folder `name.bodies` that are none of its cassette's bodies."""
    return sorted(
        path
        for path in _without_attributes(folder)
        if path.stem not in hashes or not _BODY_FILE.fullmatch(path.name)
    )


def _without_attributes(folder: Path) -> Iterable[Path]:
    return (path for path in folder.iterdir() if path.name != _ATTRIBUTES_FILE)


def external_bodies(exchanges: Iterable[Exchange], *, shared: bool = False) -> frozenset[str]:
    """Return the hashes of the external bodies of these exchanges.

    Args:
        exchanges: of a cassette.
        shared: whether of those that cassettes share, or of those of the cassette alone.
    """
    bodies = (exchange.body for exchange in exchanges)
    return frozenset(
        str(body["sha256"])
        for body in bodies
        if "sha256" in body and bool(body.get("shared")) == shared
    )


def shared_folder(cassette: Path) -> Path:
    """Return the folder of the bodies that a cassette shares with others of its project.

    It is in the nearest folder `cassettes` around it, else beside the cassette. A link counts as
    the file that it leads to.
    """
    cassette = follow_link(cassette)
    folders = (folder for folder in cassette.parents if folder.name == "cassettes")
    return next(folders, cassette.parent) / SHARED_FOLDER


def load_cassette(path: Path) -> tuple[list[Exchange], dict[str, Any]]:
    """Return the exchanges of a cassette, and its metadata.

    Raises:
        CassetteError: the file is missing, or is not a cassette.
    """
    document = _load_document(path)
    exchanges: list[Exchange] = []
    for number, interaction in enumerate(map(as_dict, as_list(document["interactions"])), start=1):
        try:
            exchanges.append(_load_exchange(interaction))
        except CassetteError as error:
            raise CassetteError(f"{path}, interaction {number}: {error.message}") from error
    return exchanges, dict(as_dict(document.get("metadata")))


def check_cassette_path(path: Path) -> None:
    """Check that a cassette is a regular file, a link to one, or can be created.

    Raises:
        CassetteError: it is a folder, a pipe, a socket or a device, or a link that leads nowhere.
    """
    try:
        locate_output(path)
    except NotRegularFileError as error:
        raise CassetteError(
            f"the cassette {path} {error.strerror}: name a file, such as name.json"
        ) from error
    except UnusablePathError as error:
        raise CassetteError(
            f"cannot use the cassette {path}: {error.filename} {error.strerror}"
        ) from error
    except (OSError, ValueError):  # it does not exist, or reading and writing it say more
        return


def _load_document(path: Path) -> Mapping[str, Any]:
    """Return the JSON of a cassette, whose interactions are request/response pairs."""
    check_cassette_path(path)
    if path.is_file() and path.stat().st_size > MAX_JSON:
        raise CassetteError(
            f"the cassette {path} has more than the {MAX_JSON} bytes that are read: split it"
        )
    try:
        json_text = read_document(path, MAX_JSON).decode() if path.is_file() else ""
    except ValueError as error:
        raise CassetteError(f"{path} is not a cassette: {error}") from error
    if not json_text.strip():  # an empty file counts as missing, as with vcrpy
        state = "is empty" if path.is_file() else "does not exist"
        raise CassetteError(f"the cassette {path} {state}")
    try:
        document = parse_json(json_text, _MAX_DEPTH)
    except ValueError as error:
        raise CassetteError(f"{path} is not a cassette: {error}") from error
    if not is_object(document) or not is_array(document.get("interactions")):
        raise CassetteError(f"{path} is not a cassette: it has no list of interactions")
    for number, interaction in enumerate(as_list(document["interactions"]), start=1):
        if problem := _problem(interaction):
            raise CassetteError(f"{path}: interaction {number} {problem}")
    return document


def _load_exchange(interaction: Mapping[str, Any]) -> Exchange:
    request = as_dict(interaction["request"])
    headers = as_dict(request.get("headers"))
    exchange = Exchange(
        request["method"],
        request["uri"],
        tuple((name, as_str(as_list(values)[0])) for name, values in headers.items()),
        dict(as_dict(request.get("body"))),
    )
    exchange.load_response(as_dict(interaction["response"]))
    exchange.test = as_str(interaction.get("test"))
    return exchange


def save_cassette(
    path: Path, exchanges: Sequence[Exchange], metadata: dict[str, Any], bodies: BodyFiles
) -> None:
    """Write a cassette and its external bodies, if they can be read again.

    Raises:
        CassetteError: the cassette, or a new body, is too large; nothing was written.
    """
    content = _to_json(exchanges, metadata)
    if len(content) > MAX_JSON:
        raise CassetteError(
            f"{path} was not written: it would have {len(content)} bytes, more than the {MAX_JSON} "
            "that are read: record fewer calls in it"
        )
    bodies.check_sizes(path, exchanges)
    hashes = external_bodies(exchanges)
    bodies.save(hashes)
    path = follow_link(path)
    write_files({path: content}, path.parent)
    bodies.remove_unused(hashes)  # only now: the old cassette needed them until it was replaced


def _to_json(exchanges: Sequence[Exchange], metadata: dict[str, Any]) -> bytes:
    # vcrpy's own cassettes log every response that they are given: only its format is used.
    document: dict[str, Any] = {
        "version": vcrpy.VERSION,
        "interactions": [
            {
                **({"test": exchange.test} if exchange.test else {}),
                "request": _to_stored_request(exchange),
                "response": exchange.to_stored_response(),
            }
            for exchange in exchanges
        ],
    }
    if metadata:
        document["metadata"] = metadata
    json_text = escape_surrogates(json.dumps(document, ensure_ascii=False, indent=1)) + "\n"
    return json_text.encode()


def _to_stored_request(exchange: Exchange) -> dict[str, Any]:
    headers = {name: [value] for name, value in exchange.request_headers}
    return {
        "method": exchange.method,
        "uri": exchange.url,
        "body": exchange.request_body,
        "headers": headers,
    }


def to_vcr_request(exchange: Exchange) -> Any:
    """Return the request of an exchange as vcrpy's matchers expect it."""
    headers = dict(exchange.request_headers)
    return vcrpy.make_request(exchange.method, exchange.url, exchange.request_body, headers)
