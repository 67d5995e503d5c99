from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from spacecall.codegen._codegen_errors import SchemaError
from spacecall.codegen._project.client_builder import build_schema_folder
from spacecall.codegen._schemas import schema_folder
from spacecall.codegen._schemas.schema_documents import JOIN_FILE, QUEUE_DATA_FILE, UPLOAD_FILE
from spacecall.codegen._schemas.shared_types import NamedSchema, share_types
from tests.codegen.apps import CAPTURES, CORPUS, FILE, Function, Slot, app, saved
from tests.codegen.example import workshop

APPS = [*CORPUS, *CAPTURES]
IDS = [path.stem if path.suffix == ".json" else f"gradio-{path.name}" for path in APPS]


@pytest.mark.parametrize("path", APPS, ids=IDS)
def test_the_documents_of_every_real_app_are_json_schema(path: Path) -> None:
    for document in build_schema_folder(saved(path), "real").documents.values():
        Draft202012Validator.check_schema(document)


@pytest.mark.parametrize("path", APPS, ids=IDS)
def test_the_examples_of_every_real_app_fit_its_documents(path: Path) -> None:
    documents = saved(path)
    definitions = build_schema_folder(documents, "real").documents[JOIN_FILE]["$defs"]
    for endpoint in documents.info["named_endpoints"].values():
        for parameter in endpoint["parameters"]:
            if parameter.get("parameter_default") is None or "parameter_name" not in parameter:
                continue
            for schema in definitions.values():
                member = schema.get("properties", {}).get(parameter["parameter_name"])
                if member and member.get("default") == parameter["parameter_default"]:
                    bounds = {"minimum", "maximum"}  # a random default may be beyond them
                    plain = {key: value for key, value in member.items() if key not in bounds}
                    complete = {**plain, "$defs": definitions}
                    assert valid(complete, member["default"])


def valid(schema: Any, value: Any) -> bool:
    """Whether a value fits a schema."""
    validator: Any = Draft202012Validator(schema)
    return bool(validator.is_valid(value))


def endpoint(document: Any, name: str) -> Any:
    """The definition of an endpoint in a document."""
    (schema,) = (
        definition
        for definition in document["$defs"].values()
        if definition.get("x-spacecall", {}).get("api_name") == name
    )
    return schema


def test_inputs_are_an_object_in_wire_order_and_outputs_an_array() -> None:
    documents = build_schema_folder(workshop(), "workshop").documents
    paint = endpoint(documents[JOIN_FILE], "/paint")
    assert list(paint["properties"]) == ["prompt", "image", "way", "steps", "marks", "json"]
    assert paint["required"] == ["prompt", "image"]
    assert paint["properties"]["steps"]["maximum"] == 50
    assert paint["properties"]["way"]["default"] == "quick"
    assert paint["x-spacecall"] == {
        "api_name": "/paint",
        "streaming": True,
        "queued": True,
        "stateful": False,
        "visibility": "public",
        "shape": paint["x-spacecall"]["shape"],
    }
    assert paint["x-spacecall"]["shape"] == (
        "(textbox, image, radio, slider, custom, json: json) -> (image, number) queued streaming"
    )
    outputs = endpoint(documents[QUEUE_DATA_FILE], "/paint")
    assert [item["title"] for item in outputs["prefixItems"]] == ["Picture", "Seconds"]
    assert (outputs["minItems"], outputs["maxItems"], outputs["items"]) == (2, 2, False)


def test_a_type_that_many_endpoints_use_is_defined_once() -> None:
    documents = build_schema_folder(workshop(), "workshop").documents
    marks = endpoint(documents[JOIN_FILE], "/paint")["properties"]["marks"]
    assert marks["items"] == {"$ref": "#/$defs/Mark"}
    assert endpoint(documents[JOIN_FILE], "/many")["properties"]["class_"]["$ref"] == "#/$defs/Mark"
    assert sorted(documents[JOIN_FILE]["$defs"]) == [
        *("FileData", "ManyInput", "Mark", "NothingInput", "PaintInput"),
    ]


def test_types_of_one_title_that_differ_are_told_apart_whatever_their_order() -> None:
    def typed(kind: str) -> dict[str, Any]:
        return {"title": "Item", "type": "object", "properties": {"x": {"type": kind}}}

    def names(*kinds: str) -> set[str]:
        slots = [Slot("Custom", typed(kind), name=f"p{kind}") for kind in kinds]
        documents = build_schema_folder(app(Function(inputs=slots)), "small").documents
        return {name for name in documents[JOIN_FILE]["$defs"] if name.startswith("Item")}

    assert names("string", "string") == {"Item"}
    assert len(names("string", "number")) == 2
    assert names("string", "number") == names("number", "string")


def test_types_of_one_title_stay_apart_where_the_beginnings_of_their_hashes_are_alike() -> None:
    def item(number: int) -> NamedSchema:
        choice = {"enum": [f"choice {number}"]}
        return NamedSchema("x", {"title": "Item", "type": "object", "properties": {"x": choice}})

    schemas, types = share_types([item(number) for number in range(600)])
    assert len(types) == 600
    assert len({schema["$ref"] for schema in schemas}) == 600


