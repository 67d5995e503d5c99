"""Endpoints of generated clients: `TypedEndpoint`, and the base classes of the models."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import (
    Annotated,
    Any,
    Final,
    Generic,
    Literal,
    TypeAlias,
    TypeVar,
    cast,
    get_type_hints,
)
from weakref import WeakKeyDictionary

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    SerializerFunctionWrapHandler,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    model_serializer,
)
from pydantic_core import CoreSchema

from spacecall._client.calls.call import Call
from spacecall._client.calls.call_arguments import InputCheck, bind_arguments, is_default
from spacecall._client.calls.call_preparation import Prepare
from spacecall._client.calls.caller import Caller, find_dependency, make_call, make_feed
from spacecall._client.calls.exact_types import ExactValues, make_exact
from spacecall._client.calls.feed import Feed
from spacecall._client.calls.prepared_call import (
    UNCHANGED,
    MakeFile,
    PreparedCall,
    decode_leniently,
)
from spacecall._client.calls.typed_parameters import (
    APP_CHOICES_MARK,
    parameters_of,
    with_app_choices,
)
from spacecall._client.streams.connection import Connection
from spacecall._core.app_components import Component
from spacecall._core.app_config import AppConfig
from spacecall._core.app_functions import Dependency
from spacecall._core.filedata import as_file_data, is_file_data, replace_files
from spacecall._core.fingerprint import find_differences, fingerprints
from spacecall._core.input_check import find_refusals
from spacecall._core.session_components import SessionComponents
from spacecall._io.interceptor import active_interceptor, active_recording
from spacecall._io.request_settings import Settings
from spacecall._warnings import CodeLocation, SchemaDriftWarning, find_caller, warn_at
from spacecall.endpoints import OAuth, Parameter
from spacecall.errors import SchemaDriftError
from spacecall.files import File

T = TypeVar("T")

# pydantic puts this before the message of a validator.
_VALIDATOR_PREFIX: Final = "Value error, "

OnDrift: TypeAlias = Literal["ignore", "warn", "raise"]
"""What a call does if the app has changed since the client was generated."""


class AppDefault(Enum):
    """The type of `APP_DEFAULT`."""

    APP_DEFAULT = "APP_DEFAULT"

    def __repr__(self) -> str:
        return self.name


APP_DEFAULT: Final = AppDefault.APP_DEFAULT
"""The app's own default, read from the live app when a call is made. It is used for a default that
is too long for a module, or has a file of the app, whose path changes; nothing is uploaded."""


@dataclass(frozen=True, slots=True)
class _ReceivedFiles:
    """Makes handles of the files in an output."""

    make_file: MakeFile

    def __call__(self, value: object) -> File:
        return self.make_file(as_file_data(value))


def _convert_files(value: object, info: ValidationInfo[Any]) -> object:
    """Replace the files in a received value of any type; leave an argument as it is."""
    received = info.context
    return replace_files(value, received) if isinstance(received, _ReceivedFiles) else value


WithFiles: TypeAlias = Annotated[T, AfterValidator(_convert_files)]
"""A list of values whose type the app does not declare. A file in an output is a `File`."""

AnyValue: TypeAlias = WithFiles[Any]
"""A JSON value whose type the app does not declare. A file in an output is a `File`."""


class _AppChoices:
    """Marks a type in its JSON Schema."""

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(core), APP_CHOICES_MARK: True}


AppChoice: TypeAlias = Annotated[T, _AppChoices()]
"""One of the app's choices, read from the live app because they are too many for a module."""


class Arguments(BaseModel):
    """The arguments of an endpoint, in wire order."""

    model_config = ConfigDict(
        extra="forbid", populate_by_name=True, defer_build=True, protected_namespaces=()
    )


