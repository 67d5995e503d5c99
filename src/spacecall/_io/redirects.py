"""Redirects, which are followed only if they are allowed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from spacecall._io import _http as http
from spacecall._io.credentials import join_url, redacted_origin

_REDIRECTS = (301, 302, 303, 307, 308)
_MAX_REDIRECTS = 5


class RedirectError(Exception):
    """A redirect was not followed; the message may contain secrets of the request.

    Attributes:
        status: of the response; None if the target is not a valid URL.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


async def follow_redirects(
    request: http.Request,
    send: Callable[[http.Request], Awaitable[http.Response]],
    get: Callable[[str], http.Request],
    allows: Callable[[str], bool],
) -> http.Response:
    """Send a request and follow redirects.

    Args:
        get: returns the GET request for a URL.
        allows: whether a redirect to a URL is followed.

    Raises:
        RedirectError: a redirect is not allowed, or there are too many.
    """
    hops = 0
    coding = request.headers["accept-encoding"]
    while True:
        response = await send(request)
        target = response.headers.get("location")
        if response.status_code not in _REDIRECTS or target is None:
            return response
        await response.aclose()
        url = join_url(str(request.url), target)
        if not allows(url):
            text = f"{request.method} {request.url.path} is redirected to {redacted_origin(url)}: "
            raise RedirectError(f"{text}use that address if you trust it", response.status_code)
        if hops == _MAX_REDIRECTS:
            text = f"{request.method} {request.url.path}: more than {_MAX_REDIRECTS} redirects"
            raise RedirectError(f"{text}: check the address", response.status_code)
        try:
            request = get(url)
        except http.error_types("InvalidURL", UnicodeError):  # its text repeats the URL
            raise RedirectError("redirected to an invalid URL", None) from None
        request.headers["accept-encoding"] = coding
        hops += 1
