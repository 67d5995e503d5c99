"""The parameters of an endpoint as flags: `--text hi --cb --no-cb --files a --files b`."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from spacecall._core.schema_nodes import kinds_of
from spacecall._suggestions import did_you_mean
from spacecall.endpoints import Endpoint, Parameter
from spacecall.errors import InvalidInputError

__all__ = ["Flag", "endpoint_flags", "parameter_kinds", "parse_flags", "split_arguments"]


@dataclass(frozen=True, slots=True)
class Flag:
    """The flag of a parameter.

    Attributes:
        name: such as `--max-tokens`.
        negative: such as `--no-cb`, for a boolean parameter; else empty.
        repeatable: whether the flag may occur several times, since the parameter is a list.
    """

    parameter: Parameter
    name: str
    negative: str = ""
    repeatable: bool = False

    @property
    def is_switch(self) -> bool:
        """Whether the flag takes no value."""
        return parameter_kinds(self.parameter) == {"boolean"}


def parameter_kinds(parameter: Parameter) -> set[str]:
    """Return the JSON types that a parameter takes, without null; empty if it takes any."""
    return {*kinds_of(parameter.schema, parameter.schema)} - {"null"}


def endpoint_flags(endpoint: Endpoint, reserved: Collection[str]) -> list[Flag]:
    """Return the flags of an endpoint's parameters, in their order.

    Args:
        endpoint: the endpoint to call.
        reserved: the command's own options. A parameter of such a name gets `--param-NAME`.
    """
    used = set(reserved)
    names: list[str] = []
    for parameter in endpoint.parameters:
        kebab = _kebab_case(parameter.name)
        name = f"--{kebab}" if f"--{kebab}" not in used else _unused(f"--param-{kebab}", used)
        used.add(name)
        names.append(name)
    flags: list[Flag] = []
    for parameter, name in zip(endpoint.parameters, names, strict=True):
        kinds = parameter_kinds(parameter)
        negative = f"--no-{name[2:]}" if kinds == {"boolean"} else ""
        negative = "" if negative in used else negative
        used.add(negative)
        flags.append(Flag(parameter, name, negative, "array" in kinds))
    return flags


def split_arguments(
    arguments: Sequence[str], options: Mapping[str, bool], positions: int
) -> tuple[list[str], list[str], int]:
    """Split a command line into the command's own words and the app's flags.

    Args:
        arguments: the command line.
        options: the command's own options, and whether each takes a value.
        positions: how many positional arguments the command has, all before the app's flags.

    Returns:
        The command's words, the app's words, and how many positional arguments are missing.
    """
    command_words: list[str] = []
    app_words: list[str] = []
    words = list(arguments)
    while words:
        word = words.pop(0)
        name, equals, _ = word.partition("=")
        if name in options:
            command_words.append(word)
            if options[name] and not equals and words:
                command_words.append(words.pop(0))
        elif app_words or word.startswith("-") or not positions:
            app_words.append(word)
        else:
            positions -= 1
            command_words.append(word)
    return command_words, app_words, positions


def parse_flags(arguments: Sequence[str], flags: Sequence[Flag]) -> dict[str, list[str]]:
    """Parse the app's words of a command line.

    Returns:
        The values of each flag, by the parameter's name; `true` or `false` for a switch.

    Raises:
        InvalidInputError: a flag is unknown, lacks its value, or is repeated.
    """
    flag_of = {spelling: flag for flag in flags for spelling in _spellings(flag)}
    values: dict[str, list[str]] = {}
    words = list(arguments)
    while words:
        name, equals, value = words.pop(0).partition("=")
        flag = flag_of.get(name)
        if flag is None:
            raise InvalidInputError(_unknown_flag(name, flags))
        if flag.is_switch and not equals:
            value = "false" if name == flag.negative else "true"
        elif name == flag.negative:
            raise InvalidInputError(f"{name} takes no value")
        elif not equals:
            if not words or words[0].partition("=")[0] in flag_of:
                raise InvalidInputError(f"{name} needs a value")
            value = words.pop(0)
        flag_values = values.setdefault(flag.parameter.name, [])
        if flag_values and not flag.repeatable:
            raise InvalidInputError(f"{flag.name} is not a list: it can be given once")
        flag_values.append(value)
    return values


def _spellings(flag: Flag) -> set[str]:
    """Return the flag, its negative, and the parameter's own name unless that is an option."""
    wire_name = f"--{flag.parameter.name}"
    aliases = {wire_name} if not flag.name.startswith("--param-") else set[str]()
    return {flag.name, *aliases, *filter(None, [flag.negative])}


def _unknown_flag(name: str, flags: Sequence[Flag]) -> str:
    names = [spelling for flag in flags for spelling in (flag.name, flag.negative) if spelling]
    available = ", ".join(flag.name for flag in flags) or "none"
    if not name.startswith("-"):
        return f"unexpected argument {name!r}: use flags; the endpoint has {available}"
    return f"unknown flag {name}; {did_you_mean(name, names, f'the endpoint has {available}')}"


def _kebab_case(name: str) -> str:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).replace("_", "-").lower()
    return re.sub(r"-+", "-", spaced).strip("-") or name


def _unused(name: str, used: Collection[str]) -> str:
    number, candidate = 2, name
    while candidate in used:
        candidate = f"{name}-{number}"
        number += 1
    return candidate
