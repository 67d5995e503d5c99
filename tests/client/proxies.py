"""Proxies on loopback, as little of each as a client needs: HTTP forwarding, and SOCKS5."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import anyio
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.buffered import BufferedByteReceiveStream

Target = tuple[str, int]
Greet = Callable[[ByteStream, BufferedByteReceiveStream], Awaitable[tuple[Target, bytes]]]


@asynccontextmanager
async def proxy(greet: Greet) -> AsyncGenerator[tuple[int, list[Target]], None]:
    """A proxy: its port, and where it has been asked to lead."""
    targets: list[Target] = []

    async def serve(client: ByteStream) -> None:
        async with client:
            received = BufferedByteReceiveStream(client)
            target, first = await greet(client, received)
            targets.append(target)
            async with (
                await anyio.connect_tcp(*target) as server,
                anyio.create_task_group() as group,
            ):
                if first:
                    await server.send(first)
                group.start_soon(_pump, received, server)
                await _pump(server, client)
                group.cancel_scope.cancel()

    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as group,
    ):
        group.start_soon(listener.serve, serve)
        yield listener.extra(SocketAttribute.local_port), targets
        group.cancel_scope.cancel()


async def http(client: ByteStream, received: BufferedByteReceiveStream) -> tuple[Target, bytes]:
    """Forward a request whose target is an absolute URL, on a connection of its own."""
    head = await received.receive_until(b"\r\n\r\n", 65536)
    line, _, headers = head.partition(b"\r\n")
    method, url, version = line.split(b" ")
    parts = urlsplit(url.decode())
    path = url.decode().split(parts.netloc, 1)[1].encode() or b"/"
    forwarded = b"\r\n".join([b" ".join([method, path, version]), headers, b"Connection: close"])
    return (parts.hostname or "", parts.port or 80), forwarded + b"\r\n\r\n"


async def tunnel(client: ByteStream, received: BufferedByteReceiveStream) -> tuple[Target, bytes]:
    """Connect to the target of a CONNECT request, as for https."""
    head = await received.receive_until(b"\r\n\r\n", 65536)
    host, _, port = head.split(b" ")[1].decode().rpartition(":")
    await client.send(b"HTTP/1.1 200 OK\r\n\r\n")
    return (host, int(port)), b""


async def socks5(client: ByteStream, received: BufferedByteReceiveStream) -> tuple[Target, bytes]:
    """RFC 1928 with a user's password, RFC 1929; names and IPv4 addresses."""
    _, ways = await received.receive_exactly(2)
    await received.receive_exactly(ways)
    await client.send(b"\x05\x02")
    _, user = await received.receive_exactly(2)
    await received.receive_exactly(user)
    (password,) = await received.receive_exactly(1)
    await received.receive_exactly(password)
    await client.send(b"\x01\x00")
    *_, kind = await received.receive_exactly(4)
    if kind == 1:
        host = ".".join(str(part) for part in await received.receive_exactly(4))
    else:
        (size,) = await received.receive_exactly(1)
        host = (await received.receive_exactly(size)).decode()
    port = int.from_bytes(await received.receive_exactly(2), "big")
    await client.send(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
    return (host, port), b""


async def _pump(source: BufferedByteReceiveStream | ByteStream, target: ByteStream) -> None:
    try:
        while True:
            await target.send(await source.receive())
    except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
        return