class AppObject(BaseModel):
    """An object of an app. Unknown fields are kept, and fields that were not set are not sent."""

    model_config = ConfigDict(
        extra="allow", populate_by_name=True, defer_build=True, protected_namespaces=()
    )
    # pydantic wants the annotation without the None that it has in its own class
    __pydantic_extra__: dict[str, AnyValue] = Field(init=False)  # pyright: ignore[reportIncompatibleVariableOverride]

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[BaseModel], handler: GetCoreSchemaHandler, /
    ) -> CoreSchema:
        """Return the schema of the model, whose fields do not convert values."""
        schema = handler(source)
        make_exact(handler.resolve_ref_schema(schema))
        return schema

    @model_serializer(mode="wrap")
    def _serialize_set_fields(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        values: dict[str, Any] = handler(self)
        for name, field in type(self).model_fields.items():
            if name not in self.model_fields_set and getattr(self, name) is None:
                values.pop(name, None)
                values.pop(field.alias or name, None)
        return values


def call_from(
    endpoint: TypedEndpoint[T],
    location: CodeLocation | None,
    caller: Caller,
    arguments: Mapping[str, Any],
    on_drift: OnDrift,
) -> Call[T]:
    """Return a call of an endpoint whose warnings show the line at `location`. Not public."""
    return endpoint._call_from(  # pyright: ignore[reportPrivateUsage] - of this module
        location, caller, arguments, on_drift
    )


def feed_from(
    endpoint: TypedEndpoint[T],
    location: CodeLocation | None,
    caller: Caller,
    arguments: Mapping[str, Any],
    on_drift: OnDrift,
) -> Feed[Any, T]:
    """Return a stream of inputs whose warnings show the line at `location`. Not public."""
    return endpoint._feed_from(  # pyright: ignore[reportPrivateUsage] - of this module
        location, caller, arguments, on_drift
    )


class TypedEndpoint(Generic[T]):
    """An endpoint of a generated client.

    Args:
        name: such as `/echo`.
        inputs: the model of the arguments, fields in wire order.
        output: the type of the result: of the only output, or a NamedTuple of all outputs.
        returns: the number of visible outputs.
        schema: the SHA-256 of the schema that the client was generated from.
        shape: the endpoint's fingerprint at that time; empty to skip the comparison.
        app_defaults: fields of `inputs` whose default is read from the live app.
        oauth: whether the function takes a user's token.
        stream_input: the field of `inputs` that takes a stream; empty if there is none.
    """

    def __init__(
        self,
        name: str,
        *,
        inputs: type[Arguments],
        output: Any,
        returns: int,
        schema: str = "",
        shape: str = "",
        app_defaults: Sequence[str] = (),
        oauth: OAuth | None = None,
        stream_input: str = "",
    ) -> None:
        self.name = name
        self._schema: Final = schema
        self._shape: Final = shape
        self._compared: Final = WeakKeyDictionary[Connection, "tuple[AppConfig, list[str]]"]()
        self._inputs: Final = inputs
        self._app_defaults: Final = frozenset(app_defaults)
        self._oauth: OAuth | None = oauth
        self._stream_input: Final = stream_input
        self._output = output
        self._returns = returns
        self._adapters: list[TypeAdapter[Any]] | None = None
        self._parameters: list[Parameter] | None = None

    def call(
        self, caller: Caller, arguments: Mapping[str, Any], on_drift: OnDrift = "warn"
    ) -> Call[T]:
        """Return a call of this endpoint. Arguments are checked when it is awaited or entered.

        Args:
            caller: a Space or session.
            arguments: by the names of the model's fields.
            on_drift: what to do if the app has changed since the client was generated.
        """
        return self._call_from(find_caller(), caller, arguments, on_drift)

    def _call_from(
        self,
        location: CodeLocation | None,
        caller: Caller,
        arguments: Mapping[str, Any],
        on_drift: OnDrift,
    ) -> Call[T]:
        """Return a call as `call` does; a warning shows the line at `location`."""
        return make_call(caller, self.name, self._preparation(location, arguments, on_drift))

    def stream(
        self, caller: Caller, arguments: Mapping[str, Any], on_drift: OnDrift = "warn"
    ) -> Feed[Any, T]:
        """Return a stream of inputs to this endpoint, see `Feed`.

        Args:
            caller: a Space or session.
            arguments: of the other inputs, by the names of the model's fields.
            on_drift: what to do if the app has changed since the client was generated.

        When the stream is entered, it raises:
            SchemaDriftError: the app takes no stream here any more, or by another input.
        """
        return self._feed_from(find_caller(), caller, arguments, on_drift)

    def _feed_from(
        self,
        location: CodeLocation | None,
        caller: Caller,
        arguments: Mapping[str, Any],
        on_drift: OnDrift,
    ) -> Feed[Any, T]:
        """Return a stream as `stream` does; a warning shows the line at `location`."""
        fields = {field.alias: name for name, field in self._inputs.model_fields.items()}

        def bind(values: Mapping[str, Any]) -> Prepare[T]:
            by_field = {fields.get(name, name): value for name, value in values.items()}
            return self._preparation(location, by_field, on_drift)

        return make_feed(caller, self.name, bind, self._find_stream_input, arguments)

    async def _find_stream_input(self, connection: Connection) -> str:
        index = find_dependency(connection, self.name).stream_index
        live = dict(enumerate(self._inputs.model_fields)).get(-1 if index is None else index)
        if live is None or live != self._stream_input:
            change = f"the app takes the stream in {live}" if live else "the app takes no stream"
            pinned = self._stream_input or "no input"
            raise self._drift([f"{change}, the client was generated for {pinned}"])
        return live

    def _preparation(
        self, location: CodeLocation | None, arguments: Mapping[str, Any], on_drift: OnDrift
    ) -> Prepare[T]:
        """Return what prepares a call with these arguments."""

        async def prepare(
            connection: Connection, settings: Settings, changed: SessionComponents
        ) -> PreparedCall[T]:
            dependency = find_dependency(connection, self.name)
            check = find_refusals if settings.check else None
            explicit = self._without_app_defaults(arguments, dependency)
            values = self._bind(explicit, dependency.visible_inputs, check, changed)
            expected = len(dependency.visible_inputs)
            if len(values) != expected:
                problem = (
                    f"the app takes {expected} inputs, the client was generated for {len(values)}"
                )
                raise self._drift([problem])
            values = self._with_app_defaults(values, explicit, dependency)
            if on_drift != "ignore":
                self._compare(connection, on_drift, location)
            return PreparedCall(dependency, values, self.decode, self._oauth)

        return prepare

    def _without_app_defaults(
        self, arguments: Mapping[str, Any], dependency: Dependency
    ) -> dict[str, Any]:
        """Return the arguments without those that equal the live app's default or `APP_DEFAULT`."""
        slots = zip(self._inputs.model_fields, dependency.visible_inputs, strict=False)
        defaults = {
            field: slot.initial_value for field, slot in slots if field in self._app_defaults
        }
        return {
            name: argument
            for name, argument in arguments.items()
            if argument is not APP_DEFAULT
            and not (name in defaults and is_default(argument, defaults[name]))
        }

    def _with_app_defaults(
        self, values: list[Any], explicit: Mapping[str, Any], dependency: Dependency
    ) -> list[Any]:
        """Return `values` with the live app's defaults for fields without an argument."""
        if self._app_defaults <= explicit.keys():
            return values
        filled = list(values)
        slots = zip(self._inputs.model_fields, dependency.visible_inputs, strict=True)
        for index, (field, component) in enumerate(slots):
            if field in self._app_defaults and field not in explicit:
                if component.initial_value is None:
                    raise self._drift([f"{field}: the app has no default any more"])
                filled[index] = component.initial_value
        return filled

    def _compare(
        self, connection: Connection, on_drift: OnDrift, location: CodeLocation | None
    ) -> None:
        """Compare the endpoint's shape with the app's, once for each /config.

        Raises:
            SchemaDriftError: they differ, and `on_drift` is "raise".

        Warns:
            SchemaDriftWarning: they differ, and `on_drift` is "warn".
        """
        compared = self._compared.get(connection)
        changes = [] if compared is None else compared[1]
        if compared is None or compared[0] is not connection.app:
            pinned = {self.name: self._shape} if self._shape else {}
            changes = find_differences(pinned, connection.app)
            if changes and on_drift == "warn" and not self._is_reported(connection.app):
                text = f"the app has changed since its client was generated: {'; '.join(changes)}"
                text = connection.app_client.redactor()(f"{text} [{connection.app_client.base}]")
                warn_at(location, text, SchemaDriftWarning)
            self._compared[connection] = connection.app, changes
        if changes and on_drift == "raise":
            raise self._drift(changes)

    def _is_reported(self, app: AppConfig) -> bool:
        """Return whether a cassette reports that it is older than the client."""
        interceptor = active_interceptor()
        live = fingerprints(app, [self.name]).get(self.name, "")
        return interceptor is not None and interceptor.reports_drift(self.name, self._shape, live)

    def bind(self, arguments: Mapping[str, Any]) -> list[Any]:
        """Return the arguments as wire values in wire order, files as `File`.

        They are checked like those of a dynamic call, so that both take the same values.

        Args:
            arguments: by the names of the model's fields.

        Raises:
            InvalidInputError: an argument does not fit its type.
        """
        return self._bind(arguments, (), find_refusals, SessionComponents())

    def _bind(
        self,
        arguments: Mapping[str, Any],
        components: Sequence[Component],
        check: InputCheck | None,
        changed: SessionComponents,
    ) -> list[Any]:
        """Bind arguments with the components of the live app; see `bind_arguments`."""
        if self._parameters is None:
            self._parameters = parameters_of(self._inputs)
        parameters = self._parameters
        if len(components) == len(parameters):
            pairs = zip(parameters, components, strict=True)
            parameters = [with_app_choices(*pair) for pair in pairs]
        parameters = changed.apply(parameters, components)
        return bind_arguments(self.name, parameters, arguments, components, check)

    def decode(self, values: list[Any], make_file: Callable[[Mapping[str, Any]], File]) -> T:
        """Return the caller's value for the visible outputs; None for an unchanged output.

        Raises:
            SchemaDriftError: an output does not fit the type it had when the client was generated;
                `values` has all outputs.
        """
        if self._returns == 0:
            return cast("T", None)
        if len(values) != self._returns:
            problem = f"{self._returns} outputs expected, got {len(values)}"
            raise self._drift([problem], decode_leniently(values, make_file))
        names = self._output._fields if self._returns > 1 else ("value",)

        received = _ReceivedFiles(make_file)
        differences: list[str] = []
        outputs: list[Any] = []
        for name, adapter, value in zip(names, self._output_adapters(), values, strict=True):
            try:
                outputs.append(_read_output(adapter, value, received))
            except ValidationError as error:
                differences += _problems(error, name)
                outputs += decode_leniently([value], make_file)
        if differences:
            raise self._drift(differences, outputs)
        return cast("T", outputs[0] if self._returns == 1 else self._output(*outputs))

    def _output_adapters(self) -> list[TypeAdapter[Any]]:
        """Return the adapters of the outputs; they are made when first needed, which takes time."""
        if self._adapters is None:
            has_fields = self._returns > 1
            fields = get_type_hints(self._output, include_extras=True) if has_fields else {}
            exact_types: list[Any] = [
                Annotated[output, ExactValues()] for output in fields.values() or [self._output]
            ]
            self._adapters = [TypeAdapter(exact_type) for exact_type in exact_types]
        return self._adapters

    def _drift(self, differences: list[str], values: Sequence[Any] = ()) -> SchemaDriftError:
        problem = "; ".join(differences[:3])
        if recording := active_recording():
            message = (
                f"the cassette {recording} was recorded from another version of the app than the "
                f"client was generated from: {problem}; record the cassette again"
            )
        else:
            message = f"the app does not fit the generated client: {problem}; {self._remedy()}"
        return SchemaDriftError(
            message,
            differences=differences,
            values=values,
            pinned=self._schema or None,
            endpoint=self.name,
        )

    def _remedy(self) -> str:
        shipped = self._inputs.__module__.startswith("spacecall.")
        remedy = "install a newer spacecall" if shipped else "run spacecall refresh"
        return f"to update the client, {remedy}"


def _read_output(
    adapter: TypeAdapter[Any], value: object, received: Callable[[object], File]
) -> Any:
    """Return an output, validated by its type.

    If the type takes only numbers, null is read as `nan`, since JSON has no NaN. If it takes only
    lists, a file is read as a list with one item, since a component for several files returns a
    single file without a list.
    """
    if value is UNCHANGED:
        return None
    try:
        return adapter.validate_python(value, context=received)
    except ValidationError:
        substitute = math.nan if value is None else [value]
        if value is None or is_file_data(value):
            with contextlib.suppress(ValidationError):
                return adapter.validate_python(substitute, strict=value is None, context=received)
        raise


def _problems(error: ValidationError, output_name: str) -> list[str]:
    """Return one line for each part of an output that does not fit its type."""
    details = error.errors(include_url=False, include_context=False, include_input=False)
    return [
        ".".join(str(part) for part in (output_name, *detail["loc"]))
        + f": {detail['msg'].removeprefix(_VALIDATOR_PREFIX)}"
        for detail in details
    ]
