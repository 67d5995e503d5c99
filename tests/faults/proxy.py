"""A TCP proxy between a client and a real server that spoils what a test chooses.

It passes bytes on as they come and knows of HTTP only where a request begins: the first bytes of
a connection, and those that a client sends after it was answered. It runs in the test's own event
loop, so that nothing of it outlives the test.
"""

from __future__ import annotations

import re
import socket
import struct
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias

import anyio
from anyio.abc import SocketAttribute, SocketStream, TaskGroup

_REQUEST = re.compile(rb"[A-Z]+ (\S+) HTTP/1\.1\r\n")
_HEARTBEAT = b'2b\r\ndata: {"msg":"heartbeat","event_id":null}\n\n\r\n'
_GONE = (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream)


class Ending(Enum):
    """What becomes of a connection at the place of its fault."""

    CLOSE = auto()
    RESET = auto()
    STALL = auto()
    """It stays open and nothing comes any more."""
    HEARTBEATS = auto()
    """Only heartbeats come any more."""


@dataclass(frozen=True, slots=True)
class At:
    """A place in a request or an answer: `extra` bytes after the `nth` occurrence of `marker`.

    Without a marker they are counted from the beginning.
    """

    extra: int = 0
    marker: bytes = b""
    nth: int = 1

    def find(self, data: bytes | bytearray) -> int | None:
        """Where in `data` it is, once that is known."""
        end = 0
        for _ in range(self.nth if self.marker else 0):
            position = data.find(self.marker, end)
            if position < 0:
                return None
            end = position + len(self.marker)
        return end + self.extra if end + self.extra <= len(data) else None


def body(extra: int = 0) -> At:
    """So many bytes after the head."""
    return At(extra, b"\r\n\r\n")


def event(count: int, extra: int = 0) -> At:
    """So many bytes after so many events of a stream."""
    return At(extra, b"\n\n", count)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is done to one request and its answer.

    At a place that is reached, and after `instead`, the connection serves no further request.

    Attributes:
        request: where in the request it ends, on its way to the server.
        answer: where in the answer it ends, on its way to the client.
        ending: how.
        instead: the answer, of which the server learns nothing.
        drip: bytes of the answer that go out together, and seconds between two such.
    """

    request: At | None = None
    answer: At | None = None
    ending: Ending = Ending.CLOSE
    instead: bytes | None = None
    drip: tuple[int, float] | None = None


Choose: TypeAlias = Callable[[str], Fault | None]
STARTED: list[Proxy] = []
"""Every proxy since the test began."""


class Proxy:
    """Where it listens, what has passed, what is to go wrong.

    Args:
        upstream: the port of the server; it may change, as when a server is started again.
    """

    def __init__(self, upstream: int) -> None:
        self.upstream = upstream
        self.port = 0
        self.requests: list[str] = []
        """The paths asked for, with their queries."""
        self.spoilt = 0
        """Faults so far whose place was reached."""
        self.choose: Choose = self._planned
        self._once: list[tuple[str, list[Fault | None]]] = []
        self._always: dict[str, Fault] = {}
        self._scope = anyio.CancelScope()
        self._connected: set[anyio.CancelScope] = set()
        self._wanted = anyio.Event()
        self._listening = anyio.Event()
        self._refusing = anyio.Event()

    @property
    def url(self) -> str:
        """The address for the client."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def open(self) -> int:
        """Connections that the client has not closed, nor lost."""
        return len(self._connected)

    def once(self, path: str, *faults: Fault | None) -> None:
        """Spoil the next requests whose path contains `path`, one each; None lets one pass."""
        self._once.append((path, list(faults)))

    def always(self, path: str, fault: Fault) -> None:
        """Spoil every request whose path contains `path`."""
        self._always[path] = fault

    def recover(self) -> None:
        """Spoil nothing any more."""
        self._once.clear()
        self._always.clear()
        self.choose = self._planned

    def asked(self, path: str) -> int:
        """How many requests had a path that contains `path`."""
        return sum(path in line for line in self.requests)

    async def refuse(self) -> None:
        """Take no connection, and close those that are open."""
        self._wanted = anyio.Event()
        self._refusing = anyio.Event()
        self._scope.cancel()
        await self._refusing.wait()
        for scope in self._connected:
            scope.cancel()

    async def accept(self) -> None:
        """Take connections, again on the same port."""
        self._wanted.set()
        await self._listening.wait()

    def fault(self, path: str) -> Fault | None:
        """What is to go wrong with a request that begins now."""
        self.requests.append(path)
        return self.choose(path)

    def _planned(self, path: str) -> Fault | None:
        for part, faults in self._once:
            if part in path and faults:
                return faults.pop(0)
        return next((fault for part, fault in self._always.items() if part in path), None)

    async def serve(self, group: TaskGroup) -> None:
        """Take connections until cancelled; they are talked with in `group`."""
        while True:
            await self._wanted.wait()
            with anyio.CancelScope() as self._scope:
                async with await anyio.create_tcp_listener(
                    local_host="127.0.0.1", local_port=self.port, backlog=1024
                ) as listener:
                    self.port = listener.extra(SocketAttribute.local_port)
                    self._listening.set()
                    await listener.serve(self._talk, group)
            self._listening = anyio.Event()
            self._refusing.set()

    async def _talk(self, client: SocketStream) -> None:
        with anyio.CancelScope() as scope, suppress(*_GONE, OSError):
            self._connected.add(scope)
            try:
                async with client, await anyio.connect_tcp("127.0.0.1", self.upstream) as server:
                    await Relay(self, client, server).run()
            finally:
                self._connected.discard(scope)


