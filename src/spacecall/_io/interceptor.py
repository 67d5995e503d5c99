"""Requests seen, and answered, by somebody between a client and the network.

An interceptor knows no httpx: it takes and gives the values of this module.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Final, Protocol, TypeAlias

from spacecall._io import _http as http

NETWORK_ERRORS: dict[str, type[http.TransportError]] = {
    kind.__name__: kind
    for kind in (
        http.ConnectError,
        http.ConnectTimeout,
        http.PoolTimeout,
        http.ProxyError,
        http.ReadError,
        http.ReadTimeout,
        http.RemoteProtocolError,
        http.WriteError,
        http.WriteTimeout,
    )
}
"""What can go wrong on a network, by name."""


MAX_EVENT_BYTES: Final = "spacecall.max_event"
"""The extension of a request that has the `Limits.max_event_bytes` of its sender."""


class NetworkError(Exception):
    """The network failed.

    Attributes:
        kind: one of `NETWORK_ERRORS`.
    """

    def __init__(self, kind: str, message: str = "") -> None:
        super().__init__(message or kind)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class CallerSecrets:
    """What a caller gave for a request, and an interceptor must not keep.

    Attributes:
        headers: names in lower case; none of their values is kept.
        values: headers, tokens and passwords, as texts that are not kept anywhere.
    """

    headers: frozenset[str] = frozenset()
    values: frozenset[str] = field(default=frozenset(), repr=False)


CALLER_SECRETS: Final = "spacecall.secrets"
"""The extension of a request that returns its `CallerSecrets`."""


@dataclass(frozen=True, slots=True)
class InterceptedRequest:
    """A request on its way.

    Attributes:
        headers: names in lower case, in order, as they are sent.
        body: its bytes as they are produced; to be read once.
        secrets: what of it must not be kept.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: AsyncIterator[bytes]
    secrets: CallerSecrets = field(default_factory=CallerSecrets)


class ResponseBody(Protocol):
    """The body of an answer as it comes."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def aclose(self) -> None:
        """The reader has gone, at the end or before it."""
        ...


@dataclass(frozen=True, slots=True)
class InterceptedResponse:
    """An answer whose body is still to be read; reading may raise `NetworkError`.

    Attributes:
        headers: names in lower case.
        original: the network's own answer, if it is one.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: ResponseBody
    original: http.Response | None = None


Forward: TypeAlias = Callable[[AsyncIterator[bytes]], Awaitable[InterceptedResponse]]
"""Sends the request to the network, with this body. Raises `NetworkError`."""


class Interceptor(Protocol):
    """Answers requests, by itself or by forwarding them."""

    async def answer(self, request: InterceptedRequest, forward: Forward) -> InterceptedResponse:
        """The answer. Raises `NetworkError`, or an error of its own, which reaches the caller."""
        ...

    def on_typed_call(self, endpoint: str, schema: str, /) -> None:
        """Note that a typed client calls an endpoint by this schema (its sha256)."""
        ...


class _Active:
    lock: Final = Lock()
    interceptor: Interceptor | None = None


@contextmanager
def intercepting(interceptor: Interceptor) -> Generator[None]:
    """Inside, every client that is opened goes through `interceptor`, in all threads.

    Raises:
        RuntimeError: there is one already.
    """
    with _Active.lock:
        if _Active.interceptor is not None:
            raise RuntimeError(
                "another cassette or a fake Space is in use already: use one at a time"
            )
        _Active.interceptor = interceptor
    try:
        yield
    finally:
        _Active.interceptor = None


def notify_typed_call(endpoint: str, schema: str) -> None:
    """Tell the active interceptor, if any, by which schema (its sha256) an endpoint is called."""
    if _Active.interceptor is not None and schema:
        _Active.interceptor.on_typed_call(endpoint, schema)


def active_interceptor() -> Interceptor | None:
    """What every new client goes through, if there is something."""
    return _Active.interceptor
