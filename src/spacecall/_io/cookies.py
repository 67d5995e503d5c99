"""The cookies of one link: replicas keep a session by cookie."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from http.cookiejar import Cookie

from spacecall._io import _http as http
from spacecall.options import check_header


class AppCookies:
    """Begin as those of another, and go their own way."""

    def __init__(self, begin: Iterable[Cookie] = ()) -> None:
        self._kept = http.Cookies()
        for cookie in begin:
            self._kept.jar.set_cookie(cookie)
        _forget_unsendable(self._kept)

    def fork(self) -> AppCookies:
        """Others that begin as these."""
        return AppCookies(self._kept.jar)

    def values(self) -> dict[str, str]:
        """Their values by name."""
        return {cookie.name: cookie.value or "" for cookie in self._kept.jar}

    def remember(self, cookies: Mapping[str, str]) -> None:
        """Take over what another link had. Raises ValueError for what is no cookie."""
        for name, value in cookies.items():
            check_header(name, value, f"the cookie {name!r}")
        _forget(self._kept, lambda cookie: cookie.name in cookies)
        for name, value in cookies.items():
            self._kept.set(name, value)

    def send(self, request: http.Request) -> None:
        """Put them into a request, before those that its headers have already."""
        given = request.headers.pop("cookie", None)
        if any(True for _ in self._kept.jar):
            self._kept.set_cookie_header(request)
        if given is not None:
            kept = request.headers.get("cookie")
            request.headers["cookie"] = f"{kept}; {given}" if kept else given

    def receive(self, response: http.Response) -> None:
        """Take what the app gives; it replaces what was remembered under the same name."""
        self._kept.extract_cookies(response)
        anew = {cookie.name for cookie in self._kept.jar if cookie.domain}
        _forget(self._kept, lambda cookie: not cookie.domain and cookie.name in anew)
        _forget_unsendable(self._kept)


def _forget_unsendable(cookies: http.Cookies) -> None:
    """Drop those that no header can carry: each later request would fail."""
    _forget(cookies, lambda cookie: not f"{cookie.name}{cookie.value}".isascii())


def _forget(cookies: http.Cookies, which: Callable[[Cookie], bool]) -> None:
    for cookie in [cookie for cookie in cookies.jar if which(cookie)]:
        cookies.jar.clear(cookie.domain, cookie.path, cookie.name)
