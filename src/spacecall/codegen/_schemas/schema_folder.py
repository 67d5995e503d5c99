"""Read and write a schema folder: the documents, and a lock file that says where they come from."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from spacecall._atomic import write_files
from spacecall._core.json_values import (
    as_dict,
    as_str,
    as_str_list,
    describe_json_error,
    is_array,
    is_object,
)
from spacecall._regular_files import read_document
from spacecall.codegen._codegen_errors import SchemaError
from spacecall.codegen._literals import INVISIBLE
from spacecall.codegen._schemas.schema_documents import JOIN_FILE, QUEUE_DATA_FILE, UPLOAD_FILE

__all__ = [
    "DOCUMENTS",
    "LOCK_FILE",
    "Access",
    "Lock",
    "SchemaFolder",
    "dump_json",
    "folder_files",
    "make_folder",
    "read_folder",
    "read_lock",
    "write_folder",
]

LOCK_FILE = "space.lock.json"
"""The name of the lock file, which says where the documents come from."""

DOCUMENTS = (UPLOAD_FILE, JOIN_FILE, QUEUE_DATA_FILE)
"""The names of the documents in a folder."""


Access: TypeAlias = Literal["open", "login", "token"]
"""The credentials that an app requires: none, a user's login, or a token that may read it."""


@dataclass(frozen=True, slots=True)
class Lock:
    """Where the documents of a schema folder come from.

    Attributes:
        name: the client's name, `phi4-multimodal`.
        source: a Space id or an address, without credentials and query; empty for saved files.
        title: the app's title; empty if it has none.
        gradio: the app's Gradio version.
        protocol: the queue's protocol, `sse_v3`.
        date: the day on which the app was read, `2026-11-21`.
        revision: the Space's commit; None if it is not known.
        note: a remark of the user.
        endpoints: the endpoints that the user selected; None for all public ones.
        undocumented: whether undocumented endpoints are included.
        left_out: the visibility of the endpoints that are left out, by name.
        access: the credentials that the app required; None if that is not known.
        hardware: the Hub's name of the Space's hardware, `zero-a10g`; None if it is not known.
        code: the path of the module in the project, as `spacecall add --into` chose it; empty for
            the project's folder of modules.
    """

    name: str
    source: str
    title: str
    gradio: str
    protocol: str
    date: str
    revision: str | None = None
    note: str = ""
    endpoints: tuple[str, ...] | None = None
    undocumented: bool = False
    left_out: Mapping[str, str] = field(default_factory=dict[str, str])
    access: Access | None = None
    hardware: str | None = None
    code: str = ""

    @property
    def heading(self) -> str:
        """The app's title; its source or the client's name if it has none."""
        return self.title or self.source or self.name


@dataclass(frozen=True, slots=True)
class SchemaFolder:
    """The content of a schema folder.

    Attributes:
        name: the folder's name.
        lock: where the documents come from.
        documents: the documents by file name.
        digest: the sha256 of the documents.
        class_names: the names that the user chose for classes, by the key in `$defs`.
    """

    name: str
    lock: Lock
    documents: Mapping[str, Mapping[str, Any]]
    digest: str
    class_names: Mapping[str, str] = field(default_factory=dict[str, str])


def write_folder(
    path: Path, lock: Lock, documents: Mapping[str, Mapping[str, Any]]
) -> SchemaFolder:
    """Write a schema folder, all of its files or none; the same content gives the same bytes.

    Raises:
        OSError: the folder cannot be written.
    """
    write_files(folder_files(path, lock, documents), path)
    return make_folder(path.name, lock, documents)


def folder_files(
    path: Path, lock: Lock, documents: Mapping[str, Mapping[str, Any]]
) -> dict[Path, bytes]:
    """Return the files of a schema folder at `path`, the lock with the others' hashes last."""
    texts = {name: dump_json(documents[name]) for name in DOCUMENTS}
    files = {**texts, LOCK_FILE: dump_json(_lock_json(lock, texts))}
    return {path / name: content.encode() for name, content in files.items()}


def make_folder(name: str, lock: Lock, documents: Mapping[str, Mapping[str, Any]]) -> SchemaFolder:
    """Return the folder called `name` as `read_folder` would read it after `write_folder`."""
    texts = {key: dump_json(documents[key]) for key in DOCUMENTS}
    return SchemaFolder(
        name, lock, {key: json.loads(document) for key, document in texts.items()}, _digest(texts)
    )


