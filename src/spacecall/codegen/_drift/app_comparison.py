"""All differences between a pinned interface and a live one."""

from __future__ import annotations

from collections.abc import Iterator

from spacecall._suggestions import nearest
from spacecall.codegen._drift.app_model import App, Endpoint
from spacecall.codegen._drift.endpoint_pairing import Match, match_endpoints
from spacecall.codegen._drift.finding_factory import Maker
from spacecall.codegen._drift.findings import SEVERITIES, Finding, Place
from spacecall.codegen._drift.input_comparison import compare_inputs
from spacecall.codegen._drift.output_comparison import compare_outputs
from spacecall.codegen._schemas.schema_documents import UPLOAD
from spacecall.codegen._schemas.schema_folder import LOCK

__all__ = ["compare"]

_ZERO = "zero-"


def compare(pinned: App, live: App) -> list[Finding]:
    """What changed since `pinned` was taken.

    Only endpoints that are pinned are compared. The order of the findings is that of the pinned
    endpoints, those about the app first, the worst of each first.
    """
    found = [*_app(pinned, live)]
    matches = match_endpoints(pinned, live)
    for match in matches:
        found += sorted(_endpoint(match, live), key=_rank)
    found += _added(pinned, live, matches)
    return found


def _rank(finding: Finding) -> int:
    return SEVERITIES.index(finding.severity)


def _endpoint(match: Match, live: App) -> Iterator[Finding]:
    before, after = match.before, match.after
    make = Maker(before.name)
    if after is None:
        yield _gone(make, match, live)
        return
    if match.taken:
        text = f"what was {before.name} is {after.name} now, and {before.name} is another function"
        yield make("endpoint-reshuffled", "", before.place, text, before.name, after.name)
    elif match.moved:
        text = f"{before.name} is called {after.name} now"
        yield make("endpoint-renamed", "", before.place, text, before.name, after.name)
    if before.visibility == "public" and after.visibility == "undocumented":
        text = f"{before.name} is not shown in the app's API any more"
        yield make("endpoint-undocumented", "", before.place, text, "public", "undocumented")
    yield from _running(make, before, after)
    yield from compare_inputs(before, after)
    yield from compare_outputs(before, after)


def _gone(make: Maker, match: Match, live: App) -> Finding:
    before = match.before
    if match.taken:
        text = f"{before.name} is gone: its name means what had another number before"
        return make("endpoint-removed", "", before.place, text, before.name)
    why = live.others.get(before.name)
    if why in ("private", "undocumented"):
        rule, how = f"endpoint-{why}", "private" if why == "private" else "not described any more"
        text = f"{before.name} is {how}"
        return make(rule, "", before.place, text, before.visibility, why)
    near = nearest(before.name, live.endpoints)
    hint = f"; the nearest names are {', '.join(near)}" if near else ""
    text = f"the app has no {before.name} any more{hint}"
    return make("endpoint-removed", "", before.place, text, before.name)


def _running(make: Maker, before: Endpoint, after: Endpoint) -> Iterator[Finding]:
    """How the endpoint runs."""
    notes = Place(before.place.file, f"{before.place.pointer}/x-spacecall")
    if before.streaming != after.streaming:
        kind, how = ("started", "streams") if after.streaming else ("stopped", "does not stream")
        yield make(
            f"streaming-{kind}",
            "",
            Place(notes.file, f"{notes.pointer}/streaming"),
            f"{before.name} {how} now",
            before.streaming,
            after.streaming,
        )
    if before.queued != after.queued:
        text = f"{before.name} {'waits in the queue' if after.queued else 'runs at once'} now"
        place = Place(notes.file, f"{notes.pointer}/queued")
        yield make("queue-changed", "", place, text, before.queued, after.queued)
    if before.stateful != after.stateful:
        kind, how = ("added", "uses") if after.stateful else ("removed", "does not use")
        place = Place(notes.file, f"{notes.pointer}/stateful")
        text = f"{before.name} {how} State now"
        yield make(f"state-{kind}", "", place, text, before.stateful, after.stateful)


def _added(pinned: App, live: App, matches: list[Match]) -> Iterator[Finding]:
    if pinned.chosen:
        return
    used = {match.after.name for match in matches if match.after is not None}
    for name, one in sorted(live.endpoints.items()):
        if one.visibility == "public" and name not in used and name not in pinned.endpoints:
            text = f"the app has a new endpoint {name}"
            yield Maker(name)("endpoint-added", "", Place(LOCK, "/endpoints"), text, None, name)


def _app(pinned: App, live: App) -> Iterator[Finding]:
    make = Maker()
    majors = [side.gradio.partition(".")[0] for side in (pinned, live)]
    if all(majors) and majors[0] != majors[1]:
        text = f"the app runs on Gradio {live.gradio} now, not {pinned.gradio}"
        place = Place(LOCK, "/gradio")
        yield make("gradio-major-changed", "", place, text, pinned.gradio, live.gradio)
    protocols = pinned.protocol, live.protocol
    if all(protocols) and protocols[0] != protocols[1]:
        text = f"the app speaks {live.protocol} now, not {pinned.protocol}"
        yield make("protocol-changed", "", Place(LOCK, "/protocol"), text, *protocols)
    yield from _access(make, pinned, live)
    yield from _size(make, pinned.max_file_size, live.max_file_size)
    yield from _hardware(make, pinned.hardware, live.hardware)


def _access(make: Maker, pinned: App, live: App) -> Iterator[Finding]:
    known = pinned.access is not None and live.access is not None
    if known and pinned.access != live.access and live.access != "open":
        text = f"the app wants a {live.access} now"
        place = Place(LOCK, "/access")
        yield make(f"{live.access}-required", "", place, text, pinned.access, live.access)


def _size(make: Maker, was: int | None, now: int | None) -> Iterator[Finding]:
    if was == now:
        return
    shrunk = now is not None and (was is None or now < was)
    shown = ["without limit" if size is None else f"up to {size} bytes" for size in (was, now)]
    text = f"the app takes files {shown[1]} now, not {shown[0]}"
    place = Place(UPLOAD, "/x-spacecall/max_file_size")
    yield make(f"max-file-size-{'shrunk' if shrunk else 'grown'}", "", place, text, was, now)


def _hardware(make: Maker, was: str | None, now: str | None) -> Iterator[Finding]:
    if was is None or now is None or was.startswith(_ZERO) == now.startswith(_ZERO):
        return
    kind = "started" if now.startswith(_ZERO) else "stopped"
    text = f"the Space runs on {now} now, not on {was}"
    yield make(f"zerogpu-{kind}", "", Place(LOCK, "/hardware"), text, was, now)
