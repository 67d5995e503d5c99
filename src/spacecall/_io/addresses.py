"""Which hosts files may be fetched from, by the kind of IP address that a host has."""

from __future__ import annotations

import socket
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Final, Literal, TypeAlias, cast

import anyio

from spacecall._io import _http as http
from spacecall.errors import ForbiddenAddressError
from spacecall.options import FileHosts

AddressKind: TypeAlias = Literal["public", "loopback", "link-local", "private", "reserved"]

_PRIVATE: Final = tuple(
    ip_network(network)
    for network in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"),
        *("fc00::/7", "fec0::/10"),
    )
)
# Networks of IPv6 whose last four bytes are an address of IPv4: compatible, mapped, translated
# (SIIT, NAT64).
_HOLDS_IPV4: Final = tuple(
    ip_network(network) for network in ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96")
)
_TEREDO: Final = ip_network("2001::/32")
_6TO4: Final = ip_network("2002::/16")
# IANA's registries of special-purpose addresses, since what `ipaddress` knows of them differs
# between patch releases of Python.
_RESERVED: Final = tuple(
    ip_network(network)
    for network in (
        # "this network"; protocol assignments without 192.0.0.9 and 192.0.0.10, which are global
        *("0.0.0.0/8", "192.0.0.0/29", "192.0.0.8/32", "192.0.0.11/32", "192.0.0.12/30"),
        *("192.0.0.16/28", "192.0.0.32/27", "192.0.0.64/26", "192.0.0.128/25"),
        # documentation, relays of 6to4, benchmarks, multicast, reserved and broadcast
        *("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "192.88.99.0/24", "198.18.0.0/15"),
        *("224.0.0.0/4", "240.0.0.0/4"),
        # the host of a machine of Azure, which every machine has at this address
        "168.63.129.16/32",
        # all that is not global unicast (2000::/3): local NAT64, discard-only, segment routing
        # (5f00::/16), multicast, what is not assigned
        *("::/3", "4000::/2", "8000::/1"),
        # protocol assignments, documentation
        *("2001::/23", "2001:db8::/32", "3fff::/20"),
    )
)
_PORTS: Final = {"http": 80, "https": 443}


class KnownPeers:
    """The kind of address at which each host was first reached.

    If the name resolves to another address later, the kind stays.
    """

    def __init__(self) -> None:
        self._kinds: dict[str, AddressKind | None] = {}

    def get(self, host: str) -> AddressKind | None:
        """Return the kind of a host's address; None if it is unknown."""
        return self._kinds.get(host)

    def record(self, host: str, kind: AddressKind | None) -> None:
        """Store the kind of a host's address, once; None if it is unknown, as through a proxy."""
        self._kinds.setdefault(host, kind)

    def watch(self, request: http.Request) -> None:
        """Record the address of the request's host when the connection opens."""
        if request.url.host not in self._kinds:
            request.extensions["trace"] = _Recorder(self, request.url)


class AddressPolicy:
    """Decides from which addresses the files of one app, or of one response, may be fetched.

    Args:
        hosts: see `Limits.file_hosts`.
        home: the URL of the app that listed the files, or the URL that the caller passed.
        peers: the kinds of address of the apps' hosts.
        connect: seconds for resolving a host name.
    """

    def __init__(
        self, hosts: FileHosts, home: str, peers: KnownPeers, connect: float | None
    ) -> None:
        self._hosts: FileHosts = hosts
        self._home = http.URL(home)
        self._peers = peers
        self._connect = connect

    def check_url(self, url: http.URL) -> None:
        """Check the scheme and the host of a URL, without resolving the host.

        Raises:
            ForbiddenAddressError: the host is not allowed, or the scheme is not http or https.
        """
        if url.scheme not in _PORTS:
            raise ForbiddenAddressError(
                f"the URL of a file has the scheme {url.scheme!r}: only http and https are allowed"
            )
        if self._hosts == "any" or self.is_home(url):
            return
        if self._hosts == "app":
            raise ForbiddenAddressError(
                f"the file is at {_origin(url)}, and not at {_origin(self._home)}: "
                "set Limits(file_hosts='public') to allow public hosts"
            )
        kind = kind_of_host(url.host)
        if kind is not None:
            self.check_kind(url, kind)

    def check_kind(self, url: http.URL, kind: AddressKind) -> None:
        """Check that a file's address is public, or of the same kind as that of `home`.

        Raises:
            ForbiddenAddressError: it is neither.
        """
        if self._hosts == "any" or kind == "public":
            return
        home = kind_of_host(self._home.host) or self._peers.get(self._home.host)
        if kind == home or (home is None and self.is_home(url)):
            return
        origin = _origin(self._home)
        difference = f"{origin} is not" if home else f"the address of {origin} is unknown"
        raise ForbiddenAddressError(
            f"the file is at {_origin(url)}, a {kind} address, but {difference}: "
            "set Limits(file_hosts='any') to allow it"
        )

    def is_home(self, url: http.URL) -> bool:
        """Return whether a URL is on the host of `home`; also with https in place of http."""
        if url.host != self._home.host:
            return False
        upgraded = (self._home.scheme, url.scheme) == ("http", "https")
        return upgraded or (url.scheme, _port(url)) == (self._home.scheme, _port(self._home))

    def watch(self, request: http.Request) -> Watch:
        """Check the address of the request's host when the connection opens, before it is sent."""
        watch = Watch(self, self._peers, request.url, self._connect)
        request.extensions["trace"] = watch
        return watch


class _Recorder:
    """Trace extension of httpcore: records the address of a connection without a proxy."""

    def __init__(self, peers: KnownPeers, url: http.URL) -> None:
        self._peers = peers
        self._url = url
        self._direct = False

    async def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        if event == "connection.connect_tcp.started":
            # Through a proxy, host and port are those of the proxy.
            host = self._url.raw_host.decode("ascii")
            self._direct = (info["host"], info["port"]) == (host, _port(self._url))
            if self._direct:
                await self._on_connect(host)
        elif event == "connection.connect_tcp.complete" and self._direct:
            stream = info["return_value"]
            try:
                if (address := _peer(stream)) is not None:
                    self._on_address(address)
            except (ForbiddenAddressError, http.ConnectError):
                with anyio.CancelScope(shield=True):
                    await stream.aclose()
                raise

    async def _on_connect(self, host: str) -> None:
        pass

    def _on_address(self, address: str) -> None:
        self._peers.record(self._url.host, kind_of_address(address))


class Watch(_Recorder):
    """Checks the addresses to which one request for a file connects."""

    def __init__(
        self, policy: AddressPolicy, peers: KnownPeers, url: http.URL, connect: float | None
    ) -> None:
        super().__init__(peers, url)
        self._policy = policy
        self._connect = connect
        self._connected = False

    async def check_reused(self, response: http.Response) -> None:
        """Check the peer of a response that came over a connection that was open before.

        A peer that the name does not resolve to is a proxy. Connections to the app may carry its
        files.

        Raises:
            ForbiddenAddressError: the address is not allowed.
            ConnectError (of the HTTP library): the connection was reset, so the peer is unknown.
        """
        if self._connected or self._policy.is_home(self._url):
            return
        address = _peer(response.extensions.get("network_stream"))
        if address is None:
            return
        try:
            self._check(address)
        except ForbiddenAddressError:
            if address in await _resolved(self._url, self._connect):
                raise

    async def _on_connect(self, host: str) -> None:
        self._connected = True
        if kind_of_host(host) is None:
            for address in await _resolved(self._url, self._connect):
                self._check(address)

    def _on_address(self, address: str) -> None:
        self._check(address)
        if self._policy.is_home(self._url):
            super()._on_address(address)

    def _check(self, address: str) -> None:
        self._policy.check_kind(self._url, kind_of_address(address))


def kind_of_host(host: str) -> AddressKind | None:
    """Return the kind of the IP address that a host is, in any spelling; None for a name."""
    plain = unicodedata.normalize("NFKC", host).replace("\u3002", ".").lower().rstrip(".")
    if plain == "localhost" or plain.endswith(".localhost"):
        return "loopback"
    try:
        return kind_of_address(plain)
    except ValueError:
        number = _ipv4_number(plain)
    return None if number is None else _kind(IPv4Address(number))


def kind_of_address(address: str) -> AddressKind:
    """Return the kind of an IP address, with or without a zone. Raises ValueError for others."""
    return _kind(ip_address(address.partition("%")[0]))


def _kind(address: IPv4Address | IPv6Address) -> AddressKind:
    if address.is_loopback or address.is_unspecified:  # the latter connects to this machine too
        return "loopback"
    if isinstance(address, IPv6Address) and (inner := _inner(address)):
        target, *relays = map(_kind, inner)
        return relays[0] if target == "public" and relays else target
    if address.is_link_local:
        return "link-local"
    if any(address in network for network in _PRIVATE):
        return "private"
    if any(address in network for network in _RESERVED) or not address.is_global:
        return "reserved"
    return "public"


def _inner(address: IPv6Address) -> tuple[IPv4Address, ...]:
    """Return the IPv4 addresses inside an IPv6 address: its target, and its relay if it has one."""
    number = int(address)
    if any(address in network for network in _HOLDS_IPV4):
        return (IPv4Address(number & 0xFFFF_FFFF),)
    if address in _6TO4:
        return (IPv4Address(number >> 80 & 0xFFFF_FFFF),)
    if address in _TEREDO:
        return IPv4Address(~number & 0xFFFF_FFFF), IPv4Address(number >> 64 & 0xFFFF_FFFF)
    return ()


def _ipv4_number(host: str) -> int | None:
    """Parse an IPv4 address as resolvers do: 1 to 4 parts, decimal, octal or hexadecimal."""
    *parts, last = host.split(".")
    try:
        high, low = [_number(part) for part in parts], _number(last)
    except ValueError:
        return None
    low_bytes = 4 - len(high)
    if low_bytes < 1 or any(part > 255 for part in high) or low >= 256**low_bytes:
        return None
    return sum(part << (24 - 8 * index) for index, part in enumerate(high)) + low


def _number(part: str) -> int:
    if not part.isascii() or not part.isalnum() or len(part) > 16:
        raise ValueError(part)
    if part.startswith("0x"):
        return int(part[2:] or "0", 16)
    return int(part, 8) if part.startswith("0") else int(part)


async def _resolved(url: http.URL, seconds: float | None) -> set[str]:
    """Resolve a URL's host. Return an empty set on failure: connecting raises the error."""
    host = url.raw_host.decode("ascii")
    with anyio.move_on_after(seconds), suppress(OSError, UnicodeError):
        entries = await anyio.getaddrinfo(host, _port(url), type=socket.SOCK_STREAM)
        return {str(entry[4][0]) for entry in entries}
    return set()


def _peer(stream: Any) -> str | None:
    """Return the IP address of the peer of a network stream; None if it is unknown.

    Raises:
        ConnectError (of the HTTP library): the connection was reset.
    """
    read = getattr(stream, "get_extra_info", None)
    try:
        address = read("server_addr") if read else None
    except OSError as error:
        raise http.ConnectError(str(error)) from error
    if not isinstance(address, tuple):  # None, or the path of a Unix socket
        return None
    return str(cast("tuple[object, ...]", address)[0])


def _port(url: http.URL) -> int | None:
    return url.port or _PORTS.get(url.scheme)


def _origin(url: http.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode('ascii')}"
