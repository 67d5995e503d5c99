"""Where the URLs of files may lead: hosts and the addresses behind them, judged by their kind."""

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
    """The kinds of address that the hosts of apps were first reached at, by host.

    A name that resolves to another address later does not change them.
    """

    def __init__(self) -> None:
        self._kinds: dict[str, AddressKind | None] = {}

    def get(self, host: str) -> AddressKind | None:
        """The kind of a host's address; None if it was not seen."""
        return self._kinds.get(host)

    def record(self, host: str, kind: AddressKind | None) -> None:
        """Remember the first kind; None where the transport did not tell, as through a proxy."""
        self._kinds.setdefault(host, kind)

    def watch(self, request: http.Request) -> None:
        """See to it that the address of a request's host is recorded when it is connected to."""
        if request.url.host not in self._kinds:
            request.extensions["trace"] = _Recorder(self, request.url)


class AddressPolicy:
    """Where the files of one app, or of one answer, may be fetched from.

    Args:
        hosts: see `Limits.file_hosts`.
        home: the address that names the files: the app's, or of the caller's own URL.
        peers: the addresses that apps were reached at.
        connect: seconds that a name may take to be resolved.
    """

    def __init__(
        self, hosts: FileHosts, home: str, peers: KnownPeers, connect: float | None
    ) -> None:
        self._hosts: FileHosts = hosts
        self._home = http.URL(home)
        self._peers = peers
        self._connect = connect

    def check_url(self, url: http.URL) -> None:
        """Refuse a URL that says itself that it leads elsewhere.

        Raises:
            ForbiddenAddressError: it does, or is neither http nor https.
        """
        if url.scheme not in _PORTS:
            raise ForbiddenAddressError(f"a file is at a URL of the scheme {url.scheme!r}")
        if self._hosts == "any" or self.is_home(url):
            return
        if self._hosts == "app":
            raise ForbiddenAddressError(
                f"a file is at {_origin(url)}, which is not the app's own address: "
                "set Limits(file_hosts='public') to allow public hosts"
            )
        kind = kind_of_host(url.host)
        if kind is not None:
            self.check_kind(url, kind)

    def check_kind(self, url: http.URL, kind: AddressKind) -> None:
        """Refuse an address of a kind that the app itself is not at.

        Raises:
            ForbiddenAddressError: it is.
        """
        if self._hosts == "any" or kind == "public":
            return
        home = kind_of_host(self._home.host) or self._peers.get(self._home.host)
        if kind == home or (home is None and self.is_home(url)):
            return
        raise ForbiddenAddressError(
            f"a file is at {_origin(url)}, a {kind} address, and what names it is not at "
            "one: set Limits(file_hosts='any') to allow it"
        )

    def is_home(self, url: http.URL) -> bool:
        """Whether a URL is on the host that names the files; a step up to https counts."""
        if url.host != self._home.host:
            return False
        upgraded = (self._home.scheme, url.scheme) == ("http", "https")
        return upgraded or (url.scheme, _port(url)) == (self._home.scheme, _port(self._home))

    def watch(self, request: http.Request) -> Watch:
        """See to it that the address behind a request's name is checked before it is sent."""
        watch = Watch(self, self._peers, request.url, self._connect)
        request.extensions["trace"] = watch
        return watch


class _Recorder:
    """Traces httpcore, for the address that it connects to without a proxy."""

    def __init__(self, peers: KnownPeers, url: http.URL) -> None:
        self._peers = peers
        self._url = url
        self._direct = False

    async def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        if event == "connection.connect_tcp.started":
            # Of a proxy these are the proxy's: where that leads is not to be seen from here.
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
    """Checks the addresses of one request for a file."""

    def __init__(
        self, policy: AddressPolicy, peers: KnownPeers, url: http.URL, connect: float | None
    ) -> None:
        super().__init__(peers, url)
        self._policy = policy
        self._connect = connect
        self._connected = False

    async def check_reused(self, response: http.Response) -> None:
        """Check the peer of an answer that came on a connection that was open already.

        A peer that the name does not resolve to is a proxy. The app's own connections are open to
        its files.

        Raises:
            ForbiddenAddressError: it is not allowed.
            http.ConnectError: the connection was reset, so that the peer cannot be told.
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
    """The kind of address that a host is, however it is spelled; None for a name to resolve."""
    plain = unicodedata.normalize("NFKC", host).replace("\u3002", ".").lower().rstrip(".")
    if plain == "localhost" or plain.endswith(".localhost"):
        return "loopback"
    try:
        return kind_of_address(plain)
    except ValueError:
        number = _ipv4_number(plain)
    return None if number is None else _kind(IPv4Address(number))


def kind_of_address(address: str) -> AddressKind:
    """The kind of an IP address, maybe with a zone. Raises ValueError if it is not one."""
    return _kind(ip_address(address.partition("%")[0]))


def _kind(address: IPv4Address | IPv6Address) -> AddressKind:
    if address.is_loopback or address.is_unspecified:  # the latter connects to this machine too
        return "loopback"
    if isinstance(address, IPv6Address) and (inner := _inner(address)):
        first, *others = map(_kind, inner)
        return others[0] if first == "public" and others else first
    if address.is_link_local:
        return "link-local"
    if any(address in network for network in _PRIVATE):
        return "private"
    if any(address in network for network in _RESERVED) or not address.is_global:
        return "reserved"
    return "public"


def _inner(address: IPv6Address) -> tuple[IPv4Address, ...]:
    """The addresses of IPv4 that one of IPv6 leads to, or over."""
    number = int(address)
    if any(address in network for network in _HOLDS_IPV4):
        return (IPv4Address(number & 0xFFFF_FFFF),)
    if address in _6TO4:
        return (IPv4Address(number >> 80 & 0xFFFF_FFFF),)
    if address in _TEREDO:
        return IPv4Address(~number & 0xFFFF_FFFF), IPv4Address(number >> 64 & 0xFFFF_FFFF)
    return ()


def _ipv4_number(host: str) -> int | None:
    """An address of IPv4 as resolvers read it: 1 to 4 parts, decimal, octal or hexadecimal."""
    *parts, last = host.split(".")
    try:
        high, low = [_number(part) for part in parts], _number(last)
    except ValueError:
        return None
    room = 4 - len(high)
    if room < 1 or any(part > 255 for part in high) or low >= 256**room:
        return None
    return sum(part << (24 - 8 * index) for index, part in enumerate(high)) + low


def _number(part: str) -> int:
    if not part.isascii() or not part.isalnum() or len(part) > 16:
        raise ValueError(part)
    if part.startswith("0x"):
        return int(part[2:] or "0", 16)
    return int(part, 8) if part.startswith("0") else int(part)


async def _resolved(url: http.URL, seconds: float | None) -> set[str]:
    """The addresses of a URL's host; none if it cannot be resolved, which connecting tells."""
    host = url.raw_host.decode("ascii")
    with anyio.move_on_after(seconds), suppress(OSError, UnicodeError):
        entries = await anyio.getaddrinfo(host, _port(url), type=socket.SOCK_STREAM)
        return {str(entry[4][0]) for entry in entries}
    return set()


def _peer(stream: Any) -> str | None:
    """The IP address at the other end of a stream of httpcore, where it tells.

    Raises:
        http.ConnectError: the connection was reset.
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
