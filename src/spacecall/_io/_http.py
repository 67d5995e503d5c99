"""The names of the HTTP library, which is imported when one of them is first used.

Importing httpx takes as long as importing all of spacecall, and a program may import spacecall
without opening a Space. Modules write `from spacecall._io import _http as http`, and must not use
its names while they are imported themselves. `_http_library` says which library it is.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from spacecall._io.http_client import HttpClient

if TYPE_CHECKING:
    from spacecall._io._http_library import (
        HTTP_PACKAGES,
        LIBRARY_NAME,
        OWN_LIBRARY,
        URL,
        AsyncBaseTransport,
        AsyncByteStream,
        AsyncClient,
        AsyncHTTPTransport,
        ConnectError,
        ConnectTimeout,
        Cookies,
        HTTPError,
        HttpLibrary,
        InvalidURL,
        Limits,
        NetworkStream,
        PoolTimeout,
        Proxy,
        ProxyError,
        ReadError,
        ReadTimeout,
        RemoteProtocolError,
        Request,
        Response,
        TransportError,
        WriteError,
        WriteTimeout,
        create_ssl_context,
        error_types,
        library_of,
        parse_events,
        stream_error_types,
    )
    from spacecall._io.http_client import OwnClient

__all__ = [
    "HTTP_PACKAGES",
    "LIBRARY_NAME",
    "OWN_LIBRARY",
    "URL",
    "AsyncBaseTransport",
    "AsyncByteStream",
    "AsyncClient",
    "AsyncHTTPTransport",
    "ConnectError",
    "ConnectTimeout",
    "Cookies",
    "HTTPError",
    "HttpClient",
    "HttpLibrary",
    "InvalidURL",
    "Limits",
    "NetworkStream",
    "OwnClient",
    "PoolTimeout",
    "Proxy",
    "ProxyError",
    "ReadError",
    "ReadTimeout",
    "RemoteProtocolError",
    "Request",
    "Response",
    "TransportError",
    "WriteError",
    "WriteTimeout",
    "create_ssl_context",
    "error_types",
    "library_of",
    "parse_events",
    "stream_error_types",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        library = import_module("spacecall._io._http_library")
        globals()[name] = value = getattr(library, name)
        return value
