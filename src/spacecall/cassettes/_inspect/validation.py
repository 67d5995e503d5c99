"""Checking a recording against Gradio's protocol and the schemas of its apps."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise, zip_longest
from typing import Any
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError

from spacecall._client.calls.prepared_call import UNCHANGED, unwrap_update
from spacecall._core import call_api_events, queue_messages
from spacecall._core.app_config import AppConfig
from spacecall._core.app_functions import Dependency
from spacecall._core.diffs import fold
from spacecall._core.json_values import as_dict, as_list, as_str, is_array, is_object
from spacecall._core.message_models import convert_fields
from spacecall._core.protocol_versions import find_protocol_version
from spacecall._core.schema_check import find_problems as schema_problems
from spacecall._wire.call import CallRequest, CallResponse
from spacecall._wire.cancel import CancelRequest
from spacecall._wire.errors import AppErrorBody
from spacecall._wire.join import JoinRequest, JoinResponse
from spacecall._wire.run import RunRequest, RunResponse
from spacecall._wire.upload import UploadResponse
from spacecall.cassettes._format.bodies import StoredBody
from spacecall.cassettes._format.exchange import COMPLETE, Exchange
from spacecall.cassettes._format.job_recordings import (
    JobRecording,
    is_cancel,
    is_join,
    is_stream,
    read_event_id,
    read_job_recordings,
)
from spacecall.cassettes._format.recorded_apps import (
    AppIndex,
    ReadBody,
    RecordedApp,
    read_json_body,
)
from spacecall.cassettes._format.secret_formats import PLACEHOLDER
from spacecall.cassettes._format.server_sent_event import ServerSentEvent
from spacecall.cassettes._inspect.staleness import find_called_endpoints, find_stale_endpoints
from spacecall.codegen import drift
from spacecall.codegen._drift.app_model import ValueModel
from spacecall.codegen._schemas.schema_folder import SchemaFolder
from spacecall.errors import ProtocolError

__all__ = ["find_problems"]

Problems = Iterator[str]
Validator = Callable[[Any], object]
"""Raises pydantic's ValidationError for an invalid body."""
ProblemCache = dict[tuple[Validator, str], list[str]]
"""The problems of external bodies, by validator and sha256."""

_COMPLETE_OUTPUTS = ("process_streaming", "process_completed")
_MAX_SNAPSHOTS = 256
"""Partial results of a job, each an edit of the one before, that are checked: they may be large."""
_UPLOAD: TypeAdapter[UploadResponse] = TypeAdapter(UploadResponse)


def find_problems(
    exchanges: Sequence[Exchange],
    apps: Mapping[str, RecordedApp],
    read_body: ReadBody,
    pinned: SchemaFolder | None = None,
) -> list[str]:
    """Return a line for each part of a recording that does not fit the protocol or the schemas.

    Args:
        exchanges: of one cassette.
        apps: recorded there.
        read_body: reads their bodies.
        pinned: the schemas to compare with; by default, each app is compared with its recorded
            /info, if it was requested.
    """
    cache: ProblemCache = {}
    lines = [
        line
        for number, exchange in enumerate(exchanges, 1)
        for line in _check_exchange(number, exchange, read_body, cache)
    ]
    pinned_app = None if pinned is None else drift.read_pinned_app(pinned)
    live_apps = _live_apps(apps)
    if pinned is not None:
        called = find_called_endpoints(exchanges, apps)
        for base_url, recorded_app in apps.items():
            changes = find_stale_endpoints(recorded_app, called.get(base_url, set[str]()), pinned)
            lines += [f"{base_url}: stale: {change}" for change in changes]
    jobs = read_job_recordings(exchanges)
    app_index = AppIndex(apps)
    # Apps at several addresses may share one external /config.
    configs = {id(app.config): app.config for app in apps.values()}
    functions = {config_id: _functions(config) for config_id, config in configs.items()}
    for number, exchange in enumerate(exchanges, 1):
        is_job = is_join(exchange.method, exchange.url)
        app = app_index.find_app(exchange.url) if is_job else None
        interface = (pinned_app or live_apps.get(app.base_url)) if app else None
        if app and interface:
            fn_index = as_dict(exchange.request_body.get("json")).get("fn_index")
            dependency = (
                functions[id(app.config)].get(fn_index) if isinstance(fn_index, int) else None
            )
            job = jobs.get(read_event_id(exchange))
            job_lines = _check_job(exchange, job, app, dependency, interface)
            lines += [f"{_locate(number, exchange)}: {line}" for line in job_lines]
    return lines


