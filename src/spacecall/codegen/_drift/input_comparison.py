"""Rules about parameters."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from spacecall.codegen._drift.app_model import Endpoint, Value
from spacecall.codegen._drift.finding_factory import Maker
from spacecall.codegen._drift.findings import Finding, Place
from spacecall.codegen._drift.schema_facets import (
    Facets,
    canonical,
    difference,
    is_payload,
    or_null,
    split,
    words,
)
from spacecall.codegen._drift.subschema import fits, same

__all__ = ["compare_inputs"]


def compare_inputs(before: Endpoint, after: Endpoint) -> Iterator[Finding]:
    """What changed about the parameters of an endpoint."""
    make = Maker(before.name)
    pairs, gone, new = _pairs(before.inputs, after.inputs)
    for one in gone:
        text = f"the parameter {one.name} ({words(one.type)}) is gone"
        yield make("parameter-removed", one.name, one.place, text, one.name)
    for one in new:
        kind, how = ("required", "without") if one.required else ("optional", "with")
        text = f"there is a new parameter {one.name} ({words(one.type)}), {how} a default"
        place = Place(before.place.file, f"{before.place.pointer}/properties")
        yield make(f"parameter-added-{kind}", one.name, place, text, None, one.name)
    order = [two.name for two in after.inputs if any(two is other for _, other in pairs)]
    if order != [two.name for _, two in pairs]:
        place = Place(before.place.file, f"{before.place.pointer}/properties")
        names = [[one.name for one in side.inputs] for side in (before, after)]
        text = f"the parameters are {', '.join(names[1])} now, not {', '.join(names[0])}"
        yield make("parameters-reordered", "", place, text, *names)
    for one, two in pairs:
        yield from _parameter(make, one, two)


def _pairs(
    before: Sequence[Value], after: Sequence[Value]
) -> tuple[list[tuple[Value, Value]], list[Value], list[Value]]:
    """Which parameter became which, which are gone, which are new."""
    named = {one.name: one for one in after}
    known = {one.name for one in before}
    pairs: dict[str, Value] = {one.name: named[one.name] for one in before if one.name in named}
    for place, one in enumerate(before):
        if one.name in named:
            continue
        from_end = len(after) - (len(before) - place)
        for index in (place, from_end):
            two = after[index] if 0 <= index < len(after) else None
            taken = two is None or two.name in known or two in pairs.values()
            if two is not None and not taken and _alike(one, two):
                pairs[one.name] = two
                break
    partners = {two.name for two in pairs.values()}
    return (
        [(one, pairs[one.name]) for one in before if one.name in pairs],
        [one for one in before if one.name not in pairs],
        [two for two in after if two.name not in partners],
    )


def _alike(one: Value, two: Value) -> bool:
    """Whether they may be one parameter under two names."""
    return one.component == two.component and same(split(one.type).core, split(two.type).core)


def _parameter(make: Maker, one: Value, two: Value) -> Iterator[Finding]:
    if one.name != two.name:
        text = f"the parameter {one.name} is called {two.name} now"
        yield make("parameter-renamed", one.name, one.place, text, one.name, two.name)
    if one.component != two.component:
        text = f"{one.name} is of another kind now: {two.component}, not {one.component}"
        yield make("component-changed", one.name, one.place, text, one.component, two.component)
    yield from _defaults(make, one, two)
    facets = split(one.type), split(two.type)
    types = list(_types(make, one, two, *facets))
    yield from types
    if not any(finding.severity == "error" for finding in types):
        yield from _choices(make, one, *facets)
        yield from _limits(make, one, two, *facets)
    yield from _files(make, one, two)


def _defaults(make: Maker, one: Value, two: Value) -> Iterator[Finding]:
    if one.required != two.required:
        kind = "required" if two.required else "optional"
        text = f"{one.name} must be given now" if two.required else f"{one.name} has a default now"
        values = (one.default, None) if two.required else (None, two.default)
        yield make(f"parameter-became-{kind}", one.name, one.place, text, *values)
    elif canonical(one.default) != canonical(two.default):
        text = f"the default of {one.name} is {_json(two.default)} now, not {_json(one.default)}"
        yield make("default-changed", one.name, one.place, text, one.default, two.default)


def _types(make: Maker, one: Value, two: Value, old: Facets, new: Facets) -> Iterator[Finding]:
    if one.many is not None and two.many is not None and one.many != two.many:
        kind, how = ("widened", "several files") if two.many else ("narrowed", "one file")
        counts = ("several", "one") if one.many else ("one", "several")
        if not same(old.core, new.core) or not two.many:
            yield make(
                f"file-count-{kind}", one.name, one.place, f"{one.name} takes {how} now", *counts
            )
            return
    was, now = old.core, new.core
    # without a default, or with an empty one, null is allowed because of that alone
    if old.null == new.null or (one.required, one.default is None) == (
        two.required,
        two.default is None,
    ):
        was, now = (or_null(side.core) if side.null else side.core for side in (old, new))
    if same(was, now):
        return
    path, *parts = difference(was, now)
    shown = [words(part) for part in parts]
    text = f"{one.name}{path} takes {shown[1]} now, not {shown[0]}"
    if shown[0] == shown[1]:
        text = f"{one.name}{path} still takes {shown[0]}, but not the same"
    if fits(was, now, extra=False):
        yield make("parameter-widened", one.name, one.place, text, *shown)
    elif is_payload(was) and is_payload(now):
        yield make("file-payload-changed", one.name, one.place, text, *shown)
    else:
        yield make("parameter-retyped", one.name, one.place, text, *shown)


def _choices(make: Maker, one: Value, old: Facets, new: Facets) -> Iterator[Finding]:
    if old.choices is None or new.choices is None:
        if old.choices != new.choices:
            kind, how = (
                ("closed", "only") if old.choices is None else ("opened", "other values than")
            )
            listed = _json(list(new.choices or old.choices or ()))
            text = f"{one.name} takes {how} {listed} now"
            sides = [None if side.choices is None else list(side.choices) for side in (old, new)]
            yield make(f"choices-{kind}", one.name, one.place, text, *sides)
        return
    known, offered = ({canonical(one) for one in side.choices or ()} for side in (old, new))
    for choice in _sorted(old.choices):
        if canonical(choice) not in offered:
            text = f"{one.name} does not take {_json(choice)} any more"
            yield make("choice-removed", one.name, one.place, text, choice)
    for choice in _sorted(new.choices):
        if canonical(choice) not in known:
            text = f"{one.name} takes {_json(choice)} too now"
            yield make("choice-added", one.name, one.place, text, None, choice)


def _limits(make: Maker, one: Value, two: Value, old: Facets, new: Facets) -> Iterator[Finding]:
    for what, was, now, sign in (
        ("minimum", old.minimum, new.minimum, 1),
        ("maximum", old.maximum, new.maximum, -1),
    ):
        if was != now:
            narrowed = now is not None and (was is None or sign * now > sign * was)
            yield _limit(make, one, what, was, now, narrowed=narrowed)
    if one.step != two.step:
        finer = two.step is None or (one.step is not None and _is_multiple(one.step, two.step))
        yield _limit(make, one, "step", one.step, two.step, narrowed=not finer)


def _limit(
    make: Maker, one: Value, what: str, was: float | None, now: float | None, *, narrowed: bool
) -> Finding:
    shown = ["none" if side is None else f"{side:g}" for side in (was, now)]
    text = f"the {what} of {one.name} is {shown[1]} now, not {shown[0]}"
    kind = "narrowed" if narrowed else "widened"
    return make(f"{what}-{kind}", one.name, one.place, text, was, now)


def _is_multiple(value: float, unit: float) -> bool:
    return unit > 0 and abs(value / unit - round(value / unit)) < 1e-9 and round(value / unit) > 0


def _files(make: Maker, one: Value, two: Value) -> Iterator[Finding]:
    if one.many is None or two.many is None or set(one.file_types) == set(two.file_types):
        return
    wider = not two.file_types or (one.file_types and set(one.file_types) < set(two.file_types))
    sides = [list(side.file_types) or ["any"] for side in (one, two)]
    text = (
        f"{one.name} takes files of the types {', '.join(sides[1])} now, not {', '.join(sides[0])}"
    )
    kind = "widened" if wider else "narrowed"
    yield make(f"file-types-{kind}", one.name, one.place, text, *sides)


def _sorted(choices: Iterable[Any]) -> list[Any]:
    """Without repetitions, in an order that the app does not decide."""
    found = {canonical(choice): choice for choice in choices}
    return [found[key] for key in sorted(found)]


def _json(value: Any) -> str:
    shown = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return shown if len(shown) <= 80 else f"{shown[:79]}…"
