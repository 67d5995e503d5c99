"""Building requests, with or without the defaults of an HTTP client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping

from spacecall._core.gradio_requests import Request
from spacecall._io import _http as http

__all__ = ["build_request", "create_get", "create_request"]

_JSON = {"content-type": "application/json"}
_FORM = {"content-type": "application/x-www-form-urlencoded"}
_PLAIN = {"accept": "*/*", "connection": "keep-alive"}
MAX_PORT = 65535


def is_port(number: int) -> bool:
    """Return whether a server can have the port: not 0, which would be the default port."""
    return 0 < number <= MAX_PORT


def create_request(
    library: http.HttpLibrary,
    method: str,
    url: str,
    *,
    params: Mapping[str, str] | None,
    data: Mapping[str, str] | None,
    content: bytes | AsyncIterator[bytes] | None,
    headers: Mapping[str, str],
) -> http.Request:
    """Return a request without the defaults of a client."""
    return library.request(
        method,
        url,
        params=None if params is None else dict(params),
        data=data,
        content=content,
        headers={**_PLAIN, **headers},
    )


def create_get(build: Callable[[str, str], http.Request], url: str) -> http.Request:
    """Return the GET request that `build` makes for a method and a URL.

    Raises:
        InvalidURL, UnicodeError (of the HTTP library): the URL is invalid, or has a port above
            65535, with which connecting raises errors that are not of the HTTP library, or the port
            0, which would be taken for the default port.
    """
    request = build("GET", url)
    port = request.url.port
    if port is not None and not is_port(port):
        problem = f"is above {MAX_PORT}" if port else "is not the port of a server"
        raise http.InvalidURL(f"port {port} {problem}")
    return request


def build_request(
    build: Callable[..., http.Request],
    library: http.HttpLibrary,
    base: str,
    request: Request,
    headers: Mapping[str, str],
    content: AsyncIterator[bytes] | None,
) -> http.Request:
    """Return an HTTP request for a request of the protocol.

    Args:
        build: creates the request, with or without defaults.
        library: of the client that sends it.
        base: the app's address.
        content: a streamed body, in place of the body of `request`.
    """
    # Always set: the client may have another content type as its default.
    content_type = _FORM if request.form is not None else {} if request.json is None else _JSON
    built = build(
        request.method,
        base + request.path,
        params=request.query or None,
        data=request.form,
        content=request.encoded() if content is None else content,
        headers={**content_type, **headers},
    )
    if content is not None:
        built.stream = library.stream_body(content)
    elif built.content:
        built.stream = library.bytes_body(built.content)
    return built
