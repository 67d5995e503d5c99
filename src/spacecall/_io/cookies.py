"""The cookies of one app client: a load balancer keeps a session at a replica by cookie."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from http.cookiejar import Cookie

from spacecall._io import _http as http
from spacecall.options import check_cookie


class AppCookies:
    """A cookie jar of its own, which begins with a copy of other cookies."""

    def __init__(self, initial: Iterable[Cookie] = ()) -> None:
        self._cookies = http.Cookies()
        for cookie in initial:
            self._cookies.jar.set_cookie(cookie)
        _forget_unsendable(self._cookies)

    def fork(self) -> AppCookies:
        """Return a copy."""
        return AppCookies(self._cookies.jar)

    def values(self) -> dict[str, str]:
        """Return the values by name."""
        return {cookie.name: cookie.value or "" for cookie in self._cookies.jar}

    def remember(self, cookies: Mapping[str, str]) -> None:
        """Add cookies, in place of those of the same names. Raises ValueError for invalid ones."""
        for name, value in cookies.items():
            check_cookie(name, value, f"the cookie {name!r}")
        _forget(self._cookies, lambda cookie: cookie.name in cookies)
        for name, value in cookies.items():
            self._cookies.set(name, value)

    def send(self, request: http.Request) -> None:
        """Add the cookies to the headers of a request, before those that are there."""
        explicit = request.headers.pop("cookie", None)
        if any(True for _ in self._cookies.jar):
            self._cookies.set_cookie_header(request)
        if explicit is not None:
            stored = request.headers.get("cookie")
            request.headers["cookie"] = f"{stored}; {explicit}" if stored else explicit

    def receive(self, response: http.Response) -> None:
        """Store the cookies of a response, in place of remembered ones of the same names."""
        self._cookies.extract_cookies(response)
        received = {cookie.name for cookie in self._cookies.jar if cookie.domain}
        _forget(self._cookies, lambda cookie: not cookie.domain and cookie.name in received)
        _forget_unsendable(self._cookies)


def _forget_unsendable(cookies: http.Cookies) -> None:
    """Drop cookies that are not ASCII: every later request would fail."""
    _forget(cookies, lambda cookie: not f"{cookie.name}{cookie.value}".isascii())


def _forget(cookies: http.Cookies, which: Callable[[Cookie], bool]) -> None:
    for cookie in [cookie for cookie in cookies.jar if which(cookie)]:
        cookies.jar.clear(cookie.domain, cookie.path, cookie.name)
