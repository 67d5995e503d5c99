"""Write the classes of a generated module: models, inputs, outputs, and the two clients."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from spacecall.codegen._literals import format_docstring
from spacecall.codegen._python import docstrings
from spacecall.codegen._python.module_plan import (
    SCHEMA_CONSTANT,
    ClientPlan,
    MethodPlan,
    ModelPlan,
    ValuePlan,
)
from spacecall.codegen._python.python_expressions import (
    Expr,
    Group,
    call,
    format_assignment,
    format_def,
    format_filled,
    format_flat,
    format_statement,
    literal,
    name_expr,
    subscript,
)
from spacecall.codegen._python.type_annotations import Annotations, mentions
from spacecall.codegen._python.types_and_defaults import (
    Default,
    argument_field_type,
    caller_type,
    field_type_and_default,
    object_argument_type,
    output_type,
    parameter_default,
    parameter_type,
    widen_for_default,
)
from spacecall.codegen._schemas.schema_folder import SchemaFolder

__all__ = ["ClientWriter"]

_MAX_IN_PLACE = 60


class ClientWriter:
    """Writes the parts of one module."""

    def __init__(self, plan: ClientPlan, types: Annotations) -> None:
        self._plan = plan
        self._types = types
        self._models = {
            model.name: {
                field.json_name: (kind, field.required)
                for field, kind in zip(model.fields, types.models[model.key], strict=True)
            }
            for model in plan.models
            if model.key in types.models
        }

    def body(self, folder: SchemaFolder, origin: str) -> list[str]:
        """Return the lines after the imports."""
        models = {model.key: model for model in self._plan.models}
        lines: list[str] = []
        if self._plan.operations:
            digest = literal(folder.digest)
            lines += ["", *format_assignment(SCHEMA_CONSTANT, name_expr("Final"), digest)]
        lines += self._choices()
        for key, kinds in self._types.models.items():
            lines += ["", "", *self._model(models[key], kinds)]
        constants: list[str] = []
        endpoints: list[str] = []
        methods: dict[bool, list[str]] = {False: [], True: []}
        for operation in self._plan.operations:
            defaults = self._defaults(operation)
            constants += _constants(defaults)
            endpoints += self._endpoint(operation, defaults)
            for synchronous, method_lines in methods.items():
                method_lines += ["", *self._method(operation, defaults, synchronous=synchronous)]
                if operation.stream_input:
                    stream = self._stream_method(operation, defaults, synchronous=synchronous)
                    method_lines += ["", *stream]
        lines += ["", "", *constants] if constants else []
        lines += endpoints
        for synchronous, method_lines in methods.items():
            header = self._client(folder, origin, synchronous=synchronous)
            lines += ["", "", *header, *method_lines]
        return lines

    def _choices(self) -> list[str]:
        """Return the aliases of the lists of choices, sorted by name."""
        types = (self._types.models, self._types.inputs, self._types.outputs)
        used = {
            alias
            for kinds in types
            for values in kinds.values()
            for kind in values
            for alias in mentions(kind)
        }
        lists = {alias: listed for listed, alias in self._plan.choices.items() if alias in used}
        lines: list[str] = []
        for alias, listed in sorted(lists.items()):
            if isinstance(listed, Group):
                lines += ["", *format_filled(f"{alias}: TypeAlias = ", listed)]
            lines += format_docstring([self._plan.choice_texts[alias]], indent=0)
        return lines

    def _model(self, model: ModelPlan, kinds: Sequence[Expr]) -> list[str]:
        lines = [
            f"class {model.name}(AppObject):",
            *format_docstring(docstrings.model_docstring(model), indent=4),
            "",
        ]
        parameters: list[tuple[str, Expr, Expr | None]] = []
        for field, kind in zip(model.fields, kinds, strict=True):
            wide = widen_for_default(kind, field, self._models)
            final, default = field_type_and_default(wide, field, self._models)
            lines += format_assignment(
                field.field, _with_alias(output_type(final), field), default, indent=4
            )
            parameters.append((field.field, object_argument_type(caller_type(final)), default))
        if any("File" in mentions(kind) for kind in kinds):
            lines += ["", "    if TYPE_CHECKING:", "", *_constructor(parameters)]
        return lines

    def _defaults(self, operation: MethodPlan) -> list[tuple[ValuePlan, Expr, Default | None]]:
        """Return each parameter with the type of its field, and its default."""
        defaults: list[tuple[ValuePlan, Expr, Default | None]] = []
        for parameter, kind in zip(
            operation.inputs, self._types.inputs[operation.api_name], strict=True
        ):
            wide = widen_for_default(kind, parameter, self._models)
            defaults.append((parameter, wide, parameter_default(wide, parameter, self._models)))
        return defaults

    def _endpoint(
        self, operation: MethodPlan, defaults: Sequence[tuple[ValuePlan, Expr, Default | None]]
    ) -> list[str]:
        summary = f"What `{docstrings.shorten(operation.api_name)}` takes."
        lines = [
            "",
            "",
            f"class {operation.input_class}(Arguments):",
            *format_docstring([summary], indent=4),
        ]
        lines += [""] if defaults else []
        for parameter, kind, default in defaults:
            field_default = None if default is None else default.field
            field = argument_field_type(kind, parameter)
            lines += format_assignment(
                parameter.field, _with_alias(field, parameter), field_default, indent=4
            )
        output, definition = self._output(operation)
        lines += definition
        app_defaults = [parameter.field for parameter in operation.inputs if parameter.app_default]
        fields = {value.json_name: value.field for value in operation.inputs}
        streamed = fields.get(operation.stream_input)
        endpoint = call(
            "TypedEndpoint",
            literal(operation.api_name),
            inputs=name_expr(operation.input_class),
            output=output,
            returns=literal(len(operation.outputs)),
            schema=name_expr(SCHEMA_CONSTANT),
            **({"app_defaults": literal(app_defaults)} if app_defaults else {}),
            **({"shape": literal(operation.shape)} if operation.shape else {}),
            **({"oauth": literal(operation.oauth)} if operation.oauth else {}),
            **({"stream_input": literal(streamed)} if streamed else {}),
        )
        kind = subscript("Final", subscript("TypedEndpoint", self._result(operation)))
        return [*lines, "", "", *format_assignment(operation.constant, kind, endpoint)]

    def _output(self, operation: MethodPlan) -> tuple[Expr, list[str]]:
        """Return the type of an endpoint's result, and the lines that define it."""
        kinds = [output_type(kind) for kind in self._types.outputs[operation.api_name]]
        if not kinds:
            return literal(None), []
        if len(kinds) == 1:
            if len(format_flat(kinds[0])) <= _MAX_IN_PLACE:
                return kinds[0], []
            alias = format_assignment(operation.output_class, name_expr("TypeAlias"), kinds[0])
            return name_expr(operation.output_class), ["", "", *alias]
        lines = [
            *("", "", f"class {operation.output_class}(NamedTuple):"),
            *format_docstring(docstrings.outputs_docstring(operation), indent=4),
            "",
        ]
        for output, kind in zip(operation.outputs, kinds, strict=True):
            lines += format_assignment(output.field, kind, indent=4)
        return name_expr(operation.output_class), lines

    def _result(self, operation: MethodPlan) -> Expr:
        """Return the type of an endpoint's result, as callers see it."""
        output, definition = self._output(operation)
        kinds = self._types.outputs[operation.api_name]
        return kinds[0] if len(kinds) == 1 and not definition else output

    def _client(self, folder: SchemaFolder, origin: str, *, synchronous: bool) -> list[str]:
        class_ = f"Sync{self._plan.name}" if synchronous else self._plan.name
        base = "SyncTypedClient" if synchronous else "TypedClient"
        about = docstrings.client_docstring(folder.lock.heading, origin, synchronous=synchronous)
        return [
            f"class {class_}({base}):",
            *format_docstring(about, indent=4),
            "",
            f"    SOURCE = {format_flat(literal(folder.lock.source))}",
        ]

    def _method(
        self,
        operation: MethodPlan,
        defaults: Sequence[tuple[ValuePlan, Expr, Default | None]],
        *,
        synchronous: bool,
    ) -> list[str]:
        unlisted = _unlisted(defaults)
        returns = subscript("SyncCall" if synchronous else "Call", self._result(operation))
        return [
            *format_def(
                f"def {operation.method}",
                _parameters(defaults),
                f" -> {format_flat(returns)}:",
                indent=4,
            ),
            *format_docstring(docstrings.method_docstring(operation, unlisted), indent=8),
            *format_statement("return ", _forward("_call", operation, defaults), indent=8),
        ]

    def _stream_method(
        self,
        operation: MethodPlan,
        defaults: Sequence[tuple[ValuePlan, Expr, Default | None]],
        *,
        synchronous: bool,
    ) -> list[str]:
        """Return a second method, since the parameters of a stream are not those of a call.

        The stream's values go to `send`, whose type is that of the input.
        """
        streamed = next(item for item in defaults if item[0].json_name == operation.stream_input)
        other_inputs = [item for item in defaults if item is not streamed]
        value, kind, _ = streamed
        sent = parameter_type(kind, replace(value, app_default=False))
        feed = "SyncFeed" if synchronous else "Feed"
        returns = subscript(feed, sent, self._result(operation))
        names = {parameter.parameter for parameter, _, _ in other_inputs}
        inputs = [parameter for parameter in operation.inputs if parameter.parameter in names]
        text = docstrings.stream_docstring(operation, value, inputs, _unlisted(defaults))
        return [
            *format_def(
                f"def {operation.stream_method}",
                _parameters(other_inputs),
                f" -> {format_flat(returns)}:",
                indent=4,
            ),
            *format_docstring(text, indent=8),
            *format_statement("return ", _forward("_stream", operation, other_inputs), indent=8),
        ]


