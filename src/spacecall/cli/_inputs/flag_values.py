"""Parse the texts of a command line into values that fit the app's schema."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

from spacecall._core.json_values import as_dict, as_list, as_str_list, is_array, is_object
from spacecall._core.schema_check import find_problems, is_file, map_files
from spacecall._core.schema_nodes import alternatives, item_schema, kinds_of, resolve
from spacecall._filenames import expand_home
from spacecall._json_objects import unique_keys
from spacecall._regular_files import MAX_INPUT_BYTES, read_regular
from spacecall.errors import InvalidInputError
from spacecall.files import File

__all__ = ["InputReader", "is_stdin", "load_files", "parse_value"]

Schema: TypeAlias = Mapping[str, Any]

_BOOLEANS = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}

_STDIN_HAS_LINES: Final = (
    "stdin holds the lines of --jsonl or --stream-input: an argument cannot be - or @- too"
)


class InputReader:
    """Reads texts and files that the command line refers to.

    Args:
        stdin: the bytes of stdin; None if no word can mean it.
        no_stdin: why not, for the message.
    """

    def __init__(self, stdin: bytes | None = None, *, no_stdin: str = _STDIN_HAS_LINES) -> None:
        self._stdin = stdin
        self._no_stdin = no_stdin
        self._stdin_reads = 0

    def read_option(self, option: str, word: str) -> str:
        """Return the text that the value of an option means; see `read_text`.

        Raises:
            InvalidInputError: the file cannot be read, or is not UTF-8; the message names the
                option.
        """
        try:
            return self.read_text(word)
        except InvalidInputError as error:
            raise InvalidInputError(f"{option}: {error.message}") from error

    def read_text(self, word: str) -> str:
        """Return the text that a word means: itself, a file's text (`@path`), or stdin (`-`).

        The line break at the end of a file or of stdin is not part of the text. `@@` at the
        beginning means a single `@`.

        Raises:
            InvalidInputError: the file cannot be read, or is not UTF-8.
        """
        if word.startswith("@@"):
            return word[1:]
        if is_stdin(word):
            data = self._read_stdin()
        elif word.startswith("@"):
            data = self._read_file(expand_home(word[1:]))
        else:
            return word
        try:
            return data.decode().removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError as error:
            raise InvalidInputError(f"{word!r} is not a text in UTF-8") from error

    def open_file(self, word: str) -> File:
        """Return the file that a word means: `@path`, a path, an address, a data URI, or stdin.

        Raises:
            InvalidInputError: the file cannot be read.
        """
        if is_stdin(word):
            return File(self._read_stdin())
        path = word.removeprefix("@")
        file = File(expand_home(path) if path.startswith("~") else path)
        _ = file.size  # raises if the file cannot be read, before anything is sent
        return file

    def _read_file(self, path: Path) -> bytes:
        remedy = "" if self._stdin is None else "Write - for stdin"
        return read_regular(path, MAX_INPUT_BYTES, remedy)

    def _read_stdin(self) -> bytes:
        if self._stdin is None:
            raise InvalidInputError(self._no_stdin)
        self._stdin_reads += 1
        if self._stdin_reads > 1:
            raise InvalidInputError("stdin can be read once: use - for one argument only")
        return self._stdin


def is_stdin(word: str) -> bool:
    """Tell whether a word of the command line means stdin."""
    return word in ("-", "@-")


def parse_value(schema: Schema, words: Sequence[str], reader: InputReader) -> Any:
    """Parse the values of a flag.

    A text that does not fit the schema stays a text: the check of the arguments reports it.

    Args:
        schema: the parameter's schema.
        words: the flag's values; more than one for a list.
        reader: for `@file` and `-`.

    Raises:
        InvalidInputError: a file cannot be read, or a value is not JSON.
    """
    array = _array_schema(schema, schema)
    if array is None:
        return _parse_item(schema, words[-1], reader, schema)
    if len(words) == 1:
        word = words[0]
        value = None if _is_item_path(word, array, schema) else _parse_json(reader.read_text(word))
        if is_array(value):
            return load_files(schema, value, reader)
        if "string" in kinds_of(schema, schema):
            return reader.read_text(word)
    return [
        _parse_item(item_schema(array, index), word, reader, schema)
        for index, word in enumerate(words)
    ]


def load_files(schema: Schema, value: Any, reader: InputReader) -> Any:
    """Replace the paths in a JSON value by a `File` where the schema has files."""

    def load(path: Any) -> Any:
        return reader.open_file(path) if isinstance(path, str) else path

    return map_files(schema, value, load)


def _parse_item(schema: Schema, word: str, reader: InputReader, root: Schema) -> Any:
    node = resolve(schema, root)
    if is_file(node, root):
        file_data = _parse_json(word) if word.lstrip().startswith("{") else None
        return file_data if is_object(file_data) else reader.open_file(word)
    for choice in _choices(node, root):
        if word == (choice if isinstance(choice, str) else json.dumps(choice)):
            return choice
    kinds = {*kinds_of(node, root)} - {"null"}
    if kinds == {"string"}:
        return reader.read_text(word)
    if (key := _file_key(node, root)) and word.startswith("@") and not word.endswith(".json"):
        return {key: reader.open_file(word)}
    text = reader.read_text(word)
    value = _convert(text, kinds)
    if not find_problems(node, value, root=root):
        return load_files({**node, "$defs": root.get("$defs", {})}, value, reader)
    if kinds and kinds <= {"object", "array"} and isinstance(value, str):
        if {"text", "files"} <= as_dict(node.get("properties")).keys():
            return {"text": text, "files": []}
        raise InvalidInputError(f"expected JSON or @file.json, got {_shorten(word)}")
    return text if "string" in kinds else value


def _convert(text: str, kinds: set[str]) -> Any:
    """Convert a text to a number, a boolean or a JSON value; return it unchanged if it is none."""
    if kinds == {"boolean"}:
        return _BOOLEANS.get(text.lower(), text)
    if kinds and kinds <= {"number", "integer"}:
        for number_type in (int, float):
            try:
                return number_type(text)
            except ValueError:
                continue
    value = _parse_json(text)
    return text if value is None and text.strip() != "null" else value


def _parse_json(text: str) -> Any:
    """Parse JSON; return None if the text is not JSON."""
    try:
        return json.loads(text, object_pairs_hook=unique_keys)
    except (ValueError, RecursionError):
        return None


def _array_schema(schema: Schema, root: Schema) -> Schema | None:
    """Return the alternative of a schema that is a list, if there is one."""
    node = resolve(schema, root)
    if "array" not in kinds_of(node, root):
        return None
    arrays = (branch for branch in alternatives(node, root) if branch.get("type") == "array")
    return next(arrays, None)


def _is_item_path(word: str, array: Schema, root: Schema) -> bool:
    """Tell whether the only value for a list is the path of a file in it, not a list in JSON."""
    item = resolve(item_schema(array, 0), root)
    takes_files = is_file(item, root) or bool(_file_key(item, root))
    return takes_files and not word.lstrip().startswith("[") and not word.endswith(".json")


def _choices(node: Schema, root: Schema) -> list[Any]:
    return [choice for branch in alternatives(node, root) for choice in as_list(branch.get("enum"))]


def _file_key(node: Schema, root: Schema) -> str:
    """Return the key of the file in an object that holds one file, such as a gallery's picture."""
    for branch in alternatives(node, root):
        properties = as_dict(branch.get("properties"))
        files = [key for key, member in properties.items() if is_file(as_dict(member), root)]
        required = set(as_str_list(branch.get("required")))
        if len(files) == 1 and required <= set(files):
            return files[0]
    return ""


def _shorten(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}…")
