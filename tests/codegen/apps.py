"""Small apps, described as Gradio describes them, and what is generated for them."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from spacecall.codegen._project.client_builder import build_schema_folder
from spacecall.codegen._python.client_module import write_module
from spacecall.codegen._schemas.app_documents import AppDocuments

TESTS = Path(__file__).resolve().parent.parent
CORPUS = sorted((TESTS / "corpus").glob("*.json"))
CAPTURES = sorted(path.parent for path in (TESTS / "captures").glob("*/info.json"))
DRIFTED = sorted((TESTS / "codegen" / "drift" / "apps").glob("*/*.json"))

FILE: dict[str, Any] = {
    "title": "FileData",
    "type": "object",
    "properties": {
        "path": {"type": "string"},
        **{name: {"type": ["string", "null"]} for name in ("url", "orig_name", "mime_type")},
        "size": {"type": ["integer", "null"]},
        "meta": {"type": "object"},
    },
    "required": ["path"],
}


@dataclass(frozen=True)
class Slot:
    """One input or output: what /info and /config say of it."""

    component: str = "Textbox"
    type: Any = field(default_factory=lambda: {"type": "string"})
    label: str = ""
    name: str = "text"
    default: Any = ...
    props: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Function:
    """One function of an app."""

    name: str = "run"
    inputs: Sequence[Slot] = (Slot(),)
    outputs: Sequence[Slot] = (Slot(label="answer"),)
    description: str = ""
    generator: bool = False
    visibility: str = "public"
    state: bool = False
    stream: int | None = None
    """The position of the input whose `.stream()` event runs it."""


def app(*functions: Function, title: str = "Small app", source: str = "") -> AppDocuments:
    """The app with these functions, on Gradio 6.31."""
    components: list[dict[str, Any]] = [{"id": 0, "type": "state", "props": {}, "skip_api": True}]
    dependencies: list[dict[str, Any]] = []
    named_endpoints: dict[str, Any] = {}
    for function in functions:
        slots: list[list[int]] = []
        for group in (function.inputs, function.outputs):
            slots.append([0] if function.state else [])
            for slot in group:
                number = len(components)
                slots[-1].append(number)
                props = {"label": slot.label, **slot.props}
                kind = slot.component.lower()
                components.append({"id": number, "type": kind, "props": props, "skip_api": False})
        dependencies.append(
            {
                "id": len(dependencies),
                "inputs": slots[0],
                "outputs": slots[1],
                "api_name": function.name,
                "api_visibility": function.visibility,
                "queue": True,
                "types": {"generator": function.generator, "cancel": False},
            }
        )
        if function.stream is not None:
            source_id = slots[0][function.stream + function.state]
            dependencies[-1]["targets"] = [[source_id, "stream"]]
        if function.visibility != "private":
            named_endpoints[f"/{function.name}"] = {
                "description": function.description,
                "parameters": [_parameter(slot) for slot in function.inputs],
                "returns": [_entry(slot) for slot in function.outputs],
            }
    config: dict[str, Any] = {"version": "6.31.0", "protocol": "sse_v3", "title": title}
    config |= {"components": components, "dependencies": dependencies}
    return AppDocuments(
        config, {"named_endpoints": named_endpoints, "unnamed_endpoints": {}}, source
    )


def generated(documents: AppDocuments, name: str = "small", **options: Any) -> str:
    """The module for an app."""
    return write_module(
        build_schema_folder(documents, name, **options), origin=f"schemas/spaces/{name}"
    )


def unmarked(text: str) -> str:
    """The module as formatters may have it; only its lists of choices are laid out otherwise."""
    text = text.replace("# fmt: off\n", "", 1)
    lists = re.compile(r"^\w+: TypeAlias = Literal\[\n(?: .*\n)*\]\n", re.MULTILINE)
    return lists.sub(lambda match: f"# fmt: off\n{match[0]}# fmt: on\n", text)


def saved(path: Path) -> AppDocuments:
    """An app of the corpus, or one that was captured."""
    if path.suffix == ".json":
        documents = json.loads(path.read_text(encoding="utf-8"))
        return AppDocuments(documents["config"], documents["info"])
    read = [
        json.loads((path / f"{document}.json").read_text("utf-8"))
        for document in ("config", "info")
    ]
    return AppDocuments(*read)


def load(text: str, folder: Path, name: str = "generated_client") -> ModuleType:
    """The module, imported from `folder`.

    It stays among the imported ones, where pydantic looks for the names in its annotations.
    """
    path = folder / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def shape(text: str) -> str:
    """The syntax tree of a module, without the names and texts in it."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = "text"
    return ast.dump(tree)


def _entry(slot: Slot) -> dict[str, Any]:
    return {"label": slot.label, "type": slot.type, "component": slot.component}


def _parameter(slot: Slot) -> dict[str, Any]:
    return {
        **_entry(slot),
        "parameter_name": slot.name,
        "parameter_has_default": slot.default is not ...,
        "parameter_default": None if slot.default is ... else slot.default,
    }
