"""Describe an app in three JSON Schema documents: inputs, outputs, and the files it takes.

Each is JSON Schema 2020-12. The keyword `x-spacecall` holds facts for which JSON Schema has no
keyword: the component, the endpoint's name, whether it streams.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from spacecall._core.app_components import Component
from spacecall._core.app_config import AppConfig
from spacecall._core.component_schema import refuses_all_choices
from spacecall._core.fingerprint import fingerprint
from spacecall._core.json_values import as_dict, as_list, as_str, as_str_list, is_array, is_object
from spacecall._core.schema_nodes import kinds_of
from spacecall.codegen._name_spelling import allocate_names, pascal_case
from spacecall.codegen._schemas.shared_types import NamedSchema, share_types
from spacecall.codegen._schemas.stored_defaults import stored_default
from spacecall.endpoints import Endpoint, Parameter, ReturnValue

__all__ = [
    "COMPUTED",
    "DIALECT",
    "EXTENSION",
    "JOIN_FILE",
    "QUEUE_DATA_FILE",
    "UPLOAD_FILE",
    "build_documents",
    "endpoint_name",
    "endpoint_schemas",
    "get_extension",
    "has_computed_default",
    "referenced_types",
]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
"""The dialect of all documents."""

JOIN_FILE = "join.schema.json"
"""The document of the endpoints' inputs, the body of a job that joins the queue."""

QUEUE_DATA_FILE = "queue-data.schema.json"
"""The document of the endpoints' outputs, the data of the queue's messages."""

UPLOAD_FILE = "upload.schema.json"
"""The document of the files that endpoints take, the form that uploads them."""

EXTENSION = "x-spacecall"
"""The keyword for facts that JSON Schema has no keyword for."""


COMPUTED = "computed"
"""`default` in the extension of a parameter whose default the app computes when its page loads."""


def get_extension(schema: object) -> Mapping[str, Any]:
    """Return the value of the keyword `x-spacecall`."""
    return as_dict(as_dict(schema).get(EXTENSION))


def has_computed_default(schema: object) -> bool:
    """Check whether the app computes a parameter's default, so that no folder can have it."""
    return get_extension(schema).get("default") == COMPUTED


def endpoint_name(schema: object) -> str:
    """Return the name of the endpoint that a schema describes; empty for a shared type."""
    return as_str(get_extension(schema).get("api_name"))


