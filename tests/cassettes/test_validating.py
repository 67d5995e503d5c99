"""Recordings against the protocol and the schemas of their apps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from spacecall.cassettes._format.exchange import Exchange
from spacecall.cassettes._format.job_recordings import is_join, is_stream
from spacecall.cassettes._format.server_sent_event import Event
from spacecall.cassettes._inspect.recording import Recording, read_recording
from spacecall.cassettes._inspect.validation import validate
from spacecall.codegen import projects
from spacecall.codegen.fetch import AppDocuments
from spacecall.codegen.store import SchemaFolder
from tests.cassettes.script import Outcome


@pytest.fixture
def recording(recorded: tuple[Path, Outcome]) -> Recording:
    return read_recording(recorded[0])


@pytest.fixture
def pinned(recording: Recording, tmp_path: Path) -> SchemaFolder:
    """A schema folder of the recorded app."""
    (app,) = recording.apps.values()
    assert app.info is not None
    return projects.add(AppDocuments(app.raw, app.info), tmp_path, name="mine").folder


def checked(recording: Recording, pinned: SchemaFolder | None = None) -> list[str]:
    return validate(recording.exchanges, recording.apps, recording.read, pinned)


def edited(recording: Recording, edit: Callable[[dict[str, Any]], None]) -> Recording:
    """The recording with its messages changed."""

    def changed(one: Exchange) -> Exchange:
        if not is_stream(one.method, one.url):
            return one
        events: list[tuple[float, Event]] = []
        for at, event in one.events or ():
            value = dict(event.value())
            edit(value)
            events.append((at, Event.json_of(event.name, value)))
        return replace(one, events=events)

    exchanges = [changed(one) for one in recording.exchanges]
    return Recording(recording.path, exchanges, recording.metadata)


def test_what_a_real_server_said_fits(recording: Recording, pinned: SchemaFolder) -> None:
    assert checked(recording) == []
    assert checked(recording, pinned) == []


def test_a_message_of_an_unknown_kind_is_named_with_its_place(recording: Recording) -> None:
    def rename(message: dict[str, Any]) -> None:
        if message["msg"] == "process_starts":
            message["msg"] = "process_begins"

    found = checked(edited(recording, rename))
    assert any("unknown kind: 'process_begins'" in line for line in found)
    assert all(line.startswith("interaction ") for line in found)


def test_a_message_that_does_not_fit_its_kind_is_named(recording: Recording) -> None:
    def spoil(message: dict[str, Any]) -> None:
        if message["msg"] == "estimation":
            message["queue_size"] = "many"

    assert any(
        "estimation message does not fit" in line for line in checked(edited(recording, spoil))
    )


def test_a_result_that_does_not_fit_the_schema_is_named(recording: Recording) -> None:
    def spoil(message: dict[str, Any]) -> None:
        if message["msg"] == "process_completed" and message["output"].get("data") == ["call 7"]:
            message["output"]["data"] = [7]

    (line,) = checked(edited(recording, spoil))
    assert line.endswith("/echo, output 1: expected a str, got int 7")


def test_an_edit_that_cannot_be_made_is_named(recording: Recording) -> None:
    def spoil(message: dict[str, Any]) -> None:
        if message["msg"] == "process_generating" and message["output"]["data"] != ["a0 "]:
            message["output"]["data"] = [[["append", [9], "x"]]]

    assert any("/stream_text: " in line for line in checked(edited(recording, spoil)))


def test_an_argument_that_does_not_fit_is_named(recording: Recording) -> None:
    def changed(one: Exchange) -> Exchange:
        body: Any = one.request_body.get("json")
        if not is_join(one.method, one.url) or body["data"] != ["call 7"]:
            return one
        return replace(one, request_body={"json": {**body, "data": [["call 7"]]}})

    exchanges = [changed(one) for one in recording.exchanges]
    (line,) = checked(Recording(recording.path, exchanges, recording.metadata))
    assert "POST /gradio_api/queue/join: /echo, text: expected a str, got list" in line


def test_an_app_that_has_drifted_from_the_pinned_schema_is_named(
    recording: Recording, pinned: SchemaFolder
) -> None:
    documents = {
        name: {
            **one,
            "$defs": {key: _with_another_type(each) for key, each in one["$defs"].items()},
        }
        for name, one in pinned.documents.items()
    }
    found = checked(recording, replace(pinned, documents=documents))
    assert any("drift: /echo" in line for line in found)


def _with_another_type(schema: Any) -> Any:
    """`/echo`'s only argument as a number."""
    if schema.get("title") != "/echo" or "properties" not in schema:
        return schema
    number = {"type": "number", "x-spacecall": {"component": "number"}}
    return {**schema, "properties": {"text": number}, "required": ["text"]}
