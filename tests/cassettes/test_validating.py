"""Recordings against the protocol and the schemas of their apps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from spacecall.cassettes._format.exchange import Exchange
from spacecall.cassettes._format.job_recordings import is_join, is_stream
from spacecall.cassettes._format.server_sent_event import ServerSentEvent
from spacecall.cassettes._inspect.recording import Recording, read_recording
from spacecall.cassettes._inspect.validation import find_problems
from spacecall.codegen._project import client_builder
from spacecall.codegen._schemas.app_documents import AppDocuments
from spacecall.codegen._schemas.schema_folder import SchemaFolder
from tests.cassettes.scripted_calls import Results


@pytest.fixture
def recording(recorded: tuple[Path, Results]) -> Recording:
    return read_recording(recorded[0])


@pytest.fixture
def pinned(recording: Recording, tmp_path: Path) -> SchemaFolder:
    """Return a schema folder of the recorded app."""
    (app,) = recording.apps.values()
    assert app.info is not None
    return client_builder.add_client(
        AppDocuments(app.raw_config, app.info), tmp_path, name="mine"
    ).folder


def check(recording: Recording, pinned: SchemaFolder | None = None) -> list[str]:
    return find_problems(recording.exchanges, recording.apps, recording.read_body, pinned)


def edit_messages(recording: Recording, edit: Callable[[dict[str, Any]], None]) -> Recording:
    """Return the recording with changed messages."""

    def change(exchange: Exchange) -> Exchange:
        if not is_stream(exchange.method, exchange.url):
            return exchange
        events: list[tuple[float, ServerSentEvent]] = []
        for seconds, event in exchange.events or ():
            value = dict(event.as_object())
            edit(value)
            events.append((seconds, ServerSentEvent.from_json(event.name, value)))
        return replace(exchange, events=events)

    exchanges = [change(exchange) for exchange in recording.exchanges]
    return Recording(recording.path, exchanges, recording.metadata)


def test_messages_of_a_real_server_fit(recording: Recording, pinned: SchemaFolder) -> None:
    assert check(recording) == []
    assert check(recording, pinned) == []


def test_a_message_of_an_unknown_kind_is_named_with_its_place(recording: Recording) -> None:
    def rename(message: dict[str, Any]) -> None:
        if message["msg"] == "process_starts":
            message["msg"] = "process_begins"

    lines = check(edit_messages(recording, rename))
    assert any("unknown kind of message: 'process_begins'" in line for line in lines)
    assert all(line.startswith("interaction ") for line in lines)


def test_a_message_that_does_not_fit_its_kind_is_named(recording: Recording) -> None:
    def spoil(message: dict[str, Any]) -> None:
        if message["msg"] == "estimation":
            message["queue_size"] = "many"

    assert any(
        "estimation message from the server is invalid" in line
        for line in check(edit_messages(recording, spoil))
    )


def test_a_result_that_does_not_fit_the_schema_is_named(recording: Recording) -> None:
    def spoil(message: dict[str, Any]) -> None:
        if message["msg"] == "process_completed" and message["output"].get("data") == ["call 7"]:
            message["output"]["data"] = [7]

    (line,) = check(edit_messages(recording, spoil))
    assert line.endswith("/echo, output 1: expected a str or None, got int 7")


def test_an_edit_that_cannot_be_made_is_named(recording: Recording) -> None:
    def spoil(message: dict[str, Any]) -> None:
        if message["msg"] == "process_generating" and message["output"]["data"] != ["a0 "]:
            message["output"]["data"] = [[["append", [9], "x"]]]

    assert any("/stream_text: " in line for line in check(edit_messages(recording, spoil)))


def test_an_argument_that_does_not_fit_is_named(recording: Recording) -> None:
    def change(exchange: Exchange) -> Exchange:
        body: Any = exchange.request_body.get("json")
        if not is_join(exchange.method, exchange.url) or body["data"] != ["call 7"]:
            return exchange
        return replace(exchange, request_body={"json": {**body, "data": [["call 7"]]}})

    exchanges = [change(exchange) for exchange in recording.exchanges]
    (line,) = check(Recording(recording.path, exchanges, recording.metadata))
    assert "POST /gradio_api/queue/join: /echo, text: expected a str, got list" in line


def test_an_app_that_has_drifted_from_the_pinned_schema_is_named(
    recording: Recording, pinned: SchemaFolder
) -> None:
    documents = {
        name: {
            **document,
            "$defs": {key: _with_another_type(schema) for key, schema in document["$defs"].items()},
        }
        for name, document in pinned.documents.items()
    }
    lines = check(recording, replace(pinned, documents=documents))
    assert any("stale: /echo" in line for line in lines)


def _with_another_type(schema: Any) -> Any:
    """Return `/echo` with a number as its only argument."""
    if schema.get("title") != "/echo" or "properties" not in schema:
        return schema
    number = {"type": "number", "x-spacecall": {"component": "slider"}}
    return {**schema, "properties": {"text": number}, "required": ["text"]}
