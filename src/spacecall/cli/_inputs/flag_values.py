"""What was written on the command line as values that fit the app's schema."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from spacecall._core.json_values import as_dict, as_list, as_str_list, is_array, is_object
from spacecall._core.schema_check import find_problems, is_file, map_files
from spacecall._core.schema_nodes import alternatives, item_schema, kinds_of, resolve
from spacecall._filenames import expand_home
from spacecall.errors import InvalidInputError
from spacecall.files import File

__all__ = ["Inputs", "reads_stdin", "unique_keys", "value_of", "with_files"]

Schema: TypeAlias = Mapping[str, Any]

_WORDS = {"true": True, "yes": True, "on": True, "1": True} | {
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}


class Inputs:
    """Where values come from that are not on the command line itself.

    Args:
        stdin: what was read there; None if it has not been, since lines of it are calls.
    """

    def __init__(self, stdin: bytes | None = None) -> None:
        self._stdin = stdin
        self._readers = 0

    def text(self, given: str) -> str:
        """The text itself, of a file (`@path`, without the line break at its end), or of stdin.

        `@@` at the beginning stands for one `@`.
        """
        if given.startswith("@@"):
            return given[1:]
        if given in ("-", "@-"):
            data = self._read()
        elif given.startswith("@"):
            path = expand_home(given[1:])
            try:
                data = path.read_bytes()
            except OSError as error:
                raise InvalidInputError(f"cannot read {str(path)!r}: {error.strerror}") from error
        else:
            return given
        try:
            return data.decode().removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError as error:
            raise InvalidInputError(f"{given!r} is not text in UTF-8") from error

    def file(self, given: str) -> File:
        """A file: `@path`, a path, an address, a data URI, or stdin."""
        if given in ("-", "@-"):
            return File(self._read())
        path = given.removeprefix("@")
        file = File(expand_home(path) if path.startswith("~") else path)
        _ = file.size  # a file that cannot be read is told here, before anything is sent
        return file

    def _read(self) -> bytes:
        if self._stdin is None:
            raise InvalidInputError("stdin has the lines of --jsonl: it cannot be an argument too")
        self._readers += 1
        if self._readers > 1:
            raise InvalidInputError("stdin can be read once: two arguments are -")
        return self._stdin


def reads_stdin(given: str) -> bool:
    """Whether an argument stands for what stdin has."""
    return given in ("-", "@-")


def value_of(schema: Schema, given: Sequence[str], inputs: Inputs) -> Any:
    """The value that a flag was given; what does not fit stays a text, for the check to tell.

    Args:
        schema: of the parameter.
        given: the flag's values, more than one for a list.
        inputs: for `@file` and `-`.

    Raises:
        InvalidInputError: a file cannot be read, or JSON was needed.
    """
    array = _array(schema, schema)
    if array is None:
        return _one(schema, given[-1], inputs, schema)
    if len(given) == 1:
        whole = _parsed(inputs.text(given[0])) if not _is_path(given[0], array, schema) else None
        if is_array(whole):
            return with_files(schema, whole, inputs)
        if "string" in kinds_of(schema, schema):
            return inputs.text(given[0])
    return [_one(item_schema(array, index), one, inputs, schema) for index, one in enumerate(given)]


def with_files(schema: Schema, value: Any, inputs: Inputs) -> Any:
    """A value from JSON, its texts made files where the schema wants files; `@` is allowed."""

    def convert(found: Any) -> Any:
        return inputs.file(found) if isinstance(found, str) else found

    return map_files(schema, value, convert)


def _one(schema: Schema, given: str, inputs: Inputs, root: Schema) -> Any:
    node = resolve(schema, root)
    if is_file(node, root):
        payload = _parsed(given) if given.lstrip().startswith("{") else None
        return payload if is_object(payload) else inputs.file(given)  # the app's own FileData
    for choice in _choices(node, root):
        if given == (choice if isinstance(choice, str) else json.dumps(choice)):
            return choice
    found = {*kinds_of(node, root)} - {"null"}
    if found == {"string"}:
        return inputs.text(given)
    if (key := _file_in(node, root)) and given.startswith("@") and not given.endswith(".json"):
        return {key: inputs.file(given)}
    text = inputs.text(given)
    value = _typed(text, found)
    if not find_problems(node, value, root=root):
        return with_files({**node, "$defs": root.get("$defs", {})}, value, inputs)
    if found and found <= {"object", "array"} and isinstance(value, str):
        if {"text", "files"} <= as_dict(node.get("properties")).keys():
            return {"text": text, "files": []}
        raise InvalidInputError(f"expected JSON or @file.json, got {_short(given)}")
    return text if "string" in found else value


def _typed(text: str, kinds: set[str]) -> Any:
    """The value that a text stands for: itself unless it is a number, a truth or JSON."""
    if kinds == {"boolean"}:
        return _WORDS.get(text.lower(), text)
    if kinds and kinds <= {"number", "integer"}:
        for read in (int, float):
            try:
                return read(text)
            except ValueError:
                continue
    parsed = _parsed(text)
    return text if parsed is None and text.strip() != "null" else parsed


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=unique_keys)
    except (ValueError, RecursionError):
        return None


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The members of an object in JSON, of which none is lost.

    Raises:
        InvalidInputError: a key is repeated.
    """
    members: dict[str, Any] = {}
    for key, value in pairs:
        if key in members:
            raise InvalidInputError(f"the JSON has the key {_short(key)} twice: keep one of them")
        members[key] = value
    return members


def _array(schema: Schema, root: Schema) -> Schema | None:
    """The part of a schema that is a list, if it can be one."""
    node = resolve(schema, root)
    if "array" not in kinds_of(node, root):
        return None
    arrays = (part for part in alternatives(node, root) if part.get("type") == "array")
    return next(arrays, None)


def _is_path(given: str, array: Schema, root: Schema) -> bool:
    """Whether one value for a list is a file of it, and not a list in JSON."""
    first = resolve(item_schema(array, 0), root)
    files = is_file(first, root) or bool(_file_in(first, root))
    return files and not given.lstrip().startswith("[") and not given.endswith(".json")


def _choices(node: Schema, root: Schema) -> list[Any]:
    return [one for part in alternatives(node, root) for one in as_list(part.get("enum"))]


def _file_in(node: Schema, root: Schema) -> str:
    """The key of an object that is a file with remarks, such as a gallery's picture."""
    for part in alternatives(node, root):
        properties = as_dict(part.get("properties"))
        files = [key for key, one in properties.items() if is_file(as_dict(one), root)]
        needed = set(as_str_list(part.get("required")))
        if len(files) == 1 and needed <= set(files):
            return files[0]
    return ""


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}…")
