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
        given: the arguments, or what makes them of the generated module.
        gives: what comes back. Files are their bytes, models dicts, named tuples `Many`; a function
            anywhere in it judges what is there.
        type: what the method's annotation promises.
        streams: all values in order, where the endpoint gives several.
        only: the one generation of Gradio that this is for.
        typed_only: whether dynamic calls do not know the endpoint.
    """

    app: str
    method: str
    given: Given
    gives: Any
    type: str
    endpoint: str = ""
    streams: Sequence[Any] | None = None
    only: str = ""
    typed_only: bool = False

    def arguments(self, module: Any) -> Mapping[str, Any]:
        """The arguments of the typed call."""
        return self.given(module) if callable(self.given) else self.given


def case(call: str, given: Given, gives: Any, type: str, **more: Any) -> Case:  # noqa: A002
    """A case of `app.method`."""
    app, method = call.split(".")
    return Case(app=app, method=method, given=given, gives=gives, type=type, **more)


async def plain(value: Any) -> Any:
    """A result with its models and files taken apart."""
    if isinstance(value, File):
        return await value.read()
    if isinstance(value, BaseModel):
        return await plain(value.model_dump(by_alias=True))
    if hasattr(value, "_asdict"):
        return Many(**{key: await plain(one) for key, one in value._asdict().items()})
    if is_list(value):
        parts = [await plain(one) for one in value]
        return tuple(parts) if isinstance(value, tuple) else parts
    if is_object(value):
        return {key: await plain(one) for key, one in value.items()}
    return value


def untyped(value: Any) -> Any:
    """An argument as a dynamic call takes it: dicts for models."""
    if isinstance(value, BaseModel):
        return value.model_dump(by_alias=True)
    if is_list(value):
        return [untyped(one) for one in value]
    return value


def differs(found: Any, wanted: Any, *, strict: bool, where: str = "value") -> str:
    """Where and how what was found is not what was wanted; empty if it is.

    Strictly, 3 is not 3.0, nor a tuple a list.
    """
    if callable(wanted):
        return "" if wanted(found) else f"{where}: {found!r} is refused by {wanted.__name__}"
    if isinstance(wanted, SimpleNamespace):
        if not strict:
            return differs(found, tuple(vars(wanted).values()), strict=False, where=where)
        if not isinstance(found, SimpleNamespace) or list(vars(found)) != list(vars(wanted)):
            return f"{where}: {found!r} has not the fields of {wanted!r}"
        return differs(vars(found), vars(wanted), strict=strict, where=where)
    if strict and type(found) is not type(wanted):
        return f"{where}: {found!r} is not {wanted!r}"
    if is_object(wanted) and is_object(found):
        if wanted.keys() != found.keys():
            return f"{where}: {found!r} has not the members of {wanted!r}"
        pairs = [(f".{key}", found[key], one) for key, one in wanted.items()]
    elif is_list(wanted) and is_list(found) and len(found) == len(wanted):
        both = zip(found, wanted, strict=True)
        pairs = [(f"[{place}]", one, two) for place, (one, two) in enumerate(both)]
    else:
        return "" if found == wanted else f"{where}: {found!r} is not {wanted!r}"
    lines = (differs(one, two, strict=strict, where=where + at) for at, one, two in pairs)
    return next((line for line in lines if line), "")


def anything(_: Any) -> bool:
    """Judges nothing."""
    return True


def begins(start: str | bytes) -> Callable[[Any], bool]:
    """Judges the first bytes of a file, or the beginning of a text."""

    def begins(found: Any) -> bool:
        return isinstance(found, type(start)) and found[: len(start)] == start

    return begins


def holds(part: Any) -> Callable[[Any], bool]:
    """Judges whether something is in a list or file."""

    def holds(found: Any) -> bool:
        return part in found

    return holds


def has(**members: Any) -> Callable[[Any], bool]:
    """Judges some members of an object."""

    def has(found: Any) -> bool:
        return is_object(found) and not any(
            differs(found.get(key), one, strict=False) for key, one in members.items()
        )

    return has


def content(path: Path) -> bytes:
    """Of a file of the tests."""
    return path.read_bytes()
