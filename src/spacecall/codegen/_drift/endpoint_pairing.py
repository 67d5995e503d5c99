"""Find the live endpoint that corresponds to each pinned one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TypeAlias

from spacecall.codegen._drift.app_model import AppModel, EndpointModel

__all__ = ["EndpointMatch", "match_endpoints"]

_NUMBERED = re.compile(r"(.+?)(?:_[0-9]+)?\Z", re.DOTALL)
_MAX_COMPARED = 100
"""Characters of a name that are compared for similarity."""
_Signature: TypeAlias = tuple[tuple[tuple[str, str], ...], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class EndpointMatch:
    """A pinned endpoint and the live endpoint that corresponds to it.

    Attributes:
        before: the pinned endpoint.
        after: the live endpoint; None if there is none.
        renamed: whether the live endpoint has another name.
        name_reused: whether the pinned name calls another function now.
    """

    before: EndpointModel
    after: EndpointModel | None
    renamed: bool = False
    name_reused: bool = False


def match_endpoints(before: AppModel, after: AppModel) -> list[EndpointMatch]:
    """Find the live endpoint for each pinned one, in the pinned order.

    An endpoint that keeps its name and its signature is unchanged. The others are looked up by
    signature: first among names that differ by a number only (`predict_1`), then, if the name is
    gone, among all new names. The rest is paired by name.
    """
    unchanged = {
        name: after.endpoints[name]
        for name, endpoint in before.endpoints.items()
        if name in after.endpoints and _signature(endpoint) == _signature(after.endpoints[name])
    }
    unmatched = {
        name: endpoint for name, endpoint in after.endpoints.items() if name not in unchanged
    }
    renamed: dict[str, EndpointModel] = {}
    for find in (_find_sibling, _find_renamed):
        for name, endpoint in before.endpoints.items():
            hidden = name not in after.endpoints and name in after.hidden
            if name in unchanged or name in renamed or hidden:
                continue
            partner = find(endpoint, before, unmatched)
            if partner is not None:
                renamed[name] = unmatched.pop(partner.name)
    claimed = {partner.name for partner in renamed.values()}
    matches: list[EndpointMatch] = []
    for name, endpoint in before.endpoints.items():
        namesake = after.endpoints.get(name)
        if name in renamed:
            matches.append(
                EndpointMatch(
                    endpoint, renamed[name], renamed=True, name_reused=namesake is not None
                )
            )
        else:
            reused = name in claimed
            matches.append(
                EndpointMatch(endpoint, None if reused else namesake, name_reused=reused)
            )
    return matches


def _find_sibling(
    endpoint: EndpointModel, _: AppModel, unmatched: Mapping[str, EndpointModel]
) -> EndpointModel | None:
    """Find an endpoint of the same signature whose name differs by its number only."""
    siblings = (
        candidate
        for name, candidate in unmatched.items()
        if name != endpoint.name and _unnumbered(name) == _unnumbered(endpoint.name)
    )
    return min(
        (sibling for sibling in siblings if _has_same_signature(endpoint, sibling)),
        key=lambda sibling: sibling.name,
        default=None,
    )


def _find_renamed(
    endpoint: EndpointModel, before: AppModel, unmatched: Mapping[str, EndpointModel]
) -> EndpointModel | None:
    """Find a new endpoint of the same signature; of several, the one with the most similar name.

    An endpoint without parameters has too little to be recognised by, so the candidate must be
    unique.
    """
    if endpoint.name in unmatched:
        return None
    candidates = [
        candidate
        for name, candidate in unmatched.items()
        if name not in before.endpoints
        and candidate.visibility == endpoint.visibility
        and _has_same_signature(endpoint, candidate)
    ]
    if len(candidates) > 1 and not endpoint.inputs:
        return None
    return max(
        candidates,
        key=lambda candidate: (_similarity(endpoint.name, candidate.name), candidate.name),
        default=None,
    )


def _has_same_signature(endpoint: EndpointModel, candidate: EndpointModel) -> bool:
    return bool(endpoint.inputs or endpoint.outputs) and _signature(endpoint) == _signature(
        candidate
    )


def _signature(endpoint: EndpointModel) -> _Signature:
    inputs = tuple((parameter.name, parameter.component) for parameter in endpoint.inputs)
    return inputs, tuple(output.component for output in endpoint.outputs)


def _unnumbered(name: str) -> str:
    match = _NUMBERED.match(name)
    return match[1] if match else name


def _similarity(name: str, candidate: str) -> float:
    # quadratic in the length of names, which the app's author chooses
    return SequenceMatcher(
        None, name[:_MAX_COMPARED], candidate[:_MAX_COMPARED], autojunk=False
    ).ratio()
