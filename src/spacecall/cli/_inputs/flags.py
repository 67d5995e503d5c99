"""An endpoint's parameters as flags: `--text hi --cb --no-cb --files a --files b`."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from spacecall._core.schema_nodes import kinds_of
from spacecall._suggestions import did_you_mean
from spacecall.endpoints import Endpoint, Parameter
from spacecall.errors import InvalidInputError

__all__ = ["Flag", "flags_of", "read", "split"]


@dataclass(frozen=True, slots=True)
class Flag:
    """The flag of one parameter.

    Attributes:
        name: `--max-tokens`.
        negative: `--no-cb`, of a parameter that is true or false; else empty.
        repeated: whether it can be given several times, since the parameter is a list.
    """

    parameter: Parameter
    name: str
    negative: str = ""
    repeated: bool = False

    @property
    def switch(self) -> bool:
        """Whether it stands without a value."""
        return kinds(self.parameter) == {"boolean"}


def kinds(parameter: Parameter) -> set[str]:
    """The kinds of value that a parameter takes, null left out; empty when any."""
    return {*kinds_of(parameter.schema, parameter.schema)} - {"null"}


def flags_of(endpoint: Endpoint, taken: Collection[str]) -> list[Flag]:
    """The flags of an endpoint, in its order.

    Args:
        endpoint: of the app.
        taken: flags of the command itself. A parameter of such a name is `--param-NAME`.
    """
    used = set(taken)
    named: list[tuple[Parameter, str]] = []
    for parameter in endpoint.parameters:
        kebab = _kebab(parameter.name)
        name = f"--{kebab}" if f"--{kebab}" not in used else _free(f"--param-{kebab}", used)
        used.add(name)
        named.append((parameter, name))
    flags: list[Flag] = []
    for parameter, name in named:
        found = kinds(parameter)
        negative = f"--no-{name[2:]}" if found == {"boolean"} else ""
        negative = "" if negative in used else negative
        used.add(negative)
        flags.append(Flag(parameter, name, negative, "array" in found))
    return flags


def split(
    arguments: Sequence[str], options: Mapping[str, bool], positions: int
) -> tuple[list[str], list[str], int]:
    """A command line in two: what is the command's own, and what is for the app.

    Args:
        arguments: the command line.
        options: the command's own options, and whether they take a value.
        positions: how many words without a dash are the command's own, all before any flag of the
            app's.

    Returns:
        The command's own words, the app's, and how many of `positions` were not there.
    """
    own: list[str] = []
    others: list[str] = []
    rest = list(arguments)
    while rest:
        one = rest.pop(0)
        name, equals, _ = one.partition("=")
        if name in options:
            own.append(one)
            if options[name] and not equals and rest:
                own.append(rest.pop(0))
        elif others or one.startswith("-") or not positions:
            others.append(one)
        else:
            positions -= 1
            own.append(one)
    return own, others, positions


def read(arguments: Sequence[str], flags: Sequence[Flag]) -> dict[str, list[str]]:
    """What was given for each parameter, by its name; switches as `true` and `false`.

    Raises:
        InvalidInputError: a flag is unknown, lacks its value, or is given twice.
    """
    known = {name: flag for flag in flags for name in _spellings(flag)}
    given: dict[str, list[str]] = {}
    rest = list(arguments)
    while rest:
        one = rest.pop(0)
        name, equals, value = one.partition("=")
        flag = known.get(name)
        if flag is None:
            raise InvalidInputError(_unknown(name, flags))
        if flag.switch and not equals:
            value = "false" if name == flag.negative else "true"
        elif name == flag.negative:
            raise InvalidInputError(f"{name} takes no value")
        elif not equals:
            if not rest or rest[0].partition("=")[0] in known:
                raise InvalidInputError(f"{name} needs a value")
            value = rest.pop(0)
        values = given.setdefault(flag.parameter.name, [])
        if values and not flag.repeated:
            raise InvalidInputError(f"{flag.name} is given twice, and is no list")
        values.append(value)
    return given


def _spellings(flag: Flag) -> set[str]:
    """The flag, its negative, and the parameter's own name, unless that is another flag's."""
    own = f"--{flag.parameter.name}"
    also = {own} if not flag.name.startswith("--param-") else set[str]()
    return {flag.name, *also, *filter(None, [flag.negative])}


def _unknown(name: str, flags: Sequence[Flag]) -> str:
    names = [spelling for flag in flags for spelling in (flag.name, flag.negative) if spelling]
    listed = ", ".join(flag.name for flag in flags) or "none"
    if not name.startswith("-"):
        return f"{name!r} is not expected here: arguments are flags; there is {listed}"
    return f"there is no {name}; {did_you_mean(name, names, f'there is {listed}')}"


def _kebab(name: str) -> str:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).replace("_", "-").lower()
    return re.sub(r"-+", "-", spaced).strip("-") or name


def _free(name: str, used: Collection[str]) -> str:
    number, free = 2, name
    while free in used:
        free = f"{name}-{number}"
        number += 1
    return free
