"""Whether what was recorded is what the protocol and the apps' schemas say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise, zip_longest
from typing import Any
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError

from spacecall._client.plan import UNCHANGED, visible
from spacecall._core import messages, simple
from spacecall._core.config import AppConfig, Dependency
from spacecall._core.diffs import fold
from spacecall._core.generations import generation
from spacecall._core.loose import is_array, is_object, items, mapping, text
from spacecall._core.schema_check import problems
from spacecall._wire.call import CallRequest, CallResponse
from spacecall._wire.cancel import CancelRequest
from spacecall._wire.errors import AppErrorBody
from spacecall._wire.join import JoinRequest, JoinResponse
from spacecall._wire.run import RunRequest, RunResponse
from spacecall._wire.upload import UploadResponse
from spacecall.cassettes._format.bodies import Stored
from spacecall.cassettes._format.exchange import COMPLETE, Exchange
from spacecall.cassettes._format.job_recordings import (
    Reel,
    event_id_of,
    is_cancel,
    is_join,
    is_stream,
    read_reels,
)
from spacecall.cassettes._format.recorded_apps import Addresses, App, Read, json_of
from spacecall.cassettes._format.server_sent_event import Event
from spacecall.codegen import drift
from spacecall.codegen.drift.interface import Value
from spacecall.codegen.store import SchemaFolder
from spacecall.errors import ProtocolError

__all__ = ["validate"]

Report = Iterator[str]
Checked = dict[tuple[Callable[[Any], object], str], list[str]]
"""What was wrong with a body beside the cassette, by the check and the body's name."""

_WHOLE = ("process_streaming", "process_completed")
_MOST_SNAPSHOTS = 256
"""Values of a job, each an edit of the one before, that are checked: each may be large."""
_UPLOAD: TypeAdapter[UploadResponse] = TypeAdapter(UploadResponse)


def validate(
    exchanges: Sequence[Exchange],
    apps: Mapping[str, App],
    read: Read,
    pinned: SchemaFolder | None = None,
) -> list[str]:
    """What in a recording fits neither the protocol nor the schemas: a line each, with its place.

    Args:
        exchanges: of one cassette.
        apps: that it talks to.
        read: its bodies.
        pinned: the schemas to compare with; by default those of the recorded /info, which every
            app is compared with that was asked for it.
    """
    checked: Checked = {}
    found = [
        line
        for number, one in enumerate(exchanges, 1)
        for line in _message(number, one, read, checked)
    ]
    wanted = None if pinned is None else drift.pinned(pinned)
    told = _interfaces(apps)
    if wanted is not None:
        for base, live in told.items():
            found += [f"{base}: {line}" for line in _drift(wanted, live)]
    reels = read_reels(exchanges)
    addresses = Addresses(apps)
    # Apps at several addresses may have one /config, beside the cassette.
    configs = {id(app.config): app.config for app in apps.values()}
    functions = {number: _functions(config) for number, config in configs.items()}
    for number, one in enumerate(exchanges, 1):
        app = addresses.app_at(one.url) if is_join(one.method, one.url) else None
        interface = (wanted or told.get(app.base)) if app else None
        if app and interface:
            function = mapping(one.request_body.get("json")).get("fn_index")
            dependency = (
                functions[id(app.config)].get(function) if isinstance(function, int) else None
            )
            lines = _job(one, reels.get(event_id_of(one)), app, dependency, interface)
            found += [f"{_place(number, one)}: {line}" for line in lines]
    return found


def _drift(pinned: drift.App, told: drift.App) -> Report:
    for finding in drift.compare(pinned, told):
        if finding.severity == "error":
            yield f"drift: {finding.sentence}"


def _place(number: int, exchange: Exchange) -> str:
    return f"interaction {number}, {exchange.method} {urlsplit(exchange.url).path}"


def _message(number: int, one: Exchange, read: Read, checked: Checked) -> Report:
    """What the protocol says against one exchange."""
    path = urlsplit(one.url).path
    place = _place(number, one)
    sent, got = one.request_body, one.body
    answered = one.status == 200 and one.end == COMPLETE
    if is_stream(one.method, one.url) and one.events is not None:
        for count, (_, event) in enumerate(one.events, 1):
            yield from (f"{place}, event {count}: {line}" for line in _queue_event(event))
        return
    checks: list[tuple[str, Callable[[Any], object], Stored]] = []
    if one.method == "POST" and "/call/" in path:
        checks.append(("request", CallRequest.model_validate, sent))
        checks += [("answer", CallResponse.model_validate, got)] * answered
    elif is_join(one.method, one.url):
        checks.append(("request", JoinRequest.model_validate, sent))
        checks += [("answer", JoinResponse.model_validate, got)] * answered
    elif is_cancel(one.method, one.url):
        checks.append(("request", CancelRequest.model_validate, sent))
    elif one.method == "POST" and "/run/" in path:
        checks.append(("request", RunRequest.model_validate, sent))
        checks += [("answer", RunResponse.model_validate, got)] * answered
        checks += [("answer", AppErrorBody.model_validate, got)] * (one.status == 500)
    elif one.method == "POST" and path.endswith("/upload") and answered:
        checks.append(("answer", _UPLOAD.validate_python, got))
    elif "/call/" in path and one.events is not None:
        for count, (_, event) in enumerate(one.events, 1):
            yield from (f"{place}, event {count}: {line}" for line in _call_event(event))
    for what, check, body in checks:
        digest = "" if "json" in body else text(body.get("sha256"))
        if not digest or (check, digest) not in checked:
            checked[check, digest] = _refusal(check, json_of(body, read))
        yield from (f"{place}, {what}: {line}" for line in checked[check, digest])


