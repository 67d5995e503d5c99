"""HTTP clients that a caller lends: everything of theirs is used, but for their cookies.

httpx puts each cookie that an answer sets into its client's jar, and sends it with each later
request. Of a client that several Spaces use, one user's login would be every user's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast
from weakref import WeakKeyDictionary

from spacecall._core.redaction import basic_credentials, header_secrets
from spacecall._io import _http as http
from spacecall._io.app_checks import CheckingClient


class _Cookieless:
    """A view of a client: its attributes are the client's own, its cookies are nobody's."""

    @property
    def cookies(self) -> http.Cookies:
        """A jar that nobody looks into again."""
        return http.Cookies()

    @cookies.setter
    def cookies(self, cookies: object) -> None:
        """Keep none."""


_VIEWS = WeakKeyDictionary[type, type]()


def without_cookies(client: http.HttpClient) -> http.HttpClient:
    """Return a view of `client` that neither sends its cookies nor adds to them.

    The view shares all other state with the client, at all times: transports, proxies, `auth`,
    headers, event hooks, and whether it is closed.
    """
    if isinstance(client, (_Cookieless, CheckingClient)):
        return client
    kind = type(client)
    if kind not in _VIEWS:
        _VIEWS[kind] = type(kind.__name__, (_Cookieless, kind), {})
    view = cast("http.HttpClient", object.__new__(_VIEWS[kind]))
    view.__dict__ = client.__dict__
    return view


def proxy_secrets(client: http.HttpClient) -> Iterator[str]:
    """Yield what may be secret of the proxies that `client` uses, whoever named them to it.

    httpx tells nobody which these are: they are read from its transports.
    """
    mounts: dict[object, object] = getattr(client, "_mounts", {})
    for transport in (getattr(client, "_transport", None), *mounts.values()):
        pool: Any = getattr(getattr(transport, "_inner", transport), "_pool", None)
        headers: list[tuple[bytes, bytes]] = getattr(pool, "_proxy_headers", [])
        yield from header_secrets(
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in headers
        )
        if auth := getattr(pool, "_proxy_auth", None):  # of SOCKS
            user, password = (part.decode("utf-8", "replace") for part in auth)
            yield from (password, f"{user}:{password}", basic_credentials(user, password))
