"""Arrow types for the JSON Schemas of an endpoint."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from spacecall._core.python_names import field_name
from spacecall._core.schema_nodes import (
    Schema,
    alternatives,
    branches,
    item_schema,
    kinds_of,
    resolve,
)
from spacecall.batch._row_files import import_pyarrow
from spacecall.endpoints import Parameter, ReturnValue

_MAX_DEPTH: Final = 12
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class ArrowColumn:
    """The type of a column, and what converts a JSON value for it.

    Attributes:
        type: an Arrow type.
        convert: returns the value for this type, or raises ValueError.
    """

    type: Any
    convert: Callable[[Any], Any]


def json_column() -> ArrowColumn:
    """Return the column of values of any type: their JSON."""
    return ArrowColumn(
        import_pyarrow("pyarrow").string(),
        lambda value: None if value is None else to_json_text(value),
    )


def to_json_text(value: Any) -> str:
    """Return JSON that UTF-8 has: half of a surrogate pair, which apps may send, is escaped."""
    text = json.dumps(value, ensure_ascii=False)
    return text if not _SURROGATE.search(text) else json.dumps(value)


def error_type() -> Any:
    """Return the Arrow type of an error."""
    pyarrow = import_pyarrow("pyarrow")
    return pyarrow.struct(
        [("type", pyarrow.string()), ("message", pyarrow.string()), ("code", pyarrow.int64())]
    )


def schema_column(schema: Schema, root: Schema, depth: int = 0) -> ArrowColumn:
    """Return the column of values that fit a JSON Schema. Files are texts: a path or an address."""
    pyarrow = import_pyarrow("pyarrow")
    if "file" in kinds_of(schema, root):  # if it is a list of files, the column is one of JSON
        return ArrowColumn(pyarrow.string(), _unchanged)
    nodes = [
        node
        for node in alternatives(schema, root)
        if not branches(node) and node.get("type") != "null"
    ]
    if len(nodes) != 1 or depth > _MAX_DEPTH:
        return json_column()
    node = resolve(nodes[0], root)
    match node.get("type"):
        case "string":
            return ArrowColumn(pyarrow.string(), _unchanged)
        case "integer":
            return ArrowColumn(pyarrow.int64(), _unchanged)
        case "number":
            return ArrowColumn(pyarrow.float64(), _unchanged)
        case "boolean":
            return ArrowColumn(pyarrow.bool_(), _unchanged)
        case "array" if "items" in node and "prefixItems" not in node:
            return _list_column(schema_column(item_schema(node, 0), root, depth + 1))
        case "object" if node.get("properties") and not node.get("additionalProperties"):
            properties: Mapping[str, Schema] = node["properties"]
            return struct_column(
                {name: schema_column(part, root, depth + 1) for name, part in properties.items()}
            )
        case _:
            return json_column()


def _unchanged(value: Any) -> Any:
    return value


def _only_null(value: object) -> None:
    """Return None for None; raise ValueError for a value of a wrong type."""
    if value is not None:
        raise ValueError(f"a value of a wrong type: {type(value).__name__}")


def _list_column(item: ArrowColumn) -> ArrowColumn:
    def convert(value: Any) -> Any:
        if not isinstance(value, list):
            return _only_null(value)
        return [item.convert(part) for part in cast("list[Any]", value)]

    return ArrowColumn(import_pyarrow("pyarrow").list_(item.type), convert)


def struct_column(fields: Mapping[str, ArrowColumn]) -> ArrowColumn:
    """Return the column of objects with these fields; objects with further ones do not fit."""

    def convert(value: Any) -> Any:
        if not isinstance(value, Mapping):
            return _only_null(value)
        members = cast("Mapping[str, Any]", value)
        if unknown := members.keys() - fields.keys():
            raise ValueError(f"unknown fields: {unknown}")
        return {name: field.convert(members.get(name)) for name, field in fields.items()}

    pyarrow = import_pyarrow("pyarrow")
    return ArrowColumn(
        pyarrow.struct([(name, field.type) for name, field in fields.items()]), convert
    )


def input_column(parameters: Sequence[Parameter]) -> ArrowColumn:
    """Return the column of the arguments of an endpoint."""
    fields = {
        parameter.name: schema_column(parameter.schema, parameter.schema)
        for parameter in parameters
    }
    return struct_column(fields) if fields else json_column()


def value_column(returns: Sequence[ReturnValue]) -> ArrowColumn:
    """Return the column of an endpoint's results: a struct if it has several outputs."""
    columns = [schema_column(output.schema, output.schema) for output in returns]
    if len(columns) < 2:
        return columns[0] if columns else json_column()
    names: list[str] = []
    for number, output in enumerate(returns, 1):
        name = field_name(output.label, frozenset(), fallback=f"output_{number}")
        names.append(f"output_{number}" if name in names else name)
    struct = struct_column(dict(zip(names, columns, strict=True)))

    def convert(value: Any) -> Any:
        outputs = cast("list[Any]", value) if isinstance(value, list) else []
        if len(outputs) != len(names):
            return _only_null(cast("object", value))
        return struct.convert(dict(zip(names, outputs, strict=True)))

    return ArrowColumn(struct.type, convert)
