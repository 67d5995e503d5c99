"""The schema documents of an app: what it takes, what it gives, which files it wants.

Each is JSON Schema 2020-12. `x-spacecall` holds what a schema has no word for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from spacecall._core.app_config import AppConfig, Component
from spacecall._core.fingerprint import fingerprint
from spacecall._core.json_values import as_dict, as_str, as_str_list, is_array, is_object
from spacecall._core.schema_nodes import kinds_of
from spacecall.codegen._names import allocate_names, pascal_case
from spacecall.codegen._schemas.shared_types import Named, share
from spacecall.codegen._schemas.stored_defaults import default_value
from spacecall.endpoints import Endpoint, Parameter, ReturnValue

__all__ = [
    "DIALECT",
    "JOIN",
    "NOTES",
    "QUEUE_DATA",
    "UPLOAD",
    "described",
    "documents",
    "endpoint_of",
    "notes",
    "reached",
]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
"""What all documents are written in."""

JOIN = "join.schema.json"
"""What the endpoints take."""

QUEUE_DATA = "queue-data.schema.json"
"""What they give."""

UPLOAD = "upload.schema.json"
"""Which files they take."""

NOTES = "x-spacecall"
"""Under this key: what a schema has no word for."""


def notes(schema: object) -> Mapping[str, Any]:
    """What stands under `NOTES`."""
    return as_dict(as_dict(schema).get(NOTES))


def endpoint_of(schema: object) -> str:
    """The name of the endpoint that a schema is about; empty for a type that endpoints share."""
    return as_str(notes(schema).get("api_name"))


def described(document: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The schemas of the endpoints in a document, by the endpoints' names."""
    schemas = map(as_dict, as_dict(document.get("$defs")).values())
    return {name: one for one in schemas if (name := endpoint_of(one))}


def documents(config: AppConfig, endpoints: Sequence[Endpoint]) -> dict[str, dict[str, Any]]:
    """The documents by file name.

    Args:
        config: the app's.
        endpoints: those to be described, in the app's order.
    """
    inputs = [Named(one.component, one.schema) for each in endpoints for one in each.parameters]
    outputs = [Named(one.component, one.schema) for each in endpoints for one in each.returns]
    schemas, types = share([*inputs, *outputs])
    given, got = iter(schemas[: len(inputs)]), iter(schemas[len(inputs) :])
    shapes = {one.name: _shape(one, config) for one in endpoints}
    titles = allocate_names(
        (each.name for each in endpoints), lambda name: pascal_case(name) or "Endpoint"
    )
    takes = allocate_names(titles, lambda name: f"{titles[name]}Input", types)
    gives = allocate_names(titles, lambda name: f"{titles[name]}Output", types)
    join = {
        takes[one.name]: _input(one, [next(given) for _ in one.parameters], shapes[one.name])
        for one in endpoints
    }
    data = {gives[one.name]: _output(one, [next(got) for _ in one.returns]) for one in endpoints}
    app = config.title or config.space_id or "the app"
    return {
        UPLOAD: _upload(app, config, endpoints, types),
        JOIN: _document(
            f"What {app} takes",
            "The arguments of each endpoint, by name and in the order of the wire, where hidden "
            "State takes a null between them.",
            join,
            types,
        ),
        QUEUE_DATA: _document(
            f"What {app} gives",
            "The outputs of each endpoint in the order of the wire, without hidden State; the "
            "values of component updates.",
            data,
            types,
        ),
    }


def _document(
    title: str, description: str, own: Mapping[str, Any], types: Mapping[str, Any]
) -> dict[str, Any]:
    document: dict[str, Any] = {"$schema": DIALECT, "title": title, "description": description}
    if own:
        document["anyOf"] = [{"$ref": f"#/$defs/{name}"} for name in own]
    return {**document, "$defs": {**own, **reached(own.values(), types)}}


def _input(
    endpoint: Endpoint, schemas: Sequence[Mapping[str, Any]], shape: str | None
) -> dict[str, Any]:
    pairs = list(zip(endpoint.parameters, schemas, strict=True))
    return {
        "title": endpoint.name,
        **({"description": endpoint.description} if endpoint.description else {}),
        "type": "object",
        "properties": {one.name: _parameter(one, schema) for one, schema in pairs},
        "required": [one.name for one in endpoint.parameters if one.required],
        "additionalProperties": False,
        NOTES: {
            "api_name": endpoint.name,
            "streaming": endpoint.streaming,
            "queued": endpoint.queued,
            "stateful": endpoint.stateful,
            "visibility": endpoint.visibility,
            **({"event_data": True} if endpoint.event_data else {}),
            **({"shape": shape} if shape else {}),
        },
    }


