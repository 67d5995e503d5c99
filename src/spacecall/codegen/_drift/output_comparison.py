"""Compare the outputs of a pinned endpoint with those of the live one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from spacecall.codegen._drift.app_model import EndpointModel, ValueModel
from spacecall.codegen._drift.finding_factory import FindingFactory
from spacecall.codegen._drift.findings import Finding, Location
from spacecall.codegen._drift.schema_facets import (
    describe_schema,
    first_difference,
    is_file_payload,
)
from spacecall.codegen._drift.subschema import is_equivalent, is_subschema

__all__ = ["compare_outputs"]

_OutputPair = tuple[ValueModel, ValueModel]


def compare_outputs(before: EndpointModel, after: EndpointModel) -> Iterator[Finding]:
    """List what changed in the outputs of an endpoint."""
    make = FindingFactory(before.name)
    pairs, removed, added = _pair_outputs(before.outputs, after.outputs)
    for output in removed:
        text = f"{_title(output)} ({describe_schema(output.type)}) was removed"
        yield make(
            "output-removed", output.name, output.location, text, output.label or output.component
        )
    for output in added:
        text = f"{_title(output)} ({describe_schema(output.type)}) is new"
        location = before.outputs[-1].location if before.outputs else before.location
        yield make(
            "output-added", output.name, location, text, None, output.label or output.component
        )
    numbers = [after.outputs.index(output) for _, output in pairs]
    if any(later < earlier for earlier, later in pairwise(numbers)):
        names = [
            [output.label or output.component for output in side.outputs]
            for side in (before, after)
        ]
        text = f"the outputs are {', '.join(names[1])} now, not {', '.join(names[0])}"
        location = Location(
            before.outputs[0].location.file, before.outputs[0].location.pointer.rpartition("/")[0]
        )
        yield make("outputs-reordered", "", location, text, *names)
    for old, new in pairs:
        yield from _compare_output(make, old, new, several=len(before.outputs) > 1)


def _compare_output(
    make: FindingFactory, old: ValueModel, new: ValueModel, *, several: bool
) -> Iterator[Finding]:
    if several and old.label != new.label:
        text = f"{_title(old)} is labelled {new.label!r} now"
        yield make("output-relabelled", old.name, old.location, text, old.label, new.label)
    if old.component != new.component:
        text = f"{_title(old)} is of another kind now: {new.component}, not {old.component}"
        yield make("component-changed", old.name, old.location, text, old.component, new.component)
    if is_equivalent(old.type, new.type):
        return
    path, *parts = first_difference(old.type, new.type)
    descriptions = [describe_schema(part) for part in parts]
    subject = f"in {_title(old)}, {path}" if path else _title(old)
    text = f"{subject} is {descriptions[1]} now, not {descriptions[0]}"
    if descriptions[0] == descriptions[1]:
        text = f"{subject} is still {descriptions[0]}, but not the same"
    if is_subschema(new.type, old.type, allow_extra=True):
        yield make("output-narrowed", old.name, old.location, text, *descriptions)
    elif is_file_payload(old.type) and is_file_payload(new.type):
        yield make("file-payload-changed", old.name, old.location, text, *descriptions)
    else:
        yield make("output-retyped", old.name, old.location, text, *descriptions)


def _pair_outputs(
    before: Sequence[ValueModel], after: Sequence[ValueModel]
) -> tuple[list[_OutputPair], list[ValueModel], list[ValueModel]]:
    """Pair old and new outputs; also return the removed ones and the added ones.

    Outputs of the same label and component are paired first, the nearest positions first; then
    those of the same label; then those between the same neighbours.
    """
    pairs = {
        position: position
        for position, (old, new) in enumerate(zip(before, after, strict=False))
        if _has_same_label_and_component(old, new)
    }
    for is_match in (_has_same_label_and_component, _has_same_label):
        for position, old in enumerate(before):
            free = [
                index
                for index, new in enumerate(after)
                if index not in pairs.values() and is_match(old, new)
            ]
            if position not in pairs and free:
                pairs[position] = min(free, key=lambda index: abs(index - position))
    # an output that is still unpaired must lie between the same neighbours
    for position in range(len(before)):
        if position not in pairs:
            previous = pairs.get(position - 1) if position else -1
            partner = -1 if previous is None else previous + 1
            is_free = 0 <= partner < len(after) and partner not in pairs.values()
            same_number = len(before) == len(after)
            if is_free and (same_number or before[position].component == after[partner].component):
                pairs[position] = partner
    return (
        [(old, after[pairs[index]]) for index, old in enumerate(before) if index in pairs],
        [old for index, old in enumerate(before) if index not in pairs],
        [new for index, new in enumerate(after) if index not in pairs.values()],
    )


def _has_same_label_and_component(old: ValueModel, new: ValueModel) -> bool:
    return (old.label, old.component) == (new.label, new.component)


def _has_same_label(old: ValueModel, new: ValueModel) -> bool:
    return old.label != "" and old.label == new.label


def _title(value: ValueModel) -> str:
    return f"{value.name} {value.label!r}" if value.label else value.name