def _parameters(
    defaults: Iterable[tuple[ValuePlan, Expr, Default | None]],
) -> list[tuple[str, Expr, Expr | None]]:
    """Return the parameters of a method with their types and defaults."""
    return [
        (
            parameter.parameter,
            parameter_type(kind, parameter),
            None if default is None else default.parameter,
        )
        for parameter, kind, default in defaults
    ]


def _forward(
    method: str,
    operation: MethodPlan,
    defaults: Iterable[tuple[ValuePlan, Expr, Default | None]],
) -> Expr:
    """Return the call of a method of the base class, with the parameters as arguments."""
    arguments = {parameter.field: name_expr(parameter.parameter) for parameter, _, _ in defaults}
    return call(f"self.{method}", name_expr(operation.constant), **arguments)


def _unlisted(defaults: Iterable[tuple[ValuePlan, Expr, Default | None]]) -> set[str]:
    """Return the parameters whose types do not list their choices."""
    return {parameter.parameter for parameter, kind, _ in defaults if "AppChoice" in mentions(kind)}


def _constants(defaults: Iterable[tuple[ValuePlan, Expr, Default | None]]) -> list[str]:
    return [
        line
        for _, _, default in defaults
        if default is not None and default.constant
        for line in format_assignment(
            default.constant, subscript("Final", default.constant_type), default.constant_value
        )
    ]


def _constructor(fields: Sequence[tuple[str, Expr, Expr | None]]) -> list[str]:
    """Return the signature for type checkers: a path or bytes where the object holds a file."""
    empty = literal([])
    parameters = [
        (field, kind, literal(()) if default == empty else default)
        for field, kind, default in fields
    ]
    return format_def("def __init__", parameters, " -> None: ...", indent=8)


def _with_alias(kind: Expr, field: ValuePlan) -> Expr:
    """Return the type, with the field's name in JSON if that differs."""
    if field.field == field.json_name:
        return kind
    return subscript("Annotated", kind, call("Field", alias=literal(field.json_name)))
