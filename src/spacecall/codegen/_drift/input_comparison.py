"""Compare the parameters of a pinned endpoint with those of the live one."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePath
from typing import Any

from spacecall._core.filedata import is_file_data
from spacecall._core.input_check import CONVERTS_TO_TEXT, ROUNDS, find_refusals
from spacecall._core.json_values import as_dict, as_str, is_array, is_object
from spacecall._core.null_values import ACCEPTS_NONE
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
from spacecall.codegen._drift.subschema import SchemaNode, is_equivalent, is_subschema

__all__ = ["compare_inputs"]


def compare_inputs(
    before: EndpointModel, after: EndpointModel, *, same_major: bool = True
) -> Iterator[Finding]:
    """List what changed in the parameters of an endpoint.

    Args:
        before: the pinned endpoint.
        after: the live endpoint.
        same_major: whether both run on the same major version of Gradio, which then describes the
            same component in the same way.
    """
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
        yield from _compare_parameter(make, old, new, same_major=same_major)


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


def _compare_parameter(
    make: FindingFactory, old: ValueModel, new: ValueModel, *, same_major: bool
) -> Iterator[Finding]:
    if old.name != new.name:
        text = f"the parameter {old.name} is called {new.name} now"
        yield make("parameter-renamed", old.name, old.location, text, old.name, new.name)
    if old.component != new.component:
        text = f"{old.name} is of another kind now: {new.component}, not {old.component}"
        yield make("component-changed", old.name, old.location, text, old.component, new.component)
    yield from _compare_defaults(make, old, new)
    facets = split_facets(old.type), split_facets(new.type)
    type_findings = list(_compare_types(make, old, new, *facets, same_major=same_major))
    yield from type_findings
    if not any(finding.severity == "error" for finding in type_findings):
        yield from _compare_choices(make, old, *facets)
        yield from _compare_limits(make, old, new, *facets)
    yield from _compare_date_formats(make, old, new)
    yield from _compare_file_types(make, old, new)


def _compare_defaults(make: FindingFactory, old: ValueModel, new: ValueModel) -> Iterator[Finding]:
    name, location = old.name, old.location
    if old.required:
        if not new.required:
            text = f"{name} has a default now"
            yield make("parameter-became-optional", name, location, text, None, new.default)
        return
    if old.app_default and new.required:
        text = f"the app no longer has a default for {name}, and calls without {name} send it"
        yield make("app-default-removed", name, location, text, old.default)
        return
    is_refused = not old.app_default and _refuses_default(old, new)
    if is_refused:
        default = _short_json(old.default)
        text = f"{name} no longer takes {default}, which calls without {name} send"
        yield make("default-refused", name, location, text, old.default, new.default)
    if new.required:
        text = f"{name} must be given now"
        yield make("parameter-became-required", name, location, text, old.default)
    elif not is_refused and _comparable(old) != _comparable(new):
        before, now = (
            "computed by the app" if side.computed_default else _short_json(side.default)
            for side in (old, new)
        )
        text = f"the default of {name} is {now} now, not {before}"
        yield make("default-changed", name, location, text, old.default, new.default)


def _refuses_default(old: ValueModel, new: ValueModel) -> bool:
    """Check whether the app took the pinned default, and does not take it any more."""
    if _takes_any_value(new):
        return False
    return not _refuses(old, old.default) and _refuses(new, old.default)


def _refuses(parameter: ValueModel, value: Any) -> bool:
    if split_facets(parameter.type).choices == () and value not in (None, []):
        return True
    schema = {**parameter.type.schema, "$defs": as_dict(parameter.type.root.get("$defs"))}
    return bool(find_refusals(schema, parameter.component, value))


def _comparable(parameter: ValueModel) -> str:
    """Return a default as text; of its files only the names, since each server has other paths.

    All defaults that an app computes are equal.
    """
    default = None if parameter.computed_default else _with_file_names(parameter.default)
    return canonical_json([parameter.computed_default, default])


def _with_file_names(default: Any) -> Any:
    if is_file_data(default):
        return {"orig_name": default.get("orig_name") or PurePath(as_str(default.get("path"))).name}
    if is_object(default):
        return {key: _with_file_names(member) for key, member in default.items()}
    return [_with_file_names(item) for item in default] if is_array(default) else default


def _compare_types(
    make: FindingFactory,
    parameter: ValueModel,
    new_parameter: ValueModel,
    old: Facets,
    new: Facets,
    *,
    same_major: bool,
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
    elif is_subschema(was, _accepted_type(new_parameter, new), allow_extra=False):
        # from another major version, the same component may be described as one for fractions
        if same_major and new_parameter.component in ROUNDS:
            text = f"{parameter.name} rounds fractions now"
            yield make("fractions-rounded", parameter.name, parameter.location, text, *descriptions)
    elif is_file_payload(was) and is_file_payload(now):
        yield make("file-payload-changed", parameter.name, parameter.location, text, *descriptions)
    else:
        rule = "parameter-type-changed" if _takes_any_value(new_parameter) else "parameter-retyped"
        yield make(rule, parameter.name, parameter.location, text, *descriptions)


def _takes_any_value(parameter: ValueModel) -> bool:
    """Return whether the server passes any value of a parameter on to the function, unread.

    Measured on 5.50 and 6.31: a Checkbox does, and a Number that neither rounds nor has limits.
    """
    if parameter.component == "number":
        facets = split_facets(parameter.type)
        is_plain = facets.core.schema.get("type") == "number" and not parameter.rounded
        return is_plain and facets.minimum is None and facets.maximum is None
    return parameter.component == "checkbox"


def _accepted_type(parameter: ValueModel, facets: Facets) -> SchemaNode:
    """Return what the server takes, which is more than the schema says for some components."""
    type_ = facets.core
    if parameter.component in CONVERTS_TO_TEXT:
        type_ = type_.with_schema({"type": ["boolean", "integer", "number", "string"]})
    elif parameter.component in ROUNDS and type_.schema.get("type") == "integer":
        type_ = type_.with_schema({**type_.schema, "type": "number"})
    takes_null = facets.nullable or parameter.component in ACCEPTS_NONE
    return with_null(type_) if takes_null else type_


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
    if old_choices and old_choices.isdisjoint(new_choices):
        sides = [list(side.choices or ()) for side in (old, new)]
        text = f"{parameter.name} takes {_short_json(sides[1])} now, and none of the pinned choices"
        yield make("choices-replaced", parameter.name, parameter.location, text, *sides)
        return
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
    was_step, now_step = parameter.step, new_parameter.step
    if was_step is not None and now_step is not None and was_step != now_step:
        finer = _is_multiple(was_step, now_step)
        chosen = not _is_derived_step(now_step, new)
        if chosen or (finer and not _is_derived_step(was_step, old)):
            yield _limit_finding(make, parameter, "step", was_step, now_step, narrowed=not finer)


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


def _is_derived_step(step: float, limits: Facets) -> bool:
    """Check whether a step is the one that Gradio derives from the range: a 100th to a 1000th."""
    if limits.minimum is None or limits.maximum is None:
        return False
    width = limits.maximum - limits.minimum
    return width > 0 and math.isclose(step, 10.0 ** math.floor(math.log10(width) - 2))


def _is_multiple(value: float, unit: float) -> bool:
    return unit > 0 and abs(value / unit - round(value / unit)) < 1e-9 and round(value / unit) > 0


def _compare_date_formats(
    make: FindingFactory, old: ValueModel, new: ValueModel
) -> Iterator[Finding]:
    sides = old.include_time, new.include_time
    if None not in sides and sides[0] != sides[1]:
        formats = [f"YYYY-MM-DD{' HH:MM:SS' if include_time else ''}" for include_time in sides]
        text = f"{old.name} takes dates in the format {formats[1]} now, not {formats[0]}"
        rule = f"date-format-{'refused' if new.parsed_date else 'changed'}"
        yield make(rule, old.name, old.location, text, *formats)


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
