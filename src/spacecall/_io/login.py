"""Logging in, again after a restart of the app, which forgets its logins.

The request itself: `AppHttpClient._log_in`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeVar

import anyio

from spacecall._io.cookies import AppCookies
from spacecall.errors import AuthError, NotFoundError
from spacecall.options import Auth

T = TypeVar("T")


# Of the middleware that keeps the login of `gr.LoginButton`.
_BROWSER_COOKIE: Final = "session"


def login_cookies(cookies: Mapping[str, str]) -> dict[str, str]:
    """Return the cookies of a login; other cookies select a replica."""
    return {name: cookies[name] for name in cookies if name.startswith("access-token")}


class SharedLogin:
    """The last login to an app, shared by all its clients.

    Attributes:
        lock: held during a login.
        number: how many logins there were.
        cookies: of the last login.
        refused: whether the app refused the password. Then it is not sent again.
    """

    __slots__ = ("cookies", "lock", "number", "refused")

    def __init__(self) -> None:
        self.lock = anyio.Lock()
        self.number = 0
        self.cookies: Mapping[str, str] = {}
        self.refused = False


class Login:
    """The login of one client of an app.

    Args:
        cookies: of the client.
        post: sends the password; raises AuthError if it is wrong. None without a password.
        shared: shared by all clients of the app.
        number: number of the login that `cookies` are of.
        auth: may have the cookies of a login in a browser.
    """

    def __init__(
        self,
        cookies: AppCookies,
        post: Callable[[], Awaitable[object]] | None,
        shared: SharedLogin,
        number: int = 0,
        auth: Auth | None = None,
    ) -> None:
        self.shared = shared
        self._browser_cookies = frozenset(auth.cookies if auth else ())
        self.number = number
        self._cookies = cookies
        self._post = post

    @property
    def is_of_browser(self) -> bool:
        """Whether the cookies may be those of a login in a browser."""
        return bool(self._browser_cookies) or _BROWSER_COOKIE in self._cookies.values()

    @property
    def other_cookies(self) -> dict[str, str]:
        """The cookies that do not log in: they route to the replica that has a session."""
        cookies = self._cookies.values()
        names = self._browser_cookies.union(login_cookies(cookies))
        return {name: cookies[name] for name in cookies if name not in names}

    async def run_logged_in(
        self, send: Callable[[], Awaitable[T]], headers: Mapping[str, str] = {}
    ) -> T:
        """Return the result of `send`; after a 401, log in and send again.

        Args:
            headers: of the request. A WebSocket without a login is refused with 403.

        Raises:
            AuthError: the second request is refused too, or the password is wrong.
        """
        number = self.number
        try:
            return await send()
        except AuthError as error:
            statuses = (401, 403) if "upgrade" in headers else (401,)
            if error.status not in statuses or not await self._renew(number):
                raise
        return await send()

    async def _renew(self, number: int) -> bool:
        """Get a newer login than `number`. Return whether there is one."""
        shared = self.shared
        if self._post is None:
            return False
        async with shared.lock:
            if number == shared.number:
                if shared.refused:
                    return False
                try:
                    await self._post()
                except AuthError:
                    shared.refused = True
                    raise
                except NotFoundError:  # the app has no login
                    return False
                shared.number += 1
                shared.cookies = login_cookies(self._cookies.values())
            elif self.number != shared.number:
                self._cookies.remember(shared.cookies)
            self.number = shared.number
        return True
