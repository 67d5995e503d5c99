"""A loopback HTTP/1.1 server, small enough that a test decides about every byte.

It stands in for servers and networks that misbehave; what a sound server does is tested on real
ones. It runs in the test's own event loop, so that nothing of it outlives the test.
"""

from __future__ import annotations

import json
import socket
import ssl
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NoReturn, TypeAlias
from urllib.parse import parse_qsl, urlsplit

import anyio
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.buffered import BufferedByteReceiveStream
from anyio.streams.tls import TLSListener

Handler: TypeAlias = "Callable[[Exchange], Awaitable[None]]"

_GONE = (
    anyio.BrokenResourceError,
    anyio.ClosedResourceError,
    anyio.EndOfStream,
    anyio.IncompleteRead,
)


class _CutError(Exception):
    """The handler wants the connection closed."""


@dataclass(eq=False)
class Exchange:
    """One request, and the ways to answer it, well or badly."""

    method: str
    path: str
    """Without the query, still percent-encoded."""
    query: dict[str, str]
    headers: dict[str, str]
    """Names in lower case."""
    connection: ByteStream = field(repr=False)
    _reader: BufferedByteReceiveStream = field(repr=False)
    _body: bytes | None = None
    status: int | None = None
    """Of the answer, once it has begun."""
    finished: bool = False
    """Whether the answer is whole."""

    async def body(self) -> bytes:
        """The body, read when it is first asked for."""
        if self._body is None:
            self._body = b""
            if self.headers.get("transfer-encoding") == "chunked":
                while size := int(await self._line(), 16):
                    self._body += await self._reader.receive_exactly(size)
                    await self._line()
                await self._line()
            elif length := int(self.headers.get("content-length", 0)):
                self._body = await self._reader.receive_exactly(length)
        return self._body

    async def some_of_the_body(self) -> bytes:
        """What of the body has come; the rest stays unread."""
        return await self._reader.receive()

    async def json(self) -> Any:
        """The body as a value."""
        return json.loads(await self.body())

    async def answer(
        self, status: int = 200, content: Any = b"", headers: Mapping[str, str] | None = None
    ) -> None:
        """A whole answer: bytes as they are, anything else as JSON."""
        kind = "text/plain" if isinstance(content, bytes) else "application/json"
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        length = {"content-type": kind, "content-length": str(len(data))}
        await self._head(status, length | dict(headers or {}))
        await self.raw(data)
        self.finished = True

    async def html(self, status: int, text: str) -> None:
        """A page, as a proxy in front of the app would send it."""
        await self.answer(status, text.encode(), {"content-type": "text/html; charset=utf-8"})

    async def begin(
        self, content_type: str = "text/event-stream", headers: Mapping[str, str] | None = None
    ) -> None:
        """The head of an answer whose chunks follow."""
        kind = {"content-type": content_type, "transfer-encoding": "chunked"}
        await self._head(200, kind | dict(headers or {}))

    async def send(self, data: bytes) -> None:
        """One chunk."""
        if data:
            await self.raw(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    async def end(self) -> None:
        """The last chunk."""
        await self.raw(b"0\r\n\r\n")
        self.finished = True

    async def raw(self, data: bytes) -> None:
        """Bytes as they are."""
        await self.connection.send(data)

    async def cut(self, *, reset: bool = False) -> NoReturn:
        """Close the connection now, in an orderly way or with a reset."""
        if reset:
            linger = struct.pack("ii", 1, 0)
            raw = self.connection.extra(SocketAttribute.raw_socket)
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        raise _CutError

    async def gone(self) -> None:
        """Wait until the client has closed the connection."""
        with suppress(*_GONE):
            await self._reader.receive()

    async def _head(self, status: int, headers: Mapping[str, str]) -> None:
        self.status = status
        lines = [f"HTTP/1.1 {status} Status", *(f"{k}: {v}" for k, v in headers.items())]
        await self.raw("\r\n".join([*lines, "", ""]).encode())

    async def _line(self) -> bytes:
        return await self._reader.receive_until(b"\r\n", 1000)


@asynccontextmanager
async def serving(
    handler: Handler, *, tls: ssl.SSLContext | None = None
) -> AsyncGenerator[str, None]:
    """Serve on a free port while inside: gives the address."""
    tcp = await anyio.create_tcp_listener(local_host="127.0.0.1")
    listener = tcp if tls is None else TLSListener(tcp, tls, standard_compatible=False)
    port = tcp.extra(SocketAttribute.local_port)
    async with listener, anyio.create_task_group() as group:
        group.start_soon(partial(listener.serve, partial(talk, handler), group))
        yield f"{'https' if tls else 'http'}://127.0.0.1:{port}"
        group.cancel_scope.cancel()


async def talk(handler: Handler, stream: ByteStream) -> None:
    reader = BufferedByteReceiveStream(stream)
    with suppress(_CutError, *_GONE):
        async with stream:
            while exchange := await _next(stream, reader):
                await handler(exchange)
                await exchange.body()
                if not exchange.finished:
                    return
                if exchange.status is not None and exchange.status >= 500:
                    # As Gradio's servers do: the connection looks alive, and is closed without
                    # an answer when the next request comes.
                    await reader.receive()
                    return


async def _next(stream: ByteStream, reader: BufferedByteReceiveStream) -> Exchange:
    first = await reader.receive_exactly(1)
    if not first.isalpha():  # the beginning of a TLS handshake, which servers of HTTP do not know
        await stream.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        raise _CutError
    head = (first + await reader.receive_until(b"\r\n\r\n", 65536)).decode("latin-1")
    request, *lines = head.split("\r\n")
    method, target, _ = request.split(" ")
    parts = urlsplit(target)
    fields = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in fields}
    return Exchange(method, parts.path, dict(parse_qsl(parts.query)), headers, stream, reader)


def unused_port() -> int:
    """A port where a connection is refused."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