def _locate(number: int, exchange: Exchange) -> str:
    return f"interaction {number}, {exchange.method} {urlsplit(exchange.url).path}"


def _check_exchange(
    number: int, exchange: Exchange, read_body: ReadBody, cache: ProblemCache
) -> Problems:
    """Yield where one exchange does not fit the protocol."""
    location = _locate(number, exchange)
    if is_stream(exchange.method, exchange.url) and exchange.events is not None:
        for event_number, (_, event) in enumerate(exchange.events, 1):
            yield from (
                f"{location}, event {event_number}: {line}" for line in _check_queue_event(event)
            )
        return
    for side, validator, body in _validators(exchange):
        digest = "" if "json" in body else as_str(body.get("sha256"))
        if not digest or (validator, digest) not in cache:
            cache[validator, digest] = _validate(validator, read_json_body(body, read_body))
        yield from (f"{location}, {side}: {line}" for line in cache[validator, digest])
    is_call = "/call/" in urlsplit(exchange.url).path and exchange.method != "POST"
    for event_number, (_, event) in enumerate(exchange.events or () if is_call else (), 1):
        yield from (
            f"{location}, event {event_number}: {line}" for line in _check_call_event(event)
        )


def _validators(exchange: Exchange) -> Iterator[tuple[str, Validator, StoredBody]]:
    """Yield the validators of an exchange's bodies, each with the side that it checks."""
    path = urlsplit(exchange.url).path
    request, response = exchange.request_body, exchange.body
    is_complete = exchange.status == 200 and exchange.end_reason == COMPLETE
    is_post = exchange.method == "POST"
    if is_post and "/call/" in path:
        yield "request", CallRequest.model_validate, request
        if is_complete:
            yield "response", CallResponse.model_validate, response
    elif is_join(exchange.method, exchange.url):
        yield "request", JoinRequest.model_validate, request
        if is_complete:
            yield "response", JoinResponse.model_validate, response
    elif is_cancel(exchange.method, exchange.url):
        yield "request", CancelRequest.model_validate, request
    elif is_post and "/run/" in path:
        yield "request", RunRequest.model_validate, request
        if is_complete:
            yield "response", RunResponse.model_validate, response
        if exchange.status == 500:
            yield "response", AppErrorBody.model_validate, response
    elif is_post and path.endswith("/upload") and is_complete:
        yield "response", _UPLOAD.validate_python, response


def _validate(validator: Validator, value: Any) -> list[str]:
    try:
        validator(value)
    except ValidationError as error:
        return [
            f"{'.'.join(map(str, detail['loc'])) or 'the body'}: {detail['msg']}"
            for detail in error.errors(
                include_url=False, include_context=False, include_input=False
            )
        ]
    return []


def _check_queue_event(event: ServerSentEvent) -> Problems:
    try:
        message = queue_messages.parse_message(event.data)
    except ProtocolError as error:
        yield str(error)
        return
    if isinstance(message, queue_messages.MalformedMessage):
        yield message.reason
    elif isinstance(message, queue_messages.UnknownMessage):
        yield f"unknown kind of message: {message.msg[:60]!r}"
    else:
        try:
            convert_fields(json.loads(event.data))
        except ValueError as error:
            yield f"the {message.msg} message from the server is invalid at {error}"


def _check_call_event(event: ServerSentEvent) -> Problems:
    try:
        message = call_api_events.parse_event(event.name, event.data)
    except ProtocolError as error:
        yield str(error)
        return
    if message is None:
        yield f"unknown kind of event: {event.name[:60]!r}"


