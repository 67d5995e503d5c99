"""Proxies: of the option `proxy=` and of the environment."""

from __future__ import annotations

import os
from importlib.util import find_spec
from urllib.request import getproxies, proxy_bypass

from spacecall._io import _http as http
from spacecall.errors import InvalidInputError

_SCHEMES = ("http", "https", "all")
_EXPLICIT = "spacecall.proxy"


def environment_has_proxy() -> bool:
    """Return whether the environment sets a proxy. Then the client of the HTTP library is used."""
    return not set(_SCHEMES).isdisjoint(getproxies())


def check_proxy(address: str, source: str) -> None:
    """Check the URL of a proxy. The message does not show it: it may contain a password.

    Args:
        source: where the URL was set, for the message.

    Raises:
        InvalidInputError: the URL is invalid, or a package is missing.
    """
    try:
        scheme = http.Proxy(address).url.scheme
    except http.error_types("InvalidURL", ValueError):  # its text repeats the password
        raise InvalidInputError(
            f"{source} must be http://host:port, https://host:port or socks5://host:port"
        ) from None
    if scheme.startswith("socks") and find_spec("socksio") is None:
        raise InvalidInputError(f"{source} is a socks5 proxy, which needs the package socksio")


async def mark_explicit_proxy(request: http.Request) -> None:
    """Mark a request that goes through the proxy of `proxy=`; an event hook of the client."""
    request.extensions[_EXPLICIT] = True


def check_environment_proxies() -> None:
    """Check the proxies of the environment.

    Raises:
        InvalidInputError: see `check_proxy`; the message names the variable.
    """
    proxies = getproxies()
    for scheme in _SCHEMES:
        if address := proxies.get(scheme):
            # httpx adds the scheme too
            address = address if "://" in address else f"http://{address}"
            check_proxy(address, f"the proxy of {_variable(scheme)}")


def describe_proxy(request: http.Request) -> str:
    """Return where the proxy of a request was set; empty if it has no proxy."""
    if _EXPLICIT in request.extensions:
        return "proxy=…"
    url, proxies = request.url, getproxies()
    scheme = next((name for name in (url.scheme, "all") if proxies.get(name)), "")
    return "" if not scheme or proxy_bypass(url.host) else _variable(scheme)


def _variable(scheme: str) -> str:
    names = (f"{scheme}_proxy", f"{scheme}_proxy".upper())
    return next((name for name in names if os.environ.get(name)), "the system's settings")
