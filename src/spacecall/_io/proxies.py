"""Proxies: of the option `proxy=` and of the environment."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from typing import NamedTuple
from urllib.request import getproxies, proxy_bypass

from spacecall._io import _http as http
from spacecall._io.request_building import MAX_PORT, is_port
from spacecall.errors import InvalidInputError

_SCHEMES = ("http", "https", "all")
_EXPLICIT = "spacecall.proxy"


class EnvironmentProxy(NamedTuple):
    """A proxy of the environment.

    Attributes:
        variable: the variable that names it.
        scheme: of the requests that it is for; `all` for those without a proxy of their own.
        address: without the user and the password; empty if it is not a valid URL.
    """

    variable: str
    scheme: str
    address: str


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
        url = http.Proxy(address).url
    except http.error_types("InvalidURL", ValueError):  # its text repeats the password
        raise InvalidInputError(
            f"{source} must be http://host:port, https://host:port or socks5://host:port"
        ) from None
    if url.port is not None and not is_port(url.port):
        raise InvalidInputError(
            f"{source} has the port {url.port}: ports begin at 1 and end at {MAX_PORT}"
        )
    if url.scheme.startswith("socks") and find_spec("socksio") is None:
        raise InvalidInputError(f"{source} is a socks5 proxy, which needs the package socksio")


def proxy_marker(proxy: str) -> Callable[[http.Request], Awaitable[None]]:
    """Return an event hook that marks requests which go through the proxy of `proxy=`."""
    address = _without_password(proxy)

    async def mark(request: http.Request) -> None:
        request.extensions[_EXPLICIT] = address

    return mark


def environment_proxies() -> list[EnvironmentProxy]:
    """Return the proxies of the environment, valid or not."""
    proxies = getproxies()
    return [
        EnvironmentProxy(_variable(scheme), scheme, _without_password(address))
        for scheme in _SCHEMES
        if (address := proxies.get(scheme))
    ]


def check_environment_proxies() -> None:
    """Check the proxies of the environment.

    Raises:
        InvalidInputError: see `check_proxy`; the message names the variable.
    """
    proxies = getproxies()
    for scheme in _SCHEMES:
        if address := proxies.get(scheme):
            check_proxy(_with_scheme(address), f"the proxy of {_variable(scheme)}")


def describe_proxy(request: http.Request) -> str:
    """Return the address of a request's proxy and where it was set; empty if it has no proxy."""
    if address := request.extensions.get(_EXPLICIT):
        return f"{address} (proxy=…)"
    url, proxies = request.url, getproxies()
    scheme = next((name for name in (url.scheme, "all") if proxies.get(name)), "")
    if not scheme or proxy_bypass(url.host):
        return ""
    return f"{_without_password(proxies[scheme])} ({_variable(scheme)})"


def forwarding_proxy(request: http.Request) -> str:
    """Return `describe_proxy` for a request that a proxy can read and answer; else empty.

    A request over https goes through a tunnel.
    """
    return describe_proxy(request) if request.url.scheme == "http" else ""


def _with_scheme(address: str) -> str:
    return address if "://" in address else f"http://{address}"  # as httpx does


def _without_password(address: str) -> str:
    try:
        return str(http.Proxy(_with_scheme(address)).url)
    except http.error_types("InvalidURL", ValueError):
        return ""


def _variable(scheme: str) -> str:
    names = (f"{scheme}_proxy", f"{scheme}_proxy".upper())
    return next((name for name in names if os.environ.get(name)), "the system's settings")
