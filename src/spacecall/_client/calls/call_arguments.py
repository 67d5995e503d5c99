"""Keyword arguments of a dynamic call, checked against the app's own schema."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Any, Final, TypeAlias, cast

from spacecall._core.app_config import Component
from spacecall._core.argument_values import find_unsendable, is_json, to_json
from spacecall._core.endpoint_names import match_endpoint, with_slash
from spacecall._core.input_check import find_refusals
from spacecall._core.schema_check import map_files
from spacecall._core.schema_nodes import Schema
from spacecall._core.wrapped_files import ACCEPTS_BARE_FILES
from spacecall._filenames import is_image
from spacecall._filesources import is_data_uri
from spacecall._suggestions import did_you_mean
from spacecall._visible import shorten
from spacecall.endpoints import Endpoint, Parameter
from spacecall.errors import InvalidInputError, NotFoundError
from spacecall.files import File, FileInput

InputCheck: TypeAlias = Callable[[Schema, str, Any], list[str]]
"""Why an input of this schema and kind of component does not take a value; see `refusals`."""

_MOST_NAMES: Final = 10
_MOST_PROBLEMS: Final = 20
_TOO_DEEP: Final = "the value is nested too deeply, or holds itself"


def get_endpoint(endpoints: Mapping[str, Endpoint], name: str) -> Endpoint:
    """The endpoint called `name`, with or without its slash; see `match_endpoint`.

    Raises:
        NotFoundError: there is none; the message names the nearest.
    """
    match = match_endpoint(name, endpoints)
    if match is None:
        raise unknown_endpoint_error(name, list(endpoints))
    return endpoints[match]


def unknown_endpoint_error(name: str, known: list[str]) -> NotFoundError:
    """The error for a name that the app does not have."""
    name = with_slash(name)
    otherwise = f"it has {_listed(known)}" if known else "it has no endpoint with a name"
    hint = did_you_mean(name, known, otherwise, count=3, cutoff=0.5)
    return NotFoundError(f"the app has no endpoint {shorten(name)}; {hint}", endpoint=name)


class ArgumentFiles:
    """Opens the files of one call's arguments.

    A text is a source where it is the argument itself, or in a list that is. Inside an object it is
    not: the object may be another app's answer, whose texts must not name files of this machine.

    Args:
        arguments: the values that the caller gave.
    """

    def __init__(self, arguments: Iterable[Any]) -> None:
        self._texts = {id(text) for argument in arguments for text in _texts(argument)}

    def __call__(self, value: Any) -> File:
        """Return the file that a value stands for. Raises `InvalidInputError`."""
        if isinstance(value, str) and not is_data_uri(value) and id(value) not in self._texts:
            raise InvalidInputError(
                f"{value[:40]!r} is text inside an object, which is never opened: write File(…) or "
                "Path(…) if you mean the file"
            )
        return File(cast("FileInput", value))

    def if_possible(self, value: Any) -> Any:
        """Return the file, or the value itself where it stands for none."""
        try:
            return self(value)
        except InvalidInputError:
            return value


def _texts(argument: object) -> Iterable[str]:
    if isinstance(argument, str):
        return (argument,)
    if isinstance(argument, (Sequence, Set)):
        return [item for item in cast("Iterable[object]", argument) if isinstance(item, str)]
    return ()


def bind_arguments(
    endpoint: str,
    parameters: Sequence[Parameter],
    arguments: Mapping[str, Any],
    components: Sequence[Component] = (),
    check: InputCheck | None = find_refusals,
) -> list[Any]:
    """Return the values of the visible inputs in wire order, files as `File`, defaults filled in.

    Args:
        endpoint: its name, for the error.
        parameters: its inputs.
        arguments: by the names of the parameters.
        components: of the inputs; without them, or with another number of them, only the kinds that
            the parameters tell are known.
        check: what a value has to pass; None for anything that can be sent.

    Raises:
        InvalidInputError: an argument is unknown, missing, does not fit, or cannot be sent;
            `problems` says which, of the first 20.
    """
    names = {parameter.name for parameter in parameters}
    listed = [parameter.name for parameter in parameters]
    wrong = [_unknown(name, listed) for name in arguments if name not in names]
    if len(components) != len(parameters):
        components = [Component(id=-1, type=parameter.component) for parameter in parameters]
    files = ArgumentFiles(arguments.values())
    values: list[Any] = []
    for parameter, component in zip(parameters, components, strict=True):
        if parameter.name in arguments:
            argument = arguments[parameter.name]
            value, problems = _value(parameter, component, argument, files, check)
            values.append(value)
            wrong += [f"{shorten(parameter.name)}: {problem}" for problem in problems]
        elif parameter.required:
            wrong.append(f"{shorten(parameter.name)} is missing")
        else:
            values.append(parameter.default)
    if len(wrong) > _MOST_PROBLEMS:
        wrong[_MOST_PROBLEMS:] = [f"and {len(wrong) - _MOST_PROBLEMS} more"]
    if wrong:
        raise InvalidInputError("; ".join(wrong), problems=wrong, endpoint=endpoint)
    return values


def _value(
    parameter: Parameter,
    component: Component,
    argument: Any,
    files: ArgumentFiles,
    check: InputCheck | None,
) -> tuple[Any, list[str]]:
    """The value of an input, and why it is not one."""
    if is_default(argument, parameter.default):
        return parameter.default, []
    plain = component.type not in ACCEPTS_BARE_FILES and is_json(argument)
    make_file = files if check is not None else files.if_possible
    try:
        value = argument if plain else to_json(argument, component, parameter.schema)
        value = map_files(parameter.schema, value, make_file)
        problems = [] if check is None else check(parameter.schema, component.kind, value)
        return value, problems or ([] if plain else find_unsendable(value, _is_file))
    except InvalidInputError as error:
        return argument, [error.message]
    except RecursionError:
        return argument, [_TOO_DEEP]


def is_default(argument: Any, default: Any) -> bool:
    """Whether an argument is the app's own default, which is sent as it is, written or left out."""
    if argument is None or default is None:
        return argument is default
    if type(argument) is not type(default) or not isinstance(default, (dict, list)):
        return False
    return is_json(argument) and bool(argument == default)


