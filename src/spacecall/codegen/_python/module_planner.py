"""Plan a client from a schema folder: its classes and methods, and all their names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

from spacecall._core.app_info import parse_oauth
from spacecall._core.file_positions import drop_text_files
from spacecall._core.json_values import as_dict, as_list, as_str, as_str_list, is_array, is_object
from spacecall._core.python_names import field_name
from spacecall._core.schema_nodes import Schema, kinds_of
from spacecall.codegen._name_spelling import (
    FIELD_NAMES,
    METHOD_NAMES,
    TUPLE_NAMES,
    TYPE_NAMES,
    Scope,
    allocate_names,
    class_name,
    keyword_names,
    output_names,
)
from spacecall.codegen._python.choice_types import (
    ChoiceField,
    describe_choices,
    describe_unnamed_choices,
    name_choice_lists,
)
from spacecall.codegen._python.module_plan import (
    ABSENT,
    IMPORTS,
    SCHEMA_CONSTANT,
    ClientPlan,
    MethodPlan,
    ModelPlan,
    ValuePlan,
)
from spacecall.codegen._schemas.schema_documents import (
    JOIN_FILE,
    QUEUE_DATA_FILE,
    endpoint_name,
    endpoint_schemas,
    get_extension,
    has_computed_default,
)
from spacecall.codegen._schemas.schema_folder import SchemaFolder
from spacecall.codegen._schemas.stored_defaults import is_app_default

__all__ = ["plan_client"]

_IMPORTED = frozenset(name for block in IMPORTS for names in block.values() for name in names)
_MODULE_NAMES = frozenset({"None", "True", "False", "annotations", "__all__", SCHEMA_CONSTANT})


def plan_client(folder: SchemaFolder) -> ClientPlan:
    """Plan the client of the app that the folder describes."""
    join = as_dict(as_dict(folder.documents[JOIN_FILE]).get("$defs"))
    data = as_dict(as_dict(folder.documents[QUEUE_DATA_FILE]).get("$defs"))
    inputs, outputs = (
        endpoint_schemas(folder.documents[name]) for name in (JOIN_FILE, QUEUE_DATA_FILE)
    )
    types = {
        key: as_dict(schema)
        for defs in (join, data)
        for key, schema in defs.items()
        if not endpoint_name(schema)
    }
    # All names of the module. No class may have the name of a method, and no method, field or
    # output the name of a class: annotations in a class body see the names of that class first.
    module = Scope(_IMPORTED, TYPE_NAMES, _MODULE_NAMES)
    client = _client_class(folder.lock.name, module)
    hiding = METHOD_NAMES | module.names
    methods_scope = Scope(hiding)
    methods = methods_scope.allocate(inputs, lambda api: field_name(api, hiding, fallback="call"))
    stream_inputs = {api: _stream_input(schema) for api, schema in inputs.items()}
    streamed = [api for api, key in stream_inputs.items() if key]
    stream_methods = methods_scope.allocate(streamed, lambda api: f"stream_{methods[api]}")
    module.reserve(*methods.values(), *stream_methods.values())
    chosen = folder.class_names
    endpoint_classes = {
        endpoint_name(schema): chosen[key]
        for defs in (data, join)
        for key, schema in defs.items()
        if key in chosen
    }
    classes = _class_prefixes(methods, endpoint_classes, module)
    models = _object_classes(types, chosen, module)
    choice_fields = [
        *_input_choice_fields(inputs, classes),
        *_output_choice_fields(outputs, classes),
    ]
    choice_fields += _type_choice_fields(types)
    choices = name_choice_lists(
        choice_fields, module, _field_names([*inputs.values(), *types.values()])
    )
    global_names = module.names - {*methods.values(), *stream_methods.values()}
    constants = module.allocate(methods.values(), lambda method: f"_{method.upper()}")
    planned_inputs = {
        api: _plan_inputs(schema, types, global_names) for api, schema in inputs.items()
    }
    defaults = _with_constants(
        {constants[methods[api]]: planned_inputs[api] for api in inputs}, module
    )
    operations = tuple(
        MethodPlan(
            api_name=api,
            method=method,
            constant=constants[method],
            input_class=f"{classes[api]}Input",
            output_class=f"{classes[api]}Output",
            inputs=defaults[constants[method]],
            outputs=_plan_outputs(as_list(outputs.get(api, {}).get("prefixItems")), global_names),
            streaming=get_extension(inputs[api]).get("streaming") is True,
            stateful=get_extension(inputs[api]).get("stateful") is True,
            event_data=get_extension(inputs[api]).get("event_data") is True,
            oauth=parse_oauth(get_extension(inputs[api]).get("oauth")),
            description=as_str(inputs[api].get("description")),
            shape=as_str(get_extension(inputs[api]).get("shape")),
            stream_method=stream_methods.get(api, ""),
            stream_input=stream_inputs[api],
        )
        for api, method in methods.items()
    )
    model_plans = tuple(
        ModelPlan(
            key,
            name,
            as_str(types[key].get("description")),
            _plan_fields(types[key], types, global_names),
        )
        for key, name in models.items()
    )
    choice_texts = describe_choices(choice_fields, choices)
    return ClientPlan(client, types, model_plans, operations, choices, choice_texts)


def _client_class(name: str, module: Scope) -> str:
    client = class_name(name, "App")
    while client in module or f"Sync{client}" in module:
        client = f"{client}App"
    module.reserve(client, f"Sync{client}")
    return client


def _class_prefixes(
    methods: Mapping[str, str], chosen: Mapping[str, str], module: Scope
) -> dict[str, str]:
    """Return the prefix of each endpoint's classes, by endpoint; `chosen` are the user's names."""
    texts = {method: chosen.get(api, method) for api, method in methods.items()}

    def forms(class_: str) -> list[str]:
        return [f"{class_}Input", f"{class_}Output"]

    def propose(method: str) -> str:
        class_ = class_name(texts[method], "Call")
        return f"{class_}Call" if any(name in module for name in forms(class_)) else class_

    by_method = module.allocate(methods.values(), propose, forms)
    return {api: by_method[method] for api, method in methods.items()}


def _object_classes(
    types: Mapping[str, Schema], chosen: Mapping[str, str], module: Scope
) -> dict[str, str]:
    """Return the class of each object type, by its name in `$defs`; `chosen` as above."""
    objects = [
        key
        for key, schema in types.items()
        if as_dict(schema.get("properties")) and kinds_of(schema, {}) != ["file"]
    ]
    return module.allocate(objects, lambda key: class_name(chosen.get(key, key), "Type"))


def _plan_fields(
    schema: Schema, types: Mapping[str, Schema], global_names: Set[str]
) -> tuple[ValuePlan, ...]:
    properties = as_dict(schema.get("properties"))
    required = set(as_str_list(schema.get("required")))
    reserved = FIELD_NAMES | global_names
    fields = allocate_names(
        properties, lambda key: field_name(key, reserved, fallback="value"), reserved
    )
    return tuple(
        ValuePlan(
            json_name=key,
            field=fields[key],
            parameter=fields[key],
            schema=as_dict(field_schema),
            required=key in required,
            default=ABSENT if _is_app_default(default) else default,
        )
        for key, field_schema in properties.items()
        for default in [_stored_default(as_dict(field_schema), types)]
    )


def _plan_inputs(
    input_schema: Schema, types: Mapping[str, Schema], global_names: Set[str]
) -> tuple[ValuePlan, ...]:
    properties = as_dict(input_schema.get("properties"))
    required = set(as_str_list(input_schema.get("required")))
    parameters = _parameter_names(input_schema)
    reserved = FIELD_NAMES | global_names
    fields = allocate_names(
        parameters,
        lambda name: name if name not in reserved else field_name(name, reserved, fallback="value"),
        # A field with another field's name in JSON would be confused with it.
        reserved | (properties.keys() - set(parameters)),
    )
    return tuple(
        ValuePlan(
            json_name=key,
            field=fields[parameter],
            parameter=parameter,
            schema=as_dict(parameter_schema),
            required=key in required,
            default=ABSENT if _is_app_default(default) else default,
            app_default=_is_app_default(default) or has_computed_default(parameter_schema),
            component=_component(parameter_schema),
            label=as_str(as_dict(parameter_schema).get("title")) or _component(parameter_schema),
            description=as_str(as_dict(parameter_schema).get("description")),
            choice_names=describe_unnamed_choices(as_dict(parameter_schema)),
        )
        for parameter, (key, parameter_schema) in zip(parameters, properties.items(), strict=True)
        for default in [_stored_default(as_dict(parameter_schema), types)]
    )


def _parameter_names(input_schema: Schema) -> list[str]:
    """Return the names of an endpoint's parameters."""
    return keyword_names(
        [
            (key, as_str(as_dict(parameter_schema).get("title")), _component(parameter_schema))
            for key, parameter_schema in as_dict(input_schema.get("properties")).items()
        ]
    )