def _shape(endpoint: Endpoint, config: AppConfig) -> str | None:
    dependency = config.find(endpoint.name)
    names_from_labels = [one.name_from_label for one in endpoint.parameters]
    return None if dependency is None else fingerprint(dependency, names_from_labels)


def _output(endpoint: Endpoint, schemas: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    pairs = zip(endpoint.returns, schemas, strict=True)
    return {
        "title": endpoint.name,
        "type": "array",
        **({"prefixItems": [_value(one, schema) for one, schema in pairs]} if schemas else {}),
        "items": False,
        "minItems": len(schemas),
        "maxItems": len(schemas),
        NOTES: {"api_name": endpoint.name},
    }


def _parameter(parameter: Parameter, schema: Mapping[str, Any]) -> dict[str, Any]:
    made = _value(parameter, schema)
    made.pop("default", None)
    if not parameter.required:
        made["default"] = default_value(parameter.default)
    return made


def _value(value: Parameter | ReturnValue, schema: Mapping[str, Any]) -> dict[str, Any]:
    made = {key: one for key, one in schema.items() if key not in ("title", "description")}
    # A file's schema describes Gradio's class, which no caller has to do with.
    is_file = "file" in kinds_of(value.schema, value.schema)
    remark = value.description or ("" if is_file else as_str(schema.get("description")))
    return {
        **({"title": value.label} if value.label else {}),
        **({"description": remark} if remark else {}),
        **made,
        NOTES: {"component": value.component},
    }


def _upload(
    app: str, config: AppConfig, endpoints: Sequence[Endpoint], types: Mapping[str, Any]
) -> dict[str, Any]:
    wanted = [wanted for endpoint in endpoints for wanted in _wanted(endpoint, config)]
    shapes = [name for name, schema in types.items() if kinds_of(schema, {}) == ["file"]]
    return {
        "$schema": DIALECT,
        "title": f"Which files {app} takes",
        "description": "The form that uploads files, and what stands for an uploaded one in an "
        "input; the server answers with the paths.",
        "type": "object",
        "properties": {"files": {"type": "array", "items": {"type": "string", "format": "binary"}}},
        "required": ["files"],
        NOTES: {"max_file_size": config.max_file_size, "wanted": wanted},
        "$defs": reached([{"$ref": f"#/$defs/{name}"} for name in shapes], types),
    }


def _wanted(endpoint: Endpoint, config: AppConfig) -> Iterable[dict[str, Any]]:
    dependency = config.find(endpoint.name)
    components = dependency.visible_inputs if dependency else ()
    if len(components) != len(endpoint.parameters):
        components = tuple(Component(id=-1, type="") for _ in endpoint.parameters)
    for parameter, component in zip(endpoint.parameters, components, strict=True):
        if _has_file(parameter.schema, as_dict(parameter.schema.get("$defs"))):
            yield {
                "api_name": endpoint.name,
                "parameter": parameter.name,
                "component": parameter.component,
                "many": component.props.get("file_count") in ("multiple", "directory"),
                "file_types": as_str_list(component.props.get("file_types")),
            }


def _has_file(node: Any, definitions: Mapping[str, Any]) -> bool:
    """Whether there is a file anywhere in a schema; its `$defs` are part of it."""
    if is_array(node):
        return any(_has_file(one, definitions) for one in node)
    if not is_object(node):
        return False
    if kinds_of(node, {"$defs": definitions}) == ["file"]:
        return True
    return any(_has_file(one, definitions) for key, one in node.items() if key != "default")


def reached(schemas: Iterable[Any], types: Mapping[str, Any]) -> dict[str, Any]:
    """The types that are referred to, by the schemas or by each other, in the order of names."""
    found: set[str] = set()
    waiting: list[Any] = list(schemas)
    while waiting:
        one = waiting.pop()
        if is_array(one):
            waiting += one
        elif is_object(one):
            name = as_str(one.get("$ref")).removeprefix("#/$defs/")
            if name in types and name not in found:
                found.add(name)
                waiting.append(types[name])
            waiting += one.values()
    return {name: types[name] for name in sorted(found)}
