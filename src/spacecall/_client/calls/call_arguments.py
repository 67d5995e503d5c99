"""Check the arguments of a call against the app's schema, and put them in wire order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Any, Final, TypeAlias, cast

from spacecall._core.app_components import Component
from spacecall._core.arguments_to_json import find_unsendable, is_json, to_json
from spacecall._core.endpoint_names import match_endpoint, with_slash
from spacecall._core.input_check import find_refusals
from spacecall._core.schema_check import map_files
from spacecall._core.schema_nodes import Schema
from spacecall._core.wrapped_files import ACCEPTS_BARE_FILES
from spacecall._event_data import EventData
from spacecall._filenames import is_image
from spacecall._filesources import is_data_uri
from spacecall._io.interceptor import active_recording
from spacecall._suggestions import did_you_mean
from spacecall._visible import shorten
from spacecall.endpoints import Endpoint, Parameter
from spacecall.errors import InvalidInputError, NotFoundError
from spacecall.files import File, FileInput

InputCheck: TypeAlias = Callable[[Schema, str, Any], list[str]]
"""Returns why an input does not take a value: schema, kind of component, value; see `refusals`."""

_MAX_NAMES: Final = 10
_MAX_PROBLEMS: Final = 20
_TOO_DEEP: Final = "the value is nested too deeply, or contains itself"


def get_endpoint(endpoints: Mapping[str, Endpoint], name: str) -> Endpoint:
    """Return the endpoint called `name`, with or without its slash; see `match_endpoint`.

    Raises:
        NotFoundError: there is no such endpoint; the message suggests the nearest names.
    """
    match = match_endpoint(name, endpoints)
    if match is None:
        raise unknown_endpoint_error(name, list(endpoints))
    return endpoints[match]


def unknown_endpoint_error(name: str, names: list[str]) -> NotFoundError:
    """Return the error for an endpoint that the app does not have.

    Args:
        name: with or without its slash.
        names: of the app's endpoints.
    """
    name = with_slash(name)
    all_names = f"it has {_listed(names)}" if names else "it has no endpoint with a name"
    hint = did_you_mean(name, names, all_names, count=3, cutoff=0.5)
    message = f"the app has no endpoint {shorten(name)}; {hint}"
    if recording := active_recording():
        message += f"; the app is that of the cassette {recording}: if it has changed, record again"
    return NotFoundError(message, endpoint=name)


class ArgumentFiles:
    """Makes the files of one call's arguments.

    A string names a file if it is the argument itself, or an item of a list that is. A string
    inside an object does not: the object may come from another app, which must not be able to name
    files of this machine.

    Args:
        arguments: the values of the arguments.
    """

    def __init__(self, arguments: Iterable[Any]) -> None:
        self._texts = {id(text) for argument in arguments for text in _texts(argument)}

    def __call__(self, value: Any) -> File:
        """Return the file for a value. Raises `InvalidInputError` if it does not name one."""
        if isinstance(value, str) and not is_data_uri(value) and id(value) not in self._texts:
            raise InvalidInputError(
                f"{value[:40]!r} is text inside an object, which is never opened: write File(…) or "
                "Path(…) if you mean the file"
            )
        return File(cast("FileInput", value))

    def if_possible(self, value: Any) -> Any:
        """Return the file for a value, or the value itself if it does not name one."""
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
        endpoint: the endpoint's name, for the error.
        parameters: of the endpoint.
        arguments: by the names of the parameters.
        components: of the inputs. If their number is another, those of the parameters are used.
        check: returns why a value is invalid; None accepts every value that can be sent.

    Raises:
        InvalidInputError: an argument is unknown, missing, invalid, or cannot be sent; `problems`
            has the first 20.
    """
    names = [parameter.name for parameter in parameters]
    known_names = set(names)
    all_problems = [
        _unknown_parameter(name, names) for name in arguments if name not in known_names
    ]
    if len(components) != len(parameters):
        components = [Component(id=-1, type=parameter.component) for parameter in parameters]
    files = ArgumentFiles(arguments.values())
    values: list[Any] = []
    for parameter, component in zip(parameters, components, strict=True):
        if parameter.name in arguments:
            argument = arguments[parameter.name]
            value, problems = _bind_value(parameter, component, argument, files, check)
            values.append(value)
            all_problems += [f"{shorten(parameter.name)}: {problem}" for problem in problems]
        elif parameter.required:
            all_problems.append(f"{shorten(parameter.name)} is missing")
        else:
            values.append(parameter.default)
    if len(all_problems) > _MAX_PROBLEMS:
        all_problems[_MAX_PROBLEMS:] = [f"and {len(all_problems) - _MAX_PROBLEMS} more"]
    if all_problems:
        raise InvalidInputError("; ".join(all_problems), problems=all_problems, endpoint=endpoint)
    return values


