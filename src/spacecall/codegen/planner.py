"""From a schema folder to a plan: which classes and methods there will be, and all their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from spacecall._core.loose import items, mapping, strings, text
from spacecall._core.schema_nodes import Schema, kinds_of
from spacecall.codegen.names import (
    FIELD_NAMES,
    METHOD_NAMES,
    distinct,
    field_name,
    output_names,
    parameter_names,
    pascal,
)
from spacecall.codegen.plan import ABSENT, IMPORTED, Model, Operation, Plan, Value
from spacecall.codegen.schemas import JOIN, QUEUE_DATA, described, endpoint_of, notes
from spacecall.codegen.store import SchemaFolder

__all__ = ["make_plan"]


def make_plan(folder: SchemaFolder) -> Plan:
    """The client of the app that the folder describes."""
    join = mapping(mapping(folder.documents[JOIN]).get("$defs"))
    data = mapping(mapping(folder.documents[QUEUE_DATA]).get("$defs"))
    inputs, outputs = (described(folder.documents[name]) for name in (JOIN, QUEUE_DATA))
    types = {
        key: mapping(one)
        for defs in (join, data)
        for key, one in defs.items()
        if not endpoint_of(one)
    }
    client = _class(folder.lock.name, "App")
    client = f"{client}App" if client in IMPORTED else client
    own = {client, f"Sync{client}"}
    methods = distinct(inputs, lambda api: field_name(api, METHOD_NAMES, fallback="call"))
    classes = _classes(methods, own)
    taken = {
        *own,
        *IMPORTED,
        *(f"{c}{end}" for c in classes.values() for end in ("Input", "Output")),
    }
    models = _models(types, taken)
    operations = tuple(
        _operation(api, methods[api], classes[api], one, outputs.get(api, {}))
        for api, one in inputs.items()
    )
    return Plan(client, types, models, operations)


def _classes(methods: Mapping[str, str], own: Iterable[str]) -> dict[str, str]:
    """What each endpoint's classes begin with."""
    ends = ("Input", "Output")
    taken = {
        name.removesuffix(end) for name in (*own, *IMPORTED) for end in ends if name.endswith(end)
    }

    def propose(method: str) -> str:
        class_ = _class(method, "Call")
        return f"{class_}Call" if class_ in taken else class_

    by_method = distinct(methods.values(), propose, taken)
    return {api: by_method[method] for api, method in methods.items()}


def _models(types: Mapping[str, Schema], taken: Iterable[str]) -> tuple[Model, ...]:
    objects = {
        key: schema
        for key, schema in types.items()
        if mapping(schema.get("properties")) and kinds_of(schema, {}) != ["file"]
    }
    names = distinct(objects, lambda key: _class(key, "Type"), taken)
    return tuple(
        Model(key, names[key], text(schema.get("description")), _fields(schema))
        for key, schema in objects.items()
    )


def _class(text_: str, prefix: str) -> str:
    kept = text_ if text_.isidentifier() and text_[0].isupper() else pascal(text_)
    return kept if kept[:1].isidentifier() else f"{prefix}{kept}"


def _fields(schema: Schema) -> tuple[Value, ...]:
    properties = mapping(schema.get("properties"))
    needed = set(strings(schema.get("required")))
    fields = distinct(properties, lambda key: field_name(key, FIELD_NAMES, fallback="value"))
    return tuple(
        Value(
            wire=key,
            field=fields[key],
            parameter=fields[key],
            schema=mapping(one),
            required=key in needed,
            default=mapping(one).get("default", ABSENT),
        )
        for key, one in properties.items()
    )


def _operation(api: str, method: str, class_: str, takes: Schema, gives: Schema) -> Operation:
    about = notes(takes)
    return Operation(
        api_name=api,
        method=method,
        constant=f"_{method.upper()}",
        takes=f"{class_}Input",
        gives=f"{class_}Output",
        inputs=_inputs(takes),
        outputs=_outputs(items(gives.get("prefixItems"))),
        streaming=about.get("streaming") is True,
        stateful=about.get("stateful") is True,
        description=text(takes.get("description")),
        shape=text(about.get("shape")),
    )


def _inputs(takes: Schema) -> tuple[Value, ...]:
    properties = mapping(takes.get("properties"))
    needed = set(strings(takes.get("required")))
    parameters = parameter_names(
        [(key, text(mapping(one).get("title")), _component(one)) for key, one in properties.items()]
    )
    plain = {one for one in parameters if one not in FIELD_NAMES and not one.startswith("_")}
    fields = distinct(
        parameters,
        lambda one: one if one in plain else field_name(one, FIELD_NAMES, fallback="value"),
    )
    return tuple(
        Value(
            wire=key,
            field=fields[parameter],
            parameter=parameter,
            schema=mapping(one),
            required=key in needed,
            default=mapping(one).get("default", ABSENT),
            label=text(mapping(one).get("title")) or _component(one),
            description=text(mapping(one).get("description")),
        )
        for parameter, (key, one) in zip(parameters, properties.items(), strict=True)
    )


def _outputs(values: Sequence[Any]) -> tuple[Value, ...]:
    names = output_names([(text(mapping(one).get("title")), _component(one)) for one in values])
    return tuple(
        Value(
            wire=name,
            field=name,
            parameter=name,
            schema=mapping(one),
            label=text(mapping(one).get("title")) or _component(one),
            description=text(mapping(one).get("description")),
        )
        for name, one in zip(names, values, strict=True)
    )


def _component(schema: Any) -> str:
    return text(notes(schema).get("component"))
