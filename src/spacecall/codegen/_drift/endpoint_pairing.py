"""Find the live endpoint that corresponds to each pinned one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TypeAlias

from spacecall.codegen._drift.app_model import AppModel, EndpointModel

__all__ = ["EndpointMatch", "describe_signature_change", "find_similar", "match_endpoints"]

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


def find_similar(
    endpoint: EndpointModel, new_endpoints: Iterable[EndpointModel]
) -> EndpointModel | None:
    """Find the new endpoint that may be a removed one under another name.

    It has a parameter of the removed one, and one parameter or one output more or less; of several,
    the one with the most similar name is returned.
    """
    inputs = set(_signature(endpoint)[0])
    candidates = [
        candidate
        for candidate in new_endpoints
        if inputs & set(_signature(candidate)[0])
        and candidate.visibility == endpoint.visibility
        and sum(map(len, _signature_change(endpoint, candidate))) == 1
    ]
    return max(
        candidates,
        key=lambda candidate: (_similarity(endpoint.name, candidate.name), candidate.name),
        default=None,
    )


def describe_signature_change(before: EndpointModel, after: EndpointModel) -> str:
    """Describe the parameters and outputs that two endpoints differ by: `with the parameter x`."""
    nouns = ("with the parameter", "without the parameter", "with the output", "without the output")
    return " and ".join(
        f"{noun} {', '.join(names)}"
        for noun, names in zip(nouns, _signature_change(before, after), strict=True)
        if names
    )


def _signature_change(before: EndpointModel, after: EndpointModel) -> tuple[list[str], ...]:
    """Return the names of added parameters, removed ones, added outputs, and removed ones."""
    (old_inputs, old_outputs), (new_inputs, new_outputs) = map(_signature, (before, after))
    inputs, later_inputs = Counter(old_inputs), Counter(new_inputs)
    outputs, later_outputs = Counter(old_outputs), Counter(new_outputs)
    return (
        [name for name, _ in (later_inputs - inputs).elements()],
        [name for name, _ in (inputs - later_inputs).elements()],
        list((later_outputs - outputs).elements()),
        list((outputs - later_outputs).elements()),
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
