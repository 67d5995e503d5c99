"""Interceptors: they see the requests of every client, and answer or forward them.

Cassettes and fake Spaces are interceptors. They use the classes of this module, and none of an HTTP
library.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock, get_ident
from typing import Final, Protocol, TypeAlias

from spacecall._io import _http as http

NETWORK_ERRORS: Final = (
    "ConnectError",
    "ConnectTimeout",
    "PoolTimeout",
    "ProxyError",
    "ReadError",
    "ReadTimeout",
    "RemoteProtocolError",
    "WriteError",
    "WriteTimeout",
)
"""The kinds of network failure: the names of exceptions of the HTTP library."""


MAX_EVENT_BYTES: Final = "spacecall.max_event"
"""Name of the request extension with the `Limits.max_event_bytes` of the sender."""


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
    """Secrets of a request, which an interceptor must not store.

    Attributes:
        headers: names in lower case of headers whose values are secret.
        values: values of headers, tokens and passwords.
    """

    headers: frozenset[str] = frozenset()
    values: frozenset[str] = field(default=frozenset(), repr=False)


CALLER_SECRETS: Final = "spacecall.secrets"
"""Name of the request extension with the function that returns its `CallerSecrets`."""


@dataclass(frozen=True, slots=True)
class InterceptedRequest:
    """A request before it is sent.

    Attributes:
        headers: names in lower case, in the order in which they are sent.
        body: yields the bytes, once.
        secrets: values that must not be stored.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: AsyncIterator[bytes]
    secrets: CallerSecrets = field(default_factory=CallerSecrets)


class ResponseBody(Protocol):
    """The body of a response, in chunks."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def aclose(self) -> None:
        """Close the body, at its end or before."""
        ...


@dataclass(frozen=True, slots=True)
class InterceptedResponse:
    """A response whose body was not read yet; reading it may raise `NetworkError`.

    Attributes:
        headers: names in lower case.
        original: the response of the HTTP library, if it came from the network.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: ResponseBody
    original: http.Response | None = None


Forward: TypeAlias = Callable[[AsyncIterator[bytes]], Awaitable[InterceptedResponse]]
"""Sends the request to the network, with this body. Raises `NetworkError`."""


class Interceptor(Protocol):
    """Answers requests, by itself or by forwarding them.

    Attributes:
        recording: the path of the recording that it answers from; empty if the app is live or fake.
    """

    @property
    def recording(self) -> str: ...

    async def answer(self, request: InterceptedRequest, forward: Forward) -> InterceptedResponse:
        """Answer a request. `NetworkError` and other exceptions reach the caller."""
        ...

    def reports_drift(self, endpoint: str, pinned: str, live: str, /) -> bool:
        """Return whether it reports itself that an endpoint differs from its typed client.

        Args:
            endpoint: such as `/echo`.
            pinned: the fingerprint of the endpoint that the client was generated from.
            live: the fingerprint in the app's /config.
        """
        ...


class _Active:
    """The interceptors in use, the innermost last, and the thread that uses them."""

    lock: Final = Lock()
    interceptors: Final[list[Interceptor]] = []
    thread: int = 0


@contextmanager
def intercepting(interceptor: Interceptor) -> Generator[None]:
    """Pass the requests of every client that opens inside the block to `interceptor`.

    It holds for all threads. Blocks can be nested: the innermost holds.

    Raises:
        RuntimeError: an interceptor of another thread is active already.
    """
    with _Active.lock:
        if _Active.interceptors and _Active.thread != get_ident():
            raise RuntimeError(
                "another thread uses a cassette or a fake Space: use them in one thread at a time"
            )
        _Active.thread = get_ident()
        _Active.interceptors.append(interceptor)
    try:
        yield
    finally:
        with _Active.lock:
            # Blocks of concurrent tasks may end in any order.
            _Active.interceptors.remove(interceptor)


def active_recording() -> str:
    """Return the path of the recording that is replayed; an empty text if none is."""
    interceptor = active_interceptor()
    return "" if interceptor is None else interceptor.recording


def active_interceptor() -> Interceptor | None:
    """Return the innermost active interceptor; None if no interceptor is active."""
    interceptors = _Active.interceptors
    return interceptors[-1] if interceptors else None
