"""The base classes of generated clients. Users import their client, which imports this module."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, ClassVar, Protocol, Self, TypeAlias, TypeVar, Unpack

from spacecall._client.calls.call import Call
from spacecall._client.calls.caller import Caller
from spacecall._client.calls.feed import Feed
from spacecall._client.calls.row_calls import RowCalls, map_method
from spacecall._client.calls.row_sources import RowOptions
from spacecall._client.calls.typed_endpoint import (
    APP_DEFAULT,
    AnyValue,
    AppChoice,
    AppDefault,
    AppObject,
    Arguments,
    OnDrift,
    TypedEndpoint,
    WithFiles,
    call_from,
    feed_from,
)
from spacecall._client.concurrency.lifetime import Closable, Connecting, Lifetime, open_lifetime
from spacecall._client.concurrency.portal import SyncClosable, SyncConnecting
from spacecall._client.space import Space
from spacecall._client.space_options import SpaceOptions
from spacecall._option_checks import checked_call
from spacecall._warnings import find_caller
from spacecall.rows import Concurrency, OnQuota, Rows
from spacecall.sync import (
    SyncCall,
    SyncCaller,
    SyncFeed,
    SyncRowCalls,
    SyncSpace,
    unwrap_call,
    wrap_call,
    wrap_feed,
    wrap_rows,
)

__all__ = [
    "APP_DEFAULT",
    "AnyValue",
    "AppChoice",
    "AppDefault",
    "AppObject",
    "Arguments",
    "DateInput",
    "OnDrift",
    "SyncTypedClient",
    "TableInput",
    "TypedClient",
    "TypedEndpoint",
    "WithFiles",
]

R = TypeVar("R", bound=Mapping[str, Any])
T = TypeVar("T")


class _Frame(Protocol):
    """A DataFrame like those of pandas and polars, recognized by its methods."""

    @property
    def columns(self) -> object:
        """The names of its columns."""
        ...

    def __len__(self) -> int:
        """Return the number of rows."""
        ...


class _Rows(Protocol):
    """A two-dimensional array like NumPy's, recognized by its methods."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The numbers of rows and columns."""
        ...

    def tolist(self) -> object:
        """Return the rows as lists."""
        ...


DateInput: TypeAlias = date
"""The types that `gr.DateTime` takes besides a string: `datetime.date`, `datetime.datetime`."""

TableInput: TypeAlias = _Frame | _Rows
"""The types that `gr.Dataframe` takes besides its model: a DataFrame, a two-dimensional array."""


class TypedClient(Closable):
    """Base of the generated clients: `client = Client(space)`, or of a session of it.

    Args:
        caller: a `Space`, a session, or a view of either; it stays the caller's to close.
        on_drift: what a call does when the endpoint's components or streaming are not those that
            the client was generated from, or it uses State or is hidden now: `warn` with a
            `SchemaDriftWarning` at the line of the call, once an endpoint and Space; `raise` a
            `SchemaDriftError`, with nothing sent; `ignore` it. Inputs or outputs that do not fit
            at all raise always.
    """

    SOURCE: ClassVar[str] = ""

    @checked_call
    def __init__(self, caller: Caller, *, on_drift: OnDrift = "warn") -> None:
        self._caller = caller
        self._on_drift: OnDrift = on_drift

    @classmethod
    @checked_call
    def connect(
        cls,
        source: str | None = None,
        *,
        on_drift: OnDrift = "warn",
        **options: Unpack[SpaceOptions],
    ) -> Connecting[Self]:
        """`async with Client.connect() as client`: the client on a Space of its own.

        Or `client = await Client.connect().open()`, until `await client.aclose()`.

        Args:
            source: by default the app that the client was generated from.
            on_drift: as of the client.
            options: those of `Space`.
        """
        options.setdefault("describe", False)
        space = Space(source or cls.SOURCE, **options)

        async def connect() -> tuple[Self, Lifetime[Any]]:
            lifetime = await open_lifetime(space)
            client = cls(space, on_drift=on_drift)
            client._lifetime = lifetime
            return client, lifetime

        return Connecting(connect)

    @property
    def caller(self) -> Caller:
        """What the client calls through."""
        return self._caller

    @checked_call
    def map(
        self,
        method: Callable[..., Call[T]],
        rows: Rows[R],
        *,
        concurrency: Concurrency = "auto",
        ordered: bool = False,
        rate: float | None = None,
        on_quota: OnQuota = "wait",
    ) -> RowCalls[R, T]:
        """Call a method of this client for each row: `client.map(client.caption, rows)`.

        Args:
            method: a method of this client that makes a call.
            rows: mappings of its arguments by name.
            concurrency: as of `Space.map`, like the other options.
            ordered: give outcomes in the order of the rows.
            rate: the most calls that start in a second.
            on_quota: what to do if the ZeroGPU quota is used up.
        """
        options = RowOptions(concurrency=concurrency, ordered=ordered, rate=rate, on_quota=on_quota)
        return RowCalls(map_method(self._caller, method, options), rows)

    def _call(self, endpoint: TypedEndpoint[T], /, **arguments: Any) -> Call[T]:
        location = find_caller(self)
        return call_from(endpoint, location, self._caller, arguments, self._on_drift)

    def _stream(self, endpoint: TypedEndpoint[T], /, **arguments: Any) -> Feed[Any, T]:
        location = find_caller(self)
        return feed_from(endpoint, location, self._caller, arguments, self._on_drift)


