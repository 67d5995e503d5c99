"""What generated clients stand on. Users import their client; the client imports this."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, ClassVar, Final, Generic, Self, TypeVar, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    SerializerFunctionWrapHandler,
    TypeAdapter,
    ValidationError,
    model_serializer,
)

from spacecall._client.call import Call
from spacecall._client.caller import Caller, find_dependency
from spacecall._client.connection import Connection
from spacecall._client.plan import MakeFile, Plan
from spacecall._client.space import Space
from spacecall.errors import InvalidInputError, SchemaDriftError
from spacecall.sync import SyncCall, SyncCaller, SyncSpace

__all__ = ["AppObject", "Arguments", "SyncTypedClient", "TypedClient", "TypedEndpoint"]

T = TypeVar("T")


class Arguments(BaseModel):
    """The arguments of an endpoint, in the order of the wire."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True, defer_build=True)


class AppObject(BaseModel):
    """An object of an app: what the app adds later is kept, what was not given is not sent."""

    model_config = ConfigDict(extra="allow", populate_by_name=True, defer_build=True)

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
    """

    def __init__(
        self, name: str, *, inputs: type[Arguments], output: Any, returns: int, schema: str = ""
    ) -> None:
        self.name = name
        self._schema: Final = schema
        self._inputs: Final = inputs
        self._output = output
        self._returns = returns
        self._adapter: TypeAdapter[T] | None = None

    def call(self, caller: Caller, arguments: Mapping[str, Any]) -> Call[T]:
        """A call of this endpoint. Arguments are checked when it is awaited or entered."""

        async def prepare(connection: Connection) -> Plan[T]:
            dependency = find_dependency(connection, self.name)
            values = self.bind(arguments)
            expected = len(dependency.visible_inputs)
            if len(values) != expected:
                lines = [f"{len(values)} inputs pinned, and the app takes {expected}"]
                raise self._drift(lines)
            return Plan(dependency, values, self.decode)

        return caller.planned(self.name, prepare)

    def bind(self, arguments: Mapping[str, Any]) -> list[Any]:
        """The arguments as wire values in wire order, files as `File`.

        Raises:
            InvalidInputError: an argument does not fit its type.
        """
        try:
            model = self._inputs.model_validate(arguments, by_name=True)
        except ValidationError as error:
            problems = _lines(error)
            raise InvalidInputError(
                "; ".join(problems), problems=problems, endpoint=self.name
            ) from error
        return list(model.model_dump(by_alias=True).values())

    def decode(self, values: list[Any], make_file: MakeFile) -> T:
        """The caller's value from the visible outputs.

        Raises:
            SchemaDriftError: an output does not fit the type it had when the client was generated.
        """
        if self._returns == 0:
            return cast("T", None)
        if self._adapter is None:
            self._adapter = TypeAdapter(self._output)
        if len(values) != self._returns:
            raise self._drift([f"{self._returns} outputs expected, got {len(values)}"])
        value = values[0] if self._returns == 1 else values
        try:
            return self._adapter.validate_python(value, context=make_file)
        except ValidationError as error:
            raise self._drift(_lines(error)) from error

    def _drift(self, differences: list[str]) -> SchemaDriftError:
        return SchemaDriftError(
            "the app does not fit the generated client: " + "; ".join(differences[:3]),
            differences=differences,
            pinned=self._schema or None,
            endpoint=self.name,
        )


class TypedClient:
    """Base of the generated clients: `client = Client(space)`, or of a session of it.

    Args:
        caller: a `Space`, a session, or a view of either; it stays the caller's to close.
    """

    SOURCE: ClassVar[str] = ""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    @classmethod
    @asynccontextmanager
    async def connect(cls, source: str | None = None, **options: Any) -> AsyncGenerator[Self, None]:
        """`async with Client.connect() as client`: the client on a Space of its own.

        Args:
            source: by default the app that the client was generated from.
            options: those of `Space`.
        """
        options.setdefault("describe", False)
        async with Space(source or cls.SOURCE, **options) as space:
            yield cls(space)

    @property
    def caller(self) -> Caller:
        """What the client calls through."""
        return self._caller

    def _call(self, endpoint: TypedEndpoint[T], /, **arguments: Any) -> Call[T]:
        return endpoint.call(self._caller, arguments)


class SyncTypedClient:
    """Base of the generated clients without async: `client = SyncClient(space)`.

    Args:
        caller: a `SyncSpace`, a session, or a view of either; it stays the caller's to close.
    """

    SOURCE: ClassVar[str] = ""

    def __init__(self, caller: SyncCaller) -> None:
        self._caller = caller

    @classmethod
    @contextmanager
    def connect(cls, source: str | None = None, **options: Any) -> Generator[Self, None, None]:
        """`with Client.connect() as client`: on a Space of its own, as in `TypedClient`."""
        options.setdefault("describe", False)
        with SyncSpace(source or cls.SOURCE, **options) as space:
            yield cls(space)

    @property
    def caller(self) -> SyncCaller:
        """What the client calls through."""
        return self._caller

    def _call(self, endpoint: TypedEndpoint[T], /, **arguments: Any) -> SyncCall[T]:
        return self._caller.wrap(lambda caller: endpoint.call(caller, arguments))


def _lines(error: ValidationError) -> list[str]:
    """One line for each place that does not fit."""
    return [
        f"{'.'.join(str(part) for part in one['loc']) or 'value'}: {one['msg']}"
        for one in error.errors(include_url=False, include_context=False, include_input=False)
    ]
