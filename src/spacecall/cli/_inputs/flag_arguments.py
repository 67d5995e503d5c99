"""Turn flags and JSON into the arguments of a call."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from spacecall._core.json_values import describe_json_error
from spacecall._json_objects import unique_keys
from spacecall.cli._inputs.flag_values import InputReader, load_files, parse_value
from spacecall.cli._inputs.flags import Flag
from spacecall.endpoints import Endpoint
from spacecall.errors import InvalidInputError

__all__ = [
    "check_complete",
    "load_argument_files",
    "parse_flag_arguments",
    "parse_json_arguments",
]


def parse_flag_arguments(
    flags: Sequence[Flag], values: Mapping[str, Sequence[str]], reader: InputReader
) -> dict[str, Any]:
    """Parse the values of flags into arguments, by the parameters' names.

    Args:
        flags: the flags of the endpoint.
        values: the texts on the command line, by the parameters' names.
        reader: for `@file` and `-`.

    Raises:
        InvalidInputError: a file cannot be read, or a value is not JSON; the message names the
            flag.
    """
    arguments: dict[str, Any] = {}
    for flag in flags:
        if texts := values.get(flag.parameter.name):
            try:
                arguments[flag.parameter.name] = parse_value(flag.parameter.schema, texts, reader)
            except InvalidInputError as error:
                raise InvalidInputError(f"{flag.name}: {error.message}") from error
    return arguments


def parse_json_arguments(text: str, option: str = "--json") -> dict[str, Any]:
    """Parse the JSON object of `--json`, or of another option, into arguments.

    Raises:
        InvalidInputError: `text` is not a JSON object.
    """
    try:
        arguments = json.loads(text, object_pairs_hook=unique_keys)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"{option} {describe_json_error(error)}") from error
    if not isinstance(arguments, dict):
        raise InvalidInputError(f'{option} must be a JSON object: {{"name": value, …}}')
    return cast("dict[str, Any]", arguments)


def load_argument_files(
    endpoint: Endpoint, arguments: Mapping[str, Any], reader: InputReader
) -> dict[str, Any]:
    """Replace paths by a `File` where the endpoint takes a file; a path may begin with `@`."""
    schemas = {parameter.name: parameter.schema for parameter in endpoint.parameters}
    return {
        name: load_files(schemas[name], value, reader) if name in schemas else value
        for name, value in arguments.items()
    }


def check_complete(flags: Sequence[Flag], arguments: Mapping[str, Any], command: str) -> None:
    """Refuse arguments without one that the endpoint requires.

    Args:
        flags: the flags of the endpoint.
        arguments: by the parameters' names.
        command: the app and the endpoint, as on the command line.

    Raises:
        InvalidInputError: an argument is missing; the message names the flag.
    """
    required = [flag for flag in flags if flag.parameter.required]
    missing = [flag.name for flag in required if flag.parameter.name not in arguments]
    if missing:
        raise InvalidInputError(
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing; "
            f"see spacecall call {command} --help"
        )