class SyncTypedClient(SyncClosable):
    """Base of the generated clients without async: `client = SyncClient(space)`.

    Args:
        caller: a `SyncSpace`, a session, or a view of either; it stays the caller's to close.
        on_drift: as of `TypedClient`.
    """

    SOURCE: ClassVar[str] = ""

    @checked_call
    def __init__(self, caller: SyncCaller, *, on_drift: OnDrift = "warn") -> None:
        self._caller = caller
        self._on_drift: OnDrift = on_drift

    @classmethod
    @checked_call
    def connect(
        cls,
        source: str | None = None,
        *,
        on_drift: OnDrift = "warn",
        **options: Unpack[SpaceOptions],
    ) -> SyncConnecting[Self]:
        """`with Client.connect() as client`: on a Space of its own, as in `TypedClient`.

        Or `client = Client.connect().open()`, until `client.close()`.
        """
        options.setdefault("describe", False)
        space = SyncSpace(source or cls.SOURCE, **options)

        def connect() -> tuple[Self, Callable[[], None]]:
            return cls(space.open(), on_drift=on_drift), space.close

        return SyncConnecting(connect)

    @property
    def caller(self) -> SyncCaller:
        """What the client calls through."""
        return self._caller

    @checked_call
    def map(
        self,
        method: Callable[..., SyncCall[T]],
        rows: Iterable[R],
        *,
        concurrency: Concurrency = "auto",
        ordered: bool = False,
        rate: float | None = None,
        on_quota: OnQuota = "wait",
    ) -> SyncRowCalls[R, T]:
        """Call a method of this client for each row, as `TypedClient.map` does."""
        options = RowOptions(concurrency=concurrency, ordered=ordered, rate=rate, on_quota=on_quota)

        def make_call(**arguments: Any) -> Call[T]:
            return unwrap_call(method(**arguments))

        return wrap_rows(self._caller, lambda caller: map_method(caller, make_call, options), rows)

    def _call(self, endpoint: TypedEndpoint[T], /, **arguments: Any) -> SyncCall[T]:
        on_drift, location = self._on_drift, find_caller(self)
        return wrap_call(
            self._caller,
            lambda caller: call_from(endpoint, location, caller, arguments, on_drift),
        )

    def _stream(self, endpoint: TypedEndpoint[T], /, **arguments: Any) -> SyncFeed[Any, T]:
        on_drift, location = self._on_drift, find_caller(self)
        return wrap_feed(
            self._caller,
            lambda caller: feed_from(endpoint, location, caller, arguments, on_drift),
        )