def _refusal(check: Callable[[Any], object], value: Any) -> list[str]:
    try:
        check(value)
    except ValidationError as error:
        return [*_lines(error)]
    return []


def _queue_event(event: Event) -> Report:
    try:
        message = messages.parse(event.data)
    except ProtocolError as error:
        yield str(error)
        return
    if isinstance(message, messages.MalformedMessage):
        yield message.reason
    elif isinstance(message, messages.UnknownMessage):
        yield f"a message of an unknown kind: {message.msg[:60]!r}"


def _call_event(event: Event) -> Report:
    try:
        message = simple.parse(event.name, event.data)
    except ProtocolError as error:
        yield str(error)
        return
    if message is None:
        yield f"an event of an unknown kind: {event.name[:60]!r}"


def _lines(error: ValidationError) -> Report:
    for one in error.errors(include_url=False, include_context=False, include_input=False):
        yield f"{'.'.join(map(str, one['loc'])) or 'it'}: {one['msg']}"


def _interfaces(apps: Mapping[str, App]) -> dict[str, drift.App]:
    """The interfaces of the apps that were asked for their /info, by address."""
    read: dict[tuple[int, int], drift.App] = {}
    found: dict[str, drift.App] = {}
    for base, app in apps.items():
        if app.info:
            same = id(app.raw), id(app.info)
            if same not in read:
                read[same] = drift.live(app.raw, app.info)
            found[base] = read[same]
    return found


def _functions(config: AppConfig) -> dict[int, Dependency]:
    """The functions of an app by their index; of several, the first."""
    return {one.fn_index: one for one in reversed(config.dependencies)}


def _job(
    join: Exchange,
    reel: Reel | None,
    app: App,
    dependency: Dependency | None,
    wanted: drift.App,
) -> Report:
    """What the app's schemas say against one job: its arguments, each value, its result."""
    body = mapping(join.request_body.get("json"))
    endpoint = wanted.endpoints.get(dependency.name or "") if dependency else None
    if dependency is None or endpoint is None:
        return
    given = _inputs(dependency, items(body.get("data")))
    yield from _values(endpoint.inputs, given, endpoint.name, "takes")
    edits = generation(app.config.protocol).edits
    try:
        for output in _outputs(reel, edits=edits):
            shown = visible(dependency, output)
            yield from _values(endpoint.outputs, shown, endpoint.name, "gives")
    except ProtocolError as error:
        yield f"{endpoint.name}: {error}"


def _values(wanted: Sequence[Value], values: Sequence[Any], name: str, verb: str) -> Report:
    if len(wanted) != len(values):
        yield f"{name} {verb} {len(wanted)} values, and there are {len(values)}"
    for one, value in zip(wanted, values, strict=False):
        if value is not UNCHANGED and not _kept_default(one, value):
            for line in problems(one.type.schema, value, root=one.type.root):
                yield f"{name}, {one.name}: {line}"


def _kept_default(wanted: Value, value: Any) -> bool:
    return not wanted.required and value == wanted.default


def _inputs(dependency: Dependency, data: Sequence[Any]) -> list[Any]:
    """What a caller gave; a slot that takes the whole component has the value in it."""
    found: list[Any] = []
    for place, (component, value) in enumerate(zip(dependency.inputs, data, strict=False)):
        if not component.hidden:
            whole = place in dependency.prop_inputs and is_object(value)
            found.append(mapping(value).get("value") if whole else value)
    return found


def _outputs(reel: Reel | None, *, edits: bool) -> Iterator[Sequence[Any]]:
    """The outputs of a job, one after another, whole; of very many edited ones some."""
    found: list[tuple[object, Sequence[Any]]] = []
    for _, event in reel.events if reel else ():
        message = event.value()
        data = mapping(message.get("output")).get("data")
        if message.get("success") is not False and is_array(data):
            found.append((message.get("msg"), data))
    yield from (data for kind, data in found if kind in _WHOLE)
    partial = [data for kind, data in found if kind == "process_generating"]
    if not edits:
        yield from partial
        return
    snapshot: list[Any] | None = None
    together = max(1, len(partial) // _MOST_SNAPSHOTS)
    starts = [*range(1, len(partial), together)]
    for start, end in pairwise([0, *starts, len(partial)]) if partial else ():
        snapshot = fold(snapshot, _joined(partial[start:end]))
        yield snapshot


def _joined(messages: Sequence[Sequence[Any]]) -> list[Any]:
    """The edits of several messages as those of one."""
    if len(messages) == 1:
        return list(messages[0])
    return [
        [edit for edits in slot for edit in (edits if is_array(edits) else [edits])]
        for slot in zip_longest(*messages, fillvalue=())
    ]
