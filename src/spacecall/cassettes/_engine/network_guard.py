"""The network guard of a replay: the process opens no connection, except to allowed hosts."""

from __future__ import annotations

import functools
import socket
import threading
from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

import pytest

__all__ = ["AllowedHost", "parse_allowed_host", "refuse_connections"]

_IP: Final = (socket.AF_INET, socket.AF_INET6)
_MAX_PORT: Final = 65535


@dataclass(frozen=True, slots=True)
class AllowedHost:
    """A host that may be connected to during a replay.

    Attributes:
        name: or address.
        port: None for every port.
    """

    name: str
    port: int | None = None


def parse_allowed_host(text: str) -> AllowedHost:
    """Parse `host` or `host:port`; an IPv6 address with a port is in brackets.

    Raises:
        ValueError: the text is neither.
    """
    if text.startswith("["):
        name, separator, port = text[1:].partition("]")
        port = port.removeprefix(":")
        is_valid = bool(separator)
    elif text.count(":") == 1:
        name, _, port = text.partition(":")
        is_valid = bool(port)
    else:
        name, port, is_valid = text, "", True
    is_port = not port or (port.isascii() and port.isdecimal() and 0 < int(port) <= _MAX_PORT)
    if not (name and is_valid and is_port) or {*"/ []*"} & {*name}:
        raise ValueError(f"invalid host {text!r}: use a host or host:port, such as localhost:5432")
    return AllowedHost(name.lower(), int(port) if port else None)


@contextmanager
def refuse_connections(allowed: Collection[AllowedHost] = ()) -> Generator[None]:
    """Refuse every connection of the process over IP in the block, to this machine too.

    The two ends of a `socket.socketpair` may connect: on Windows they are IP sockets, and every
    event loop has one.
    """
    addresses = {(address, host.port) for host in allowed for address in _resolve(host.name)}
    local = threading.local()

    def check(own: socket.socket, address: Any) -> None:
        if own.family not in _IP or getattr(local, "makes_pair", False):
            return
        name, port = str(address[0]).lower(), address[1]
        if not {(name, None), (name, port)} & addresses:
            raise ConnectionRefusedError(
                f"a cassette is being replayed: connection to {address} refused "
                "(allow a host with spacecall_allowed_hosts)"
            )

    def checked(method: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(self: socket.socket, address: Any) -> Any:
            check(self, address)
            return method(self, address)

        return wrapper

    make_pair = socket.socketpair

    @functools.wraps(make_pair)
    def socketpair(*arguments: Any, **options: Any) -> Any:
        local.makes_pair = True
        try:
            return make_pair(*arguments, **options)
        finally:
            local.makes_pair = False

    from asyncio import proactor_events  # noqa: PLC0415 - pytest loads this module at its start

    # On Windows asyncio connects without `socket.connect`.
    proactor = proactor_events.BaseProactorEventLoop
    connect_proactor = proactor.sock_connect

    async def sock_connect(self: Any, sock: socket.socket, address: Any) -> None:
        check(sock, address)
        await connect_proactor(self, sock, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", checked(socket.socket.connect))
        patch.setattr(socket.socket, "connect_ex", checked(socket.socket.connect_ex))
        patch.setattr(socket, "socketpair", socketpair)
        patch.setattr(proactor, "sock_connect", sock_connect)
        yield


def _resolve(name: str) -> set[str]:
    """Return the name of a host and its addresses; the name alone if it has no address."""
    addresses = {name}
    with suppress(OSError):
        addresses |= {str(info[4][0]) for info in socket.getaddrinfo(name, None)}
    return addresses
