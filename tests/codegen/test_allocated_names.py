"""Every name of a generated module is given once, and every argument goes to its own place."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from spacecall import Space
from spacecall.codegen._project.client_builder import add_client
from spacecall.codegen._python.module_plan import IMPORTS
from spacecall.codegen._schemas.app_documents import AppDocuments
from spacecall.testing import FakeSpace
from spacecall.typed import TypedEndpoint
from tests.codegen.apps import Function, Slot, app, generated, load
from tests.type_checks import run_mypy

IMPORTED = sorted(name for block in IMPORTS for names in block.values() for name in names)
PYTHON = [
    *("class", "None", "True", "match", "case", "type", "_", "self", "cls", "super", "print"),
    *("str", "int", "float", "bool", "list", "dict", "tuple", "object", "property", "annotations"),
    *("__init__", "__class__", "__all__", "__slots__", "__annotations__", "__root__", "__doc__"),
]
PYDANTIC = [
    *("model_config", "model_fields", "model_dump", "schema", "json", "copy", "dict", "validate"),
    *("Config", "mro", "register", "root", "fields", "_fields", "_asdict", "count", "index"),
]
CLIENT = [
    *("SOURCE", "caller", "connect", "close", "call", "_call", "_caller", "schema", "SCHEMA"),
    *("Small", "SyncSmall", "Small_", "small", "small-input", "Arguments", "sync"),
    *("run", "Run", "RUN", "run_input", "run_output", "RunInput", "run-it", "run_it", "runIt"),
    *("generate", "generate_image", "image_settings", "settings", "settings_default", "default"),
]
UNICODE = [
    *("ß", "ss", "SS", "ﬁ", "fi", "ſ", "s", "K", "k", "\u212a", "ǰ", "ΐ", "é", "e\u0301", "e"),
    *("ａ", "a", "Ａ", "A", "ª", "出力", "Привет", "𝐱", "x", "µ", "μ", "Σ", "ς", "σ"),
]
COUNTED = ["param_1", "param_2", "param 1", "value_1", "param_01", "textbox", "textbox_2"]
NAMES = [*IMPORTED, *PYTHON, *PYDANTIC, *CLIENT, *UNICODE, *COUNTED, "a b", "a-b", "a_b", "../a"]
NAME = st.sampled_from(NAMES) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12
).filter(str.strip)

Signature = tuple[str, Sequence[tuple[str, str, int]], Sequence[str]]
"""An endpoint's name, its parameters (name, label, kind of default), its outputs' labels."""

SIGNATURE: st.SearchStrategy[Signature] = st.tuples(
    NAME.map(lambda name: name.strip("/")).filter(str.strip),
    st.lists(
        st.tuples(NAME, NAME, st.integers(0, 4)),
        max_size=5,
        unique_by=lambda signature: signature[0],
    ),
    st.lists(NAME, max_size=3),
)


def slot(name: str, label: str, kind: int, number: int) -> Slot:
    """A parameter with a default that no other parameter has."""
    title = name if kind == 3 else "Object"
    member = {"type": "string", "default": "x"}
    typed = {"title": title, "type": "object", "properties": {name: member, "n": {}}}
    reference = {"$ref": "#/$defs/one", "$defs": {"one": typed}}
    match kind:
        case 0:
            return Slot("Textbox", {"type": "string"}, label, name, f"default {number}")
        case 1:
            return Slot("Json", {}, label, name, {"number": number})
        case 2:
            whole_number = {"type": "integer", "minimum": 0}
            return Slot("Dataset", {"type": "array", "items": whole_number}, label, name, [number])
        case 3:
            return Slot("Custom", reference, label, name, {name: "given", "n": number})
        case _:
            choices = [f"choice {number}", "another"]
            return Slot("Radio", {"enum": choices, "type": "string"}, label, name, choices[0])


def app_of(signatures: Sequence[Signature]) -> tuple[AppDocuments, dict[str, list[Any]]]:
    """The app with these endpoints, and the defaults of each in the order of the wire."""
    numbers = iter(range(10**6))
    functions = [
        Function(
            name,
            [slot(*parameter, next(numbers)) for parameter in parameters],
            [Slot(label=label) for label in outputs],
        )
        for name, parameters, outputs in signatures
    ]
    defaults = {
        f"/{function.name}": [parameter.default for parameter in function.inputs]
        for function in functions
    }
    return app(*functions), defaults


def methods_of(client: type[Any]) -> Iterator[str]:
    return (name for name, value in vars(client).items() if callable(value) and name[0] != "_")


def sent_defaults(module: ModuleType, prefix: str = "") -> dict[str, list[list[Any]]]:
    """What each endpoint is sent by the methods of the client that are called with nothing."""
    sent: dict[str, list[list[Any]]] = {}

    def record(endpoint: TypedEndpoint[Any], /, **arguments: Any) -> None:
        sent.setdefault(endpoint.name, []).append(endpoint.bind(arguments))

    class_ = next(
        value
        for name, value in vars(module).items()
        if name.startswith(prefix)
        and [base.__name__ for base in getattr(value, "__bases__", ())] == [f"{prefix}TypedClient"]
    )
    client = object.__new__(class_)  # it calls nobody
    client._call = record
    for method in methods_of(class_):
        getattr(client, method)()
    return sent


def repeated(body: Sequence[ast.stmt]) -> list[str]:
    """Names that a module, or a class in it, defines more than once."""
    names: list[str] = []
    inside: list[str] = []
    for node in body:
        match node:
            case ast.ClassDef() | ast.FunctionDef():
                names.append(node.name)
                inside += repeated(node.body)
            case ast.ImportFrom():
                names += [alias.name for alias in node.names]
            case ast.AnnAssign(target=ast.Name(id=name)):
                names.append(name)
            case ast.Assign(targets=[ast.Name(id=name)]):
                names.append(name)
            case _:
                pass
    return [name for name, times in Counter(names).items() if times > 1] + inside


CHECKED = settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    deadline=None,
    max_examples=80,
)
COLLIDING: list[Signature] = [
    ("generate", [("image_settings", "", 1)], ["a", "b"]),
    ("generate_image", [("settings", "", 1)], ["File", "Any"]),
    ("schema", [("Field", "", 0), ("b", "", 2)], ["count", "index"]),
    ("ß", [("File", "", 1), ("param_1", "param 5", 0), ("param_5", "", 0)], []),
    ("ss", [("self", "", 3), ("cls", "", 3), ("Small", "", 3)], ["出力", "出力"]),
    ("出力", [("出力", "", 3), ("x", "", 3)], []),
]


@CHECKED
@given(st.lists(SIGNATURE, min_size=1, max_size=5, unique_by=lambda signature: signature[0]))
@example(COLLIDING)
@pytest.mark.filterwarnings("error")
def test_each_argument_goes_to_its_place_with_its_own_default(
    tmp_path_factory: pytest.TempPathFactory, signatures: Sequence[Signature]
) -> None:
    documents, defaults = app_of(signatures)
    text = generated(documents)
    assert not repeated(ast.parse(text).body)
    module = load(text, tmp_path_factory.mktemp("names"))
    expected = {endpoint: [values] for endpoint, values in defaults.items()}
    assert sent_defaults(module) == expected
    assert sent_defaults(module, "Sync") == expected


@CHECKED
@given(st.lists(SIGNATURE, min_size=2, max_size=5, unique_by=lambda signature: signature[0]))
def test_the_order_of_the_endpoints_names_nothing(
    tmp_path_factory: pytest.TempPathFactory, signatures: Sequence[Signature]
) -> None:
    def names(chosen: Sequence[Signature]) -> Mapping[str, str]:
        module = load(generated(app_of(chosen)[0]), tmp_path_factory.mktemp("order"))
        return {
            value.name: name
            for name, value in vars(module).items()
            if isinstance(value, TypedEndpoint)
        }

    assert names(signatures) == names(signatures[::-1])


def test_an_unrelated_endpoint_changes_no_name() -> None:
    before, _ = app_of(COLLIDING)
    after, _ = app_of([*COLLIDING, ("unrelated", [("value", "", 1)], ["answer"])])
    definitions = [
        {line.partition("=")[0] for line in generated(documents).splitlines() if line[:1] in "_c"}
        for documents in (before, after)
    ]
    assert definitions[0] <= definitions[1]


async def test_a_fake_app_is_sent_every_default_by_the_method_of_its_endpoint(
    tmp_path: Path,
) -> None:
    documents, defaults = app_of(COLLIDING)
    added = add_client(documents, tmp_path, name="small")
    module = load(added.paths.module.read_text(encoding="utf-8"), tmp_path)
    with FakeSpace(added.paths.schemas) as fake:
        async with Space("http://fake.invalid") as space:
            client = module.Small(space)
            for method in methods_of(module.Small):
                await getattr(client, method)()
    received = {call.endpoint: list(call.arguments.values()) for call in fake.calls}
    assert received == defaults


def test_a_sample_passes_mypy_in_strict_mode(tmp_path: Path) -> None:
    samples = [COLLIDING]
    for kind in range(5):
        parameters = [(name, name, kind) for name in NAMES]
        samples.append(
            [(name, parameters[kind::5], [name, "出力", name]) for name in NAMES[kind::5]]
        )
    for number, sample in enumerate(samples):
        path = tmp_path / f"sample_{number}.py"
        path.write_text(generated(app_of(sample)[0]), encoding="utf-8")
    done = run_mypy(".", folder=tmp_path)
    assert done.returncode == 0, done.stdout
