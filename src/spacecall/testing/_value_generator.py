"""Values that fit a schema, made up from a seed."""

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

from spacecall._core.loose import is_object, items, mapping, strings
from spacecall._core.quoting import quote
from spacecall._core.schema_check import Budget, TooMuchWorkError
from spacecall._core.schema_nodes import (
    Schema,
    branches,
    is_number,
    kinds_of,
    place_of,
    resolve,
)
from spacecall.errors import InvalidInputError

Keep: TypeAlias = Callable[[bytes, str], dict[str, Any]]
"""Puts a file of that name on the fake server; its FileData."""

_WORDS: Final = (
    *("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath", "inlet", "jetty"),
    *("knoll", "ledge", "marsh", "north", "ocean", "plain", "quarry", "river", "shore", "tide"),
)
_DEEPEST: Final = 8
_NESTED: Final = 64
_MOST_VALUES: Final = 10_000
_MOST_CHARACTERS: Final = 100_000
_SIMPLE: Final = 4
"""The depth from which on only what is required is made."""

_IMAGES = frozenset({"annotatedimage", "gallery", "image", "imageeditor", "imageslider"})


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes values for one output.

    Args:
        root: the document that references lead into.
        component: the kind of component, which says what its files are.
        chance: where the choices come from.
        keep: for files.
    """

    root: Schema
    component: str
    chance: random.Random
    keep: Keep
    budget: Budget = field(default_factory=lambda: Budget(None, _MOST_VALUES), repr=False)

    def make(self, schema: Schema, depth: int = 0) -> Any:
        """A value that fits; a union that may be null gives something else.

        Raises:
            InvalidInputError: the schema asks for more than can be made.
        """
        self._spend(depth)
        node = resolve(schema, self.root)
        if "const" in node:
            return node["const"]
        if choices := items(node.get("enum")):
            return self.chance.choice(choices)
        kinds = kinds_of(node, self.root)
        if "file" in kinds:
            return self._file()
        if options := branches(node):
            return self.make(self._branch(options, depth), depth + 1)
        if parts := items(node.get("allOf")):
            return self.make(mapping(parts[0]), depth + 1)
        kind = next((one for one in kinds if one != "null"), kinds[0] if kinds else "string")
        match kind:
            case "array":
                return self._array(node, depth)
            case "boolean":
                return self.chance.random() < 0.5
            case "integer" | "number":
                return self._number(node, whole=kind == "integer")
            case "null":
                return None
            case "object":
                return self._object(node, depth)
            case _:
                return self._text(node)

    def _spend(self, depth: int) -> None:
        if depth > _NESTED:
            _refuse("that refers to itself, or is nested too deeply")
        try:
            self.budget.spend()
        except TooMuchWorkError:
            _refuse(f"of more than {_MOST_VALUES:,} values")

    def _branch(self, branches: list[Schema], depth: int) -> Schema:
        options = list({id(resolve(branch, self.root)): branch for branch in branches}.values())
        fitting = [one for one in options if kinds_of(one, self.root) != ["null"]]
        if depth > _SIMPLE:
            nulls = [one for one in options if kinds_of(one, self.root) == ["null"]]
            plain = [one for one in fitting if "object" not in kinds_of(one, self.root)]
            fitting = nulls or plain or fitting
        return self.chance.choice(fitting or options)

    def _array(self, node: Schema, depth: int) -> list[Any]:
        places = len(items(node.get("prefixItems")))
        low, high = _bound(node, "minItems", 0), _bound(node, "maxItems", places or 3)
        if low > _MOST_VALUES:
            _refuse(f"of at least {quote(low)} items")
        wanted = places or (self.chance.randint(1, 3) if depth <= _SIMPLE else 0)
        length = math.ceil(max(low, min(wanted, max(0, high))))
        if depth > _DEEPEST:
            length = math.ceil(low)
        return [self.make(place_of(node, index), depth + 1) for index in range(length)]

    def _object(self, node: Schema, depth: int) -> dict[str, Any]:
        known = mapping(node.get("properties"))
        required = set(strings(node.get("required")))
        names = list(known) if depth <= _SIMPLE else [name for name in known if name in required]
        if depth > _DEEPEST:
            names = []
        made = {name: self.make(mapping(known[name]), depth + 1) for name in names}
        rest = node.get("additionalProperties")
        if not known and is_object(rest) and depth <= _SIMPLE:
            made[self.chance.choice(_WORDS)] = self.make(rest, depth + 1)
        return made

    def _number(self, node: Schema, *, whole: bool) -> int | float:
        try:
            return self._near(node, whole=whole)
        except (OverflowError, TypeError):  # beyond floats, or no number: the schema is odd
            return _bound(node, "minimum", 0)

    def _near(self, node: Schema, *, whole: bool) -> int | float:
        step = node.get("multipleOf") or (1 if whole else None)
        above, below = node.get("exclusiveMinimum"), node.get("exclusiveMaximum")
        low = node.get("minimum", 0 if above is None else above + (step or 1e-3))
        high = node.get("maximum", max(low, 0) + 100 if below is None else below - (step or 1e-3))
        if high < low:
            low = high
        if step is None:
            return round(self.chance.uniform(low, high), 3) if high - low > 0.01 else low
        first, last = math.ceil(low / step), math.floor(high / step)
        found = self.chance.randint(first, max(first, last)) * step
        return int(found) if whole else found

    def _text(self, node: Schema) -> str:
        text = " ".join(self.chance.sample(_WORDS, self.chance.randint(2, 5)))
        shortest, longest = _bound(node, "minLength", 0), _bound(node, "maxLength", len(text))
        if shortest > _MOST_CHARACTERS:
            _refuse(f"of at least {quote(shortest)} characters")
        length = min(math.ceil(max(shortest, longest, 0)), _MOST_CHARACTERS)
        return text.ljust(math.ceil(shortest), "-")[:length]

    def _file(self) -> dict[str, Any]:
        name = self.chance.choice(_WORDS)
        if self.component in _IMAGES:
            return self.keep(_png(self.chance.randbytes(3)), f"{name}.png")
        if self.component == "audio":
            return self.keep(_wav(), f"{name}.wav")
        return self.keep(f"{self._text({})}\n".encode(), f"{name}.txt")


def _bound(node: Schema, name: str, default: float) -> int | float:
    bound = node.get(name)
    return bound if is_number(bound) else default


def _refuse(what: str) -> NoReturn:
    raise InvalidInputError(f"no value can be made up for a schema {what}: give one with returns()")


def _png(colour: bytes) -> bytes:
    """An image of 8 × 8 in one colour (RGB)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\0" + colour * 8) * 8)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def _wav() -> bytes:
    """A tenth of a second of silence."""
    made = BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(1600))
    return made.getvalue()
