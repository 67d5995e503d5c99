"""Compare the parameters of a pinned endpoint with those of the live one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from spacecall.codegen._drift.app_model import EndpointModel, ValueModel
from spacecall.codegen._drift.finding_factory import FindingFactory
from spacecall.codegen._drift.findings import Finding, Location
from spacecall.codegen._drift.schema_facets import (
    Facets,
    canonical_json,
    describe_schema,
    first_difference,
    is_file_payload,
    split_facets,
    with_null,
)
from spacecall.codegen._drift.subschema import is_equivalent, is_subschema

__all__ = ["compare_inputs"]


def compare_inputs(before: EndpointModel, after: EndpointModel) -> Iterator[Finding]:
    """List what changed in the parameters of an endpoint."""
    make = FindingFactory(before.name)
    pairs, removed, added = _pair_parameters(before.inputs, after.inputs)
    for parameter in removed:
        text = f"the parameter {parameter.name} ({describe_schema(parameter.type)}) was removed"
        yield make("parameter-removed", parameter.name, parameter.location, text, parameter.name)
    for parameter in added:
        suffix, preposition = (
            ("required", "without") if parameter.required else ("optional", "with")
        )
        type_ = describe_schema(parameter.type)
        text = f"there is a new parameter {parameter.name} ({type_}), {preposition} a default"
        location = Location(before.location.file, f"{before.location.pointer}/properties")
        yield make(
            f"parameter-added-{suffix}", parameter.name, location, text, None, parameter.name
        )
    order = [
        parameter.name
        for parameter in after.inputs
        if any(parameter is partner for _, partner in pairs)
    ]
    if order != [partner.name for _, partner in pairs]:
        location = Location(before.location.file, f"{before.location.pointer}/properties")
        names = [[parameter.name for parameter in side.inputs] for side in (before, after)]
        text = f"the parameters are {', '.join(names[1])} now, not {', '.join(names[0])}"
        yield make("parameters-reordered", "", location, text, *names)
    for old, new in pairs:
        yield from _compare_parameter(make, old, new)


def _pair_parameters(
    before: Sequence[ValueModel], after: Sequence[ValueModel]
) -> tuple[list[tuple[ValueModel, ValueModel]], list[ValueModel], list[ValueModel]]:
    """Pair old and new parameters; also return the removed ones and the added ones.

    Parameters are paired by name, then by position and type.
    """
    new_by_name = {new.name: new for new in after}
    old_names = {old.name for old in before}
    pairs: dict[str, ValueModel] = {
        old.name: new_by_name[old.name] for old in before if old.name in new_by_name
    }
    for position, old in enumerate(before):
        if old.name in new_by_name:
            continue
        from_end = len(after) - (len(before) - position)
        for index in (position, from_end):
            new = after[index] if 0 <= index < len(after) else None
            is_taken = new is None or new.name in old_names or new in pairs.values()
            if new is not None and not is_taken and _may_be_renamed(old, new):
                pairs[old.name] = new
                break
    partners = {new.name for new in pairs.values()}
    return (
        [(old, pairs[old.name]) for old in before if old.name in pairs],
        [old for old in before if old.name not in pairs],
        [new for new in after if new.name not in partners],
    )


def _may_be_renamed(old: ValueModel, new: ValueModel) -> bool:
    """Check whether two parameters may be the same one under two names."""
    return old.component == new.component and is_equivalent(
        split_facets(old.type).core, split_facets(new.type).core
    )


def _compare_parameter(make: FindingFactory, old: ValueModel, new: ValueModel) -> Iterator[Finding]:
    if old.name != new.name:
        text = f"the parameter {old.name} is called {new.name} now"
        yield make("parameter-renamed", old.name, old.location, text, old.name, new.name)
    if old.component != new.component:
        text = f"{old.name} is of another kind now: {new.component}, not {old.component}"
        yield make("component-changed", old.name, old.location, text, old.component, new.component)
    yield from _compare_defaults(make, old, new)
    facets = split_facets(old.type), split_facets(new.type)
    type_findings = list(_compare_types(make, old, new, *facets))
    yield from type_findings
    if not any(finding.severity == "error" for finding in type_findings):
        yield from _compare_choices(make, old, *facets)
        yield from _compare_limits(make, old, new, *facets)
    yield from _compare_file_types(make, old, new)


def _compare_defaults(make: FindingFactory, old: ValueModel, new: ValueModel) -> Iterator[Finding]:
    if old.required != new.required:
        suffix = "required" if new.required else "optional"
        text = f"{old.name} must be given now" if new.required else f"{old.name} has a default now"
        values = (old.default, None) if new.required else (None, new.default)
        yield make(f"parameter-became-{suffix}", old.name, old.location, text, *values)
    elif canonical_json(old.default) != canonical_json(new.default):
        defaults = [_short_json(side.default) for side in (old, new)]
        text = f"the default of {old.name} is {defaults[1]} now, not {defaults[0]}"
        yield make("default-changed", old.name, old.location, text, old.default, new.default)


def _compare_types(
    make: FindingFactory, parameter: ValueModel, new_parameter: ValueModel, old: Facets, new: Facets
) -> Iterator[Finding]:
    multiple = parameter.multiple_files, new_parameter.multiple_files
    if None not in multiple and multiple[0] != multiple[1]:
        suffix, count = ("widened", "several files") if multiple[1] else ("narrowed", "one file")
        counts = ("several", "one") if multiple[0] else ("one", "several")
        if not is_equivalent(old.core, new.core) or not multiple[1]:
            text = f"{parameter.name} takes {count} now"
            yield make(f"file-count-{suffix}", parameter.name, parameter.location, text, *counts)
            return
    was, now = old.core, new.core
    # a parameter without a default, or with an empty one, allows null only because of that
    if old.nullable == new.nullable or (parameter.required, parameter.default is None) == (
        new_parameter.required,
        new_parameter.default is None,
    ):
        was, now = (with_null(side.core) if side.nullable else side.core for side in (old, new))
    if is_equivalent(was, now):
        return
    path, *parts = first_difference(was, now)
    descriptions = [describe_schema(part) for part in parts]
    text = f"{parameter.name}{path} takes {descriptions[1]} now, not {descriptions[0]}"
    if descriptions[0] == descriptions[1]:
        text = f"{parameter.name}{path} still takes {descriptions[0]}, but not the same"
    if is_subschema(was, now, allow_extra=False):
        yield make("parameter-widened", parameter.name, parameter.location, text, *descriptions)
    elif is_file_payload(was) and is_file_payload(now):
        yield make("file-payload-changed", parameter.name, parameter.location, text, *descriptions)
    else:
        yield make("parameter-retyped", parameter.name, parameter.location, text, *descriptions)


def _compare_choices(
    make: FindingFactory, parameter: ValueModel, old: Facets, new: Facets
) -> Iterator[Finding]:
    if old.choices is None or new.choices is None:
        if old.choices != new.choices:
            suffix, phrase = (
                ("closed", "only") if old.choices is None else ("opened", "other values than")
            )
            listed = _short_json(list(new.choices or old.choices or ()))
            text = f"{parameter.name} takes {phrase} {listed} now"
            sides = [None if side.choices is None else list(side.choices) for side in (old, new)]
            yield make(f"choices-{suffix}", parameter.name, parameter.location, text, *sides)
        return
    old_choices, new_choices = (
        {canonical_json(choice) for choice in side.choices or ()} for side in (old, new)
    )
    for choice in _sorted_choices(old.choices):
        if canonical_json(choice) not in new_choices:
            text = f"{parameter.name} no longer takes {_short_json(choice)}"
            yield make("choice-removed", parameter.name, parameter.location, text, choice)
    for choice in _sorted_choices(new.choices):
        if canonical_json(choice) not in old_choices:
            text = f"{parameter.name} also takes {_short_json(choice)} now"
            yield make("choice-added", parameter.name, parameter.location, text, None, choice)


def _compare_limits(
    make: FindingFactory, parameter: ValueModel, new_parameter: ValueModel, old: Facets, new: Facets
) -> Iterator[Finding]:
    for limit, was, now, sign in (
        ("minimum", old.minimum, new.minimum, 1),
        ("maximum", old.maximum, new.maximum, -1),
    ):
        if was != now:
            narrowed = now is not None and (was is None or sign * now > sign * was)
            yield _limit_finding(make, parameter, limit, was, now, narrowed=narrowed)
    if parameter.step != new_parameter.step:
        finer = new_parameter.step is None or (
            parameter.step is not None and _is_multiple(parameter.step, new_parameter.step)
        )
        yield _limit_finding(
            make, parameter, "step", parameter.step, new_parameter.step, narrowed=not finer
        )


def _limit_finding(
    make: FindingFactory,
    parameter: ValueModel,
    limit: str,
    was: float | None,
    now: float | None,
    *,
    narrowed: bool,
) -> Finding:
    texts = ["none" if side is None else f"{side:g}" for side in (was, now)]
    text = f"the {limit} of {parameter.name} is {texts[1]} now, not {texts[0]}"
    kind = "narrowed" if narrowed else "widened"
    return make(f"{limit}-{kind}", parameter.name, parameter.location, text, was, now)


def _is_multiple(value: float, unit: float) -> bool:
    return unit > 0 and abs(value / unit - round(value / unit)) < 1e-9 and round(value / unit) > 0


def _compare_file_types(
    make: FindingFactory, parameter: ValueModel, new_parameter: ValueModel
) -> Iterator[Finding]:
    if (
        parameter.multiple_files is None
        or new_parameter.multiple_files is None
        or set(parameter.file_types) == set(new_parameter.file_types)
    ):
        return
    wider = not new_parameter.file_types or (
        parameter.file_types and set(parameter.file_types) < set(new_parameter.file_types)
    )
    sides = [list(side.file_types) or ["any"] for side in (parameter, new_parameter)]
    old_types, new_types = (", ".join(types) for types in sides)
    text = f"{parameter.name} takes files of the types {new_types} now, not {old_types}"
    suffix = "widened" if wider else "narrowed"
    yield make(f"file-types-{suffix}", parameter.name, parameter.location, text, *sides)


def _sorted_choices(choices: Iterable[Any]) -> list[Any]:
    """Return the choices without repetitions, in an order that the app does not control."""
    by_json = {canonical_json(choice): choice for choice in choices}
    return [by_json[key] for key in sorted(by_json)]


def _short_json(value: Any) -> str:
    encoded = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return encoded if len(encoded) <= 80 else f"{encoded[:79]}…"
