"""Nothing that an app says can become code: it is data in the module, or it is not there."""

from __future__ import annotations

import ast
import keyword
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from spacecall.codegen._literals import INVISIBLE
from spacecall.codegen._project.client_builder import add_client
from spacecall.codegen._schemas.app_documents import AppDocuments
from tests.codegen.apps import FILE, Function, Slot, app, generated, load, shape

ATTACKS = [
    '"""\nimport os; os.system("x")\n"""',
    "'''",
    "\\",
    '\\"""',
    "x\nraise SystemExit",
    "\r\nraise SystemExit",
    "\u2028raise SystemExit",
    "a\u202eb",
    "\ud800",
    "\0",
    "__import__('os')",
    "{__import__('os')}",
    "%(x)s",
    "](, ",
    "# coding: utf-7",
    "class",
    "None",
    "self",
    "../../../etc/passwd",
    "str",
    "BaseModel",
    "AppObject",
    "$ref",
    "M0001",
    "s0",
    "",
    " ",
    "\u00aa",
    "a" * 500,
]
TEXT = st.one_of(st.sampled_from(ATTACKS), st.text(max_size=20))


def hostile_app(say: Callable[[int], str]) -> AppDocuments:
    """An app with a text of `say` in every place that takes any."""
    model = {
        "title": "Model",
        "description": say(0),
        "type": "object",
        "properties": {
            "plain": {"type": "string", "default": say(1), "description": say(2)},
            "kind": {"const": say(3), "default": say(3)},
        },
    }
    inputs = [
        Slot("Textbox", label=say(4), name="a", default=say(5), props={"info": say(6)}),
        Slot("Radio", {"enum": [say(7), "other choice"], "type": "string"}, say(8), "b"),
        Slot("Custom", {"$ref": "#/$defs/Model", "$defs": {"Model": model}}, say(9), "c"),
        Slot("Json", {"type": {}}, "x", "d", {"list": [say(10), {"deep": say(11)}]}),
        Slot("Image", {**FILE, "description": say(12)}, say(13), "e"),
    ]
    outputs = [Slot("Radio", {"enum": [say(14), "other choice"], "type": "string"}, "one")]
    function = Function("run", inputs, outputs, description=say(15), generator=True)
    return app(function, title=say(16))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
@given(st.lists(TEXT, min_size=17, max_size=17))
def test_texts_of_an_app_do_not_change_the_shape_of_the_module(texts: list[str]) -> None:
    # a choice that is the other one is dropped, as the same choice twice
    harmless = hostile_app(lambda number: f"word{number}")
    text = generated(hostile_app(lambda number: texts[number]))
    assert shape(text) == shape(generated(harmless))
    assert not INVISIBLE.search(text.replace("\n", ""))


NAME = st.one_of(
    st.sampled_from([attack for attack in ATTACKS if attack.strip()]),
    st.text(min_size=1, max_size=20),
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
@given(st.lists(NAME, min_size=3, max_size=6, unique=True))
@example(["class", "class_", "Class", "self", "endpoint", "None"])
@example(["ﬁ", "fi", "f\u0301i", "FI", "f i", "f-i"])
def test_names_of_an_app_become_identifiers_or_nothing(names: list[str]) -> None:
    members = {name: {"type": "string"} for name in names}
    model = {"title": names[0], "type": "object", "properties": members, "required": names}
    typed = {"$ref": "#/$defs/x", "$defs": {"x": model}}
    functions = [
        Function(
            name.removeprefix("/") or "x",
            [Slot(name=name, component=name), Slot("Custom", typed, name="model")],
            [Slot(label=name), Slot(label=names[0], component=names[-1])],
        )
        for name in names
    ]
    tree = ast.parse(generated(app(*functions, title=names[0]), "small"))
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    defined = {
        node.name for node in ast.walk(tree) if isinstance(node, (ast.ClassDef, ast.FunctionDef))
    }
    assert not [name for name in used | defined if keyword.iskeyword(name)]
    calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert calls <= {"self._call", "TypedEndpoint", "Field", "ConfigDict", "model_serializer"} | {
        "handler",
        "type",
        "fields.keys",
        "sent.items",
    }


@pytest.mark.parametrize("text", ATTACKS)
def test_a_module_full_of_attacks_imports_and_runs_none(text: str, tmp_path: Path) -> None:
    client = load(generated(hostile_app(lambda _: text)), tmp_path)
    arguments: dict[str, Any] = {"b": "other choice", "c": {}, "e": None}
    assert client.RunInput(**arguments).a == text.replace("\ud800", "\ufffd")


@pytest.mark.parametrize("text", [attack for attack in ATTACKS if "\0" not in attack])
def test_no_name_leads_out_of_the_folder(text: str, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    documents = app(Function(text or "x", [Slot(name=text)]), title=text)
    add_client(documents, project)
    written = [path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.parts[:2] for path in written} <= {("project", "schemas"), ("project", "spaces")}
    assert {len(path.parts) for path in written} == {3, 5}


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=12,
)
KEYWORDS = [
    *("type", "properties", "required", "items", "prefixItems", "anyOf", "oneOf", "allOf", "enum"),
    *("const", "default", "$ref", "$defs", "title", "description", "additionalProperties"),
    *("minimum", "maximum", "minItems", "maxItems", "not", "pattern", "format"),
]
SCHEMA: st.SearchStrategy[Any] = st.recursive(
    st.dictionaries(
        st.sampled_from(KEYWORDS),
        JSON | st.sampled_from(["string", "object", "array", "#/$defs/A", "number"]),
        max_size=5,
    ),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["object", "array", "string", "number", None, {}]),
            "properties": st.dictionaries(TEXT, inner, max_size=3),
            "items": inner,
            "anyOf": st.lists(inner, max_size=3),
            "prefixItems": st.lists(inner, max_size=3),
            "$defs": st.dictionaries(st.sampled_from(["A", "B"]), inner, max_size=2),
            "$ref": st.sampled_from(["#/$defs/A", "#/$defs/B", "#", "http://x/y"]),
            "required": st.lists(TEXT, max_size=2),
            "title": TEXT,
            "default": JSON,
            "minimum": JSON,
        },
    ),
    max_leaves=6,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=150)
@given(taken=SCHEMA, given_back=SCHEMA, default=JSON)
def test_any_schema_gives_a_module_that_imports(
    taken: Any, given_back: Any, default: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    function = Function(
        inputs=[Slot("Custom", taken, name="value", default=default)],
        outputs=[Slot("Custom", given_back, "value")],
    )
    text = generated(app(function))
    client = load(text, tmp_path_factory.mktemp("hostile"))
    client.RunInput.model_rebuild()
