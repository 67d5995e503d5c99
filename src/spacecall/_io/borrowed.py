"""HTTP clients that a caller lends: everything of theirs is used, but for their cookies.

httpx puts each cookie that an answer sets into its client's jar, and sends it with each later
request. Of a client that several Spaces use, one user's login would be every user's.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

import httpx


class _Cookieless(httpx.AsyncClient):
    """A view of a client: its attributes are the client's own, its cookies are nobody's."""

    @property
    def cookies(self) -> httpx.Cookies:
        """A jar that nobody looks into again."""
        return httpx.Cookies()

    @cookies.setter
    def cookies(self, cookies: object) -> None:
        """Keep none."""


_VIEWS = WeakKeyDictionary[type[httpx.AsyncClient], type[httpx.AsyncClient]]()


def without_cookies(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """Return a view of `client` that neither sends its cookies nor adds to them.

    The view shares all other state with the client, at all times: transports, proxies, `auth`,
    headers, event hooks, and whether it is closed.
    """
    if isinstance(client, _Cookieless):
        return client
    kind = type(client)
    if kind not in _VIEWS:
        _VIEWS[kind] = type(kind.__name__, (_Cookieless, kind), {})
    view = object.__new__(_VIEWS[kind])
    view.__dict__ = client.__dict__
    return view