def _live_apps(apps: Mapping[str, RecordedApp]) -> dict[str, drift.AppModel]:
    """Return the apps whose /info was recorded, as drift compares them, by address."""
    parsed: dict[tuple[int, int], drift.AppModel] = {}
    live_apps: dict[str, drift.AppModel] = {}
    for base_url, app in apps.items():
        if app.info:
            key = id(app.raw_config), id(app.info)
            if key not in parsed:
                parsed[key] = drift.read_live_app(app.raw_config, app.info)
            live_apps[base_url] = parsed[key]
    return live_apps


def _functions(config: AppConfig) -> dict[int, Dependency]:
    """Return the functions of an app by their index; the first if several have the same."""
    return {dependency.fn_index: dependency for dependency in reversed(config.dependencies)}


def _check_job(
    join: Exchange,
    job: JobRecording | None,
    app: RecordedApp,
    dependency: Dependency | None,
    interface: drift.AppModel,
) -> Problems:
    """Yield where the arguments, values or result of a job do not fit the app's schemas."""
    body = as_dict(join.request_body.get("json"))
    endpoint = interface.endpoints.get(dependency.name or "") if dependency else None
    if dependency is None or endpoint is None:
        return
    arguments = _arguments(dependency, as_list(body.get("data")))
    yield from _check_values(endpoint.inputs, arguments, endpoint.name, "takes")
    edits = find_protocol_version(app.config.protocol).sends_diffs
    try:
        for outputs in _outputs(job, edits=edits):
            values = [unwrap_update(value) for value in dependency.select_visible(outputs)]
            yield from _check_values(endpoint.outputs, values, endpoint.name, "returns")
    except ProtocolError as error:
        yield f"{endpoint.name}: {error}"


def _check_values(
    parameters: Sequence[ValueModel], values: Sequence[Any], endpoint: str, verb: str
) -> Problems:
    if len(parameters) != len(values):
        yield f"{endpoint} {verb} {len(parameters)} values, but the recording has {len(values)}"
    for parameter, value in zip(parameters, values, strict=False):
        if value is not UNCHANGED and value != PLACEHOLDER and not _is_default(parameter, value):
            schema = parameter.type
            for line in schema_problems(schema.schema, value, root=schema.root):
                yield f"{endpoint}, {parameter.name}: {line}"


def _is_default(parameter: ValueModel, value: Any) -> bool:
    return not parameter.required and value == parameter.default


def _arguments(dependency: Dependency, data: Sequence[Any]) -> list[Any]:
    """Return the caller's arguments; an input that takes a whole component has the value in it."""
    arguments: list[Any] = []
    for index, (component, value) in enumerate(zip(dependency.inputs, data, strict=False)):
        if not component.hidden:
            takes_component = index in dependency.prop_inputs and is_object(value)
            arguments.append(as_dict(value).get("value") if takes_component else value)
    return arguments


def _outputs(job: JobRecording | None, *, edits: bool) -> Iterator[Sequence[Any]]:
    """Yield the complete outputs of a job; if it has very many edited ones, some of these.

    Args:
        edits: whether the protocol sends a partial result as an edit of the one before.
    """
    outputs: list[tuple[object, Sequence[Any]]] = []
    for _, event in job.events if job else ():
        message = event.as_object()
        data = as_dict(message.get("output")).get("data")
        if message.get("success") is not False and is_array(data):
            outputs.append((message.get("msg"), data))
    yield from (data for kind, data in outputs if kind in _COMPLETE_OUTPUTS)
    partial = [data for kind, data in outputs if kind == "process_generating"]
    if not edits:
        yield from partial
        return
    snapshot: list[Any] | None = None
    batch = max(1, len(partial) // _MAX_SNAPSHOTS)
    starts = [*range(1, len(partial), batch)]
    for start, end in pairwise([0, *starts, len(partial)]) if partial else ():
        snapshot = fold(snapshot, _join_edits(partial[start:end]))
        yield snapshot


def _join_edits(messages: Sequence[Sequence[Any]]) -> list[Any]:
    """Return the edits of several messages as those of one message."""
    if len(messages) == 1:
        return list(messages[0])
    return [
        [edit for edits in slot for edit in (edits if is_array(edits) else [edits])]
        for slot in zip_longest(*messages, fillvalue=())
    ]
