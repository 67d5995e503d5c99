"""Read an app's model from a schema folder, or from the documents of a live app.

The documents of a live app are converted to the same schemas first, so both sides are read and
compared in one form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, cast

from spacecall._core.app_config import parse_config
from spacecall._core.app_info import parse_endpoints, parse_oauth
from spacecall._core.json_values import as_dict, as_list, as_str, as_str_list, is_object
from spacecall._core.python_names import parameter_names
from spacecall.codegen._drift.app_model import Access, AppModel, EndpointModel, ValueModel
from spacecall.codegen._drift.findings import Location
from spacecall.codegen._drift.source_lines import escape_segment
from spacecall.codegen._drift.subschema import SchemaNode
from spacecall.codegen._schemas.schema_documents import (
    JOIN_FILE,
    QUEUE_DATA_FILE,
    UPLOAD_FILE,
    build_documents,
    endpoint_name,
    get_extension,
    has_computed_default,
)
from spacecall.codegen._schemas.schema_folder import SchemaFolder, dump_json
from spacecall.codegen._schemas.stored_defaults import is_app_default
from spacecall.endpoints import Visibility

__all__ = ["read_live_app", "read_pinned_app"]

_STEP = re.compile(r"(?:^|; )(?:from \S+ to \S+|at (?:least|most) \S+) in steps of ([\d.e+-]+)")
_DATE_FORMAT = re.compile(r"Formatted as YYYY-MM-DD( HH:MM:SS)?")
_STEPPED = frozenset({"number", "slider"})


def read_pinned_app(folder: SchemaFolder) -> AppModel:
    """Read the model of the app in a schema folder."""
    lock = folder.lock
    return _read_app(
        folder.documents,
        gradio=lock.gradio,
        protocol=lock.protocol,
        hidden=lock.left_out,
        selected=lock.endpoints is not None,
        access=lock.access,
        hardware=lock.hardware,
    )


def read_live_app(
    config: object, info: object, *, access: Access | None = None, hardware: str | None = None
) -> AppModel:
    """Read the model of an app from its /config and /info.

    Args:
        config: the parsed /config.
        info: the parsed /info, with undocumented endpoints if the app lists them.
        access: the credentials that the app requires; None if that is not known.
        hardware: the Space's hardware; None if it is not known.

    Raises:
        ProtocolError: the documents are not those of a Gradio app.
    """
    app = parse_config(config)
    endpoints = parse_endpoints(app, info)
    visibilities = {
        dependency.name: dependency.visibility for dependency in app.dependencies if dependency.name
    }
    # serialised and parsed again, so that nothing differs from a folder on disk
    schemas = build_documents(app, list(endpoints.values()))
    return _read_app(
        {name: json.loads(dump_json(document)) for name, document in schemas.items()},
        gradio=app.version,
        protocol=app.protocol,
        hidden={
            name: visibility for name, visibility in visibilities.items() if name not in endpoints
        },
        selected=False,
        access=access,
        hardware=hardware,
    )


def _read_app(
    schemas: Mapping[str, Mapping[str, Any]],
    *,
    gradio: str,
    protocol: str,
    hidden: Mapping[str, str],
    selected: bool,
    access: Access | None,
    hardware: str | None,
) -> AppModel:
    join, queue_data, upload = (
        as_dict(schemas.get(name)) for name in (JOIN_FILE, QUEUE_DATA_FILE, UPLOAD_FILE)
    )
    upload_notes = get_extension(upload)
    file_inputs = {
        (as_str(file_input.get("api_name")), as_str(file_input.get("parameter"))): file_input
        for file_input in map(as_dict, as_list(upload_notes.get("wanted")))
    }
    output_schemas = dict(_endpoint_schemas(queue_data))
    endpoints = {
        endpoint_name(schema): _read_endpoint(
            key, schema, join, output_schemas, queue_data, file_inputs
        )
        for key, schema in _endpoint_schemas(join)
    }
    size = upload_notes.get("max_file_size")
    return AppModel(
        gradio=gradio,
        protocol=protocol,
        endpoints=endpoints,
        hidden=hidden,
        selected=selected,
        max_file_size=size if isinstance(size, int) else None,
        access=access,
        hardware=hardware,
    )


def _endpoint_schemas(document: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """List the schemas of the endpoints in a document, with their names in `$defs`."""
    definitions = as_dict(document.get("$defs"))
    names = [as_str(as_dict(reference).get("$ref")) for reference in as_list(document.get("anyOf"))]
    keys = [name.removeprefix("#/$defs/") for name in names]
    return [(key, definitions[key]) for key in keys if is_object(definitions.get(key))]


def _read_endpoint(
    key: str,
    schema: Mapping[str, Any],
    join: Mapping[str, Any],
    output_schemas: Mapping[str, Mapping[str, Any]],
    queue_data: Mapping[str, Any],
    file_inputs: Mapping[tuple[str, str], Mapping[str, Any]],
) -> EndpointModel:
    about, name = get_extension(schema), endpoint_name(schema)
    pointer = f"/$defs/{escape_segment(key)}"
    required = set(as_str_list(schema.get("required")))
    properties = {
        parameter: SchemaNode(as_dict(property_schema), join)
        for parameter, property_schema in as_dict(schema.get("properties")).items()
    }
    # older folders have `param_0` where today the label names the parameter
    names = parameter_names(
        [
            (
                parameter,
                as_str(node.schema.get("title")),
                as_str(get_extension(node.schema).get("component")),
            )
            for parameter, node in properties.items()
        ]
    )
    inputs = tuple(
        _read_value(
            parameter_name,
            node,
            Location(JOIN_FILE, f"{pointer}/properties/{escape_segment(parameter)}"),
            required=parameter in required,
            file_input=file_inputs.get((name, parameter)),
        )
        for parameter_name, (parameter, node) in zip(names, properties.items(), strict=True)
    )
    output_key = next(
        (key for key, output in output_schemas.items() if endpoint_name(output) == name), ""
    )
    output_items = as_list(as_dict(output_schemas.get(output_key)).get("prefixItems"))
    outputs = tuple(
        _read_value(
            f"output {number + 1}",
            SchemaNode(as_dict(item), queue_data),
            Location(QUEUE_DATA_FILE, f"/$defs/{escape_segment(output_key)}/prefixItems/{number}"),
        )
        for number, item in enumerate(output_items)
    )
    hidden = about.get("visibility") in ("undocumented", "private")
    return EndpointModel(
        name=name,
        inputs=inputs,
        outputs=outputs,
        streaming=about.get("streaming") is True,
        queued=about.get("queued") is not False,
        stateful=about.get("stateful") is True,
        visibility=cast("Visibility", about["visibility"]) if hidden else "public",
        location=Location(JOIN_FILE, pointer),
        oauth=parse_oauth(about.get("oauth")),
        computes_default=about.get("computes_default") is True,
        stream_input=dict(zip(properties, names, strict=True)).get(
            as_str(about.get("stream_input"))
        ),
    )


def _read_value(
    name: str,
    type_: SchemaNode,
    location: Location,
    *,
    required: bool = False,
    file_input: Mapping[str, Any] | None = None,
) -> ValueModel:
    schema, about = type_.schema, get_extension(type_.schema)
    computed = has_computed_default(schema)
    return ValueModel(
        name=name,
        label=as_str(schema.get("title")),
        component=as_str(about.get("component")),
        type=type_,
        location=location,
        required=required,
        default=schema.get("default"),
        computed_default=computed,
        app_default=computed or is_app_default(schema.get("default")),
        step=_read_step(schema, about),
        rounded="precision" in about,
        include_time=_reads_time(schema, about),
        parsed_date=about.get("parsed") is True,
        multiple_files=None if file_input is None else file_input.get("many") is True,
        file_types=tuple(sorted(as_str_list(as_dict(file_input).get("file_types")))),
    )


def _reads_time(schema: Mapping[str, Any], about: Mapping[str, Any]) -> bool | None:
    """Return whether a date has a time; older folders say so in the description only."""
    if about.get("component") != "datetime":
        return None
    if isinstance(about.get("include_time"), bool):
        return about["include_time"] is True
    match = _DATE_FORMAT.search(as_str(schema.get("description")))
    return match[1] is not None if match else None


def _read_step(schema: Mapping[str, Any], about: Mapping[str, Any]) -> float | None:
    """Return the step of a number; None for other values.

    Older folders do not note the step: there it is read from the description, where a step of 1 is
    left out.
    """
    step = about.get("step")
    if isinstance(step, (int, float)) and not isinstance(step, bool):
        return step
    if as_str(about.get("component")) not in _STEPPED:
        return None
    match = _STEP.search(as_str(schema.get("description")))
    try:
        return float(match[1]) if match else 1
    except ValueError:
        return 1
