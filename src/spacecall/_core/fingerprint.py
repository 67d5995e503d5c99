"""A cheap fingerprint of an app: what its /config alone tells of the endpoints that are in use.

It is a text for each endpoint, so that two of them can say how they differ::

    (textbox, number, state) -> (chatbot, state) queued streaming

Labels, limits and choices are not in it: `spacecall check` compares those. But where a function
has no names for its parameters, clients call them by their labels, and the names are in it, since
arguments are sent in the order of the wire::

    (width: number, height: number) -> (textbox) queued
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import compress
from typing import Final

from spacecall._core.app_config import AppConfig, Component, Dependency
from spacecall._core.python_names import parameter_names

__all__ = ["find_differences", "fingerprint", "fingerprints"]

_STATE: Final = "state"
_NAMED: Final = ": "


def fingerprint(dependency: Dependency, names_from_labels: Sequence[bool] = ()) -> str:
    """The fingerprint of one function: its components in order, State, and how it runs.

    Args:
        dependency: the function.
        names_from_labels: of each visible input, whether its label names it; missing ones are not
            named so.
    """
    traits = [
        "queued" if dependency.queued else "direct",
        *(["streaming"] if dependency.generator else []),
        *([dependency.visibility] if dependency.visibility != "public" else []),
    ]
    named = list(compress(dependency.visible_inputs, names_from_labels))
    names = iter(parameter_names([("", one.label, one.kind) for one in named]))
    flags = iter(names_from_labels)
    slots = [
        f"{next(names)}{_NAMED}{kind}" if kind != _STATE and next(flags, False) else kind
        for kind in _kinds(dependency.inputs)
    ]
    outputs = ", ".join(_kinds(dependency.outputs))
    return f"({', '.join(slots)}) -> ({outputs}) {' '.join(traits)}"


def fingerprints(config: AppConfig, names: Iterable[str]) -> dict[str, str]:
    """The fingerprints of the endpoints called `names` (`/echo`), in that order.

    Endpoints that the app does not have are left out.
    """
    found = {name: config.find(name) for name in names}
    return {name: fingerprint(one) for name, one in found.items() if one is not None}


def find_differences(pinned: Mapping[str, str], config: AppConfig) -> list[str]:
    """How the app differs from pinned fingerprints, one line an endpoint; nothing if it does not.

    Args:
        pinned: fingerprints by the endpoint's name, of the endpoints in use.
        config: the live app's.
    """
    lines: list[str] = []
    for name, before in pinned.items():
        dependency = config.find(name)
        if dependency is None:
            lines.append(f"{name}: the app has no such endpoint any more")
            continue
        after = fingerprint(dependency, _names_from_labels(before))
        if after != before:
            lines.append(f"{name}: was {before}, is {after}")
    return lines


def _names_from_labels(pinned: str) -> list[bool]:
    """Of each visible input in a fingerprint, whether its label names it."""
    slots = pinned.partition(") -> (")[0].removeprefix("(").split(", ")
    return [_NAMED in slot for slot in slots if slot != _STATE]


def _kinds(components: Iterable[Component]) -> list[str]:
    """What callers see and what the session holds; slots that are only hidden do not count."""
    shown = [one for one in components if one.is_state or not one.hidden]
    return [_STATE if one.is_state else one.type or "unknown" for one in shown]
