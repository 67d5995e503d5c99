"""A project with clients, and apps as saved files, for the commands about it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from spacecall.codegen._schemas.app_documents import AppDocuments
from tests.codegen.apps import Function, Slot, app

STEPS = Slot("Slider", {"type": "number"}, "Steps", "steps", 10, {"minimum": 1, "maximum": 50})
FEWER = replace(STEPS, props={"minimum": 1, "maximum": 20})


def painter(*, steps: Slot = STEPS, name: str = "paint", shout: bool = True) -> AppDocuments:
    """A small app; the arguments are what may change of it."""
    functions = [Function(name, inputs=[Slot(label="Prompt", name="prompt"), steps])]
    functions += [Function("shout")] if shout else []
    return app(*functions, title="Painter")


def save(documents: AppDocuments, name: str = "saved") -> str:
    """The app as one file of the current folder; what to call it as a source."""
    path = Path(f"{name}.json")
    path.write_text(json.dumps({"config": documents.config, "info": documents.info}))
    return str(path)


def configure(text: str) -> None:
    """Write the project's pyproject.toml."""
    Path("pyproject.toml").write_text(text, encoding="utf-8")


def override(pointer: str, old: object, new: object, folder: str = "painter") -> None:
    """Write a correction of `join.schema.json`."""
    lines = (
        *("[[override]]", 'file = "join.schema.json"', f'pointer = "{pointer}"'),
        *(f"old-json = '{json.dumps(old)}'", f"new-json = '{json.dumps(new)}'"),
        'why = "the app says so"',
    )
    Path("schemas/spaces", folder, "overrides.toml").write_text("\n".join(lines))


def write_overrides(*entries: tuple[str, str]) -> None:
    """Write corrections: the pointer of each, and the line with `old` or `new`."""
    text = "".join(
        f"[[override]]\nfile = 'join.schema.json'\npointer = '{pointer}'\n{value}\nwhy = 'x'\n"
        for pointer, value in entries
    )
    Path("schemas/spaces/painter/overrides.toml").write_text(text)
