"""Types whose numbers, strings and booleans are not converted.

pydantic converts "5" to 5 and True to 1, and accepts 1.0 for a choice of 1. A client must change
neither what an app returns nor what its caller passes. The strict mode of pydantic is not an
alternative: it refuses a list for a tuple and a dict for a model, which is what JSON has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, cast

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from spacecall._core.json_values import as_dict, is_object

__all__ = ["ExactValues", "make_exact"]

_SCALARS: Final = frozenset({"bool", "float", "int", "str"})
_OPAQUE: Final = frozenset({"config", "default", "expected", "fields", "metadata", "serialization"})
"""Parts of a schema that are not schemas of values."""


class ExactValues:
    """Mark a type, `Annotated[T, ExactValues()]`, whose values are not converted."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Return the schema of the type, its scalars strict."""
        return cast("CoreSchema", _exact(handler(source)))


def make_exact(schema: CoreSchema) -> None:
    """Make the fields of a model's schema strict, in place, but not models in it."""
    node = cast("dict[str, Any]", schema)
    node["schema"] = _exact(node["schema"])


@dataclass(frozen=True, slots=True)
class _ExactChoice:
    """Checks that a choice has the type that it is listed with: True and 1.0 are not 1."""

    expected: tuple[Any, ...]

    def __call__(self, value: Any) -> Any:
        if any(type(value) is type(choice) and value == choice for choice in self.expected):
            return value
        listed = " or ".join(map(repr, self.expected))
        context = {"expected": listed}
        raise PydanticCustomError("literal_error", "Input should be {expected}", context)


def _keep_integer(value: Any, check: core_schema.ValidatorFunctionWrapHandler) -> Any:
    """Check a number as a float, but return an int as it is."""
    number = check(value)
    return value if type(value) is int else number


def _exact(node: Any) -> Any:
    if isinstance(node, list):
        return [_exact(part) for part in cast("list[Any]", node)]
    if isinstance(node, tuple):  # a choice of a union with its label
        return tuple(_exact(part) for part in cast("tuple[Any, ...]", node))
    if not isinstance(node, dict):
        return node
    schema = cast("dict[str, Any]", node)
    kind = schema.get("type")
    if kind == "model" or _is_exact(schema):
        return schema
    if kind == "literal" and not all(isinstance(choice, str) for choice in schema["expected"]):
        choices = _ExactChoice(tuple(schema["expected"]))
        return core_schema.no_info_before_validator_function(choices, cast("CoreSchema", schema))
    if kind == "union":
        return {**schema, "choices": _exact_choices(schema["choices"])}
    exact = {key: part if key in _OPAQUE else _exact(part) for key, part in schema.items()}
    if isinstance(fields := schema.get("fields"), dict):  # the keys are names of fields
        members = cast("dict[str, Any]", fields).items()
        exact["fields"] = {key: _exact(field) for key, field in members}
    if kind in _SCALARS:
        exact["strict"] = True
    if kind == "float":
        return core_schema.no_info_wrap_validator_function(_keep_integer, cast("CoreSchema", exact))
    return exact


def _exact_choices(choices: list[Any]) -> list[Any]:
    """Return the choices of a union, made exact.

    A choice with a validator is labelled, so that errors name it as they do without the validator.
    """
    has_integer = any(choice["type"] == "int" for choice in choices if is_object(choice))
    exact: list[Any] = []
    for choice, schema in zip(choices, _exact(choices), strict=True):
        if schema is choice or not _is_exact(schema):
            exact.append(schema)
        elif choice["type"] == "literal":
            exact.append((schema, f"literal[{','.join(map(repr, choice['expected']))}]"))
        else:  # a float: if there is an int too, ints need no validator
            exact.append(schema["schema"] if has_integer else (schema, "float"))
    return exact


def _is_exact(schema: object) -> bool:
    """Return whether the schema was made exact before: pydantic caches the schemas of models."""
    validator = as_dict(as_dict(schema).get("function")).get("function")
    return validator is _keep_integer or isinstance(validator, _ExactChoice)
