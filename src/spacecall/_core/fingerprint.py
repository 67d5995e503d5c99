"""A cheap fingerprint of an app: what its /config alone tells of the endpoints that are in use.

It is a text for each endpoint, so that two of them can say how they differ::

    (textbox, number, state) -> (chatbot, state) queued streaming

Labels, limits and choices are not in it: `spacecall check` compares those.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from spacecall._core.config import AppConfig, Component, Dependency

__all__ = ["differences", "fingerprint", "fingerprints"]


def fingerprint(dependency: Dependency) -> str:
    """The fingerprint of one function: its components in order, State, and how it runs."""
    traits = [
        "queued" if dependency.queued else "direct",
        *(["streaming"] if dependency.generator else []),
        *([dependency.visibility] if dependency.visibility != "public" else []),
    ]
    slots = f"({_kinds(dependency.inputs)}) -> ({_kinds(dependency.outputs)})"
    return f"{slots} {' '.join(traits)}"


def fingerprints(config: AppConfig, names: Iterable[str]) -> dict[str, str]:
    """The fingerprints of the endpoints called `names` (`/echo`), in that order.

    Endpoints that the app does not have are left out.
    """
    found = {name: config.find(name) for name in names}
    return {name: fingerprint(one) for name, one in found.items() if one is not None}


def differences(pinned: Mapping[str, str], config: AppConfig) -> list[str]:
    """How the app differs from pinned fingerprints, one line an endpoint; nothing if it does not.

    Args:
        pinned: fingerprints by the endpoint's name, of the endpoints in use.
        config: the live app's.
    """
    live = fingerprints(config, pinned)
    lines: list[str] = []
    for name, before in pinned.items():
        after = live.get(name)
        if after is None:
            lines.append(f"{name}: the app has no such endpoint any more")
        elif after != before:
            lines.append(f"{name}: was {before}, is {after}")
    return lines


def _kinds(components: Iterable[Component]) -> str:
    """What callers see and what the session holds; slots that are only hidden do not count."""
    shown = [one for one in components if one.is_state or not one.hidden]
    return ", ".join("state" if one.is_state else one.type or "unknown" for one in shown)
