"""Write the JSON Schema of a pydantic model as the `response_format` of a chat request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeAlias

from pydantic import BaseModel
from pydantic.errors import PydanticInvalidForJsonSchema

from spacecall._core.json_values import is_array, is_object
from spacecall.errors import InvalidInputError

__all__ = ["ResponseFormat", "response_format_json"]

ResponseFormat: TypeAlias = type[BaseModel] | Mapping[str, Any]
"""A pydantic model; or OpenAI's JSON, such as `{"type": "json_object"}`."""

_MAX_NAME = 64


def response_format_json(response_format: ResponseFormat | None) -> dict[str, Any] | None:
    """Return the JSON of a response format.

    Raises:
        InvalidInputError: it is another class than a pydantic model, or the model has no schema.
    """
    if response_format is None or isinstance(response_format, Mapping):
        return None if response_format is None else dict(response_format)
    if not hasattr(response_format, "model_json_schema"):  # of an untyped caller
        raise InvalidInputError(
            f"response_format must be a pydantic model, not the class {response_format.__name__}"
        )
    try:
        schema = response_format.model_json_schema()
    except PydanticInvalidForJsonSchema as error:
        raise InvalidInputError(f"response_format has no JSON Schema: {error.message}") from error
    name = re.sub(r"[^\w-]+", "_", response_format.__name__, flags=re.ASCII)[:_MAX_NAME]
    is_strict = not _has_free_object(schema)
    document = {
        "name": name,
        "schema": _closed(schema) if is_strict else schema,
        "strict": is_strict,
    }
    return {"type": "json_schema", "json_schema": document}


def _has_free_object(schema: Any) -> bool:
    """Return whether an object of the schema may have any keys, which strict schemas exclude."""
    if is_array(schema):
        return any(map(_has_free_object, schema))
    if not is_object(schema):
        return False
    is_free = schema.get("type") == "object" and "properties" not in schema
    return is_free or any(map(_has_free_object, schema.values()))


def _closed(schema: Any) -> Any:
    """Return the schema with all properties required and no others, as strict schemas must be."""
    if is_array(schema):
        return [_closed(item) for item in schema]
    if not is_object(schema):
        return schema
    closed = {
        key: {name: _closed(part) for name, part in value.items()}
        if key in ("properties", "$defs")
        else _closed(value)
        for key, value in schema.items()
        if key != "default"
    }
    if schema.get("type") == "object":
        closed |= {"additionalProperties": False, "required": [*schema.get("properties", ())]}
    return closed