class Relay:
    """One connection: bytes to and fro, until a fault or an end."""

    def __init__(self, proxy: Proxy, client: SocketStream, server: SocketStream) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        self._fault: Fault | None = None
        self._request = bytearray()
        self._answer = bytearray()
        self._answered = True

    async def run(self) -> None:
        """Pass bytes until one side goes; then let the other go too."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._back, group.cancel_scope)
            with suppress(*_GONE):
                await self._forth()
            group.cancel_scope.cancel()

    async def _forth(self) -> None:
        while True:
            data = await self._client.receive()
            if self._answered and (match := _REQUEST.match(data)):
                self._answered = False
                self._request.clear()
                self._answer.clear()
                self._fault = self._proxy.fault(match[1].decode("latin-1"))
            if self._fault is None:
                await self._server.send(data)
            elif self._fault.instead is not None:
                self._proxy.spoilt += 1
                await self._client.send(self._fault.instead)
                await self._stall()
            elif self._fault.request is not None:
                if not await self._pass(self._fault.request, self._request, data, self._server):
                    stalls = self._fault.ending is Ending.STALL
                    return await (self._stall() if stalls else self._end(self._fault.ending))
            else:
                await self._server.send(data)

    async def _back(self, scope: anyio.CancelScope) -> None:
        with suppress(*_GONE):
            while True:
                data = await self._server.receive()
                fault = self._fault
                if not self._answered and fault is not None and fault.drip:
                    self._proxy.spoilt += 1
                self._answered = True
                if fault is None or fault.answer is None:
                    await self._drip(data, fault.drip if fault else None)
                elif not await self._pass(fault.answer, self._answer, data, self._client):
                    await self._end(fault.ending)
                    break
        scope.cancel()

    async def _pass(self, at: At, seen: bytearray, data: bytes, to: SocketStream) -> bool:
        """Pass `data` on up to the place of the fault; whether that is still to come."""
        before = len(seen)
        seen += data
        position = at.find(seen)
        part = data if position is None else data[: max(0, position - before)]
        if part:
            await to.send(part)
        self._proxy.spoilt += position is not None
        return position is None

    async def _drip(self, data: bytes, drip: tuple[int, float] | None) -> None:
        size, pause = drip or (len(data), 0)
        for start in range(0, len(data), size):
            await self._client.send(data[start : start + size])
            if pause:
                await anyio.sleep(pause)

    async def _end(self, ending: Ending) -> None:
        match ending:
            case Ending.CLOSE:
                pass
            case Ending.RESET:
                raw = self._client.extra(SocketAttribute.raw_socket)
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            case Ending.STALL:
                await anyio.sleep_forever()
            case Ending.HEARTBEATS:
                while True:
                    await self._client.send(_HEARTBEAT)
                    await anyio.sleep(0.05)

    async def _stall(self) -> None:
        """Hear the client, and do nothing about it, until it goes."""
        while True:
            await self._client.receive()


@asynccontextmanager
async def proxy(upstream: int) -> AsyncGenerator[Proxy]:
    """A proxy that runs while inside."""
    running = Proxy(upstream)
    STARTED.append(running)
    async with anyio.create_task_group() as group:
        group.start_soon(running.serve, group)
        await running.accept()
        yield running
        group.cancel_scope.cancel()
