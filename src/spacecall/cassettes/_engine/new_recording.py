"""What of a new recording is written: without secrets, and without needless changes."""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from spacecall._core.json_values import as_str, is_array, is_object
from spacecall.cassettes._engine.merging import append_recording, find_remaining, keep_unchanged
from spacecall.cassettes._engine.record_modes import RecordMode
from spacecall.cassettes._engine.secret_removal import remove_secrets
from spacecall.cassettes._engine.stable_form import to_stable_form
from spacecall.cassettes._format.cassette_file import BodyFiles
from spacecall.cassettes._format.exchange import Exchange, get_header
from spacecall.cassettes._format.recorded_apps import is_document, read_json_body
from spacecall.cassettes._format.scrubber import Scrubber

__all__ = ["FinishedRecording", "finish_recording", "share_documents"]

# Fields of /config and /info: the id of this run of the app, and programs with its address.
_OF_RUN: Final = frozenset({"app_id", "code_snippets"})
_MEMORY_ADDRESS: Final = re.compile(r" at 0x[0-9a-fA-F]{6,16}\b")
_LOCAL_PORT: Final = re.compile(r"^(https?://(?:127\.0\.0\.1|localhost|\[::1\])):\d+")


@dataclass(frozen=True, slots=True)
class FinishedRecording:
    """A recording without secrets and needless changes.

    Attributes:
        exchanges: of the cassette.
        has_changed: whether the cassette means something else than before.
    """

    exchanges: list[Exchange]
    has_changed: bool


def finish_recording(
    path: Path,
    old_exchanges: Sequence[Exchange],
    new_exchanges: Sequence[Exchange],
    bodies: BodyFiles,
    scrubber: Scrubber,
    mode: RecordMode,
    other_tests: Set[str] = frozenset(),
) -> FinishedRecording:
    """Return the exchanges of a cassette after a recording.

    Args:
        path: of the cassette.
        old_exchanges: of the cassette.
        new_exchanges: that were recorded.
        bodies: has their external bodies.
        scrubber: knows the caller's credentials.
        mode: of the recording.
        other_tests: that share the cassette, whose requests stay in it.

    Raises:
        SecretFoundError: the new recording contains probable secrets.
    """
    old = [_inline_document(exchange, bodies) for exchange in old_exchanges]
    new = [_inline_document(exchange, bodies) for exchange in new_exchanges]
    new = remove_secrets(path, old, new, bodies, scrubber)
    if mode == "new_episodes":
        exchanges = [*old, *to_stable_form(new, old)]
    else:
        remaining = find_remaining(old, new, other_tests, keeps_unmade=mode == "all")
        recorded = to_stable_form(new, remaining)
        exchanges = keep_unchanged(old, append_recording(remaining, recorded))
    has_changed = exchanges != old
    return FinishedRecording(share_documents(exchanges, bodies), has_changed)


def share_documents(exchanges: Sequence[Exchange], bodies: BodyFiles) -> list[Exchange]:
    """Return exchanges whose descriptions of apps are in files that all cassettes share."""
    for exchange in exchanges:
        if is_document(exchange) and is_object(exchange.body.get("json")):
            exchange.body = bodies.share(exchange.body["json"])
    return list(exchanges)


def _inline_document(exchange: Exchange, bodies: BodyFiles) -> Exchange:
    """Return an exchange with the description of an app in its body."""
    is_json = "json" in exchange.body or "json" in get_header(exchange.headers, "content-type")
    if is_json and is_document(exchange):
        document: Any = read_json_body(exchange.body, bodies.read)
        if is_object(document):
            exchange.body = {"json": _without_run(document)}
            if root := as_str(document.get("root")):
                exchange.body["json"]["root"] = _LOCAL_PORT.sub(r"\1", root)
    return exchange


def _without_run(value: Any) -> Any:
    """Return a description of an app without what differs in every run of it."""
    if is_object(value):
        return {name: _without_run(inner) for name, inner in value.items() if name not in _OF_RUN}
    if is_array(value):
        return [_without_run(inner) for inner in value]
    return _MEMORY_ADDRESS.sub(" at 0x0", value) if isinstance(value, str) else value
