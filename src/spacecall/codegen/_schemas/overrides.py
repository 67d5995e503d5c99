"""Read and apply `overrides.toml`: a project's corrections of an app's own description.

::

    [[override]]
    file = "join.schema.json"
    pointer = "/$defs/GenerateInput/properties/steps/maximum"
    old = 50
    new = 100
    why = "the app takes up to 100, and says so on its page"

`old` is checked: it is an error if the value has changed since the correction was written. Without
`old`, the value must not exist; without `new`, it is removed. TOML has no null, so `old-json` and
`new-json` take JSON.

A corrected `title` of an endpoint or a type is also the name of its classes.
"""

from __future__ import annotations

import copy
import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from spacecall._core.json_values import as_dict, as_list, as_str, is_array, is_object
from spacecall._core.schema_check import find_problems
from spacecall._regular_files import read_document
from spacecall.codegen._codegen_errors import SchemaError
from spacecall.codegen._schemas.schema_documents import endpoint_name
from spacecall.codegen._schemas.schema_folder import DOCUMENTS, SchemaFolder
from spacecall.codegen._schemas.schema_keywords import (
    enclose,
    find_contradictions,
    find_references,
    find_schema_problems,
    iter_schemas,
    keywords_beside_reference,
)
from spacecall.codegen._schemas.schema_references import (
    TYPE_PREFIX,
    joins_references,
    reference_problem,
)

__all__ = ["OVERRIDES_FILE", "Override", "apply_matching", "apply_overrides", "read_overrides"]

OVERRIDES_FILE: Final = "overrides.toml"
"""The file's name in a schema folder. People write it; no command changes it."""

_TITLE: Final = re.compile(r"/\$defs/([^/]+)/title")
_KEYS = frozenset({"file", "pointer", "old", "old-json", "new", "new-json", "why"})


class _Nothing:
    """The value of a member that does not exist."""

    def __repr__(self) -> str:
        return "nothing"


_NOTHING: Final = _Nothing()


class _StaleError(Exception):
    """The current value is not the one that the correction was written for."""


@dataclass(frozen=True, slots=True)
class Override:
    """One correction.

    Attributes:
        origin: file and number, for messages.
        file: a document of the folder.
        pointer: JSON pointer to the corrected value.
        old: the app's value; `_NOTHING` if it does not exist.
        new: the correct value; `_NOTHING` to remove it.
        reason: why the app's value is wrong; the key `why` of the file.
    """

    origin: str
    file: str
    pointer: str
    old: Any
    new: Any
    reason: str


def read_overrides(folder: Path) -> tuple[Override, ...]:
    """Read the corrections of a schema folder in their order; none if it has no such file.

    Raises:
        SchemaError: the file cannot be read, or an entry is invalid; a line for each problem.
    """
    path = folder / OVERRIDES_FILE
    try:
        parsed = tomllib.loads(read_document(path).decode())
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise SchemaError(f"cannot read {path}: {error.strerror}") from error
    except RecursionError as error:
        raise SchemaError(f"{path} is nested too deeply") from error
    except ValueError as error:
        raise SchemaError(f"{path} is not TOML: {error}") from error
    problems = [f"{path}: unknown key {key!r}" for key in parsed if key != "override"]
    if not is_array(parsed.get("override", [])):
        problems.append(f"{path}: override must be an array of tables: write [[override]]")
    overrides = [
        _read_entry(f"{path}, entry {number}", entry, problems)
        for number, entry in enumerate(as_list(parsed.get("override")), 1)
    ]
    if problems:
        raise SchemaError("\n".join(problems))
    return tuple(override for override in overrides if override is not None)


def apply_overrides(folder: SchemaFolder, overrides: Sequence[Override]) -> SchemaFolder:
    """Return the folder with all corrections; its digest stays that of the files.

    Raises:
        SchemaError: a value is not the one that its correction was written for, or a default does
            not fit a corrected schema, a `$ref` gives no type, another keyword restricts a value
            beside a `$ref`, or keywords contradict each other; a line for each.
    """
    documents, stale = apply_matching(folder.documents, overrides)
    if stale:
        raise SchemaError("\n".join(stale))
    if invalid := [
        *_find_lost_references(folder.documents, documents, overrides),
        *_find_crowded_references(folder.documents, documents, overrides),
        *_find_contradictions(folder.documents, documents, overrides),
        *_find_misfits(folder.documents, documents, overrides),
    ]:
        raise SchemaError("\n".join(invalid))
    class_names = {
        _unescape_segment(match[1]): override.new
        for override in overrides
        if isinstance(override.new, str) and (match := _TITLE.fullmatch(override.pointer))
    }
    return replace(folder, documents=documents, class_names=class_names) if overrides else folder


