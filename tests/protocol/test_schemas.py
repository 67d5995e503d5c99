from __future__ import annotations

import json
import re
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter

from tests.protocol.captures import (
    CAPTURES,
    SCHEMAS,
    case,
    events,
    frames,
    load,
    problems,
    queue_messages,
    schema,
    streams,
    validator,
)

NAMES = sorted(path.name.removesuffix(".schema.json") for path in SCHEMAS.iterdir())
Exchange = dict[str, Any]


def model(name: str, definition: str) -> TypeAdapter[Any]:
    return TypeAdapter(
        getattr(import_module(f"spacecall._wire.{name.replace('-', '_')}"), definition)
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_valid_and_documented(name: str) -> None:
    root = schema(name)
    Draft202012Validator.check_schema(root)
    assert root["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    assert root["$id"] == f"urn:spacecall:protocol:{name}"
    assert root["title"]
    assert root["description"]
    for key, definition in root["$defs"].items():
        assert definition["description"], key
        assert definition.get("title", key) == key


@pytest.mark.parametrize("name", NAMES)
def test_unknown_fields_are_allowed_everywhere(name: str) -> None:
    assert 'additionalProperties": false' not in json.dumps(schema(name))


@pytest.mark.parametrize("name", NAMES)
def test_every_definition_of_an_object_has_a_model(name: str) -> None:
    for key, definition in schema(name)["$defs"].items():
        if definition.get("type") == "object":
            assert model(name, key).json_schema()["title"] == key


def test_every_recorded_message_of_a_job_fits_the_schema() -> None:
    for source, text in queue_messages():
        assert not problems(validator("queue-data"), json.loads(text)), source


@pytest.mark.parametrize(
    "message",
    [
        {"msg": "process_paused"},
        {"event_id": "a"},
        {"msg": "estimation", "rank": "first"},
        {"msg": "process_completed", "output": {"data": {"0": "a"}}},
        {"msg": "log", "level": "info"},
        [],
    ],
)
def test_what_is_no_message_of_a_job_does_not_fit_the_schema(message: object) -> None:
    assert problems(validator("queue-data"), message)


@pytest.mark.parametrize("path", streams("upload-progress"), ids=case)
def test_the_messages_of_an_upload_fit_the_schema(path: Path) -> None:
    messages = [json.loads(data) for _, data in events(path.read_bytes())]
    for message in messages:
        assert not problems(validator("upload-progress"), message)
        model("upload-progress", "UploadMessage").validate_python(message)
    assert [message["msg"] for message in messages] == ["update"] * (len(messages) - 1) + ["done"]


@pytest.mark.parametrize("path", streams("call"), ids=case)
def test_the_events_of_a_call_fit_the_schema(path: Path) -> None:
    for name, data in events(path.read_bytes()):
        event = {"event": name, "data": json.loads(data)}
        assert not problems(validator("call"), event)
        parsed = model("call", "CallEvent").validate_python(event)
        assert parsed.event == name


@pytest.mark.parametrize("path", sorted(CAPTURES.glob("*/config.json")), ids=case)
def test_a_config_fits_the_schema(path: Path) -> None:
    config = load(path)
    assert not problems(validator("config"), config)
    parsed = model("config", "Config").validate_python(config)
    assert parsed.version == path.parent.name
    assert len(parsed.dependencies) == len(config["dependencies"])


@pytest.mark.parametrize("path", sorted(CAPTURES.glob("*/info.json")), ids=case)
def test_an_info_fits_the_schema(path: Path) -> None:
    info = load(path)
    assert not problems(validator("info"), info)
    parsed = model("info", "Info").validate_python(info)
    assert parsed.named_endpoints["/echo"].parameters[0].type == {"type": "string"}


def test_a_label_may_be_the_key_of_a_translation() -> None:
    label = {"key": "chat_interface.chatbot", "_type": "translation_metadata"}
    parameter = {"label": label, "type": {"type": "string"}}
    assert not problems(validator("info", "Parameter"), parameter)
    assert model("info", "Parameter").validate_python(parameter).label.key == label["key"]


def test_the_frames_that_gradio_3_was_sent_fit_the_schema() -> None:
    for path, text in frames("sent"):
        frame = json.loads(text)
        definition = "JoinData" if "data" in frame else "JoinHash"
        assert not problems(validator("join", definition), frame), case(path)


# Path, method, schema and definitions of request and answer.
PATHS: tuple[tuple[str, str, str, str | None, str | None], ...] = (
    ("/queue/join", "POST", "join", "JoinRequest", "JoinResponse"),
    ("/queue/join", "GET", "join", None, None),
    ("/queue/data", "POST", "join", "JoinData", None),
    ("/queue/data", "GET", "join", None, None),
    ("/cancel", "POST", "cancel", "CancelRequest", "CancelResponse"),
    ("/reset", "POST", "cancel", "ResetRequest", "ResetResponse"),
    ("/call/v2/[^/]+", "POST", "call", "NamedCallRequest", "CallResponse"),
    ("/call/[^/]+", "POST", "call", "CallRequest", "CallResponse"),
    ("/run/[^/]+", "POST", "run", "RunRequest", "RunResponse"),
    ("/upload", "POST", "upload", None, "UploadResponse"),
    ("/login", "POST", "login", "LoginForm", "LoginResponse"),
    ("/config", "GET", "config", None, None),
    ("/info", "GET", "info", None, None),
)


def find(exchange: Exchange) -> tuple[str, str | None, str | None]:
    path = urlsplit(str(exchange["path"])).path.removeprefix("/gradio_api")
    for pattern, method, *details in PATHS:
        if method == exchange["method"] and re.fullmatch(pattern, path):
            return details[0] or "", details[1], details[2]
    raise KeyError(path)


def error_kind(version: str, exchange: Exchange) -> str:
    """Which body a refusal must have, by its status."""
    match exchange["status"]:
        case 401:
            return "LoginDetail" if version >= "5" else "Detail"
        case 422:
            refused = "__type__" in json.dumps(exchange["answer"])
            return "ValidatorDetail" if refused else "FieldDetail"
        case 500:
            return "AppErrorBody"
        case _:
            return "Detail"


def exchanges() -> list[Any]:
    return [
        pytest.param(path.parent.name, entry, id=f"{path.parent.name}-{entry['case']}-{number}")
        for path in sorted(CAPTURES.glob("*/exchanges.json"))
        for number, entry in enumerate(load(path))
    ]


@pytest.mark.parametrize(("version", "exchange"), exchanges())
def test_a_recorded_answer_fits_the_schema(version: str, exchange: Exchange) -> None:
    name, _, definition = find(exchange)
    answer = exchange["answer"]
    if exchange["status"] == 200:
        if definition is None:
            assert answer is None
            return
        assert not problems(validator(name, definition), answer)
        model(name, definition).validate_python(answer)
        return
    kind = error_kind(version, exchange)
    assert not problems(validator("errors"), answer)
    fitting = [key for key in KINDS if not problems(validator("errors", key), answer)]
    assert fitting == [kind]
    assert type(model("errors", "ErrorBody").validate_python(answer)).__name__ == kind


KINDS = [entry["$ref"].rpartition("/")[2] for entry in schema("errors")["anyOf"]]


@pytest.mark.parametrize(("version", "exchange"), exchanges())
def test_a_recorded_request_fits_the_schema_unless_the_server_refused_its_form(
    version: str, exchange: Exchange
) -> None:
    name, definition, _ = find(exchange)
    if definition is None:
        assert exchange["method"] == "GET" or exchange["body"] in (None, "xx")
        return
    refused = (
        exchange["status"] in (400, 422) and error_kind(version, exchange) != "ValidatorDetail"
    )
    fits = not problems(validator(name, definition), exchange["body"])
    if name == "login":
        # The wrong password has the right form, and the right fields came as JSON.
        assert fits == (exchange["status"] != 422 or exchange["type"] == "application/json")
    elif name == "cancel" and definition == "ResetRequest":
        assert fits
    elif exchange["status"] not in (404, 405):
        assert fits != refused
