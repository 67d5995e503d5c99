"""Validate messages whose fields have other types than the schema says, by the models of the wire.

pydantic converts what can be converted, and says what is wrong with the rest. It takes a third of
`import spacecall` and is loaded when such a message arrives.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from spacecall._wire.queue_data import Message

__all__ = ["convert_fields"]


def convert_fields(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a message of a known kind with the types of the schema.

    Raises:
        ValueError: a field is missing or cannot be converted. The text says which and why.
    """
    try:
        return _adapter().validate_python(fields).model_dump(exclude_unset=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        location = ".".join(str(part) for part in first["loc"][1:])
        reason = f"{location!r}: {first['msg']}"
    raise ValueError(reason)


@cache
def _adapter() -> TypeAdapter[Message]:
    return TypeAdapter(Message)
