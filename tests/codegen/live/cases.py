"""What a round trip gives, and how it is compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeAlias

from pydantic import BaseModel

from spacecall import File
from spacecall._core.json_values import is_object
from spacecall._core.schema_nodes import is_list
from tests.servers import DATA

PICTURE = DATA / "red.png"
SOUND = DATA / "tone.wav"
PNG, JPEG, WEBP, WAV = b"\x89PNG", b"\xff\xd8\xff", b"RIFF", b"RIFF"

Given: TypeAlias = Mapping[str, Any] | Callable[[Any], Mapping[str, Any]]
Many = SimpleNamespace
"""Several outputs, by their names in the generated client."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A call that goes round.

    Attributes:
        app: its path on the server.
        method: of the generated client; the endpoint is called the same unless `endpoint` says.
        inputs: the arguments, or what makes them of the generated module.
        gives: what comes back. Files are their bytes, models dicts, named tuples `Many`; a function
            anywhere in it judges what is there.
        type: what the method's annotation promises.
        streams: all values in order, where the endpoint gives several.
        only: the one generation of Gradio that this is for.
        typed_only: whether dynamic calls do not know the endpoint.
    """

    app: str
    method: str
    inputs: Given
    gives: Any
    type: str
    endpoint: str = ""
    streams: Sequence[Any] | None = None
    only: str = ""
    typed_only: bool = False

    def arguments(self, module: Any) -> Mapping[str, Any]:
        """The arguments of the typed call."""
        return self.inputs(module) if callable(self.inputs) else self.inputs


def case(call: str, inputs: Given, gives: Any, type: str, **attributes: Any) -> Case:  # noqa: A002
    """A case of `app.method`."""
    app, method = call.split(".")
    return Case(app=app, method=method, inputs=inputs, gives=gives, type=type, **attributes)


async def plain(value: Any) -> Any:
    """A result with its models and files taken apart."""
    if isinstance(value, File):
        return await value.read()
    if isinstance(value, BaseModel):
        return await plain(value.model_dump(by_alias=True))
    if hasattr(value, "_asdict"):
        return Many(**{key: await plain(member) for key, member in value._asdict().items()})
    if is_list(value):
        parts = [await plain(item) for item in value]
        return tuple(parts) if isinstance(value, tuple) else parts
    if is_object(value):
        return {key: await plain(member) for key, member in value.items()}
    return value


def untyped(value: Any) -> Any:
    """An argument as a dynamic call takes it: dicts for models."""
    if isinstance(value, BaseModel):
        return value.model_dump(by_alias=True)
    if is_list(value):
        return [untyped(item) for item in value]
    return value


def differs(actual: Any, expected: Any, *, strict: bool, path: str = "value") -> str:
    """Where and how what was found is not what was wanted; empty if it is.

    Strictly, 3 is not 3.0, nor a tuple a list.
    """
    if callable(expected):
        return "" if expected(actual) else f"{path}: {actual!r} is refused by {expected.__name__}"
    if isinstance(expected, SimpleNamespace):
        if not strict:
            return differs(actual, tuple(vars(expected).values()), strict=False, path=path)
        if not isinstance(actual, SimpleNamespace) or list(vars(actual)) != list(vars(expected)):
            return f"{path}: {actual!r} has not the fields of {expected!r}"
        return differs(vars(actual), vars(expected), strict=strict, path=path)
    if strict and type(actual) is not type(expected):
        return f"{path}: {actual!r} is not {expected!r}"
    if is_object(expected) and is_object(actual):
        if expected.keys() != actual.keys():
            return f"{path}: {actual!r} has not the members of {expected!r}"
        pairs = [(f".{key}", actual[key], member) for key, member in expected.items()]
    elif is_list(expected) and is_list(actual) and len(actual) == len(expected):
        item_pairs = zip(actual, expected, strict=True)
        pairs = [
            (f"[{index}]", actual_item, expected_item)
            for index, (actual_item, expected_item) in enumerate(item_pairs)
        ]
    else:
        return "" if actual == expected else f"{path}: {actual!r} is not {expected!r}"
    lines = (
        differs(actual_part, expected_part, strict=strict, path=path + at)
        for at, actual_part, expected_part in pairs
    )
    return next((line for line in lines if line), "")


def anything(_: Any) -> bool:
    """Judges nothing."""
    return True


def begins(start: str | bytes) -> Callable[[Any], bool]:
    """Judges the first bytes of a file, or the beginning of a text."""

    def begins(value: Any) -> bool:
        return isinstance(value, type(start)) and value[: len(start)] == start

    return begins


def holds(part: Any) -> Callable[[Any], bool]:
    """Judges whether something is in a list or file."""

    def holds(value: Any) -> bool:
        return part in value

    return holds


def has(**members: Any) -> Callable[[Any], bool]:
    """Judges some members of an object."""

    def has(value: Any) -> bool:
        return is_object(value) and not any(
            differs(value.get(key), member, strict=False) for key, member in members.items()
        )

    return has


def content(path: Path) -> bytes:
    """Of a file of the tests."""
    return path.read_bytes()
