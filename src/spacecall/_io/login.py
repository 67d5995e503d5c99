"""Logging in, and doing so again at an app that was restarted: it knows no login of before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import anyio

from spacecall._io.cookies import AppCookies
from spacecall.errors import AuthError, NotFoundError

T = TypeVar("T")


def login_cookies(cookies: Mapping[str, str]) -> dict[str, str]:
    """Return those that a login gives; the others lead to a replica."""
    return {name: cookies[name] for name in cookies if name.startswith("access-token")}


@dataclass(slots=True, eq=False)
class SharedLogin:
    """What the last login gave, for each link to the app that does not have it yet.

    Attributes:
        lock: held while a link logs in.
        number: how often that was done.
        cookies: what the last one gave.
        refused: whether the app took the password no more; it is not tried again then.
    """

    lock: anyio.Lock = field(default_factory=anyio.Lock)
    number: int = 0
    cookies: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    refused: bool = False


class Login:
    """The login of one link.

    Args:
        cookies: of the link.
        post: sends the password; None where there is none. Raises AuthError if it is wrong.
        shared: with the other links to the app.
        number: of the login whose cookies these are.
    """

    def __init__(
        self,
        cookies: AppCookies,
        post: Callable[[], Awaitable[object]] | None,
        shared: SharedLogin,
        number: int = 0,
    ) -> None:
        self.shared = shared
        self.number = number
        self._cookies = cookies
        self._post = post

    async def retrying(
        self, send: Callable[[], Awaitable[T]], headers: Mapping[str, str] = {}
    ) -> T:
        """Return the result of `send`; after a 401 log in, and send once more.

        Args:
            headers: of what is sent; a websocket is refused with 403.

        Raises:
            AuthError: it is refused all the same, or the password is wrong.
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
        """Get a newer login than that of `number`; whether there is one."""
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
                except NotFoundError:  # it has no login
                    return False
                shared.number += 1
                shared.cookies = login_cookies(self._cookies.values())
            elif self.number != shared.number:
                self._cookies.remember(shared.cookies)
            self.number = shared.number
        return True
