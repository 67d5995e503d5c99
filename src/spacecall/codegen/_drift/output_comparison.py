"""Rules about outputs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from spacecall.codegen._drift.app_model import Endpoint, Value
from spacecall.codegen._drift.finding_factory import Maker
from spacecall.codegen._drift.findings import Finding, Place
from spacecall.codegen._drift.schema_facets import difference, is_payload, words
from spacecall.codegen._drift.subschema import fits, same

__all__ = ["compare_outputs"]

_Pair = tuple[Value, Value]


def compare_outputs(before: Endpoint, after: Endpoint) -> Iterator[Finding]:
    """What changed about the outputs of an endpoint."""
    make = Maker(before.name)
    pairs, gone, new = _pairs(before.outputs, after.outputs)
    for one in gone:
        text = f"{_shown(one)} ({words(one.type)}) is gone"
        yield make("output-removed", one.name, one.place, text, one.label or one.component)
    for two in new:
        text = f"{_shown(two)} ({words(two.type)}) is new"
        place = before.outputs[-1].place if before.outputs else before.place
        yield make("output-added", two.name, place, text, None, two.label or two.component)
    numbers = [after.outputs.index(two) for _, two in pairs]
    if any(later < earlier for earlier, later in pairwise(numbers)):
        names = [[one.label or one.component for one in side.outputs] for side in (before, after)]
        text = f"the outputs are {', '.join(names[1])} now, not {', '.join(names[0])}"
        place = Place(
            before.outputs[0].place.file, before.outputs[0].place.pointer.rpartition("/")[0]
        )
        yield make("outputs-reordered", "", place, text, *names)
    for one, two in pairs:
        yield from _output(make, one, two, several=len(before.outputs) > 1)


def _output(make: Maker, one: Value, two: Value, *, several: bool) -> Iterator[Finding]:
    if several and one.label != two.label:
        text = f"{_shown(one)} is labelled {two.label!r} now"
        yield make("output-relabelled", one.name, one.place, text, one.label, two.label)
    if one.component != two.component:
        text = f"{_shown(one)} is of another kind now: {two.component}, not {one.component}"
        yield make("component-changed", one.name, one.place, text, one.component, two.component)
    if same(one.type, two.type):
        return
    path, *parts = difference(one.type, two.type)
    shown = [words(part) for part in parts]
    inside = f"in {_shown(one)}, {path}" if path else _shown(one)
    text = f"{inside} is {shown[1]} now, not {shown[0]}"
    if shown[0] == shown[1]:
        text = f"{inside} is still {shown[0]}, but not the same"
    if fits(two.type, one.type, extra=True):
        yield make("output-narrowed", one.name, one.place, text, *shown)
    elif is_payload(one.type) and is_payload(two.type):
        yield make("file-payload-changed", one.name, one.place, text, *shown)
    else:
        yield make("output-retyped", one.name, one.place, text, *shown)


def _pairs(
    before: Sequence[Value], after: Sequence[Value]
) -> tuple[list[_Pair], list[Value], list[Value]]:
    """Which output became which, which are gone, which are new.

    Those that look the same keep together, the nearest first; then those that share a label or a
    component, if they are next to the same neighbours.
    """
    together = enumerate(zip(before, after, strict=False))
    pairs = {place: place for place, (one, two) in together if _by_look(one, two)}
    for alike in (_by_look, _by_label):
        for number, one in enumerate(before):
            free = [n for n, two in enumerate(after) if n not in pairs.values() and alike(one, two)]
            if number not in pairs and free:
                pairs[number] = min(free, key=lambda n: abs(n - number))
    # what is left lies between the same neighbours, or it is not the same output
    for number in range(len(before)):
        if number not in pairs:
            partner = pairs[number - 1] + 1 if number - 1 in pairs else 0 if number == 0 else -1
            fresh = 0 <= partner < len(after) and partner not in pairs.values()
            balanced = len(before) - len(pairs) == len(after) - len(pairs)
            if fresh and (balanced or before[number].component == after[partner].component):
                pairs[number] = partner
    return (
        [(one, after[pairs[n]]) for n, one in enumerate(before) if n in pairs],
        [one for n, one in enumerate(before) if n not in pairs],
        [two for n, two in enumerate(after) if n not in pairs.values()],
    )


def _by_look(one: Value, two: Value) -> bool:
    return (one.label, one.component) == (two.label, two.component)


def _by_label(one: Value, two: Value) -> bool:
    return one.label != "" and one.label == two.label


def _shown(value: Value) -> str:
    return f"{value.name} {value.label!r}" if value.label else value.name
