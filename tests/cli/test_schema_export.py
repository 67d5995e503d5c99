"""`spacecall schema`: documents that validators accept, and requests that an app answers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from tests.cli.conftest import Cli
from tests.codegen.apps import CAPTURES, CORPUS, Function, Slot, app
from tests.conftest import ServerPool
from tests.servers import GRADIO_3, GRADIO_4, GRADIO_6, AppServer

SAVED = [*CORPUS, *CAPTURES]


def export(cli: Cli, *arguments: object) -> Any:
    done = cli("schema", *arguments)
    assert (done.code, done.err) == (0, "")
    return json.loads(done.out)


def find_errors(schema: Mapping[str, Any], value: object) -> list[str]:
    untyped: Any = Draft202012Validator(schema)
    return [str(error.message) for error in untyped.iter_errors(value)]


def request_schema(document: dict[str, Any], path: str) -> dict[str, Any]:
    """Return the schema of the body of a POST, with the schemas that it refers to."""
    content = document["paths"][path]["post"]["requestBody"]["content"]
    return {**content["application/json"]["schema"], "components": document["components"]}


@pytest.mark.parametrize("saved", SAVED, ids=lambda path: path.stem or path.name)
def test_the_openapi_document_of_an_app_is_valid(cli: Cli, saved: Path) -> None:
    document = export(cli, saved, "--format", "openapi", "--all")
    validate(document)
    assert document["openapi"] == "3.1.0"
    assert document["paths"]


@pytest.mark.parametrize("saved", SAVED, ids=lambda path: path.stem or path.name)
def test_each_json_schema_is_a_document_of_its_own(cli: Cli, saved: Path) -> None:
    for schemas in export(cli, saved, "--all").values():
        for schema in schemas.values():
            Draft202012Validator.check_schema(schema)
            references = set(re.findall(r'"#/\$defs/([^"]+)"', json.dumps(schema)))
            assert references <= schema.get("$defs", {}).keys()


@pytest.mark.parametrize("version", [GRADIO_6, GRADIO_4, GRADIO_3])
def test_an_app_answers_the_requests_of_its_document(
    cli: Cli, app_server: ServerPool, version: str
) -> None:
    server = app_server("protocol_app.py", version)
    document = export(cli, server.url, "--format", "openapi")
    validate(document)
    base = document["servers"][0]["url"]
    path = next(path for path in document["paths"] if path.endswith("/echo"))
    body = {"data": ["hi"]}
    assert find_errors(request_schema(document, path), body) == []
    assert find_errors(request_schema(document, path), {"data": [1]})
    answer = httpx.post(base + path, json=body).raise_for_status().json()
    if version == GRADIO_3:
        assert path == "/run/echo"
        assert answer["data"] == ["hi"]
        return
    prefix = "" if version == GRADIO_4 else "/gradio_api"
    assert path == f"{prefix}/call/echo"
    events = httpx.get(base + f"{path}/{answer['event_id']}").text
    assert 'event: complete\ndata: ["hi"]' in events


def test_the_requests_of_snippets_fit_the_document(cli: Cli, protocol_app: AppServer) -> None:
    document = export(cli, protocol_app.url, "--format", "openapi")
    for endpoint in ("/echo", "/widgets", "/chat", "/noqueue", "/add_message"):
        program = cli("inspect", protocol_app.url, endpoint, "--snippet", "curl").out
        match = re.search(r"-d '([^']*)'", program)
        assert match is not None
        path = next(path for path in document["paths"] if path.endswith(endpoint))
        assert find_errors(request_schema(document, path), json.loads(match[1])) == []


def test_one_endpoint_is_exported_alone(cli: Cli) -> None:
    save(Function("ask", inputs=[Slot(name="question")]), Function("say"))
    assert list(export(cli, "saved.json", "/ask")) == ["/ask"]
    schemas = export(cli, "saved.json", "/ask")["/ask"]
    assert find_errors(schemas["input"], {"question": "x"}) == []
    assert find_errors(schemas["input"], {"question": 1})
    assert find_errors(schemas["output"], ["x"]) == []


def test_names_that_openapi_does_not_allow_are_spelled_otherwise(cli: Cli) -> None:
    save(Function("größe/$(x)"), Function("größe"), Function("ask"), Function("ask_"))
    document = export(cli, "saved.json", "--format", "openapi")
    validate(document)
    assert "/call/gr%C3%B6%C3%9Fe" in document["paths"]


def test_an_unknown_format_is_refused(cli: Cli) -> None:
    done = cli("schema", ".", "--format", "yaml")
    assert done.code == 2
    assert "--format must be one of jsonschema, openapi" in done.err


def save(*functions: Function) -> None:
    documents = app(*functions)
    Path("saved.json").write_text(json.dumps({"config": documents.config, "info": documents.info}))
