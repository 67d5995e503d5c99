"""Compare the pinned model of an app with the live one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from spacecall._suggestions import nearest
from spacecall.codegen._drift.app_model import AppModel, EndpointModel
from spacecall.codegen._drift.endpoint_pairing import (
    EndpointMatch,
    describe_signature_change,
    find_similar,
    match_endpoints,
)
from spacecall.codegen._drift.finding_factory import FindingFactory
from spacecall.codegen._drift.findings import SEVERITIES, Finding, Location
from spacecall.codegen._drift.input_comparison import compare_inputs
from spacecall.codegen._drift.output_comparison import compare_outputs
from spacecall.codegen._schemas.schema_documents import JOIN_FILE, UPLOAD_FILE
from spacecall.codegen._schemas.schema_folder import LOCK_FILE

__all__ = ["compare_apps"]

_ZERO_PREFIX = "zero-"


def compare_apps(pinned: AppModel, live: AppModel) -> list[Finding]:
    """List what changed between the pinned app and the live app.

    Only pinned endpoints are compared. Findings about the app come first, then those of each pinned
    endpoint in the app's order, the most severe first.
    """
    live = _without_default_functions(live, pinned)
    findings = [*_compare_app(pinned, live)]
    matches = match_endpoints(pinned, live)
    paired = {match.after.name for match in matches if match.after}
    new_endpoints = [
        endpoint
        for name, endpoint in live.endpoints.items()
        if name not in pinned.endpoints and name not in paired
    ]
    same_major = _major(pinned) == _major(live)
    for match in matches:
        if match.after is None:
            findings.append(_missing_endpoint(match, match.before, live, new_endpoints))
        else:
            changes = _compare_endpoint(match, match.after, same_major=same_major)
            findings += sorted(changes, key=_severity_rank)
    findings += _added_endpoints(pinned, live, matches)
    return findings


def _without_default_functions(live: AppModel, pinned: AppModel) -> AppModel:
    """Return the live app without new functions that only compute a default.

    Clients leave them out, and a changed default has a rule of its own.
    """
    endpoints = {
        name: endpoint
        for name, endpoint in live.endpoints.items()
        if name in pinned.endpoints or not endpoint.computes_default
    }
    return replace(live, endpoints=endpoints)


def _severity_rank(finding: Finding) -> int:
    return SEVERITIES.index(finding.severity)


def _major(app: AppModel) -> str:
    return app.gradio.partition(".")[0]


def _compare_endpoint(
    match: EndpointMatch, after: EndpointModel, *, same_major: bool
) -> Iterator[Finding]:
    before = match.before
    make = FindingFactory(before.name)
    if match.name_reused:
        text = f"what was {before.name} is {after.name} now, and {before.name} is another function"
        yield make("endpoint-reshuffled", "", before.location, text, before.name, after.name)
    elif match.renamed:
        text = f"{before.name} is called {after.name} now"
        yield make("endpoint-renamed", "", before.location, text, before.name, after.name)
    if before.visibility == "public" and after.visibility == "undocumented":
        text = f"{before.name} is no longer documented by the app"
        yield make("endpoint-undocumented", "", before.location, text, "public", "undocumented")
    yield from _compare_execution(make, before, after)
    yield from _compare_stream_input(make, before, after)
    yield from compare_inputs(before, after, same_major=same_major)
    yield from compare_outputs(before, after)


def _missing_endpoint(
    match: EndpointMatch, before: EndpointModel, live: AppModel, new: Sequence[EndpointModel]
) -> Finding:
    make = FindingFactory(before.name)
    if match.name_reused:
        text = f"{before.name} was removed, and another function has its name now"
        return make("endpoint-removed", "", before.location, text, before.name)
    visibility = live.hidden.get(before.name)
    if visibility in ("private", "undocumented"):
        state = "private" if visibility == "private" else "no longer documented"
        text = f"{before.name} is {state}"
        values = (before.visibility, visibility)
        return make(f"endpoint-{visibility}", "", before.location, text, *values)
    similar = find_similar(before, new)
    near = nearest(before.name, live.endpoints)
    if similar is not None:
        changes = describe_signature_change(before, similar)
        hint = f"; perhaps it is {similar.name} now, {changes}"
    else:
        hint = f"; the nearest names are {', '.join(near)}" if near else ""
    text = f"the app no longer has {before.name}{hint}"
    return make("endpoint-removed", "", before.location, text, before.name)


def _compare_execution(
    make: FindingFactory, before: EndpointModel, after: EndpointModel
) -> Iterator[Finding]:
    """Compare how the endpoint runs: streaming, queue, State, for whom."""
    extension = Location(before.location.file, f"{before.location.pointer}/x-spacecall")
    if before.streaming != after.streaming:
        suffix, verb_phrase = (
            ("started", "streams") if after.streaming else ("stopped", "does not stream")
        )
        yield make(
            f"streaming-{suffix}",
            "",
            Location(extension.file, f"{extension.pointer}/streaming"),
            f"{before.name} {verb_phrase} now",
            before.streaming,
            after.streaming,
        )
    if before.queued != after.queued:
        text = f"{before.name} {'waits in the queue' if after.queued else 'runs at once'} now"
        location = Location(extension.file, f"{extension.pointer}/queued")
        yield make("queue-changed", "", location, text, before.queued, after.queued)
    if before.stateful != after.stateful:
        suffix, verb_phrase = ("added", "uses") if after.stateful else ("removed", "does not use")
        location = Location(extension.file, f"{extension.pointer}/stateful")
        text = f"{before.name} {verb_phrase} State now"
        yield make(f"state-{suffix}", "", location, text, before.stateful, after.stateful)
    if before.oauth != after.oauth:
        suffix, requirement = {
            "required": ("required", "requires the token of a user"),
            "optional": ("optional", "can use the token of a user"),
            None: ("removed", "does not take the token of a user"),
        }[after.oauth]
        location = Location(extension.file, f"{extension.pointer}/oauth")
        text = f"{before.name} {requirement} now"
        yield make(f"user-token-{suffix}", "", location, text, before.oauth, after.oauth)


def _compare_stream_input(
    make: FindingFactory, before: EndpointModel, after: EndpointModel
) -> Iterator[Finding]:
    """Compare which input takes a stream; other rules report a new name or position of it."""
    streamed = before.stream_input, after.stream_input
    if streamed[0] == streamed[1] or _stream_index(before) == _stream_index(after):
        return
    if streamed[0] is None:
        suffix, verb_phrase = "added", f"takes a stream in {streamed[1]}"
    elif streamed[1] is None:
        suffix, verb_phrase = "removed", "takes no stream"
    else:
        suffix, verb_phrase = "changed", f"takes the stream in {streamed[1]}"
    location = Location(before.location.file, f"{before.location.pointer}/x-spacecall/stream_input")
    yield make(
        f"stream-input-{suffix}", "", location, f"{before.name} {verb_phrase} now", *streamed
    )


def _stream_index(endpoint: EndpointModel) -> int | None:
    names = [value.name for value in endpoint.inputs]
    return names.index(endpoint.stream_input) if endpoint.stream_input in names else None


def _added_endpoints(
    pinned: AppModel, live: AppModel, matches: list[EndpointMatch]
) -> Iterator[Finding]:
    if pinned.selected:
        return
    known_names = pinned.endpoints.keys() | {match.after.name for match in matches if match.after}
    for name, endpoint in sorted(live.endpoints.items()):
        if endpoint.visibility == "public" and name not in known_names:
            make, location = FindingFactory(name), Location(JOIN_FILE, "/anyOf")
            text = f"the app has a new endpoint {name}"
            yield make("endpoint-added", "", location, text, None, name)


def _compare_app(pinned: AppModel, live: AppModel) -> Iterator[Finding]:
    make = FindingFactory()
    majors = [_major(side) for side in (pinned, live)]
    if all(majors) and majors[0] != majors[1]:
        text = f"the app runs on Gradio {live.gradio} now, not {pinned.gradio}"
        location = Location(LOCK_FILE, "/gradio")
        yield make("gradio-major-changed", "", location, text, pinned.gradio, live.gradio)
    protocols = pinned.protocol, live.protocol
    if all(protocols) and protocols[0] != protocols[1]:
        text = f"the app speaks {live.protocol} now, not {pinned.protocol}"
        yield make("protocol-changed", "", Location(LOCK_FILE, "/protocol"), text, *protocols)
    yield from _compare_access(make, pinned, live)
    yield from _compare_max_file_size(make, pinned.max_file_size, live.max_file_size)
    yield from _compare_hardware(make, pinned.hardware, live.hardware)


def _compare_access(make: FindingFactory, pinned: AppModel, live: AppModel) -> Iterator[Finding]:
    is_known = pinned.access is not None and live.access is not None
    if is_known and pinned.access != live.access and live.access != "open":
        text = f"the app requires a {live.access} now"
        location = Location(LOCK_FILE, "/access")
        yield make(f"{live.access}-required", "", location, text, pinned.access, live.access)


def _compare_max_file_size(
    make: FindingFactory, was: int | None, now: int | None
) -> Iterator[Finding]:
    if was == now:
        return
    shrunk = now is not None and (was is None or now < was)
    limits = ["without limit" if size is None else f"up to {size} bytes" for size in (was, now)]
    text = f"the app takes files {limits[1]} now, not {limits[0]}"
    location = Location(UPLOAD_FILE, "/x-spacecall/max_file_size")
    yield make(f"max-file-size-{'shrunk' if shrunk else 'grown'}", "", location, text, was, now)


def _compare_hardware(make: FindingFactory, was: str | None, now: str | None) -> Iterator[Finding]:
    if was is None or now is None or was.startswith(_ZERO_PREFIX) == now.startswith(_ZERO_PREFIX):
        return
    kind = "started" if now.startswith(_ZERO_PREFIX) else "stopped"
    text = f"the Space runs on {now} now, not on {was}"
    yield make(f"zerogpu-{kind}", "", Location(LOCK_FILE, "/hardware"), text, was, now)