def read_folder(path: Path) -> SchemaFolder:
    """Read a schema folder, and check its documents against the lock.

    A document may be laid out in another way than `write_folder` does it, for example with other
    newlines: the hashes are those of its content.

    Raises:
        SchemaError: a file is missing, is not JSON, or does not have the content that the lock was
            written for.
    """
    *document_paths, lock_path = (path / name for name in (*DOCUMENTS, LOCK_FILE))
    documents = {file.name: _parse_object(file, _read_text(file)) for file in document_paths}
    raw = _parse_object(lock_path, _read_text(lock_path))
    texts = {name: _dump_parsed(path / name, document) for name, document in documents.items()}
    for name, content in texts.items():
        if as_dict(raw.get("files")).get(name) != _sha256(content):
            raise SchemaError(
                f"{path / name} does not have the hash in {LOCK_FILE}: it was changed, or writing "
                f"it was interrupted; restore {path} from version control, or run spacecall "
                f"refresh {path.name} to fetch it again"
            )
    return SchemaFolder(path.name, _parse_lock(raw), documents, _digest(texts))


def read_lock(path: Path) -> Lock:
    """Read the lock of a schema folder without its documents.

    Raises:
        SchemaError: the lock is missing, or is not JSON.
    """
    return _parse_lock(_parse_object(path / LOCK_FILE, _read_text(path / LOCK_FILE)))


def dump_json(data: object) -> str:
    """Encode JSON with one member a line, and with all invisible characters escaped."""
    written = json.dumps(_encodable(data), ensure_ascii=False, indent=2, allow_nan=False)
    lines = (INVISIBLE.sub(_escape_match, line) for line in written.split("\n"))
    return "".join(f"{line}\n" for line in lines)


def _escape_match(match: re.Match[str]) -> str:
    return json.dumps(match[0])[1:-1]


def _encodable(data: Any) -> Any:
    """Replace what JSON or UTF-8 cannot express: nan, infinities, single surrogates."""
    if is_object(data):
        return {_encodable(key): _encodable(value) for key, value in data.items()}
    if is_array(data):
        return [_encodable(value) for value in data]
    if isinstance(data, str):
        if data.isascii():
            return data
        return data.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return None if isinstance(data, float) and not math.isfinite(data) else data


def _lock_json(lock: Lock, texts: Mapping[str, str]) -> dict[str, Any]:
    return {
        "lock": 1,
        "name": lock.name,
        "source": lock.source,
        "title": lock.title,
        "gradio": lock.gradio,
        "protocol": lock.protocol,
        "revision": lock.revision,
        "date": lock.date,
        "note": lock.note,
        "endpoints": None if lock.endpoints is None else list(lock.endpoints),
        "undocumented": lock.undocumented,
        "left_out": dict(lock.left_out),
        "access": lock.access,
        "hardware": lock.hardware,
        **({"code": lock.code} if lock.code else {}),
        "files": {name: _sha256(content) for name, content in texts.items()},
    }


def _parse_lock(raw: Mapping[str, Any]) -> Lock:
    return Lock(
        code=as_str(raw.get("code")),
        name=as_str(raw.get("name")),
        source=as_str(raw.get("source")),
        title=as_str(raw.get("title")),
        gradio=as_str(raw.get("gradio")),
        protocol=as_str(raw.get("protocol")),
        date=as_str(raw.get("date")),
        revision=as_str(raw.get("revision")) or None,
        note=as_str(raw.get("note")),
        endpoints=tuple(as_str_list(raw["endpoints"]))
        if raw.get("endpoints") is not None
        else None,
        undocumented=raw.get("undocumented") is True,
        left_out={
            name: as_str(visibility) for name, visibility in as_dict(raw.get("left_out")).items()
        },
        access=next((access for access in get_args(Access) if access == raw.get("access")), None),
        hardware=as_str(raw.get("hardware")) or None,
    )


def _read_text(path: Path) -> str:
    try:
        return read_document(path).decode()
    except OSError as error:
        raise SchemaError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SchemaError(f"{path} is not UTF-8{_advice(path)}") from error


def _parse_object(path: Path, content: str) -> Mapping[str, Any]:
    try:
        parsed = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise SchemaError(f"{path} {describe_json_error(error)}{_advice(path)}") from error
    if not is_object(parsed):
        raise SchemaError(f"{path} is not a JSON object{_advice(path)}")
    return parsed


def _advice(path: Path) -> str:
    """Return what to do about a file of a schema folder with other content than was written."""
    name = path.parent.name
    if path.name == LOCK_FILE:
        remedy = "delete it and run spacecall add SOURCE again, with the same --name and --into"
    else:
        remedy = f"run spacecall refresh {name} to fetch it again"
    return (
        f". Resolve the conflict if a merge left one, restore it from version control, or {remedy}"
    )


def _dump_parsed(path: Path, document: Mapping[str, Any]) -> str:
    try:
        return dump_json(document)
    except RecursionError as error:
        raise SchemaError(f"{path} is nested too deeply") from error


def _sha256(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def _digest(texts: Mapping[str, str]) -> str:
    return _sha256("".join(f"{_sha256(texts[name])}  {name}\n" for name in DOCUMENTS))
