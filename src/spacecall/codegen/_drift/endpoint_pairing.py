"""Which live endpoint a pinned one has become."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TypeAlias

from spacecall.codegen._drift.app_model import App, Endpoint

__all__ = ["Match", "match_endpoints"]

_NUMBERED = re.compile(r"(.+?)(?:_[0-9]+)?\Z", re.DOTALL)
_COMPARED = 100
"""Characters of a name that are compared with another."""
_Signature: TypeAlias = tuple[tuple[tuple[str, str], ...], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Match:
    """What became of a pinned endpoint.

    Attributes:
        before: it.
        after: what is compared with it; None if there is nothing.
        moved: whether `after` has another name.
        taken: whether its own name calls another function now.
    """

    before: Endpoint
    after: Endpoint | None
    moved: bool = False
    taken: bool = False


def match_endpoints(before: App, after: App) -> list[Match]:
    """What became of each pinned endpoint, in the pinned order.

    An endpoint that keeps its name and signature is the same. The others are looked for by their
    signature, first among those that differ from their name by a number (`predict_1`), then, if
    nothing has their name any more, among all new ones. What is left is compared by name.
    """
    kept = {
        name: after.endpoints[name]
        for name, one in before.endpoints.items()
        if name in after.endpoints and _signature(one) == _signature(after.endpoints[name])
    }
    free = {name: one for name, one in after.endpoints.items() if name not in kept}
    moved: dict[str, Endpoint] = {}
    for find in (_sibling, _renamed):
        for name, one in before.endpoints.items():
            hidden = name not in after.endpoints and name in after.others
            if name in kept or name in moved or hidden:
                continue
            two = find(one, before, free)
            if two is not None:
                moved[name] = free.pop(two.name)
    claimed = {two.name for two in moved.values()}
    matches: list[Match] = []
    for name, one in before.endpoints.items():
        own = after.endpoints.get(name)
        if name in moved:
            matches.append(Match(one, moved[name], moved=True, taken=own is not None))
        else:
            matches.append(Match(one, None if name in claimed else own, taken=name in claimed))
    return matches


def _sibling(one: Endpoint, _: App, free: Mapping[str, Endpoint]) -> Endpoint | None:
    """An endpoint with the signature of `one` among those that differ from it by a number."""
    same = (
        two for name, two in free.items() if name != one.name and _family(name) == _family(one.name)
    )
    return min((two for two in same if _is_like(one, two)), key=lambda two: two.name, default=None)


def _renamed(one: Endpoint, before: App, free: Mapping[str, Endpoint]) -> Endpoint | None:
    """The new endpoint with the signature of `one`, the one with the most similar name if several.

    Without a parameter there is little to recognise an endpoint by: it must be the only one.
    """
    if one.name in free:
        return None
    new = [
        two
        for name, two in free.items()
        if name not in before.endpoints and two.visibility == one.visibility and _is_like(one, two)
    ]
    if len(new) > 1 and not one.inputs:
        return None
    return max(new, key=lambda two: (_likeness(one.name, two.name), two.name), default=None)


def _is_like(one: Endpoint, two: Endpoint) -> bool:
    return bool(one.inputs or one.outputs) and _signature(one) == _signature(two)


def _signature(endpoint: Endpoint) -> _Signature:
    inputs = tuple((one.name, one.component) for one in endpoint.inputs)
    return inputs, tuple(one.component for one in endpoint.outputs)


def _family(name: str) -> str:
    found = _NUMBERED.match(name)
    return found[1] if found else name


def _likeness(one: str, two: str) -> float:
    # quadratic in the length of both, which a stranger may have chosen
    return SequenceMatcher(None, one[:_COMPARED], two[:_COMPARED], autojunk=False).ratio()
