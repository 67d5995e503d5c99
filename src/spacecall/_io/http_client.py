"""The HTTP clients that a caller may lend, told without importing their libraries."""

from __future__ import annotations

from abc import ABC
from typing import TYPE_CHECKING, Any, Final, Protocol

__all__ = ["PACKAGES", "HttpClient", "package_of"]

PACKAGES: Final = {"httpx": "httpcore", "httpx2": "httpcore2"}
"""The libraries, each with the package that opens its connections."""

if TYPE_CHECKING:

    class HttpClient(Protocol):
        """A client that sends the requests of a Space: `httpx.AsyncClient` or `httpx2.AsyncClient`.

        Both have these members, and many more.
        """

        @property
        def headers(self) -> Any: ...
        @property
        def cookies(self) -> Any: ...
        @property
        def auth(self) -> Any: ...
        @property
        def is_closed(self) -> bool: ...
        def build_request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any: ...
        async def send(self, request: Any, *args: Any, **kwargs: Any) -> Any: ...
        async def aclose(self) -> None: ...

    class OwnClient(HttpClient, Protocol):
        """A client that its user closes."""

        async def __aenter__(self) -> HttpClient: ...
        async def __aexit__(self, *args: Any, **kwargs: Any) -> None: ...

else:

    class HttpClient(ABC):  # noqa: B024 - it recognises classes, and is no base of any
        """A client that sends the requests of a Space: `httpx.AsyncClient` or `httpx2.AsyncClient`.

        `isinstance` recognises subclasses of both without importing either library.
        """

        @classmethod
        def __subclasshook__(cls, subclass: type) -> bool:
            return package_of(subclass) is not None


def package_of(cls: type) -> str | None:
    """Return the library whose `AsyncClient` a class derives from."""
    for base in cls.__mro__:
        package = base.__module__.partition(".")[0]
        if base.__name__ == "AsyncClient" and package in PACKAGES:
            return package
    return None
