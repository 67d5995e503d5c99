"""Determine the Python type of every value in a plan with datamodel-code-generator.

The generator gets the schemas of `GeneratorInput`, so that no text of the app reaches it.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from datamodel_code_generator import InputFileType, LiteralType, PythonVersion, generate
from datamodel_code_generator.enums import DataModelType, TargetPydanticVersion

from spacecall.codegen._python.generator_input import GeneratorInput
from spacecall.codegen._python.module_plan import ClientPlan, ValuePlan
from spacecall.codegen._python.python_expressions import (
    Expr,
    Group,
    UnionExpr,
    format_flat,
    name_expr,
    parse_annotation,
    substitute,
    union,
)
from spacecall.codegen._schemas.schema_documents import DIALECT

__all__ = ["Annotations", "annotate", "mentions"]


# Gradio passes a number to the app's function as it was sent, where 3.0 may not do for 3. An output
# that is sent again, such as a seed, must stay the number that it was.
_EXACT_NUMBER = union(name_expr("int"), name_expr("float"))


@dataclass(frozen=True, slots=True)
class Annotations:
    """The types of a plan's values, in the plan's order.

    Attributes:
        models: the types of each model's fields, by the model's key; a model comes after those that
            it refers to, and a model that no endpoint needs is left out.
        inputs: the types of each endpoint's parameters, by the endpoint's name.
        outputs: the types of each endpoint's outputs, by the endpoint's name.
    """

    models: Mapping[str, Sequence[Expr]]
    inputs: Mapping[str, Sequence[Expr]]
    outputs: Mapping[str, Sequence[Expr]]


def annotate(plan: ClientPlan) -> Annotations:
    """Determine the types of all values of a plan."""
    numbers = {model.key: f"M{number:04}" for number, model in enumerate(plan.models)}
    generator_input = GeneratorInput(plan.definitions, numbers, plan.choices)
    schemas: dict[str, dict[str, Any]] = {}
    for model in plan.models:
        schemas[numbers[model.key]] = _object_schema(generator_input, model.fields, _EXACT_NUMBER)
    for number, operation in enumerate(plan.operations):
        schemas[f"I{number:04}"] = _object_schema(generator_input, operation.inputs, _EXACT_NUMBER)
        schemas[f"O{number:04}"] = _object_schema(generator_input, operation.outputs, _EXACT_NUMBER)
    types = _generate(
        {key: schema for key, schema in schemas.items() if schema["properties"]}, generator_input
    )
    classes = {numbers[model.key]: name_expr(model.name) for model in plan.models}
    types = {
        key: [substitute(type_, classes) for type_ in types_of_class]
        for key, types_of_class in types.items()
    }
    endpoints = [operation.api_name for operation in plan.operations]
    inputs = {api: types.get(f"I{number:04}", []) for number, api in enumerate(endpoints)}
    outputs = {api: types.get(f"O{number:04}", []) for number, api in enumerate(endpoints)}
    by_class = {format_flat(class_): key for key, class_ in classes.items()}
    needed = _needed_classes([*inputs.values(), *outputs.values()], types, by_class)
    keys = {numbers[model.key]: model.key for model in plan.models}
    models = {keys[number]: types[number] for number in types if number in needed}
    return Annotations(models, inputs, outputs)


def mentions(expr: Expr) -> set[str]:
    """Return the names in a type."""
    if isinstance(expr, Group):
        names = {expr.opening.rstrip("[(")}
        return names.union(*(mentions(item) for _, item in expr.items))
    if isinstance(expr, UnionExpr):
        return set[str]().union(*map(mentions, expr.operands))
    return {expr.text}


def _object_schema(
    generator_input: GeneratorInput, values: Sequence[ValuePlan], number_type: Expr
) -> dict[str, Any]:
    schemas = [generator_input.simplify(value.schema, number_type) for value in values]
    properties = {f"f{number:04}": schema for number, schema in enumerate(schemas)}
    return {"type": "object", "properties": properties, "required": list(properties)}


def _generate(
    schemas: Mapping[str, Mapping[str, Any]], generator_input: GeneratorInput
) -> dict[str, list[Expr]]:
    """Return the types of each schema's fields, in the generator's order of the classes."""
    if not schemas:
        return {}
    code = generate(
        {"$schema": DIALECT, "$defs": dict(schemas)},
        input_file_type=InputFileType.JsonSchema,
        output_model_type=DataModelType.PydanticV2BaseModel,
        target_python_version=PythonVersion.PY_311,
        target_pydantic_version=TargetPydanticVersion.V2_11,
        enum_field_as_literal=LiteralType.All,
        use_tuple_for_closed_arrays=True,
        skip_root_model=True,
        disable_timestamp=True,
        formatters=[],
    )
    classes = [node for node in ast.parse(str(code)).body if isinstance(node, ast.ClassDef)]
    return {
        class_.name: [
            _fill_slots(parse_annotation(field.annotation), generator_input)
            for field in class_.body
            if isinstance(field, ast.AnnAssign)
        ]
        for class_ in classes
    }


def _fill_slots(expr: Expr, generator_input: GeneratorInput) -> Expr:
    """Replace the slots in a type by the types that they stand for."""
    if isinstance(expr, UnionExpr):
        return union(*(_fill_slots(operand, generator_input) for operand in expr.operands))
    if not isinstance(expr, Group):
        return expr
    if expr.opening == "Literal[":
        return union(
            *(
                generator_input.slots[int(format_flat(slot).strip("\"'")[1:])]
                for _, slot in expr.items
            )
        )
    items = tuple((label, _fill_slots(item, generator_input)) for label, item in expr.items)
    return Group(expr.opening, items, expr.closing)


def _needed_classes(
    starts: Sequence[Sequence[Expr]],
    types: Mapping[str, Sequence[Expr]],
    by_class: Mapping[str, str],
) -> set[str]:
    needed: set[str] = set()
    pending = [type_ for types_ in starts for type_ in types_]
    while pending:
        for mentioned in mentions(pending.pop()):
            key = by_class.get(mentioned)
            if key is not None and key not in needed:
                needed.add(key)
                pending += types[key]
    return needed
