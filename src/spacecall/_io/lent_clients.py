"""HTTP clients that the caller passes as `http_client`: all their settings are used but cookies.

httpx stores every cookie of a response in the jar of the client, and sends it with later requests.
If several Spaces share a client, the login of one user would become the login of all.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast
from weakref import WeakKeyDictionary

from spacecall._core.redaction import basic_credentials, header_secrets
from spacecall._io import _http as http
from spacecall._io.run_checks import CheckingClient


class _Cookieless:
    """Mixin for a view of a client, which shares all attributes but has no cookies."""

    @property
    def cookies(self) -> http.Cookies:
        """An empty jar, new at each access."""
        return http.Cookies()

    @cookies.setter
    def cookies(self, cookies: object) -> None:
        """Ignore cookies."""


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
    """Yield the passwords and headers of the proxies that `client` uses.

    httpx and httpx2 have no public attribute for them: they are read from the transports.
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