def endpoint_schemas(document: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the schemas of the endpoints in a document, by the endpoints' names."""
    schemas = map(as_dict, as_dict(document.get("$defs")).values())
    return {name: schema for schema in schemas if (name := endpoint_name(schema))}


def build_documents(config: AppConfig, endpoints: Sequence[Endpoint]) -> dict[str, dict[str, Any]]:
    """Describe an app: return the documents by file name.

    Args:
        config: the app's configuration.
        endpoints: the endpoints to describe, in the app's order.
    """
    inputs = [parameter for endpoint in endpoints for parameter in endpoint.parameters]
    outputs = [value for endpoint in endpoints for value in endpoint.returns]
    values: list[Parameter | ReturnValue] = [*inputs, *outputs]
    schemas, types = share_types([NamedSchema(value.component, value.schema) for value in values])
    input_schemas, output_schemas = iter(schemas[: len(inputs)]), iter(schemas[len(inputs) :])
    titles = allocate_names(
        (endpoint.name for endpoint in endpoints), lambda name: pascal_case(name) or "Endpoint"
    )
    input_keys = allocate_names(titles, lambda name: f"{titles[name]}Input", types)
    output_keys = allocate_names(titles, lambda name: f"{titles[name]}Output", types)
    join = {
        input_keys[endpoint.name]: _input_schema(
            endpoint, [next(input_schemas) for _ in endpoint.parameters], config
        )
        for endpoint in endpoints
    }
    queue_data = {
        output_keys[endpoint.name]: _output_schema(
            endpoint, [next(output_schemas) for _ in endpoint.returns]
        )
        for endpoint in endpoints
    }
    app = config.title or config.space_id or "the app"
    return {
        UPLOAD_FILE: _upload_document(app, config, endpoints, types),
        JOIN_FILE: _build_document(
            f"What {app} takes",
            "The arguments of each endpoint, by name and in the order of the wire, where hidden "
            "State takes a null between them.",
            join,
            types,
        ),
        QUEUE_DATA_FILE: _build_document(
            f"What {app} gives",
            "The outputs of each endpoint in the order of the wire, without hidden State; the "
            "values of component updates.",
            queue_data,
            types,
        ),
    }


def _build_document(
    title: str, description: str, schemas: Mapping[str, Any], types: Mapping[str, Any]
) -> dict[str, Any]:
    document: dict[str, Any] = {"$schema": DIALECT, "title": title, "description": description}
    if schemas:
        document["anyOf"] = [{"$ref": f"#/$defs/{name}"} for name in schemas]
    return {**document, "$defs": {**schemas, **referenced_types(schemas.values(), types)}}


def _input_schema(
    endpoint: Endpoint, schemas: Sequence[Mapping[str, Any]], config: AppConfig
) -> dict[str, Any]:
    shape = _fingerprint(endpoint, config)
    components = _input_components(endpoint, config)
    return {
        "title": endpoint.name,
        **({"description": endpoint.description} if endpoint.description else {}),
        "type": "object",
        "properties": {
            parameter.name: _parameter_schema(parameter, schema, component)
            for parameter, schema, component in zip(
                endpoint.parameters, schemas, components, strict=True
            )
        },
        "required": [parameter.name for parameter in endpoint.parameters if parameter.required],
        "additionalProperties": False,
        EXTENSION: {
            "api_name": endpoint.name,
            "streaming": endpoint.streaming,
            "queued": endpoint.queued,
            "stateful": endpoint.stateful,
            "visibility": endpoint.visibility,
            **({"event_data": True} if endpoint.event_data else {}),
            **({"oauth": endpoint.oauth} if endpoint.oauth else {}),
            **({"stream_input": endpoint.stream_input} if endpoint.stream_input else {}),
            **({"computes_default": True} if endpoint.computes_default else {}),
            **({"shape": shape} if shape else {}),
        },
    }


def _fingerprint(endpoint: Endpoint, config: AppConfig) -> str | None:
    dependency = config.find(endpoint.name)
    names_from_labels = [parameter.name_from_label for parameter in endpoint.parameters]
    return None if dependency is None else fingerprint(dependency, names_from_labels)


def _output_schema(endpoint: Endpoint, schemas: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    pairs = zip(endpoint.returns, schemas, strict=True)
    return {
        "title": endpoint.name,
        "type": "array",
        **(
            {"prefixItems": [_value_schema(value, schema) for value, schema in pairs]}
            if schemas
            else {}
        ),
        "items": False,
        "minItems": len(schemas),
        "maxItems": len(schemas),
        EXTENSION: {"api_name": endpoint.name},
    }


def _input_components(endpoint: Endpoint, config: AppConfig) -> tuple[Component, ...]:
    """Return the component of each parameter; one without properties where it is not known."""
    dependency = config.find(endpoint.name)
    components = dependency.visible_inputs if dependency else ()
    if len(components) == len(endpoint.parameters):
        return components
    return tuple(Component(id=-1, type="") for _ in endpoint.parameters)


def _parameter_schema(
    parameter: Parameter, schema: Mapping[str, Any], component: Component
) -> dict[str, Any]:
    described = _value_schema(parameter, schema)
    described[EXTENSION] |= _component_facts(component) | _choice_names(described, component)
    described.pop("default", None)
    if parameter.computed_default:
        described[EXTENSION]["default"] = COMPUTED
    elif not parameter.required:
        described["default"] = stored_default(parameter.default)
    return described


def _choice_names(schema: Mapping[str, Any], component: Component) -> dict[str, Any]:
    """Return the names of the choices on the app's page, if it does not show the values."""
    inside = [schema, as_dict(schema.get("items")), *map(as_dict, as_list(schema.get("anyOf")))]
    choices = next((as_list(node["enum"]) for node in inside if "enum" in node), list[Any]())
    names = component.choice_names
    if len(names) != len(choices) or names == [str(choice) for choice in choices]:
        return {}
    return {"choice_names": names}


def _component_facts(component: Component) -> dict[str, Any]:
    """Return properties of a component that decide which values its server accepts."""
    if component.type == "datetime" and isinstance(component.props.get("include_time"), bool):
        # a DateTime of the type string passes its text on unread
        parsed = component.props.get("type") in ("timestamp", "datetime")
        return {"include_time": component.props["include_time"], "parsed": parsed}
    precision = component.props.get("precision")
    if component.type == "number" and isinstance(precision, int) and precision > 0:
        return {"precision": precision}  # rounding refuses what is not a number
    return {"no_choices": True} if refuses_all_choices(component) else {}


def _value_schema(value: Parameter | ReturnValue, schema: Mapping[str, Any]) -> dict[str, Any]:
    keywords = {key: part for key, part in schema.items() if key not in ("title", "description")}
    # The description of a file's schema is about Gradio's class, which callers never use.
    is_file = "file" in kinds_of(value.schema, value.schema)
    description = value.description or ("" if is_file else as_str(schema.get("description")))
    return {
        **({"title": value.label} if value.label else {}),
        **({"description": description} if description else {}),
        **keywords,
        EXTENSION: {"component": value.component},
    }


def _upload_document(
    app: str, config: AppConfig, endpoints: Sequence[Endpoint], types: Mapping[str, Any]
) -> dict[str, Any]:
    file_inputs = [
        file_input for endpoint in endpoints for file_input in _file_inputs(endpoint, config)
    ]
    file_types = [name for name, schema in types.items() if kinds_of(schema, {}) == ["file"]]
    return {
        "$schema": DIALECT,
        "title": f"Which files {app} takes",
        "description": "The form that uploads files, and what stands for an uploaded one in an "
        "input; the server answers with the paths.",
        "type": "object",
        "properties": {"files": {"type": "array", "items": {"type": "string", "format": "binary"}}},
        "required": ["files"],
        EXTENSION: {"max_file_size": config.max_file_size, "wanted": file_inputs},
        "$defs": referenced_types([{"$ref": f"#/$defs/{name}"} for name in file_types], types),
    }


def _file_inputs(endpoint: Endpoint, config: AppConfig) -> Iterable[dict[str, Any]]:
    components = _input_components(endpoint, config)
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
    """Check whether a schema contains a file; its `$defs` are part of it."""
    if is_array(node):
        return any(_has_file(item, definitions) for item in node)
    if not is_object(node):
        return False
    if kinds_of(node, {"$defs": definitions}) == ["file"]:
        return True
    return any(_has_file(part, definitions) for key, part in node.items() if key != "default")


def referenced_types(schemas: Iterable[Any], types: Mapping[str, Any]) -> dict[str, Any]:
    """Return the types that the schemas refer to, directly or through others, sorted by name."""
    names: set[str] = set()
    pending: list[Any] = list(schemas)
    while pending:
        node = pending.pop()
        if is_array(node):
            pending += node
        elif is_object(node):
            name = as_str(node.get("$ref")).removeprefix("#/$defs/")
            if name in types and name not in names:
                names.add(name)
                pending.append(types[name])
            pending += node.values()
    return {name: types[name] for name in sorted(names)}
