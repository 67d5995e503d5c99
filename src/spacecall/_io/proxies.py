"""Proxies that the environment names, and which variable does."""

from __future__ import annotations

import os
from importlib.util import find_spec
from urllib.request import getproxies, proxy_bypass

from spacecall._io import _http as http
from spacecall.errors import InvalidInputError

_SCHEMES = ("http", "https", "all")
_GIVEN = "spacecall.proxy"


def environment_has_proxy() -> bool:
    """Whether the environment names a proxy, for httpx's own client to find its way there."""
    return not set(_SCHEMES).isdisjoint(getproxies())


def check_proxy(address: str, source: str) -> None:
    """Refuse the address of a proxy that httpx cannot use, without repeating it.

    Args:
        source: what named it, for the message.

    Raises:
        InvalidInputError: it is no address of a proxy, or a package is missing.
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
    """Note that a request goes through the proxy that the caller gave; a hook of httpx."""
    request.extensions[_GIVEN] = True


def check_environment_proxies() -> None:
    """Refuse proxies of the environment that httpx cannot use.

    Raises:
        InvalidInputError: as `check_proxy`; the message names the variable.
    """
    proxies = getproxies()
    for scheme in _SCHEMES:
        if address := proxies.get(scheme):
            # as httpx reads it
            address = address if "://" in address else f"http://{address}"
            check_proxy(address, f"the proxy of {_variable(scheme)}")


def describe_proxy(request: http.Request) -> str:
    """What named the proxy that `request` goes through; an empty text where nothing did."""
    if _GIVEN in request.extensions:
        return "proxy=…"
    url, proxies = request.url, getproxies()
    scheme = next((each for each in (url.scheme, "all") if proxies.get(each)), "")
    return "" if not scheme or proxy_bypass(url.host) else _variable(scheme)


def _variable(scheme: str) -> str:
    names = (f"{scheme}_proxy", f"{scheme}_proxy".upper())
    return next((name for name in names if os.environ.get(name)), "the system's settings")