def _stream_input(input_schema: Schema) -> str:
    """Return the name in JSON of the input that takes a stream; empty if there is none."""
    name = as_str(get_extension(input_schema).get("stream_input"))
    return name if name in as_dict(input_schema.get("properties")) else ""


def _input_choice_fields(
    inputs: Mapping[str, Schema], classes: Mapping[str, str]
) -> Iterator[ChoiceField]:
    for api, input_schema in inputs.items():
        schemas = as_dict(input_schema.get("properties")).values()
        for parameter, schema in zip(_parameter_names(input_schema), schemas, strict=True):
            yield ChoiceField(
                f"takes {api!r} {parameter!r}", classes[api], parameter, as_dict(schema)
            )


def _output_choice_fields(
    outputs: Mapping[str, Schema], classes: Mapping[str, str]
) -> Iterator[ChoiceField]:
    for api, class_ in classes.items():
        for number, schema in enumerate(as_list(outputs.get(api, {}).get("prefixItems"))):
            label = as_str(as_dict(schema).get("title")) or _component(schema)
            yield ChoiceField(f"gives {api!r} {number}", class_, label, as_dict(schema))


def _type_choice_fields(types: Mapping[str, Schema]) -> Iterator[ChoiceField]:
    for key, schema in types.items():
        fields = as_dict(schema.get("properties")) or {key: schema}
        for label, field_schema in fields.items():
            yield ChoiceField(
                f"type {key!r} {label!r}", class_name(key, "Type"), label, as_dict(field_schema)
            )


