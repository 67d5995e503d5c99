"""Compute fingerprints of an app's endpoints from its /config alone.

A fingerprint is readable text, so that a difference can be shown::

    (textbox, number, state) -> (chatbot, state) queued streaming

It leaves out labels, limits and choices: `spacecall check` compares those. But if a function does
not name its parameters, clients name them by their labels. The fingerprint then has these names,
since arguments are sent by position::

    (width: number, height: number) -> (textbox) queued
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, compress
from typing import Final, get_args

from spacecall._core.app_components import Component
from spacecall._core.app_config import AppConfig
from spacecall._core.app_functions import Dependency
from spacecall._core.python_names import parameter_names
from spacecall.endpoints import Visibility

__all__ = ["find_differences", "fingerprint", "fingerprints", "wire_shape"]

_STATE: Final = "state"
_NAME_SEPARATOR: Final = ": "
_QUEUE: Final = frozenset({"queued", "direct"})
_VISIBILITIES: Final = frozenset(get_args(Visibility))


def fingerprint(dependency: Dependency, names_from_labels: Sequence[bool] = ()) -> str:
    """Return the fingerprint of one function: its components in order, and how it runs.

    Args:
        dependency: the function.
        names_from_labels: for each visible input, whether its name comes from its label; False for
            missing items.
    """
    traits = [
        "queued" if dependency.queued else "direct",
        *(["streaming"] if dependency.generator else []),
        *([dependency.visibility] if dependency.visibility != "public" else []),
    ]
    labelled = compress(dependency.visible_inputs, names_from_labels)
    names = iter(parameter_names([("", input_.label, input_.kind) for input_ in labelled]))
    flags = iter(names_from_labels)
    slots = [
        f"{next(names)}{_NAME_SEPARATOR}{kind}" if kind != _STATE and next(flags, False) else kind
        for kind in _kinds(dependency.inputs)
    ]
    outputs = ", ".join(_kinds(dependency.outputs))
    return f"({', '.join(slots)}) -> ({outputs}) {' '.join(traits)}"


def fingerprints(config: AppConfig, names: Iterable[str]) -> dict[str, str]:
    """Return the fingerprints of the endpoints called `names` (`/echo`), in that order.

    Endpoints that the app does not have are left out.
    """
    functions = {name: config.find(name) for name in names}
    return {name: fingerprint(function) for name, function in functions.items() if function}


def find_differences(pinned: Mapping[str, str], config: AppConfig) -> list[str]:
    """Return a line for each endpoint that differs from its pinned fingerprint in what matters.

    A change of the queue, less State and more visibility do not affect calls.

    Args:
        pinned: the fingerprints of the endpoints in use, by the endpoint's name.
        config: the live app's /config.
    """
    lines: list[str] = []
    for name, expected in pinned.items():
        dependency = config.find(name)
        if dependency is None:
            lines.append(f"{name}: the app has no such endpoint any more")
            continue
        actual = fingerprint(dependency, _names_from_labels(expected))
        if _affects_calls(expected, actual):
            lines.append(f"{name}: was {expected}, is {actual}")
    return lines


def _affects_calls(expected: str, actual: str) -> bool:
    """Return whether a drift rule for a change of a fingerprint is more severe than info."""
    ignored = set(_QUEUE)
    if _STATE in chain(*_split(expected)):
        ignored.add(_STATE)
    if not _VISIBILITIES.intersection(_split(actual)[-1]):  # the endpoint is public now
        ignored |= _VISIBILITIES
    before, after = (
        [[word for word in words if word not in ignored] for words in _split(shape)]
        for shape in (expected, actual)
    )
    return before != after


def _split(shape: str) -> tuple[list[str], list[str], list[str]]:
    """Return the inputs, the outputs and the traits of a fingerprint."""
    inputs, _, remainder = shape.removeprefix("(").partition(") -> (")
    outputs, _, traits = remainder.rpartition(") ")
    return inputs.split(", "), outputs.split(", "), traits.split()


def wire_shape(shape: str) -> str:
    """Return a fingerprint without what is not on the wire: names from labels, and visibility."""
    inputs, outputs, traits = _split(shape)
    kinds = ", ".join(slot.rpartition(_NAME_SEPARATOR)[2] for slot in inputs)
    on_wire = " ".join(trait for trait in traits if trait not in _VISIBILITIES)
    return f"({kinds}) -> ({', '.join(outputs)}) {on_wire}"


def _names_from_labels(pinned: str) -> list[bool]:
    """Return for each visible input of a fingerprint whether its name comes from its label."""
    slots, _, _ = _split(pinned)
    return [_NAME_SEPARATOR in slot for slot in slots if slot != _STATE]


def _kinds(components: Iterable[Component]) -> list[str]:
    """Return the types of the visible components and of State; skip other hidden components."""
    return [
        _STATE if component.is_state else component.type or "unknown"
        for component in components
        if component.is_state or not component.hidden
    ]
