"""Generating values that fit a schema, from a seed."""

from __future__ import annotations

import math
import random
import struct
import wave
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Final, NoReturn, TypeAlias

from spacecall._core.json_values import as_dict, as_list, as_str_list, is_object
from spacecall._core.schema_check import Budget, TooMuchWorkError
from spacecall._core.schema_nodes import (
    Schema,
    branches,
    is_number,
    item_schema,
    kinds_of,
    resolve,
)
from spacecall._core.value_excerpts import short_repr
from spacecall.errors import InvalidInputError

AddFile: TypeAlias = Callable[[bytes, str], dict[str, Any]]
"""Put a file, of this content and name, on the fake server; return its FileData."""

_WORDS: Final = (
    *("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath", "inlet", "jetty"),
    *("knoll", "ledge", "marsh", "north", "ocean", "plain", "quarry", "river", "shore", "tide"),
)
_MAX_FILLED_DEPTH: Final = 8
"""Levels of nesting below which arrays are as short as possible, and objects are empty."""
_MAX_DEPTH: Final = 64
_MAX_VALUES: Final = 10_000
_MAX_CHARACTERS: Final = 100_000
_MAX_OPTIONAL_DEPTH: Final = 4
"""Levels of nesting below which only required values are generated."""

_IMAGES = frozenset({"annotatedimage", "gallery", "image", "imageeditor", "imageslider"})