def apply_matching(
    documents: Mapping[str, Mapping[str, Any]], overrides: Sequence[Override]
) -> tuple[dict[str, Mapping[str, Any]], list[str]]:
    """Return the documents with the corrections that fit, and a message for each that does not."""
    corrected: dict[str, Any] = copy.deepcopy(dict(documents))
    stale: list[str] = []
    for override in overrides:
        try:
            _replace_value(corrected[override.file], override)
        except _StaleError as error:
            stale.append(
                f"{override.origin}: {override.file} has {error} at {override.pointer}; "
                f"the correction is for {_short_json(override.old)}: change or remove it"
            )
    return corrected, stale


def _find_lost_references(
    before: Mapping[str, Mapping[str, Any]],
    after: Mapping[str, Mapping[str, Any]],
    overrides: Sequence[Override],
) -> Iterator[str]:
    """Yield the corrections after which a `$ref` gives no type: one of theirs, or one to theirs."""
    for override in overrides:
        path = _parse_pointer(override.pointer)
        old_types, types = (as_dict(tree[override.file].get("$defs")) for tree in (before, after))
        references = [*find_references(path, override.new)]
        if path[0] == "$defs" and len(path) > 1:
            corrected = f"{TYPE_PREFIX}{path[1]}"
            used = corrected in find_references(["$defs"], types)
            if used and not reference_problem(corrected, old_types):
                references.append(corrected)
        elif path[0] != "$defs":  # the list of endpoints
            references = [
                reference
                for reference in references
                if not endpoint_name(types.get(reference.removeprefix(TYPE_PREFIX)))
            ]
        for reference in dict.fromkeys(references):
            if problem := reference_problem(reference, types):
                yield (
                    f"{override.origin}: $ref {_short_json(reference)} {problem} "
                    f"({override.pointer} of {override.file})"
                )
        schema = enclose(path, override.new)
        nodes = [*iter_schemas(schema)]
        if schema is not override.new:  # one keyword of a schema
            nodes[:1] = [as_dict(_find_parent(after, override))]
        if references and any(map(joins_references, nodes)):
            yield (
                f"{override.origin}: allOf of several schemas with a $ref gives no type: write the "
                f"one schema that they are together ({override.pointer})"
            )


def _find_crowded_references(
    before: Mapping[str, Mapping[str, Any]],
    after: Mapping[str, Mapping[str, Any]],
    overrides: Sequence[Override],
) -> Iterator[str]:
    """Yield the corrections that leave a keyword which restricts a value beside a `$ref`."""
    for override in overrides:
        parent, old_parent = (as_dict(_find_parent(tree, override)) for tree in (after, before))
        keywords = keywords_beside_reference(parent)
        if keywords == keywords_beside_reference(old_parent):  # as the app describes it
            keywords = []
        if is_object(override.new) and not keywords:
            keywords = [
                key
                for node in iter_schemas(override.new)
                for key in keywords_beside_reference(node)
            ]
        if keywords:
            yield (
                f"{override.origin}: {', '.join(keywords)} beside $ref ({override.pointer}): the "
                "type that $ref names replaces the whole schema, so correct the pointer above it "
                'to {"$ref": …}, or remove the other keywords'
            )


def _find_contradictions(
    before: Mapping[str, Mapping[str, Any]],
    after: Mapping[str, Mapping[str, Any]],
    overrides: Sequence[Override],
) -> Iterator[str]:
    """Yield the corrections after which keywords contradict each other, if they did not before."""
    for override in overrides:
        path = _parse_pointer(override.pointer)
        parent, old_parent = (as_dict(_find_parent(tree, override)) for tree in (after, before))
        known = {*find_contradictions(old_parent)}
        problems = [
            *(problem for problem in find_contradictions(parent) if problem not in known),
            *(
                problem
                for node in iter_schemas(enclose(path, override.new))
                for problem in find_contradictions(node)
            ),
        ]
        for problem in dict.fromkeys(problems):
            yield f"{override.origin}: {problem}, so that no value fits ({override.pointer})"


def _find_misfits(
    before: Mapping[str, Mapping[str, Any]],
    after: Mapping[str, Mapping[str, Any]],
    overrides: Sequence[Override],
) -> Iterator[str]:
    """Yield the corrections after which a default does not fit, if it did before."""
    for override in overrides:
        node, old_node = (_find_parent(tree, override) for tree in (after, before))
        if not is_object(node) or "default" not in node:
            continue
        lines = find_problems(node, node["default"], root=after[override.file])
        changed = override.pointer.endswith("/default")
        if lines and not changed and is_object(old_node) and "default" in old_node:
            changed = not find_problems(old_node, old_node["default"], root=before[override.file])
        if lines and changed:
            yield (
                f"{override.origin}: the default {_short_json(node['default'])} does not fit the "
                f"corrected schema: {lines[0]}"
            )


