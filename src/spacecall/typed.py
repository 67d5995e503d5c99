"""What generated clients stand on. Users import their client; the client imports this."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, ClassVar, Self, TypeVar, get_args

from spacecall._client.call import Call
from spacecall._client.caller import Caller
from spacecall._client.space import Space
from spacecall._client.typed import AppObject, Arguments, OnDrift, TypedEndpoint
from spacecall.sync import SyncCall, SyncCaller, SyncSpace

__all__ = [
    "AppObject",
    "Arguments",
    "OnDrift",
    "SyncTypedClient",
    "TypedClient",
    "TypedEndpoint",
]

T = TypeVar("T")


class TypedClient:
    """Base of the generated clients: `client = Client(space)`, or of a session of it.

    Args:
        caller: a `Space`, a session, or a view of either; it stays the caller's to close.
        on_drift: what a call does when the endpoint's components, State, streaming or queue are
            not those that the client was generated from: `warn` with a `SchemaDriftWarning`, once
            an endpoint and Space; `raise` a `SchemaDriftError`, with nothing sent; `ignore` it.
            Inputs or outputs that do not fit at all raise always.
    """

    SOURCE: ClassVar[str] = ""

    def __init__(self, caller: Caller, *, on_drift: OnDrift = "warn") -> None:
        self._caller = caller
        self._on_drift: OnDrift = _known(on_drift)

    @classmethod
    @asynccontextmanager
    async def connect(
        cls, source: str | None = None, *, on_drift: OnDrift = "warn", **options: Any
    ) -> AsyncGenerator[Self, None]:
        """`async with Client.connect() as client`: the client on a Space of its own.

        Args:
            source: by default the app that the client was generated from.
            on_drift: as of the client.
            options: those of `Space`.
        """
        _known(on_drift)
        options.setdefault("describe", False)
        async with Space(source or cls.SOURCE, **options) as space:
            yield cls(space, on_drift=on_drift)

    @property
    def caller(self) -> Caller:
        """What the client calls through."""
        return self._caller

    def _call(self, endpoint: TypedEndpoint[T], /, **arguments: Any) -> Call[T]:
        return endpoint.call(self._caller, arguments, self._on_drift)


class SyncTypedClient:
    """Base of the generated clients without async: `client = SyncClient(space)`.

    Args:
        caller: a `SyncSpace`, a session, or a view of either; it stays the caller's to close.
        on_drift: as of `TypedClient`.
    """

    SOURCE: ClassVar[str] = ""

    def __init__(self, caller: SyncCaller, *, on_drift: OnDrift = "warn") -> None:
        self._caller = caller
        self._on_drift: OnDrift = _known(on_drift)

    @classmethod
    @contextmanager
    def connect(
        cls, source: str | None = None, *, on_drift: OnDrift = "warn", **options: Any
    ) -> Generator[Self, None, None]:
        """`with Client.connect() as client`: on a Space of its own, as in `TypedClient`."""
        _known(on_drift)
        options.setdefault("describe", False)
        with SyncSpace(source or cls.SOURCE, **options) as space:
            yield cls(space, on_drift=on_drift)

    @property
    def caller(self) -> SyncCaller:
        """What the client calls through."""
        return self._caller

    def _call(self, endpoint: TypedEndpoint[T], /, **arguments: Any) -> SyncCall[T]:
        on_drift = self._on_drift
        return self._caller.wrap(lambda caller: endpoint.call(caller, arguments, on_drift))


def _known(on_drift: OnDrift) -> OnDrift:
    if on_drift not in get_args(OnDrift):
        raise ValueError(f"on_drift is {on_drift!r}, not one of {', '.join(get_args(OnDrift))}")
    return on_drift
