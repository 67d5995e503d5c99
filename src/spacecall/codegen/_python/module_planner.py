"""From a schema folder to a plan: which classes and methods there will be, and all their names."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace
from typing import Any, Final

from spacecall._core.file_positions import drop_text_files
from spacecall._core.json_values import as_dict, as_list, as_str, as_str_list, is_array, is_object
from spacecall._core.python_names import field_name
from spacecall._core.schema_check import count_values
from spacecall._core.schema_nodes import Schema, kinds_of
from spacecall.codegen._names import (
    FIELD_NAMES,
    METHOD_NAMES,
    TUPLE_NAMES,
    TYPE_NAMES,
    Scope,
    class_name,
    distinct,
    keyword_names,
    output_names,
)
from spacecall.codegen._python.choice_types import Place, name_choices
from spacecall.codegen._python.module_plan import (
    ABSENT,
    IMPORTS,
    SCHEMA,
    Model,
    Operation,
    Plan,
    Value,
)
from spacecall.codegen._python.types_and_defaults import holds_file
from spacecall.codegen._schemas.schema_documents import (
    JOIN,
    QUEUE_DATA,
    described,
    endpoint_of,
    notes,
)
from spacecall.codegen._schemas.schema_folder import SchemaFolder

__all__ = ["make_plan"]

_IMPORTED = frozenset(name for block in IMPORTS for names in block.values() for name in names)
_LONGEST_DEFAULT: Final = 1000
"""Characters, as JSON."""
_LARGEST_DEFAULT: Final = 50
"""Values, each of which takes a line."""
_MODULE_NAMES = frozenset({"None", "True", "False", "annotations", "__all__", SCHEMA})


def make_plan(folder: SchemaFolder) -> Plan:
    """The client of the app that the folder describes."""
    join = as_dict(as_dict(folder.documents[JOIN]).get("$defs"))
    data = as_dict(as_dict(folder.documents[QUEUE_DATA]).get("$defs"))
    inputs, outputs = (described(folder.documents[name]) for name in (JOIN, QUEUE_DATA))
    types = {
        key: as_dict(one)
        for defs in (join, data)
        for key, one in defs.items()
        if not endpoint_of(one)
    }
    # All names of the module. A class cannot be called like a method, nor a method, a field or an
    # output like a class: annotations in a class look for its own names first.
    module = Scope(_IMPORTED, TYPE_NAMES, _MODULE_NAMES)
    client = _client(folder.lock.name, module)
    hiding = METHOD_NAMES | module.names
    methods = Scope(hiding).allocate(inputs, lambda api: field_name(api, hiding, fallback="call"))
    module.reserve(*methods.values())
    classes = _classes(methods, module)
    models = _objects(types, module)
    places = [*_input_places(inputs, classes), *_output_places(outputs, classes)]
    choices = name_choices([*places, *_type_places(types)], module)
    seen = module.names - set(methods.values())
    constants = module.allocate(methods.values(), lambda method: f"_{method.upper()}")
    takes = {api: _inputs(one, types, seen) for api, one in inputs.items()}
    defaults = _defaults({constants[methods[api]]: takes[api] for api in inputs}, module)
    operations = tuple(
        Operation(
            api_name=api,
            method=method,
            constant=constants[method],
            takes=f"{classes[api]}Input",
            gives=f"{classes[api]}Output",
            inputs=defaults[constants[method]],
            outputs=_outputs(as_list(outputs.get(api, {}).get("prefixItems")), seen),
            streaming=notes(inputs[api]).get("streaming") is True,
            stateful=notes(inputs[api]).get("stateful") is True,
            event_data=notes(inputs[api]).get("event_data") is True,
            description=as_str(inputs[api].get("description")),
            shape=as_str(notes(inputs[api]).get("shape")),
        )
        for api, method in methods.items()
    )
    fields = tuple(
        Model(key, name, as_str(types[key].get("description")), _fields(types[key], types, seen))
        for key, name in models.items()
    )
    return Plan(client, types, fields, operations, choices)


def _client(name: str, module: Scope) -> str:
    client = class_name(name, "App")
    while client in module or f"Sync{client}" in module:
        client = f"{client}App"
    module.reserve(client, f"Sync{client}")
    return client


def _classes(methods: Mapping[str, str], module: Scope) -> dict[str, str]:
    """What each endpoint's classes begin with."""

    def forms(class_: str) -> list[str]:
        return [f"{class_}Input", f"{class_}Output"]

    def propose(method: str) -> str:
        class_ = class_name(method, "Call")
        return f"{class_}Call" if any(name in module for name in forms(class_)) else class_

    by_method = module.allocate(methods.values(), propose, forms)
    return {api: by_method[method] for api, method in methods.items()}


def _objects(types: Mapping[str, Schema], module: Scope) -> dict[str, str]:
    """The class of each object type, by its name in `$defs`."""
    objects = [
        key
        for key, schema in types.items()
        if as_dict(schema.get("properties")) and kinds_of(schema, {}) != ["file"]
    ]
    return module.allocate(objects, lambda key: class_name(key, "Type"))


