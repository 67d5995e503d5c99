"""The arguments of a call, from flags and from JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from spacecall.cli._inputs.flag_values import Inputs, unique_keys, value_of, with_files
from spacecall.cli._inputs.flags import Flag
from spacecall.endpoints import Endpoint
from spacecall.errors import InvalidInputError

__all__ = ["check_complete", "from_flags", "from_json", "located"]


def from_flags(
    flags: Sequence[Flag], given: Mapping[str, Sequence[str]], inputs: Inputs
) -> dict[str, Any]:
    """The values of what was given, by the parameters' names.

    Raises:
        InvalidInputError: a file cannot be read, or JSON was needed; the message names the flag.
    """
    arguments: dict[str, Any] = {}
    for flag in flags:
        if values := given.get(flag.parameter.name):
            try:
                arguments[flag.parameter.name] = value_of(flag.parameter.schema, values, inputs)
            except InvalidInputError as error:
                raise InvalidInputError(f"{flag.name}: {error.message}") from error
    return arguments


def from_json(text: str) -> dict[str, Any]:
    """The arguments in a JSON object.

    Raises:
        InvalidInputError: it is none.
    """
    try:
        found = json.loads(text, object_pairs_hook=unique_keys)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"--json: this is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise InvalidInputError('--json: a JSON object is needed, {"name": value, …}')
    return cast("dict[str, Any]", found)


def located(endpoint: Endpoint, arguments: Mapping[str, Any], inputs: Inputs) -> dict[str, Any]:
    """Arguments from JSON, with a `File` where the app wants one; `@` before a path is allowed."""
    schemas = {parameter.name: parameter.schema for parameter in endpoint.parameters}
    return {
        name: with_files(schemas[name], value, inputs) if name in schemas else value
        for name, value in arguments.items()
    }


def check_complete(flags: Sequence[Flag], arguments: Mapping[str, Any], place: str) -> None:
    """See that no argument is missing.

    Args:
        flags: of the endpoint.
        arguments: by the parameters' names.
        place: the app and the endpoint, as the command line has them.

    Raises:
        InvalidInputError: one is; said in the words of the command line.
    """
    required = [flag for flag in flags if flag.parameter.required]
    missing = [flag.name for flag in required if flag.parameter.name not in arguments]
    if missing:
        raise InvalidInputError(
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing; "
            f"see spacecall call {place} --help"
        )
