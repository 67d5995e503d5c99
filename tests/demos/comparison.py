"""What differs between the clients, and which of it has an explanation."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from tests.demos.cases import Case
from tests.demos.clients import Outcome

ABSENT = "(absent)"


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where a client's outcome is not that of gradio_client.

    Attributes:
        app, case: what was called.
        client: `dynamic` or `typed`.
        aspect: `value`, `outputs`, `error`, `message`.
        path: where in the value.
        ours, theirs: what the client has there, and what gradio_client has.
    """

    app: str
    case: Case
    client: str
    aspect: str
    path: str
    ours: Any
    theirs: Any

    def __str__(self) -> str:
        head = f"{self.app}{self.case.name} [{self.client} {self.aspect}{self.path}]"
        return f"{head}: {_cut(self.ours)} | gradio_client: {_cut(self.theirs)}"


def compare(
    app: str,
    case: Case,
    ours: Mapping[str, Sequence[Outcome]],
    theirs: Sequence[Outcome],
) -> list[Difference]:
    """Compare what each client of ours came to with what gradio_client did."""
    differences: list[Difference] = []
    for client, outcomes in ours.items():
        for number, (left, right) in enumerate(zip(outcomes, theirs, strict=True)):
            step = f"#{number}" if len(theirs) > 1 else ""
            differences += [
                Difference(app, case, client, aspect, f"{step}{path}", our_value, their_value)
                for aspect, path, our_value, their_value in _differences(left, right)
            ]
    return differences


def _differences(ours: Outcome, theirs: Outcome) -> list[tuple[str, str, Any, Any]]:
    if ours.error or theirs.error:
        return _error_differences(ours, theirs)
    value = difference(ours.value, theirs.value)
    if value is not None:
        return [("value", *value)]
    # A slow consumer gets fewer outputs: those it gets are in order, and the last is the last.
    remaining = iter(theirs.outputs)
    for output in ours.outputs:
        if not any(difference(output, candidate) is None for candidate in remaining):
            return [("outputs", "", list(ours.outputs), list(theirs.outputs))]
    return []


def _error_differences(ours: Outcome, theirs: Outcome) -> list[tuple[str, str, Any, Any]]:
    if not (ours.error and theirs.error):
        return [("error", "", _told(ours), _told(theirs))]
    if ours.sent and theirs.sent and ours.message != theirs.message:
        return [("message", "", _told(ours), _told(theirs))]
    return []


def _told(outcome: Outcome) -> Any:
    return f"{outcome.error}: {outcome.message}" if outcome.error else outcome.value


def difference(left: Any, right: Any) -> tuple[str, Any, Any] | None:
    """The first place where JSON data differs, numbers by type too: path, left, right."""
    if type(left) is not type(right):
        return "", left, right
    if isinstance(left, dict):
        lefts, rights = cast("dict[str, Any]", left), cast("dict[str, Any]", right)
        keys = list(dict.fromkeys([*lefts, *rights]))
        return _first(
            [(f".{key}", lefts.get(key, ABSENT), rights.get(key, ABSENT)) for key in keys]
        )
    if isinstance(left, list):
        firsts, seconds = cast("list[Any]", left), cast("list[Any]", right)
        if len(firsts) != len(seconds):
            return "", firsts, seconds
        pairs = enumerate(zip(firsts, seconds, strict=True))
        return _first([(f"[{index}]", *pair) for index, pair in pairs])
    if isinstance(left, float) and math.isnan(left) and math.isnan(right):
        return None
    return None if left == right else ("", left, right)


def _first(pairs: Sequence[tuple[str, Any, Any]]) -> tuple[str, Any, Any] | None:
    for step, left, right in pairs:
        inner = difference(left, right)
        if inner is not None:
            return step + inner[0], inner[1], inner[2]
    return None


def _cut(value: Any) -> str:
    text = f"{type(value).__name__} {value!r}"
    return text if len(text) <= 200 else f"{text[:150]}…{len(text)}"