def _field_names(schemas: Iterable[Schema]) -> set[str]:
    return {name for schema in schemas for name in as_dict(schema.get("properties"))}


def _is_app_default(default: object) -> bool:
    return default is not ABSENT and is_app_default(default)


def _stored_default(schema: Schema, types: Mapping[str, Schema]) -> Any:
    """Return the default that a schema folder has; a text in it never stands for a file."""
    default = schema.get("default", ABSENT)
    return drop_text_files({**schema, "$defs": types}, default, ABSENT)


def _with_constants(
    inputs: Mapping[str, Sequence[ValuePlan]], module: Scope
) -> dict[str, tuple[ValuePlan, ...]]:
    """Return the inputs by endpoint, with names of constants for the defaults that need one."""
    proposals = {
        f"{endpoint} {value.json_name}": f"{endpoint}_{value.field.upper()}_DEFAULT"
        for endpoint, values in inputs.items()
        for value in values
        if is_object(value.default) or (is_array(value.default) and value.default)
    }
    names = module.allocate(proposals, proposals.__getitem__)
    return {
        endpoint: tuple(
            replace(value, constant=names.get(f"{endpoint} {value.json_name}", ""))
            for value in values
        )
        for endpoint, values in inputs.items()
    }


def _plan_outputs(values: Sequence[Any], global_names: Set[str]) -> tuple[ValuePlan, ...]:
    names = output_names(
        [
            (as_str(as_dict(output_schema).get("title")), _component(output_schema))
            for output_schema in values
        ],
        TUPLE_NAMES | global_names,
    )
    return tuple(
        ValuePlan(
            json_name=name,
            field=name,
            parameter=name,
            schema=as_dict(output_schema),
            label=as_str(as_dict(output_schema).get("title")) or _component(output_schema),
            description=as_str(as_dict(output_schema).get("description")),
        )
        for name, output_schema in zip(names, values, strict=True)
    )


def _component(schema: Any) -> str:
    return as_str(get_extension(schema).get("component"))
