"""The classes of a generated module: models, inputs, outputs, and the two clients."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from spacecall.codegen._literals import docstring
from spacecall.codegen._python import docstrings
from spacecall.codegen._python.module_plan import SCHEMA, Model, Operation, Plan, Value
from spacecall.codegen._python.python_expressions import (
    Expr,
    Group,
    assign,
    call,
    define,
    fill,
    flat,
    name,
    of,
    statement,
    value,
)
from spacecall.codegen._python.type_annotations import Annotations, mentions
from spacecall.codegen._python.types_and_defaults import (
    Default,
    argument_field,
    field_default,
    for_caller,
    for_output,
    in_object,
    parameter_default,
    parameter_type,
    widened,
)
from spacecall.codegen._schemas.schema_folder import SchemaFolder

__all__ = ["ClientWriter"]

_LONG = 60


class ClientWriter:
    """Writes the parts of one module."""

    def __init__(self, plan: Plan, types: Annotations) -> None:
        self._plan = plan
        self._types = types
        self._models = {
            model.name: {
                one.wire: (kind, one.required)
                for one, kind in zip(model.fields, types.models[model.key], strict=True)
            }
            for model in plan.models
            if model.key in types.models
        }

    def body(self, folder: SchemaFolder, origin: str) -> list[str]:
        """Everything after the imports."""
        models = {model.key: model for model in self._plan.models}
        lines: list[str] = []
        if self._plan.operations:
            lines += ["", *assign(SCHEMA, name("Final"), value(folder.digest))]
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
            for synchronous, written in methods.items():
                written += ["", *self._method(operation, defaults, synchronous=synchronous)]
        lines += ["", "", *constants] if constants else []
        lines += endpoints
        for synchronous, written in methods.items():
            lines += ["", "", *self._client(folder, origin, synchronous=synchronous), *written]
        return lines

    def _choices(self) -> list[str]:
        """The aliases of long lists of choices, by name."""
        types = (self._types.models, self._types.inputs, self._types.outputs)
        used = {
            each
            for kinds in types
            for values in kinds.values()
            for kind in values
            for each in mentions(kind)
        }
        lists = {alias: listed for listed, alias in self._plan.choices.items() if alias in used}
        lines = [
            line
            for alias, listed in sorted(lists.items())
            if isinstance(listed, Group)
            for line in fill(f"{alias}: TypeAlias = ", listed)
        ]
        return ["", "# fmt: off", *lines, "# fmt: on"] if lines else []

    def _model(self, model: Model, kinds: Sequence[Expr]) -> list[str]:
        lines = [
            f"class {model.name}(AppObject):",
            *docstring(docstrings.of_model(model), indent=4),
            "",
        ]
        taken: list[tuple[str, Expr, Expr | None]] = []
        for one, kind in zip(model.fields, kinds, strict=True):
            wide = widened(kind, one, self._models)
            final, default = field_default(wide, one, self._models)
            lines += assign(one.field, _aliased(for_output(final), one), default, indent=4)
            taken.append((one.field, in_object(for_caller(final)), default))
        if any("File" in mentions(kind) for kind in kinds):
            lines += ["", "    if TYPE_CHECKING:", "", *_constructor(taken)]
        return lines

    def _defaults(self, operation: Operation) -> list[tuple[Value, Expr, Default | None]]:
        """Each parameter with the type of its field, and its default."""
        made: list[tuple[Value, Expr, Default | None]] = []
        for one, kind in zip(operation.inputs, self._types.inputs[operation.api_name], strict=True):
            wide = widened(kind, one, self._models)
            made.append((one, wide, parameter_default(wide, one, self._models)))
        return made

    def _endpoint(
        self, operation: Operation, defaults: Sequence[tuple[Value, Expr, Default | None]]
    ) -> list[str]:
        about = f"What `{docstrings.short(operation.api_name)}` takes."
        lines = ["", "", f"class {operation.takes}(Arguments):", *docstring([about], indent=4)]
        lines += [""] if defaults else []
        for one, kind, default in defaults:
            given = None if default is None else default.field
            field = argument_field(kind, one)
            lines += assign(one.field, _aliased(field, one), given, indent=4)
        output, definition = self._output(operation)
        lines += definition
        app_defaults = [one.field for one in operation.inputs if one.app_default]
        made = call(
            "TypedEndpoint",
            value(operation.api_name),
            inputs=name(operation.takes),
            output=output,
            returns=value(len(operation.outputs)),
            schema=name(SCHEMA),
            **({"app_defaults": value(app_defaults)} if app_defaults else {}),
            **({"shape": value(operation.shape)} if operation.shape else {}),
        )
        kind = of("Final", of("TypedEndpoint", self._result(operation)))
        return [*lines, "", "", *assign(operation.constant, kind, made)]

    def _output(self, operation: Operation) -> tuple[Expr, list[str]]:
        """The type of what an endpoint gives, and the lines that define it."""
        kinds = [for_output(kind) for kind in self._types.outputs[operation.api_name]]
        if not kinds:
            return value(None), []
        if len(kinds) == 1:
            if len(flat(kinds[0])) <= _LONG:
                return kinds[0], []
            alias = assign(operation.gives, name("TypeAlias"), kinds[0])
            return name(operation.gives), ["", "", *alias]
        lines = [
            *("", "", f"class {operation.gives}(NamedTuple):"),
            *docstring(docstrings.of_outputs(operation), indent=4),
            "",
        ]
        for one, kind in zip(operation.outputs, kinds, strict=True):
            lines += assign(one.field, kind, indent=4)
        return name(operation.gives), lines

    def _result(self, operation: Operation) -> Expr:
        """The type of what an endpoint gives, as callers see it."""
        output, definition = self._output(operation)
        kinds = self._types.outputs[operation.api_name]
        return kinds[0] if len(kinds) == 1 and not definition else output

    def _client(self, folder: SchemaFolder, origin: str, *, synchronous: bool) -> list[str]:
        class_ = f"Sync{self._plan.name}" if synchronous else self._plan.name
        base = "SyncTypedClient" if synchronous else "TypedClient"
        about = docstrings.of_client(folder.lock.heading, origin, synchronous=synchronous)
        return [
            f"class {class_}({base}):",
            *docstring(about, indent=4),
            "",
            f"    SOURCE = {flat(value(folder.lock.source))}",
        ]

    def _method(
        self,
        operation: Operation,
        defaults: Sequence[tuple[Value, Expr, Default | None]],
        *,
        synchronous: bool,
    ) -> list[str]:
        parameters = [
            (
                one.parameter,
                parameter_type(kind, one),
                None if default is None else default.parameter,
            )
            for one, kind, default in defaults
        ]
        given = {one.field: name(one.parameter) for one, _, _ in defaults}
        unlisted = {one.parameter for one, kind, _ in defaults if "AppChoice" in mentions(kind)}
        returns = of("SyncCall" if synchronous else "Call", self._result(operation))
        made = call("self._call", name(operation.constant), **given)
        return [
            *define(f"def {operation.method}", parameters, f" -> {flat(returns)}:", indent=4),
            *docstring(docstrings.of_method(operation, unlisted), indent=8),
            *statement("return ", made, indent=8),
        ]


def _constants(defaults: Iterable[tuple[Value, Expr, Default | None]]) -> list[str]:
    return [
        line
        for _, _, default in defaults
        if default is not None and default.constant
        for line in assign(default.constant, of("Final", default.kind), default.given)
    ]


def _constructor(fields: Sequence[tuple[str, Expr, Expr | None]]) -> list[str]:
    """What type checkers take for an object: a path or bytes where it holds a file."""
    empty = value([])
    parameters = [
        (field, kind, value(()) if default == empty else default) for field, kind, default in fields
    ]
    return define("def __init__", parameters, " -> None: ...", indent=8)


def _aliased(kind: Expr, one: Value) -> Expr:
    """The type, with the name on the wire where the field has another one."""
    if one.field == one.wire:
        return kind
    return of("Annotated", kind, call("Field", alias=value(one.wire)))
