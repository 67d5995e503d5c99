"""A schema folder: the documents, and the lock that says what they were taken from."""

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
from spacecall._core.json_values import as_dict, as_str, as_str_list, is_array, is_object
from spacecall.codegen._literals import INVISIBLE
from spacecall.codegen._schemas.schema_documents import JOIN, QUEUE_DATA, UPLOAD

__all__ = [
    "DOCUMENTS",
    "LOCK",
    "Access",
    "Lock",
    "SchemaError",
    "SchemaFolder",
    "dump",
    "files_of",
    "pack",
    "read",
    "read_lock",
    "write",
]

LOCK = "space.lock.json"
"""The file that says what the others were taken from."""

DOCUMENTS = (UPLOAD, JOIN, QUEUE_DATA)
"""The schemas of a folder."""


Access: TypeAlias = Literal["open", "login", "token"]
"""What an app wants to be called: nothing, a user's login, a token that may see its Space."""


class SchemaError(ValueError):
    """A schema folder that cannot be read; the message names the file and what is wrong."""


@dataclass(frozen=True, slots=True)
class Lock:
    """What a schema folder was taken from.

    Attributes:
        name: of the client, `phi4-multimodal`.
        source: a Space id or an address, without credentials and query; empty for saved files.
        title: the app's; empty if it has none.
        gradio: its Gradio version.
        protocol: `sse_v3` and so on.
        date: the day it was taken, `2026-11-21`.
        revision: the Space's commit, where known.
        note: anything else worth knowing.
        endpoints: the names that were asked for; None for all public ones.
        undocumented: whether those that the app's page does not show were asked for too.
        left_out: why other endpoints are not there, by name.
        access: what the app wanted to be read, where known.
        hardware: the Hub's name of what the Space ran on, such as `zero-a10g`, where known.
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

    @property
    def heading(self) -> str:
        """What to call the app: its title, or its source where the author gave none."""
        return self.title or self.source or self.name


@dataclass(frozen=True, slots=True)
class SchemaFolder:
    """What is in a schema folder.

    Attributes:
        name: the folder's own name.
        lock: what it was taken from.
        documents: the schemas by file name.
        digest: sha256 of the documents.
    """

    name: str
    lock: Lock
    documents: Mapping[str, Mapping[str, Any]]
    digest: str


def write(path: Path, lock: Lock, documents: Mapping[str, Mapping[str, Any]]) -> SchemaFolder:
    """Write a schema folder whole or not at all; the same content gives the same bytes.

    Raises:
        OSError: it cannot be written.
    """
    write_files(files_of(path, lock, documents), path)
    return pack(path.name, lock, documents)


def files_of(
    path: Path, lock: Lock, documents: Mapping[str, Mapping[str, Any]]
) -> dict[Path, bytes]:
    """The files of a schema folder at `path`; the lock, which vouches for the others, is last."""
    texts = {name: dump(documents[name]) for name in DOCUMENTS}
    files = {**texts, LOCK: dump(_lock_json(lock, texts))}
    return {path / name: content.encode() for name, content in files.items()}


def pack(name: str, lock: Lock, documents: Mapping[str, Mapping[str, Any]]) -> SchemaFolder:
    """What `write` would write into a folder called `name`, as `read` would read it."""
    texts = {key: dump(documents[key]) for key in DOCUMENTS}
    return SchemaFolder(
        name, lock, {key: json.loads(one) for key, one in texts.items()}, _digest(texts)
    )


def read(path: Path) -> SchemaFolder:
    """Read a schema folder.

    Raises:
        SchemaError: a file is missing, is no JSON, or is not what the lock was written for.
    """
    texts = {name: _text(path / name) for name in (*DOCUMENTS, LOCK)}
    parsed = {name: _object(path / name, content) for name, content in texts.items()}
    raw = parsed.pop(LOCK)
    del texts[LOCK]
    for name, content in texts.items():
        if as_dict(raw.get("files")).get(name) != _sha256(content):
            raise SchemaError(
                f"{path / name} is not the file that {LOCK} was written for: it was changed, or "
                "writing was interrupted; spacecall refresh takes the schema again"
            )
    return SchemaFolder(path.name, _lock(raw), parsed, _digest(texts))


def read_lock(path: Path) -> Lock:
    """The lock of a schema folder, whatever the other files are.

    Raises:
        SchemaError: it is missing, or no JSON.
    """
    return _lock(_object(path / LOCK, _text(path / LOCK)))


def dump(data: object) -> str:
    """JSON with one line for each member; no character in it is invisible."""
    written = json.dumps(_sound(data), ensure_ascii=False, indent=2, allow_nan=False)
    lines = (INVISIBLE.sub(_escape, line) for line in written.split("\n"))
    return "".join(f"{line}\n" for line in lines)


def _escape(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1]


def _sound(data: Any) -> Any:
    """`data` without what JSON or UTF-8 does not have: nan and infinities, halves of characters."""
    if is_object(data):
        return {_sound(key): _sound(value) for key, value in data.items()}
    if is_array(data):
        return [_sound(value) for value in data]
    if isinstance(data, str):
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
        "files": {name: _sha256(content) for name, content in texts.items()},
    }


def _lock(raw: Mapping[str, Any]) -> Lock:
    return Lock(
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
        left_out={name: as_str(why) for name, why in as_dict(raw.get("left_out")).items()},
        access=next((one for one in get_args(Access) if one == raw.get("access")), None),
        hardware=as_str(raw.get("hardware")) or None,
    )


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except OSError as error:
        raise SchemaError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SchemaError(f"{path} is not UTF-8") from error


def _object(path: Path, content: str) -> Mapping[str, Any]:
    try:
        parsed = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise SchemaError(f"{path} is not JSON: {error}") from error
    if not is_object(parsed):
        raise SchemaError(f"{path} is not a JSON object")
    return parsed


def _sha256(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def _digest(texts: Mapping[str, str]) -> str:
    return _sha256("".join(f"{_sha256(texts[name])}  {name}\n" for name in DOCUMENTS))
