"""Reading an app's interface, from a schema folder or from a live app.

The documents of a live app are turned into the same schemas first, so that both sides are read, and
compared, in one dialect.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from spacecall._core.app_config import read_config
from spacecall._core.app_info import read_endpoints
from spacecall._core.json_values import is_object, items, mapping, strings, text
from spacecall._core.python_names import parameter_names
from spacecall.codegen._drift.app_model import Access, App, Endpoint, Value
from spacecall.codegen._drift.findings import Place
from spacecall.codegen._drift.source_lines import escape
from spacecall.codegen._drift.subschema import Typed
from spacecall.codegen._schemas.schema_documents import (
    JOIN,
    QUEUE_DATA,
    UPLOAD,
    documents,
    endpoint_of,
    notes,
)
from spacecall.codegen._schemas.schema_folder import SchemaFolder, dump
from spacecall.endpoints import Visibility

__all__ = ["live", "pinned"]

_STEP = re.compile(r"(?:^|; )(?:from \S+ to \S+|at (?:least|most) \S+) in steps of ([\d.e+-]+)")
_STEPPED = frozenset({"number", "slider"})


def pinned(folder: SchemaFolder) -> App:
    """The interface in a schema folder, on either side of a comparison."""
    lock = folder.lock
    return _app(
        folder.documents,
        gradio=lock.gradio,
        protocol=lock.protocol,
        others=lock.left_out,
        chosen=lock.endpoints is not None,
        access=lock.access,
        hardware=lock.hardware,
    )


def live(
    config: object, info: object, *, access: Access | None = None, hardware: str | None = None
) -> App:
    """The interface of an app that answered now.

    Args:
        config: its /config, parsed.
        info: its /info, parsed; with undocumented endpoints where the app tells them.
        access: what it wants to be called, where known.
        hardware: what it runs on, where known.

    Raises:
        ProtocolError: these are not a Gradio app's.
    """
    app = read_config(config)
    found = read_endpoints(app, info)
    others = {one.name: one.visibility for one in app.dependencies if one.name}
    # written and read again, so that it says no more than a folder could
    schemas = documents(app, list(found.values()))
    return _app(
        {name: json.loads(dump(one)) for name, one in schemas.items()},
        gradio=app.version,
        protocol=app.protocol,
        others={name: why for name, why in others.items() if name not in found},
        chosen=False,
        access=access,
        hardware=hardware,
    )


def _app(
    schemas: Mapping[str, Mapping[str, Any]],
    *,
    gradio: str,
    protocol: str,
    others: Mapping[str, str],
    chosen: bool,
    access: Access | None,
    hardware: str | None,
) -> App:
    join, data, upload = (mapping(schemas.get(name)) for name in (JOIN, QUEUE_DATA, UPLOAD))
    files = notes(upload)
    wanted = {
        (text(one.get("api_name")), text(one.get("parameter"))): one
        for one in map(mapping, items(files.get("wanted")))
    }
    given = dict(_own(data))
    endpoints = {
        endpoint_of(schema): _endpoint(key, schema, join, given, data, wanted)
        for key, schema in _own(join)
    }
    size = files.get("max_file_size")
    return App(
        gradio=gradio,
        protocol=protocol,
        endpoints=endpoints,
        others=others,
        chosen=chosen,
        max_file_size=size if isinstance(size, int) else None,
        access=access,
        hardware=hardware,
    )


def _own(document: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """The schemas of the endpoints, by their names in `$defs`."""
    definitions = mapping(document.get("$defs"))
    names = [text(mapping(one).get("$ref")) for one in items(document.get("anyOf"))]
    keys = [name.removeprefix("#/$defs/") for name in names]
    return [(key, definitions[key]) for key in keys if is_object(definitions.get(key))]


def _endpoint(
    key: str,
    schema: Mapping[str, Any],
    join: Mapping[str, Any],
    given: Mapping[str, Mapping[str, Any]],
    data: Mapping[str, Any],
    wanted: Mapping[tuple[str, str], Mapping[str, Any]],
) -> Endpoint:
    about, name = notes(schema), endpoint_of(schema)
    pointer = f"/$defs/{escape(key)}"
    required = set(strings(schema.get("required")))
    properties = {
        parameter: Typed(mapping(one), join)
        for parameter, one in mapping(schema.get("properties")).items()
    }
    # an older folder has `param_0` where the label names a parameter
    names = parameter_names(
        [
            (parameter, text(one.schema.get("title")), text(notes(one.schema).get("component")))
            for parameter, one in properties.items()
        ]
    )
    inputs = tuple(
        _value(
            parameter_name,
            typed,
            Place(JOIN, f"{pointer}/properties/{escape(parameter)}"),
            required=parameter in required,
            wanted=wanted.get((name, parameter)),
        )
        for parameter_name, (parameter, typed) in zip(names, properties.items(), strict=True)
    )
    output = next((one for one in given if endpoint_of(given[one]) == name), "")
    places: Sequence[Any] = items(mapping(given.get(output)).get("prefixItems"))
    outputs = tuple(
        _value(
            f"output {number + 1}",
            Typed(mapping(one), data),
            Place(QUEUE_DATA, f"/$defs/{escape(output)}/prefixItems/{number}"),
        )
        for number, one in enumerate(places)
    )
    hidden = about.get("visibility") in ("undocumented", "private")
    return Endpoint(
        name=name,
        inputs=inputs,
        outputs=outputs,
        streaming=about.get("streaming") is True,
        queued=about.get("queued") is not False,
        stateful=about.get("stateful") is True,
        visibility=cast("Visibility", about["visibility"]) if hidden else "public",
        place=Place(JOIN, pointer),
    )


def _value(
    name: str,
    type_: Typed,
    place: Place,
    *,
    required: bool = False,
    wanted: Mapping[str, Any] | None = None,
) -> Value:
    schema, about = type_.schema, notes(type_.schema)
    return Value(
        name=name,
        label=text(schema.get("title")),
        component=text(about.get("component")),
        type=type_,
        place=place,
        required=required,
        default=schema.get("default"),
        step=_step(schema, about),
        many=None if wanted is None else wanted.get("many") is True,
        file_types=tuple(sorted(strings(mapping(wanted).get("file_types")))),
    )


def _step(schema: Mapping[str, Any], about: Mapping[str, Any]) -> float | None:
    """The step of a number; folders without a note of it tell it in the remark, unless it is 1."""
    noted = about.get("step")
    if isinstance(noted, (int, float)) and not isinstance(noted, bool):
        return noted
    if text(about.get("component")) not in _STEPPED:
        return None
    found = _STEP.search(text(schema.get("description")))
    try:
        return float(found[1]) if found else 1
    except ValueError:
        return 1