def _bind_value(
    parameter: Parameter,
    component: Component,
    argument: Any,
    files: ArgumentFiles,
    check: InputCheck | None,
) -> tuple[Any, list[str]]:
    """Return the value of an input, and why it is invalid."""
    if is_default(argument, parameter.default):
        return parameter.default, []
    is_plain = component.type not in ACCEPTS_BARE_FILES and is_json(argument)
    make_file = files if check is not None else files.if_possible
    try:
        value = argument if is_plain else to_json(argument, component, parameter.schema)
        value = map_files(parameter.schema, value, make_file)
        problems = [] if check is None else check(parameter.schema, component.kind, value)
        return value, problems or ([] if is_plain else find_unsendable(value, _is_file))
    except InvalidInputError as error:
        return argument, [error.message]
    except RecursionError:
        return argument, [_TOO_DEEP]


def is_default(argument: Any, default: Any) -> bool:
    """Return whether an argument equals the app's default, which is sent without a check."""
    if argument is None or default is None:
        return argument is default
    if type(argument) is not type(default) or not isinstance(default, (dict, list)):
        return False
    return is_json(argument) and bool(argument == default)


def bind_by_position(
    function: str, components: Sequence[Component], values: Sequence[Any]
) -> list[Any]:
    """Return `values` as they are sent, without a check against a schema.

    A path object, bytes, a binary file object or an image of Pillow becomes a `File`, at any depth.

    Args:
        function: the function's name, for the error.
        components: of its visible inputs.
        values: one for each component.

    Raises:
        InvalidInputError: there are too many or too few values, or a value cannot be sent.
    """
    if len(values) != len(components):
        labels = _listed([component.label or component.kind for component in components])
        expected = f"{len(components)} values ({labels})" if components else "no value"
        raise InvalidInputError(f"{function} takes {expected}, got {len(values)}")
    wire_values: list[Any] = []
    problems: list[str] = []
    for number, (component, value) in enumerate(zip(components, values, strict=True)):
        try:
            wire_values.append(_with_files(to_json(value, component)))
            problems += [
                f"value {number}: {line}" for line in find_unsendable(wire_values[-1], _is_file)
            ]
        except InvalidInputError as error:
            problems.append(f"value {number}: {error.message}")
        except RecursionError:
            problems.append(f"value {number}: {_TOO_DEEP}")
    if problems:
        raise InvalidInputError("; ".join(problems), problems=problems, endpoint=function)
    return wire_values


def bind_event_data(event_data: EventData | Mapping[str, Any] | None) -> Any:
    """Return the details of an event as they are sent, files as `File`.

    Raises:
        InvalidInputError: a value in them cannot be sent.
    """
    if event_data is None:
        return None
    raw = event_data.to_payload() if isinstance(event_data, EventData) else event_data
    payload = raw if isinstance(raw, File) else _with_files(to_json(raw, Component(-1, "")))
    if problems := [f"event_data: {line}" for line in find_unsendable(payload, _is_file)]:
        raise InvalidInputError("; ".join(problems), problems=problems)
    return payload


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


def _unknown_parameter(name: str, names: list[str]) -> str:
    hint = did_you_mean(name, names, f"there is {_listed(names) or 'none'}")
    return f"{shorten(name)} is not a parameter; {hint}"


def _listed(names: Sequence[str]) -> str:
    """Join the first names, long ones shortened."""
    joined = ", ".join(shorten(name) for name in names[:_MAX_NAMES])
    return joined + (", …" if len(names) > _MAX_NAMES else "")
