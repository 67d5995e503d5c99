"""Describe the endpoints of an app as JSON Schema documents, and as an OpenAPI document."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from spacecall._core.app_components import Component
from spacecall._core.app_config import AppConfig
from spacecall._core.app_functions import Dependency
from spacecall._core.endpoint_names import url_segment
from spacecall._core.json_values import as_dict, is_array, is_object
from spacecall._core.schema_nodes import kinds_of
from spacecall.cli._exports.curl_snippets import (
    request_path,
    upload_path,
    uses_call_api,
)
from spacecall.codegen._name_spelling import Scope, allocate_names, pascal_case
from spacecall.codegen._schemas.schema_documents import (
    DIALECT,
    JOIN_FILE,
    QUEUE_DATA_FILE,
    build_documents,
    endpoint_schemas,
    referenced_types,
)
from spacecall.endpoints import Endpoint

__all__ = ["build_json_schemas", "build_openapi"]

OPENAPI: Final = "3.1.0"
"""The version of OpenAPI."""

_DEFINITIONS, _COMPONENTS = "#/$defs/", "#/components/schemas/"
# Keywords whose values are data or names, not schemas.
_DATA = frozenset({"const", "default", "enum", "examples", "required", "x-spacecall"})
_NAMED = frozenset({"$defs", "dependentSchemas", "patternProperties", "properties"})
_UPLOAD: Final = {
    "type": "object",
    "properties": {"files": {"type": "array", "items": {"type": "string", "format": "binary"}}},
    "required": ["files"],
}


def build_json_schemas(config: AppConfig, endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """Return the schemas of each endpoint's arguments and outputs, by its name.

    Each schema is a JSON Schema 2020-12 document of its own.
    """
    documents = build_documents(config, endpoints)
    schemas: dict[str, Any] = {endpoint.name: {} for endpoint in endpoints}
    for key, file in (("input", JOIN_FILE), ("output", QUEUE_DATA_FILE)):
        definitions = as_dict(documents[file]["$defs"])
        for name, schema in endpoint_schemas(documents[file]).items():
            types = referenced_types([schema], definitions)
            document = {"$schema": DIALECT, **schema, **({"$defs": types} if types else {})}
            schemas[name][key] = document
    return schemas


def build_openapi(config: AppConfig, endpoints: Sequence[Endpoint], address: str) -> dict[str, Any]:
    """Return an OpenAPI 3.1 document of the requests that call the endpoints.

    An endpoint whose name a URL cannot contain is left out.

    Args:
        config: the app's configuration.
        endpoints: the endpoints to describe.
        address: the app's address; empty if it is not known.
    """
    callable_endpoints = [
        (endpoint, dependency)
        for endpoint in endpoints
        if (dependency := config.find(endpoint.name)) is not None
        and url_segment(dependency.api_name or "") is not None
    ]
    return _OpenApi(config, callable_endpoints).document(address)


class _OpenApi:
    def __init__(self, config: AppConfig, endpoints: Sequence[tuple[Endpoint, Dependency]]) -> None:
        self._config = config
        self._endpoints = endpoints
        documents = build_documents(config, [endpoint for endpoint, _ in endpoints])
        self._inputs = endpoint_schemas(documents[JOIN_FILE])
        self._outputs = endpoint_schemas(documents[QUEUE_DATA_FILE])
        definitions = {
            **as_dict(documents[JOIN_FILE]["$defs"]),
            **as_dict(documents[QUEUE_DATA_FILE]["$defs"]),
        }
        schemas = [*self._inputs.values(), *self._outputs.values()]
        types = referenced_types(schemas, definitions)
        keys = allocate_names(types, _component_key)
        self._has_files = any(kinds_of(schema, {}) == ["file"] for schema in types.values())
        self._rewrite = _reference_rewriter(keys)
        self._schemas = {keys[name]: self._rewrite(schema) for name, schema in types.items()}
        self._titles = Scope(keys.values()).allocate(
            [endpoint.name for endpoint, _ in endpoints],
            lambda name: _component_key(pascal_case(name) or "Endpoint"),
            lambda title: [f"{title}Request", f"{title}Output"],
        )

    def document(self, address: str) -> dict[str, Any]:
        """Return the document."""
        paths: dict[str, Any] = {}
        for endpoint, dependency in self._endpoints:
            paths |= self._paths(endpoint, dependency)
        if self._has_files:
            paths[upload_path(self._config)] = {"post": _upload_operation()}
        title = self._config.title or self._config.space_id or "A Gradio app"
        return {
            "openapi": OPENAPI,
            "info": {"title": title, "version": self._config.version or "3"},
            "jsonSchemaDialect": DIALECT,
            **({"servers": [{"url": address.rstrip("/")}]} if address else {}),
            "paths": paths,
            "components": {"schemas": self._schemas},
        }

    def _paths(self, endpoint: Endpoint, dependency: Dependency) -> dict[str, Any]:
        title = self._titles[endpoint.name]
        self._schemas[f"{title}Request"] = self._request_schema(endpoint, dependency)
        self._schemas[f"{title}Output"] = self._rewrite(self._outputs[endpoint.name])
        path = request_path(self._config, dependency)
        operation: dict[str, Any] = {
            "operationId": f"call{title}",
            "summary": f"Call {endpoint.name}",
            **({"description": endpoint.description} if endpoint.description else {}),
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": _reference(f"{title}Request")}},
            },
        }
        if not uses_call_api(self._config, dependency):
            output = {"data": _reference(f"{title}Output")}
            schema = {"type": "object", "properties": output, "required": ["data"]}
            operation["responses"] = _responses("The outputs.", "application/json", schema)
            return {path: {"post": operation}}
        event = {"type": "object", "properties": {"event_id": {"type": "string"}}}
        operation["responses"] = _responses(
            "The job is in the queue: follow its events.",
            "application/json",
            {**event, "required": ["event_id"]},
        )
        return {path: {"post": operation}, f"{path}/{{event_id}}": {"get": _events(title)}}

    def _request_schema(self, endpoint: Endpoint, dependency: Dependency) -> dict[str, Any]:
        properties = as_dict(self._inputs[endpoint.name].get("properties"))
        schemas = iter([properties[parameter.name] for parameter in endpoint.parameters])
        values = [
            _hidden_schema(component) if component.hidden else self._rewrite(next(schemas, None))
            for component in dependency.inputs
        ]
        data = {
            "type": "array",
            "description": "The arguments by position; null for hidden State.",
            **({"prefixItems": values} if values else {}),
            "items": False,
            "minItems": len(values),
            "maxItems": len(values),
        }
        return {"type": "object", "properties": {"data": data}, "required": ["data"]}


def _events(title: str) -> dict[str, Any]:
    description = (
        "Server-sent events. The data of the events `generating` (partial results) and `complete` "
        f"(the result) is a JSON array, `{_COMPONENTS}{title}Output`; the data of `error` is the "
        "app's message."
    )
    return {
        "operationId": f"follow{title}",
        "summary": "Follow the events of a job",
        "parameters": [
            {"name": "event_id", "in": "path", "required": True, "schema": {"type": "string"}}
        ],
        "responses": _responses(description, "text/event-stream", {"type": "string"}),
    }


def _upload_operation() -> dict[str, Any]:
    paths = {"type": "array", "items": {"type": "string"}}
    return {
        "operationId": "uploadFiles",
        "summary": "Upload files; an argument names a file by its path",
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _UPLOAD}}},
        "responses": _responses("The paths of the files.", "application/json", paths),
    }


def _responses(description: str, media_type: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "200": {"description": description, "content": {media_type: {"schema": schema}}},
        "default": {"description": "The app refused the request."},
    }


def _hidden_schema(component: Component) -> dict[str, Any]:
    return {"const": component.initial_value}


def _reference(key: str) -> dict[str, Any]:
    return {"$ref": f"{_COMPONENTS}{key}"}


def _component_key(name: str) -> str:
    """Return a key for `components`: letters, digits, dots, hyphens and underscores of ASCII."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)


def _reference_rewriter(keys: Mapping[str, str]) -> Callable[[Any], Any]:
    """Return a function that makes references into `$defs` references into `components`."""

    def rewrite(node: Any) -> Any:
        if is_array(node):
            return [rewrite(item) for item in node]
        return dict(_members(node)) if is_object(node) else node

    def _members(node: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        for keyword, value in node.items():
            if keyword == "$ref":
                name = str(value).removeprefix(_DEFINITIONS)
                yield keyword, f"{_COMPONENTS}{keys[name]}" if name in keys else value
            elif keyword in _DATA:
                yield keyword, value
            elif keyword in _NAMED:
                yield keyword, {name: rewrite(part) for name, part in as_dict(value).items()}
            else:
                yield keyword, rewrite(value)

    return rewrite
