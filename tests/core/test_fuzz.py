"""Any JSON, and real documents with a few places changed: only the documented errors come out.

The documents are the apps of tests/corpus and the messages of tests/captures.
"""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from spacecall._core import call_api_events
from spacecall._core import queue_messages as message_parser
from spacecall._core.app_components import Component
from spacecall._core.app_config import parse_config
from spacecall._core.app_info import parse_endpoints
from spacecall._core.component_outputs import relax_output
from spacecall._core.gradio_requests import JobInputs
from spacecall._core.gradio_schema import normalize_schema
from spacecall._core.handshake import Handshake
from spacecall._core.job_state import JobStatus
from spacecall._core.json_values import is_array, is_object
from spacecall._core.messages import KINDS as MESSAGE_KINDS
from spacecall._core.retry_delays import parse_retry_after
from spacecall._io.http_errors import build_status_error
from spacecall.codegen._schemas import schema_documents
from spacecall.codegen._schemas.stored_defaults import stored_default
from spacecall.endpoints import Parameter, ReturnValue
from spacecall.errors import ProtocolError
from tests.core.wire import a_job
from tests.protocol.captures import queue_messages

TESTS = Path(__file__).resolve().parent.parent
BOUNDED = settings(suppress_health_check=[HealthCheck.too_slow])

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["", "object", "array", "string", "#/$defs/A", "A", "data", 0, -1, 2**70])
)  # fmt: skip
KEYS = st.text(max_size=6) | st.sampled_from(
    ["type", "$ref", "$defs", "properties", "items", "enum", "const", "anyOf", "default", "msg"]
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
KINDS = st.sampled_from(sorted(MESSAGE_KINDS))
NUMBERS = st.integers(-1, 10_000).map(str) | st.sampled_from(
    ["", "9" * 12, "9" * 400, "01", "+9999"]
)
DATES = st.builds(
    "{}, {} {} {} {}:{}:{} {}".format,
    st.sampled_from(["Mon", "Fri", ""]), NUMBERS, st.sampled_from(["Jan", "Feb", "dec", "x"]),
    NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS | st.sampled_from(["GMT", "-0000", "EST"]),
)  # fmt: skip
HEADERS = st.text(max_size=20) | NUMBERS | DATES | NUMBERS.map('"api";r=0;t={}'.format)
DEEP = st.sampled_from(["[", '{"detail":', '[{"loc":']).map(lambda item: item.encode() * 50_000)
EVENTS = st.sampled_from(sorted(call_api_events._KINDS)) | st.text(max_size=8)


def of_kind(kind: str, fields: dict[str, Any]) -> dict[str, Any]:
    """A message of a known kind with these fields."""
    return {**fields, "msg": kind}


@cache
def apps() -> list[dict[str, Any]]:
    """The /config and /info of real apps."""
    corpus = sorted(TESTS.glob("corpus/*.json"))
    documents: list[dict[str, Any]] = [json.loads(path.read_bytes()) for path in corpus]
    assert all(item.keys() >= {"config", "info"} for item in documents)
    return documents


@cache
def frames() -> list[dict[str, Any]]:
    """The messages of real streams and websockets, one of each kind and shape."""
    messages: dict[str, dict[str, Any]] = {}
    for _, text in queue_messages():
        frame = json.loads(text)
        messages.setdefault(f"{frame.get('msg')} {sorted(frame)}", frame)
    return list(messages.values())


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container in a document with each of its keys."""
    if is_object(value):
        keys: list[Any] = list(value)
    elif is_array(value):
        keys = list(range(len(value)))
    else:
        return []
    return [(value, key) for key in keys] + [item for key in keys for item in places(value[key])]


@st.composite
def changed(draw: Callable[[st.SearchStrategy[Any]], Any], documents: Any) -> Any:
    """A real document with one to three places removed or replaced."""
    document = copy.deepcopy(draw(st.sampled_from(documents())))
    for _ in range(draw(st.integers(1, 3))):
        positions = places(document)
        if not positions:
            return document
        position: tuple[Any, Any] = draw(st.sampled_from(positions))
        container, key = position
        if draw(st.booleans()):
            container[key] = draw(JSON)
        else:
            del container[key]
    return document


@BOUNDED
@given(JSON | st.builds(of_kind, KINDS, st.dictionaries(KEYS, JSON)))
def test_any_json_is_a_message_or_a_protocol_error(value: Any) -> None:
    with suppress(ProtocolError):
        message_parser.parse_message(json.dumps(value))


@BOUNDED
@given(changed(frames))
def test_a_changed_message_is_a_message_or_a_protocol_error(value: Any) -> None:
    with suppress(ProtocolError):
        message_parser.parse_message(json.dumps(value))


@BOUNDED
@given(st.lists(changed(frames), max_size=6))
def test_changed_messages_end_their_job_at_worst(values: list[Any]) -> None:
    alone, shared = a_job(follow=True), a_job(follow=True)
    handshake = Handshake(alone, JobInputs(["x"]), "hash")
    for job in (alone, shared):
        job.advance(JobStatus.QUEUED)
    for value in values:
        try:
            message = message_parser.parse_message(json.dumps(value))
        except ProtocolError:
            continue
        shared.receive(message)
        handshake.receive(message)
    for job in (alone, shared):
        assert job.ended == (job.values is not None or job.error is not None)


@BOUNDED
@given(HEADERS)
def test_any_time_to_wait_is_seconds_or_nothing(header: str) -> None:
    wait = parse_retry_after(header, 1.8e9)
    assert wait is None or 0 <= wait < math.inf


@BOUNDED
@given(
    st.integers(300, 599),
    st.dictionaries(st.sampled_from(["retry-after", "ratelimit"]), HEADERS),
    st.sampled_from(["text/html", "application/json", ""]),
    st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()) | DEEP,
)
def test_any_answer_that_is_no_success_is_a_typed_error(
    status: int, headers: dict[str, str], kind: str, body: bytes
) -> None:
    error = build_status_error(
        status, {**headers, "content-type": kind}, body, now=0, space="http://x"
    )
    assert error.status == status
    assert error.message.strip()


@BOUNDED
@given(st.binary(max_size=60) | st.text(max_size=60))
def test_any_bytes_are_a_message_or_a_protocol_error(text: bytes | str) -> None:
    with suppress(ProtocolError):
        message_parser.parse_message(text)


@BOUNDED
@given(EVENTS, st.builds(json.dumps, JSON) | st.text(max_size=40))
def test_any_event_of_the_simple_api_is_one_or_a_protocol_error(event: str, data: str) -> None:
    with suppress(ProtocolError):
        call_api_events.parse_event(event, data)


@BOUNDED
@given(JSON, JSON)
def test_any_json_is_a_config_or_a_protocol_error(config: Any, info: Any) -> None:
    with suppress(ProtocolError):
        parse_config(config)
    app = parse_config({"components": [], "dependencies": []})
    with suppress(ProtocolError):
        parse_endpoints(app, info)
    with suppress(ProtocolError):
        parse_config({"components": [config, info], "dependencies": [info, config]})


@BOUNDED
@given(changed(apps))
def test_a_changed_app_is_read_and_made_into_schemas_or_a_protocol_error(app: Any) -> None:
    with suppress(ProtocolError):
        config = parse_config(app.get("config"))
        endpoints = parse_endpoints(config, app.get("info"))
        for endpoint in endpoints.values():
            values: list[Parameter | ReturnValue] = [*endpoint.parameters, *endpoint.returns]
            for value in values:
                Draft202012Validator.check_schema(dict(value.schema))
        for document in schema_documents.build_documents(config, list(endpoints.values())).values():
            Draft202012Validator.check_schema(document)


@BOUNDED
@given(JSON)
def test_any_json_becomes_a_valid_schema(value: Any) -> None:
    Draft202012Validator.check_schema(normalize_schema(value))
    stored_default(value)


@BOUNDED
@given(JSON, st.sampled_from(["dropdown", "checkboxgroup", "file", "gallery", "textbox"]))
def test_any_schema_of_an_output_is_a_valid_one_when_it_is_corrected(
    value: Any, component: str
) -> None:
    output = Component(id=1, type=component)
    for major in ((), (3,), (6,)):
        Draft202012Validator.check_schema(relax_output(normalize_schema(value), output, major))


@pytest.mark.parametrize("depth", [100, 5_000, 200_000])
def test_any_depth_is_a_value_or_a_protocol_error(depth: int) -> None:
    deep = "[" * depth + "]" * depth
    with suppress(ProtocolError):
        message_parser.parse_message(f'{{"msg":"process_generating","output":{{"data":{deep}}}}}')
    with suppress(ProtocolError):
        call_api_events.parse_event("complete", deep)
