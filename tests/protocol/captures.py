"""The recorded traffic under tests/captures, and validators of the schemas that describe it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

ROOT = Path(__file__).parents[2]
CAPTURES = ROOT / "tests/captures"
SCHEMAS = ROOT / "schemas/protocol"


def streams(kind: str) -> list[Path]:
    """The recorded streams of one kind: queue-data, call, upload-progress."""
    return sorted(CAPTURES.glob(f"*/{kind}/*.sse"))


def events(stream: bytes) -> Iterator[tuple[str, str]]:
    """The events of a well-formed stream: name ("message" if it has none) and data."""
    for block in stream.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if line)
        if "data" in fields:
            yield fields.get("event", "message"), fields["data"]


def frames(direction: str) -> Iterator[tuple[Path, str]]:
    """The recorded websocket frames of Gradio 3: "sent" or "received"."""
    for path in sorted(CAPTURES.glob("*/websocket/*.txt")):
        for line in path.read_text(encoding="utf-8").split("\n"):
            side, _, text = line.partition(" ")
            if side == direction:
                yield path, text


def queue_messages() -> Iterator[tuple[str, str]]:
    """Every recorded message of a job: where it is from, and its text."""
    for path in streams("queue-data"):
        for _, data in events(path.read_bytes()):
            yield case(path), data
    for path, text in frames("received"):
        yield case(path), text


def case(path: Path) -> str:
    """A recording's name in test ids."""
    return path.relative_to(CAPTURES).with_suffix("").as_posix()


def load(path: Path) -> Any:
    """A JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


@cache
def schema(name: str) -> dict[str, Any]:
    """A protocol schema by its file's name."""
    document: dict[str, Any] = load(SCHEMAS / f"{name}.schema.json")
    return document


@cache
def validator(name: str, definition: str | None = None) -> Draft202012Validator:
    """A validator of a protocol schema, or of one of its `$defs`."""
    root = schema(name)
    if definition is None:
        return Draft202012Validator(root)
    if definition not in root["$defs"]:
        raise KeyError(definition)
    return Draft202012Validator({"$ref": f"#/$defs/{definition}", "$defs": root["$defs"]})


def problems(validator: Draft202012Validator, value: object) -> list[str]:
    """What does not fit, one line each."""
    untyped: Any = validator
    return [f"{error.json_path}: {error.message[:200]}" for error in untyped.iter_errors(value)]
