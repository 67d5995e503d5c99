"""One endpoint as a generated module knows it, and the bases of that module's models."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, Final, Generic, Literal, TypeAlias, TypeVar, cast, get_type_hints
from weakref import WeakKeyDictionary

from pydantic import (
    BaseModel,
    ConfigDict,
    SerializerFunctionWrapHandler,
    TypeAdapter,
    ValidationError,
    model_serializer,
)

from spacecall._client.arguments import ArgumentFiles
from spacecall._client.call import Call
from spacecall._client.caller import Caller, find_dependency
from spacecall._client.connection import Connection
from spacecall._client.plan import UNCHANGED, MakeFile, Plan
from spacecall._core.filedata import as_file_data
from spacecall._core.fingerprint import differences
from spacecall._io.intercept import called_by
from spacecall._warnings import SchemaDriftWarning
from spacecall.errors import InvalidInputError, SchemaDriftError
from spacecall.files import File

T = TypeVar("T")

# What pydantic puts before the words of a validator of ours.
_OF_A_VALIDATOR: Final = "Value error, "

OnDrift: TypeAlias = Literal["ignore", "warn", "raise"]
"""What a call does when the app is not what the client was generated from."""


class Arguments(BaseModel):
    """The arguments of an endpoint, in the order of the wire."""

    model_config = ConfigDict(
        extra="forbid", populate_by_name=True, defer_build=True, protected_namespaces=()
    )


class AppObject(BaseModel):
    """An object of an app: what the app adds later is kept, what was not given is not sent."""

    model_config = ConfigDict(
        extra="allow", populate_by_name=True, defer_build=True, protected_namespaces=()
    )

    @model_serializer(mode="wrap")
    def _given(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        sent: dict[str, Any] = handler(self)
        for name, field in type(self).model_fields.items():
            if name not in self.model_fields_set and getattr(self, name) is None:
                sent.pop(name, None)
                sent.pop(field.alias or name, None)
        return sent


class TypedEndpoint(Generic[T]):
    """One endpoint as a generated module knows it.

    Args:
        name: `/echo`.
        inputs: the model of its arguments, fields in wire order.
        output: the type of its value: of the one output, or a NamedTuple of all.
        returns: how many outputs a caller sees.
        schema: sha256 of the schema that it was generated from.
        shape: the endpoint's fingerprint then; empty if it is not compared.
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
    ) -> None:
        self.name = name
        self._schema: Final = schema
        self._shape: Final = shape
        self._compared: Final = WeakKeyDictionary[Connection, "list[str]"]()
        self._inputs: Final = inputs
        self._output = output
        self._returns = returns
        self._adapters: list[TypeAdapter[Any]] | None = None

    def call(
        self, caller: Caller, arguments: Mapping[str, Any], on_drift: OnDrift = "warn"
    ) -> Call[T]:
        """A call of this endpoint. Arguments are checked when it is awaited or entered."""

        async def prepare(connection: Connection) -> Plan[T]:
            dependency = find_dependency(connection, self.name)
            values = self.bind(arguments)
            expected = len(dependency.visible_inputs)
            if len(values) != expected:
                lines = [f"{len(values)} inputs pinned, and the app takes {expected}"]
                raise self._drift(lines)
            if on_drift != "ignore":
                self._compare(connection, on_drift)
            called_by(self.name, self._schema)
            return Plan(dependency, values, self.decode)

        return caller.planned(self.name, prepare)

    def _compare(self, connection: Connection, on_drift: OnDrift) -> None:
        """Compare the endpoint's shape with the app's, once a connection; warn of it once."""
        found = self._compared.get(connection)
        if found is None:
            pinned = {self.name: self._shape} if self._shape else {}
            found = differences(pinned, connection.app)
            if found and on_drift == "warn":
                text = f"the app is not what its client was generated from: {'; '.join(found)}"
                text = connection.link.redactor()(f"{text} [{connection.link.base}]")
                warnings.warn(text, SchemaDriftWarning, stacklevel=2)
            self._compared[connection] = found
        if found and on_drift == "raise":
            raise self._drift(found)

    def bind(self, arguments: Mapping[str, Any]) -> list[Any]:
        """The arguments as wire values in wire order, files as `File`.

        Raises:
            InvalidInputError: an argument does not fit its type.
        """
        try:
            files = ArgumentFiles(arguments.values())
            model = self._inputs.model_validate(arguments, by_name=True, context=files)
        except ValidationError as error:
            problems = _lines(error)
            raise InvalidInputError(
                "; ".join(problems), problems=problems, endpoint=self.name
            ) from error
        return list(model.model_dump(by_alias=True).values())

    def decode(self, values: list[Any], make_file: MakeFile) -> T:
        """The caller's value from the visible outputs. One that the app leaves unchanged is None.

        Raises:
            SchemaDriftError: an output does not fit the type it had when the client was generated.
        """
        if self._returns == 0:
            return cast("T", None)
        if len(values) != self._returns:
            raise self._drift([f"{self._returns} outputs expected, got {len(values)}"])
        names = self._output._fields if self._returns > 1 else ("value",)

        def received(value: object) -> File:
            return make_file(as_file_data(value))

        wrong: list[str] = []
        found: list[Any] = []
        for name, adapter, value in zip(names, self._readers(), values, strict=True):
            try:
                known = value is not UNCHANGED
                found.append(adapter.validate_python(value, context=received) if known else None)
            except ValidationError as error:
                wrong += _lines(error, name)
        if wrong:
            raise self._drift(wrong)
        return cast("T", found[0] if self._returns == 1 else self._output(*found))

    def _readers(self) -> list[TypeAdapter[Any]]:
        """What reads each output; made when first needed, since that takes milliseconds."""
        if self._adapters is None:
            several = self._returns > 1
            types = get_type_hints(self._output, include_extras=True) if several else {}
            self._adapters = [TypeAdapter(one) for one in types.values() or [self._output]]
        return self._adapters

    def _drift(self, differences: list[str]) -> SchemaDriftError:
        return SchemaDriftError(
            "the app does not fit the generated client: " + "; ".join(differences[:3]),
            differences=differences,
            pinned=self._schema or None,
            endpoint=self.name,
        )


def _lines(error: ValidationError, *place: str) -> list[str]:
    """One line for each place that does not fit."""
    return [
        f"{'.'.join(str(part) for part in (*place, *one['loc']))}: "
        + one["msg"].removeprefix(_OF_A_VALIDATOR)
        for one in error.errors(include_url=False, include_context=False, include_input=False)
    ]