def _parse_pointer(pointer: str) -> list[str]:
    return [_unescape_segment(segment) for segment in pointer.split("/")[1:]]


def _find_parent(documents: Mapping[str, Mapping[str, Any]], override: Override) -> Any:
    """Return what has the value that is corrected; None if the document does not have it."""
    node: Any = documents[override.file]
    for segment in _parse_pointer(override.pointer)[:-1]:
        try:
            node = _get_member(node, segment)
        except _StaleError:
            return None
    return node


def _replace_value(document: dict[str, Any], override: Override) -> None:
    *parents, last = _parse_pointer(override.pointer)
    parent: Any = document
    for segment in parents:
        parent = _get_member(parent, segment)
    current = _get_member(parent, last)
    if not _is_equal_json(current, override.old):
        raise _StaleError(_short_json(current))
    new = copy.deepcopy(override.new)
    if is_array(parent):
        index = len(parent) if last == "-" else int(last)
        parent[index : index + 1] = [] if isinstance(new, _Nothing) else [new]
    elif isinstance(new, _Nothing):
        parent.pop(last, None)
    else:
        parent[last] = new


def _get_member(parent: Any, segment: str) -> Any:
    """Return a member, or `_NOTHING` if it could be added; raise an error if it could not."""
    if is_object(parent):
        return parent.get(segment, _NOTHING)
    if is_array(parent) and segment.isascii() and segment.isdecimal():
        return parent[int(segment)] if int(segment) < len(parent) else _NOTHING
    if is_array(parent) and segment == "-":
        return _NOTHING
    raise _StaleError(_short_json(_NOTHING))


def _read_entry(origin: str, entry: Any, problems: list[str]) -> Override | None:
    if not is_object(entry):
        problems.append(f"{origin}: must be a table")
        return None
    problems_before = len(problems)
    problems += [f"{origin}: unknown key {key!r}" for key in entry if key not in _KEYS]
    file, pointer, reason = (as_str(entry.get(key)).strip() for key in ("file", "pointer", "why"))
    if file not in DOCUMENTS:
        problems.append(f"{origin}: file must be one of {', '.join(DOCUMENTS)}")
    if not pointer.startswith("/"):
        problems.append(f"{origin}: pointer must be a JSON pointer, such as /$defs/RunInput")
    if not reason:
        problems.append(f"{origin}: why is missing: write the reason")
    old, new = (_read_value(origin, entry, key, problems) for key in ("old", "new"))
    if len(problems) == problems_before:
        if _is_equal_json(old, new):
            problems.append(f"{origin}: old and new are the same")
        if not isinstance(new, _Nothing):
            path = _parse_pointer(pointer)
            problems += [
                f"{origin}: {problem} ({pointer})" for problem in find_schema_problems(path, new)
            ]
    if len(problems) > problems_before:
        return None
    return Override(origin, file, pointer, old, new, reason)


def _read_value(origin: str, entry: Mapping[str, Any], key: str, problems: list[str]) -> Any:
    json_key = f"{key}-json"
    if key in entry and json_key in entry:
        problems.append(f"{origin}: {key} and {json_key} exclude each other")
    try:
        if json_key in entry:
            return json.loads(as_str(entry[json_key]))
        json.dumps(entry.get(key), allow_nan=False)
    except (TypeError, ValueError):
        problems.append(f"{origin}: {json_key if json_key in entry else key} is not JSON")
    except RecursionError:
        problems.append(f"{origin}: {json_key} is nested too deeply")
    return entry.get(key, _NOTHING)


def _is_equal_json(first: Any, second: Any) -> bool:
    """Check whether two JSON values are equal; true is not 1, but 1 is 1.0."""
    if is_object(first) and is_object(second):
        return first.keys() == second.keys() and all(
            _is_equal_json(first[key], second[key]) for key in first
        )
    if is_array(first) and is_array(second):
        return len(first) == len(second) and all(map(_is_equal_json, first, second))
    if isinstance(first, bool) or isinstance(second, bool):
        return first is second
    return bool(first == second)


def _short_json(value: Any) -> str:
    encoded = repr(value) if isinstance(value, _Nothing) else json.dumps(value, ensure_ascii=True)
    return encoded if len(encoded) <= 80 else f"{encoded[:77]}..."


def _unescape_segment(segment: str) -> str:
    return segment.replace("~1", "/").replace("~0", "~")