def test_what_a_component_may_not_show_is_null_in_an_output_and_choices_are_open() -> None:
    choices = {"enum": ["a", "b"], "type": "string"}
    slots = [Slot("Image", FILE, "Picture"), Slot("Radio", choices, "Way")]
    documents = build_schema_folder(app(Function(outputs=slots)), "small").documents
    assert valid(documents[QUEUE_DATA_FILE], [None, "something new"])
    assert valid(documents[QUEUE_DATA_FILE], [{"path": "x"}, None])
    assert not valid(documents[QUEUE_DATA_FILE], [None, 3])


def test_files_are_listed_with_what_the_app_takes() -> None:
    slot = Slot(
        "File",
        {"type": "array", "items": FILE},
        name="pages",
        props={"file_count": "multiple", "file_types": [".pdf", "image"]},
    )
    document = build_schema_folder(app(Function(inputs=[slot, Slot()])), "small").documents[
        UPLOAD_FILE
    ]
    assert document["x-spacecall"]["wanted"] == [
        {
            "api_name": "/run",
            "parameter": "pages",
            "component": "file",
            "many": True,
            "file_types": [".pdf", "image"],
        }
    ]
    assert list(document["$defs"]) == ["FileData"]


def test_the_default_of_a_file_is_kept_without_the_server_it_came_from() -> None:
    default = {"path": "/data/a.png", "url": "http://host/a", "meta": {"_type": "gradio.FileData"}}
    slot = Slot("Image", FILE, name="image", default=default)
    documents = build_schema_folder(app(Function(inputs=[slot])), "small").documents
    stored = endpoint(documents[JOIN_FILE], "/run")["properties"]["image"]["default"]
    assert stored == {"path": "/data/a.png", "meta": {"_type": "gradio.FileData"}}


def test_a_folder_reads_back_as_it_was_written(tmp_path: Path) -> None:
    folder = build_schema_folder(workshop(), "workshop", note="by hand")
    written = schema_folder.write_folder(tmp_path / "workshop", folder.lock, folder.documents)
    read = schema_folder.read_folder(tmp_path / "workshop")
    assert read == written
    assert read.lock.source == "someone/workshop"
    assert read.lock.note == "by hand"
    assert read.lock.gradio == "6.31.0"


def test_the_same_app_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        folder = build_schema_folder(workshop(), "workshop")
        schema_folder.write_folder(tmp_path / name, folder.lock, folder.documents)
    for path in sorted((tmp_path / "one").iterdir()):
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_nothing_in_the_files_is_invisible(tmp_path: Path) -> None:
    documents = app(Function(inputs=[Slot(label="a\u202eb\u0000\ud800 \u2028")]), title="\ufeff")
    folder = build_schema_folder(documents, "small")
    schema_folder.write_folder(tmp_path, folder.lock, folder.documents)
    text = (tmp_path / JOIN_FILE).read_text(encoding="utf-8")
    assert "a\\u202eb\\u0000\\ufffd \\u2028" in text


@pytest.mark.parametrize("name", [JOIN_FILE, QUEUE_DATA_FILE, UPLOAD_FILE])
def test_a_changed_document_is_refused(name: str, tmp_path: Path) -> None:
    folder = build_schema_folder(workshop(), "workshop")
    schema_folder.write_folder(tmp_path, folder.lock, folder.documents)
    document = json.loads((tmp_path / name).read_text(encoding="utf-8"))
    (tmp_path / name).write_text(json.dumps(document | {"title": "Another"}))
    with pytest.raises(SchemaError, match=f"{name}.* version control, or run spacecall refresh"):
        schema_folder.read_folder(tmp_path)


@pytest.mark.parametrize("layout", ["CRLF", "one line", "four spaces, ASCII"])
def test_documents_in_another_layout_are_the_same_folder(layout: str, tmp_path: Path) -> None:
    folder = build_schema_folder(workshop(), "workshop")
    schema_folder.write_folder(tmp_path, folder.lock, folder.documents)
    for path in tmp_path.iterdir():
        content = path.read_bytes()
        document = json.loads(content)
        changed = {
            "CRLF": content.replace(b"\n", b"\r\n"),
            "one line": json.dumps(document).encode(),
            "four spaces, ASCII": json.dumps(document, indent=4).encode() + b"\n\n",
        }
        path.write_bytes(changed[layout])
    read = schema_folder.read_folder(tmp_path)
    assert (read.digest, read.lock, read.documents) == (
        folder.digest,
        folder.lock,
        folder.documents,
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot read"),
        (b"{", "not valid JSON"),
        (b"[]", "not a JSON object"),
        (b"\xff", "UTF-8"),
    ],
)
def test_a_broken_lock_is_refused(content: bytes | None, reason: str, tmp_path: Path) -> None:
    folder = build_schema_folder(workshop(), "workshop")
    schema_folder.write_folder(tmp_path, folder.lock, folder.documents)
    lock = tmp_path / schema_folder.LOCK_FILE
    lock.unlink() if content is None else lock.write_bytes(content)
    with pytest.raises(SchemaError, match=reason):
        schema_folder.read_folder(tmp_path)