def _fields(schema: Schema, types: Mapping[str, Schema], seen: Set[str]) -> tuple[Value, ...]:
    properties = as_dict(schema.get("properties"))
    needed = set(as_str_list(schema.get("required")))
    reserved = FIELD_NAMES | seen
    fields = distinct(properties, lambda key: field_name(key, reserved, fallback="value"), reserved)
    return tuple(
        Value(
            wire=key,
            field=fields[key],
            parameter=fields[key],
            schema=as_dict(one),
            required=key in needed,
            default=ABSENT if _is_of_the_app(default) else default,
        )
        for key, one in properties.items()
        for default in [_default(as_dict(one), types)]
    )


def _inputs(takes: Schema, types: Mapping[str, Schema], seen: Set[str]) -> tuple[Value, ...]:
    properties = as_dict(takes.get("properties"))
    needed = set(as_str_list(takes.get("required")))
    parameters = _parameters(takes)
    reserved = FIELD_NAMES | seen
    fields = distinct(
        parameters,
        lambda one: one if one not in reserved else field_name(one, reserved, fallback="value"),
        # A field that is called like another one on the wire would be taken for that one.
        reserved | (properties.keys() - set(parameters)),
    )
    return tuple(
        Value(
            wire=key,
            field=fields[parameter],
            parameter=parameter,
            schema=as_dict(one),
            required=key in needed,
            default=ABSENT if _is_of_the_app(default) else default,
            app_default=_is_of_the_app(default),
            component=_component(one),
            label=as_str(as_dict(one).get("title")) or _component(one),
            description=as_str(as_dict(one).get("description")),
        )
        for parameter, (key, one) in zip(parameters, properties.items(), strict=True)
        for default in [_default(as_dict(one), types)]
    )


def _parameters(takes: Schema) -> list[str]:
    """The names of an endpoint's parameters."""
    return keyword_names(
        [
            (key, as_str(as_dict(one).get("title")), _component(one))
            for key, one in as_dict(takes.get("properties")).items()
        ]
    )


def _input_places(inputs: Mapping[str, Schema], classes: Mapping[str, str]) -> Iterator[Place]:
    for api, takes in inputs.items():
        schemas = as_dict(takes.get("properties")).values()
        for parameter, schema in zip(_parameters(takes), schemas, strict=True):
            yield Place(f"takes {api!r} {parameter!r}", classes[api], parameter, as_dict(schema))


def _output_places(outputs: Mapping[str, Schema], classes: Mapping[str, str]) -> Iterator[Place]:
    for api, class_ in classes.items():
        for number, schema in enumerate(as_list(outputs.get(api, {}).get("prefixItems"))):
            label = as_str(as_dict(schema).get("title")) or _component(schema)
            yield Place(f"gives {api!r} {number}", class_, label, as_dict(schema))


def _type_places(types: Mapping[str, Schema]) -> Iterator[Place]:
    for key, schema in types.items():
        fields = as_dict(schema.get("properties")) or {key: schema}
        for label, one in fields.items():
            yield Place(f"type {key!r} {label!r}", class_name(key, "Type"), label, as_dict(one))


def _is_of_the_app(default: object) -> bool:
    """Whether the running app tells a default: a file of its own, or one too long to write."""
    if default is ABSENT:
        return False
    if holds_file(default):
        return True
    return count_values(default) > _LARGEST_DEFAULT or len(json.dumps(default)) > _LONGEST_DEFAULT


def _default(schema: Schema, types: Mapping[str, Schema]) -> Any:
    """The default that a schema folder gives, which is data: a text never stands for a file."""
    default = schema.get("default", ABSENT)
    return drop_text_files({**schema, "$defs": types}, default, ABSENT)


def _defaults(inputs: Mapping[str, Sequence[Value]], module: Scope) -> dict[str, tuple[Value, ...]]:
    """The inputs, by their endpoint's constant, with constants for defaults that need one."""
    proposals = {
        f"{endpoint} {one.wire}": f"{endpoint}_{one.field.upper()}_DEFAULT"
        for endpoint, values in inputs.items()
        for one in values
        if is_object(one.default) or (is_array(one.default) and one.default)
    }
    names = module.allocate(proposals, proposals.__getitem__)
    return {
        endpoint: tuple(
            replace(one, constant=names.get(f"{endpoint} {one.wire}", "")) for one in values
        )
        for endpoint, values in inputs.items()
    }


def _outputs(values: Sequence[Any], seen: Set[str]) -> tuple[Value, ...]:
    names = output_names(
        [(as_str(as_dict(one).get("title")), _component(one)) for one in values], TUPLE_NAMES | seen
    )
    return tuple(
        Value(
            wire=name,
            field=name,
            parameter=name,
            schema=as_dict(one),
            label=as_str(as_dict(one).get("title")) or _component(one),
            description=as_str(as_dict(one).get("description")),
        )
        for name, one in zip(names, values, strict=True)
    )


def _component(schema: Any) -> str:
    return as_str(notes(schema).get("component"))