def bind_by_position(
    function: str, components: Sequence[Component], values: Sequence[Any]
) -> list[Any]:
    """Return `values` as they are sent, of which nothing is checked but that they can be sent.

    A path object, bytes, a binary file object or an image of Pillow becomes a `File`, at any depth.

    Args:
        function: its name, for the error.
        components: of its visible inputs.

    Raises:
        InvalidInputError: there are too many or too few values, or one cannot be sent.
    """
    if len(values) != len(components):
        labels = _listed([component.label or component.kind for component in components])
        expected = f"{len(components)} values ({labels})" if components else "no value"
        raise InvalidInputError(f"{function} takes {expected}, got {len(values)}")
    sent: list[Any] = []
    problems: list[str] = []
    for number, (component, value) in enumerate(zip(components, values, strict=True)):
        try:
            sent.append(_with_files(to_json(value, component)))
            problems += [f"value {number}: {line}" for line in find_unsendable(sent[-1], _is_file)]
        except InvalidInputError as error:
            problems.append(f"value {number}: {error.message}")
        except RecursionError:
            problems.append(f"value {number}: {_TOO_DEEP}")
    if problems:
        raise InvalidInputError("; ".join(problems), problems=problems, endpoint=function)
    return sent


def _with_files(value: Any) -> Any:
    if isinstance(value, (os.PathLike, bytes)) or hasattr(value, "read") or is_image(value):
        return File(cast("FileInput", value))
    if isinstance(value, dict):
        members = cast("dict[Any, Any]", value).items()
        return {key: _with_files(item) for key, item in members}
    if isinstance(value, list):
        return [_with_files(item) for item in cast("list[Any]", value)]
    return value


def _is_file(value: object) -> bool:
    return isinstance(value, File)


def _unknown(name: str, known: list[str]) -> str:
    hint = did_you_mean(name, known, f"there is {_listed(known) or 'none'}")
    return f"{shorten(name)} is not a parameter; {hint}"


def _listed(names: Sequence[str]) -> str:
    """The first names, each with its first characters."""
    shown = ", ".join(shorten(name) for name in names[:_MOST_NAMES])
    return shown + (", …" if len(names) > _MOST_NAMES else "")