@dataclass(frozen=True, slots=True)
class ValueGenerator:
    """Generates values for one output.

    Args:
        root: the document that references point into.
        component: the kind of component, which decides the type of its files.
        rng: makes the choices.
        add_file: puts files on the server.
        budget: how many values are generated at most.
    """

    root: Schema
    component: str
    rng: random.Random
    add_file: AddFile
    budget: Budget = field(default_factory=lambda: Budget(None, _MAX_VALUES), repr=False)

    def generate(self, schema: Schema, depth: int = 0) -> Any:
        """Return a value that fits the schema; null only if nothing else fits, or deep inside.

        Raises:
            InvalidInputError: the schema needs more values, characters or levels than the limits.
        """
        self._spend(depth)
        node = resolve(schema, self.root)
        if "const" in node:
            return node["const"]
        if choices := as_list(node.get("enum")):
            return self.rng.choice(choices)
        kinds = kinds_of(node, self.root)
        if "file" in kinds:
            return self._file()
        if options := branches(node):
            return self.generate(self._branch(options, depth), depth + 1)
        if parts := as_list(node.get("allOf")):
            return self.generate(as_dict(parts[0]), depth + 1)
        kind = next((kind for kind in kinds if kind != "null"), kinds[0] if kinds else "string")
        match kind:
            case "array":
                return self._array(node, depth)
            case "boolean":
                return self.rng.random() < 0.5
            case "integer" | "number":
                return self._number(node, is_integer=kind == "integer")
            case "null":
                return None
            case "object":
                return self._object(node, depth)
            case _:
                return self._text(node)

    def _spend(self, depth: int) -> None:
        if depth > _MAX_DEPTH:
            _refuse(f"that is nested deeper than {_MAX_DEPTH} levels, or refers to itself")
        try:
            self.budget.spend()
        except TooMuchWorkError:
            _refuse(f"of more than {_MAX_VALUES:,} values")

    def _branch(self, branches: list[Schema], depth: int) -> Schema:
        options = list({id(resolve(branch, self.root)): branch for branch in branches}.values())
        candidates = [option for option in options if kinds_of(option, self.root) != ["null"]]
        if depth > _MAX_OPTIONAL_DEPTH:
            nulls = [option for option in options if kinds_of(option, self.root) == ["null"]]
            plain = [option for option in candidates if "object" not in kinds_of(option, self.root)]
            candidates = nulls or plain or candidates
        return self.rng.choice(candidates or options)

    def _array(self, node: Schema, depth: int) -> list[Any]:
        prefix = len(as_list(node.get("prefixItems")))
        low, high = _bound(node, "minItems", 0), _bound(node, "maxItems", prefix or 3)
        if low > _MAX_VALUES:
            _refuse(f"of at least {short_repr(low)} items")
        preferred = prefix or (self.rng.randint(1, 3) if depth <= _MAX_OPTIONAL_DEPTH else 0)
        length = math.ceil(max(low, min(preferred, max(0, high))))
        if depth > _MAX_FILLED_DEPTH:
            length = math.ceil(low)
        return [self.generate(item_schema(node, index), depth + 1) for index in range(length)]

    def _object(self, node: Schema, depth: int) -> dict[str, Any]:
        properties = as_dict(node.get("properties"))
        names = list(properties)
        if depth > _MAX_OPTIONAL_DEPTH:
            required = set(as_str_list(node.get("required")))
            names = [name for name in properties if name in required]
        if depth > _MAX_FILLED_DEPTH:
            names = []
        value = {name: self.generate(as_dict(properties[name]), depth + 1) for name in names}
        additional = node.get("additionalProperties")
        if not properties and is_object(additional) and depth <= _MAX_OPTIONAL_DEPTH:
            value[self.rng.choice(_WORDS)] = self.generate(additional, depth + 1)
        return value

    def _number(self, node: Schema, *, is_integer: bool) -> int | float:
        try:
            return self._number_in_range(node, is_integer=is_integer)
        except (OverflowError, TypeError):  # a bound is beyond floats, or not a number
            return _bound(node, "minimum", 0)

    def _number_in_range(self, node: Schema, *, is_integer: bool) -> int | float:
        step = node.get("multipleOf") or (1 if is_integer else None)
        above, below = node.get("exclusiveMinimum"), node.get("exclusiveMaximum")
        low = node.get("minimum", 0 if above is None else above + (step or 1e-3))
        high = node.get("maximum", max(low, 0) + 100 if below is None else below - (step or 1e-3))
        if high < low:
            low = high
        if step is None:
            return round(self.rng.uniform(low, high), 3) if high - low > 0.01 else low
        first, last = math.ceil(low / step), math.floor(high / step)
        number = self.rng.randint(first, max(first, last)) * step
        return int(number) if is_integer else number

    def _text(self, node: Schema) -> str:
        text = " ".join(self.rng.sample(_WORDS, self.rng.randint(2, 5)))
        shortest, longest = _bound(node, "minLength", 0), _bound(node, "maxLength", len(text))
        if shortest > _MAX_CHARACTERS:
            _refuse(f"of at least {short_repr(shortest)} characters")
        length = min(math.ceil(max(shortest, longest, 0)), _MAX_CHARACTERS)
        return text.ljust(math.ceil(shortest), "-")[:length]

    def _file(self) -> dict[str, Any]:
        name = self.rng.choice(_WORDS)
        if self.component in _IMAGES:
            return self.add_file(_png(self.rng.randbytes(3)), f"{name}.png")
        if self.component == "audio":
            return self.add_file(_wav(), f"{name}.wav")
        return self.add_file(f"{self._text({})}\n".encode(), f"{name}.txt")


def _bound(node: Schema, name: str, default: float) -> int | float:
    bound = node.get(name)
    return bound if is_number(bound) else default


def _refuse(schema: str) -> NoReturn:
    raise InvalidInputError(
        f"cannot generate a value for a schema {schema}: set a value with returns()"
    )


def _png(colour: bytes) -> bytes:
    """Return an image of 8 × 8 pixels in one colour (RGB)."""

    def make_chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    head = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\0" + colour * 8) * 8)
    chunks = make_chunk(b"IHDR", head) + make_chunk(b"IDAT", rows) + make_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def _wav() -> bytes:
    """Return a tenth of a second of silence."""
    buffer = BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(1600))
    return buffer.getvalue()
