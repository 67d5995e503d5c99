"""Websockets: the texts of a conversation, over a connection that httpx has opened."""

from __future__ import annotations

import json
import secrets
from base64 import b64encode
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import anyio
import httpcore
import httpx
from wsproto import ConnectionType
from wsproto.connection import Connection, ConnectionState
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, TextMessage
from wsproto.utilities import LocalProtocolError

from spacecall._core.requests import Request
from spacecall._io.link import SWITCHED, Link
from spacecall._io.settings import Settings
from spacecall.errors import DeadlineError, ProtocolError, TransportError

_CHUNK = 2**16
# Seconds in which a server that is still there takes the word that nobody listens any more.
_FAREWELL = 1


class WebSocket(AsyncIterator[str]):
    """An open websocket: iterate it for the server's texts, until the server closes it.

    Args:
        stream: the connection, after the handshake.
        limit: characters of one message.
        idle: seconds without a byte after which the server counts as silent.
        space: the app's address, for errors.
    """

    def __init__(
        self, stream: httpcore.AsyncNetworkStream, *, limit: int, idle: float | None, space: str
    ) -> None:
        self._stream = stream
        self._limit = limit
        self._idle = idle
        self._space = space
        self._frames = Connection(ConnectionType.CLIENT)
        self._events: list[Event] = []
        self._parts: list[str] = []
        self._size = 0

    async def send(self, value: Mapping[str, Any]) -> None:
        """Send a value as JSON.

        Raises:
            TransportError, DeadlineError: it could not be sent.
        """
        await self._send(TextMessage(json.dumps(value, separators=(",", ":"))))

    async def __anext__(self) -> str:
        """The next text.

        Raises:
            TransportError, DeadlineError: the connection broke, or went silent.
            ProtocolError: this is no websocket's traffic, or a message larger than `limit`.
        """
        while True:
            while self._events:
                text = await self._take(self._events.pop(0))
                if text is not None:
                    return text
            with self._failing():
                chunk = await self._stream.read(_CHUNK, timeout=self._idle)
                if not chunk:
                    raise TransportError(
                        "the connection broke: the websocket ended without a close",
                        sent=True,
                        space=self._space,
                    )
                self._frames.receive_data(chunk)
                self._events = list(self._frames.events())

    async def aclose(self) -> None:
        """Say good-bye, if the server still listens."""
        with anyio.move_on_after(_FAREWELL, shield=True), suppress(Exception):
            await self._send(CloseConnection(1000))

    async def _take(self, event: Event) -> str | None:
        match event:
            case TextMessage(data=data):
                return self._collect(data, last=event.message_finished)
            case BytesMessage(data=data):
                text = bytes(data).decode(errors="replace")
                return self._collect(text, last=event.message_finished)
            case Ping():
                await self._send(event.response())
            case CloseConnection() if self._frames.state is ConnectionState.OPEN:
                raise ProtocolError(f"not a websocket's traffic: {event.reason}", space=self._space)
            case CloseConnection():
                raise StopAsyncIteration
            case _:
                pass
        return None

    def _collect(self, part: str, *, last: bool) -> str | None:
        self._size += len(part)
        if self._size > self._limit:
            raise ProtocolError(
                f"a message of more than {self._limit} characters", space=self._space
            )
        self._parts.append(part)
        if not last:
            return None
        text = "".join(self._parts)
        self._parts, self._size = [], 0
        return text

    async def _send(self, event: Event) -> None:
        with self._failing():
            await self._stream.write(self._frames.send(event), timeout=self._idle)

    @contextmanager
    def _failing(self) -> Generator[None]:
        try:
            yield
        except httpcore.TimeoutException as error:
            raise DeadlineError(
                "the server went silent", phase="idle", space=self._space
            ) from error
        except (httpcore.NetworkError, httpcore.ProtocolError, LocalProtocolError) as error:
            why = str(error) or type(error).__name__
            raise TransportError(
                f"the connection broke: {why}", sent=True, space=self._space
            ) from error


@asynccontextmanager
async def websocket(
    link: Link, request: Request, settings: Settings, *, headers: Mapping[str, str]
) -> AsyncGenerator[WebSocket, None]:
    """A websocket to the app, with the credentials and cookies of `link`.

    Raises:
        TransportError, DeadlineError, StatusError: as `Link.open`.
        ProtocolError: the server speaks no websockets there.
    """
    wanted = {
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-key": b64encode(secrets.token_bytes(16)).decode(),
        "sec-websocket-version": "13",
    }
    async with link.open(request, settings, headers={**headers, **wanted}) as response:
        socket = WebSocket(
            _stream(response, link.base),
            limit=settings.limits.event,
            idle=settings.timeouts.idle,
            space=link.base,
        )
        try:
            yield socket
        finally:
            await socket.aclose()


def _stream(response: httpx.Response, space: str) -> httpcore.AsyncNetworkStream:
    stream: httpcore.AsyncNetworkStream | None = response.extensions.get("network_stream")
    if response.status_code != SWITCHED or stream is None:
        raise ProtocolError("asked for a websocket, the server gave none", space=space)
    return stream
