"""`overrides.toml`: what a project knows better than the app's own description.

::

    [[override]]
    file = "join.schema.json"
    pointer = "/$defs/GenerateInput/properties/steps/maximum"
    old = 50
    new = 100
    why = "the app takes up to 100, and says so on its page"

`old` is asserted: a correction of something that has changed is an error. Without `old` nothing may
be there yet, without `new` it is taken away. TOML has no null: `old-json` and `new-json` are JSON.
"""

from __future__ import annotations

import copy
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from spacecall._core.json_values import as_list, as_str, is_array, is_object
from spacecall.codegen._schemas.schema_folder import DOCUMENTS, SchemaError, SchemaFolder

__all__ = ["FILE", "Override", "apply", "corrected", "read_overrides"]

FILE: Final = "overrides.toml"
"""The file in a schema folder. It is written by people, and no command changes it."""

_KEYS = frozenset({"file", "pointer", "old", "old-json", "new", "new-json", "why"})


class _Nothing:
    def __repr__(self) -> str:
        return "nothing"


_NOTHING: Final = _Nothing()


class _StaleError(Exception):
    """The place of a correction is not what it was written for."""


@dataclass(frozen=True, slots=True)
class Override:
    """One correction.

    Attributes:
        origin: file and number, for messages.
        file: a document of the folder.
        pointer: JSON pointer to what is corrected.
        old: what the app says; a private marker for nothing.
        new: what is right; the same marker to take it away.
        why: the reason.
    """

    origin: str
    file: str
    pointer: str
    old: Any
    new: Any
    why: str


def read_overrides(folder: Path) -> tuple[Override, ...]:
    """The corrections in a schema folder, in their order; none where there is no file.

    Raises:
        SchemaError: the file cannot be read, or an entry says too little; a line for each problem.
    """
    path = folder / FILE
    try:
        parsed = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise SchemaError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise SchemaError(f"{path} is not TOML: {error}") from error
    problems = [f"{path}: no key is called {key!r}" for key in parsed if key != "override"]
    if not is_array(parsed.get("override", [])):
        problems.append(f"{path}: override is no array of tables: write [[override]]")
    made = [
        _entry(f"{path}, entry {number}", one, problems)
        for number, one in enumerate(as_list(parsed.get("override")), 1)
    ]
    if problems:
        raise SchemaError("\n".join(problems))
    return tuple(one for one in made if one is not None)


def corrected(folder: SchemaFolder, overrides: Sequence[Override]) -> SchemaFolder:
    """The folder with the corrections; its digest stays that of the files.

    Raises:
        SchemaError: what is corrected is not what it was when the correction was written; a line
            for each.
    """
    made, stale = apply(folder.documents, overrides)
    if stale:
        raise SchemaError("\n".join(stale))
    return replace(folder, documents=made) if overrides else folder


def apply(
    documents: Mapping[str, Mapping[str, Any]], overrides: Sequence[Override]
) -> tuple[dict[str, Mapping[str, Any]], list[str]]:
    """The documents with the corrections that fit, and a line for each that does not."""
    made: dict[str, Any] = copy.deepcopy(dict(documents))
    stale: list[str] = []
    for one in overrides:
        try:
            _put(made[one.file], one)
        except _StaleError as error:
            stale.append(
                f"{one.origin}: {one.file} has {error} at {one.pointer}; "
                f"the correction is for {_shown(one.old)}: change it, or take it out"
            )
    return made, stale


def _put(document: dict[str, Any], override: Override) -> None:
    *way, last = [_plain(segment) for segment in override.pointer.split("/")[1:]]
    parent: Any = document
    for segment in way:
        parent = _get(parent, segment)
    found = _get(parent, last)
    if not _same(found, override.old):
        raise _StaleError(_shown(found))
    new = copy.deepcopy(override.new)
    if is_array(parent):
        place = len(parent) if last == "-" else int(last)
        parent[place : place + 1] = [] if isinstance(new, _Nothing) else [new]
    elif isinstance(new, _Nothing):
        parent.pop(last, None)
    else:
        parent[last] = new


def _get(parent: Any, segment: str) -> Any:
    """The member, `_NOTHING` where it could be put; raises where it could not."""
    if is_object(parent):
        return parent.get(segment, _NOTHING)
    if is_array(parent) and segment.isascii() and segment.isdecimal():
        return parent[int(segment)] if int(segment) < len(parent) else _NOTHING
    if is_array(parent) and segment == "-":
        return _NOTHING
    raise _StaleError(_shown(_NOTHING))


def _entry(origin: str, entry: Any, problems: list[str]) -> Override | None:
    if not is_object(entry):
        problems.append(f"{origin}: not a table")
        return None
    found = len(problems)
    problems += [f"{origin}: no key is called {key!r}" for key in entry if key not in _KEYS]
    file, pointer, why = (as_str(entry.get(key)).strip() for key in ("file", "pointer", "why"))
    if file not in DOCUMENTS:
        problems.append(f"{origin}: file is not one of {', '.join(DOCUMENTS)}")
    if not pointer.startswith("/"):
        problems.append(f"{origin}: pointer is no JSON pointer, such as /$defs/RunInput")
    if not why:
        problems.append(f"{origin}: it does not say why")
    old, new = (_value(origin, entry, key, problems) for key in ("old", "new"))
    if len(problems) == found and _same(old, new):
        problems.append(f"{origin}: old and new are the same")
    return Override(origin, file, pointer, old, new, why) if len(problems) == found else None


def _value(origin: str, entry: Mapping[str, Any], key: str, problems: list[str]) -> Any:
    written = f"{key}-json"
    if key in entry and written in entry:
        problems.append(f"{origin}: {key} and {written} are both there")
    try:
        if written in entry:
            return json.loads(as_str(entry[written]))
        json.dumps(entry.get(key), allow_nan=False)
    except (TypeError, ValueError):
        problems.append(f"{origin}: {written if written in entry else key} is not JSON")
    return entry.get(key, _NOTHING)


def _same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal; true is not 1, and 1 is 1.0."""
    if is_object(one) and is_object(other):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if is_array(one) and is_array(other):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)


def _shown(value: Any) -> str:
    shown = repr(value) if isinstance(value, _Nothing) else json.dumps(value, ensure_ascii=True)
    return shown if len(shown) <= 80 else f"{shown[:77]}..."


def _plain(segment: str) -> str:
    return segment.replace("~1", "/").replace("~0", "~")
