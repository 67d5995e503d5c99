"""The Python type of everything in a plan, by datamodel-code-generator.

It works on the view of the schemas that `view` gives, so that no text of an app reaches it.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from datamodel_code_generator import InputFileType, LiteralType, PythonVersion, generate
from datamodel_code_generator.enums import DataModelType, TargetPydanticVersion

from spacecall.codegen._python.generator_input import View
from spacecall.codegen._python.module_plan import Plan, Value
from spacecall.codegen._python.python_expressions import (
    Expr,
    Group,
    Union,
    flat,
    name,
    read,
    replace,
    union,
)
from spacecall.codegen._schemas.schema_documents import DIALECT

__all__ = ["Annotations", "annotate", "mentions"]


# Gradio hands an app's function the number that came: where it counts with it, 3.0 is not 3. An
# output that is sent again, as a seed is, has to stay the number it was.
_EXACT = union(name("int"), name("float"))


@dataclass(frozen=True, slots=True)
class Annotations:
    """The types of a plan's values, in the plan's order.

    Attributes:
        models: of each model's fields, by the model's key; the models that others need come first,
            those that no endpoint needs are not there.
        inputs: of each endpoint's parameters, by its name in the app.
        outputs: of each endpoint's outputs, by its name in the app.
    """

    models: Mapping[str, Sequence[Expr]]
    inputs: Mapping[str, Sequence[Expr]]
    outputs: Mapping[str, Sequence[Expr]]


def annotate(plan: Plan) -> Annotations:
    """The types of all values of a plan."""
    numbers = {model.key: f"M{number:04}" for number, model in enumerate(plan.models)}
    view = View(plan.definitions, numbers, plan.choices)
    shapes: dict[str, dict[str, Any]] = {}
    for model in plan.models:
        shapes[numbers[model.key]] = _object(view, model.fields, _EXACT)
    for number, operation in enumerate(plan.operations):
        shapes[f"I{number:04}"] = _object(view, operation.inputs, _EXACT)
        shapes[f"O{number:04}"] = _object(view, operation.outputs, _EXACT)
    types = _generate({key: one for key, one in shapes.items() if one["properties"]}, view)
    classes = {numbers[model.key]: name(model.name) for model in plan.models}
    types = {key: [replace(one, classes) for one in kinds] for key, kinds in types.items()}
    endpoints = [operation.api_name for operation in plan.operations]
    inputs = {api: types.get(f"I{number:04}", []) for number, api in enumerate(endpoints)}
    outputs = {api: types.get(f"O{number:04}", []) for number, api in enumerate(endpoints)}
    by_class = {flat(one): key for key, one in classes.items()}
    needed = _reached([*inputs.values(), *outputs.values()], types, by_class)
    keys = {numbers[model.key]: model.key for model in plan.models}
    models = {keys[number]: types[number] for number in types if number in needed}
    return Annotations(models, inputs, outputs)


def mentions(expr: Expr) -> set[str]:
    """The names in a type."""
    if isinstance(expr, Group):
        names = {expr.opening.rstrip("[(")}
        return names.union(*(mentions(item) for _, item in expr.items))
    if isinstance(expr, Union):
        return set[str]().union(*map(mentions, expr.operands))
    return {expr.text}


def _object(view: View, values: Sequence[Value], number: Expr) -> dict[str, Any]:
    shapes = [view.shape(one.schema, number) for one in values]
    fields = {f"f{place:04}": shape for place, shape in enumerate(shapes)}
    return {"type": "object", "properties": fields, "required": list(fields)}


def _generate(shapes: Mapping[str, Mapping[str, Any]], view: View) -> dict[str, list[Expr]]:
    """The types of each shape's fields, in the order that the generator chose for the classes."""
    if not shapes:
        return {}
    code = generate(
        {"$schema": DIALECT, "$defs": dict(shapes)},
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
        one.name: [
            _filled(read(field.annotation), view)
            for field in one.body
            if isinstance(field, ast.AnnAssign)
        ]
        for one in classes
    }


def _filled(expr: Expr, view: View) -> Expr:
    """A type of the generator's with the slots filled."""
    if isinstance(expr, Union):
        return union(*(_filled(one, view) for one in expr.operands))
    if not isinstance(expr, Group):
        return expr
    if expr.opening == "Literal[":
        return union(*(view.slots[int(flat(one).strip("\"'")[1:])] for _, one in expr.items))
    filled = tuple((label, _filled(one, view)) for label, one in expr.items)
    return Group(expr.opening, filled, expr.closing)


def _reached(
    starts: Sequence[Sequence[Expr]],
    types: Mapping[str, Sequence[Expr]],
    by_class: Mapping[str, str],
) -> set[str]:
    found: set[str] = set()
    waiting = [one for kinds in starts for one in kinds]
    while waiting:
        for mentioned in mentions(waiting.pop()):
            key = by_class.get(mentioned)
            if key is not None and key not in found:
                found.add(key)
                waiting += types[key]
    return found
