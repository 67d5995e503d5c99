"""The frames of a websocket, over a connection that is open."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import AsyncIterator, Generator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import anyio
import anyio.lowlevel
from wsproto import ConnectionType
from wsproto.connection import Connection, ConnectionState
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, TextMessage
from wsproto.utilities import LocalProtocolError

from spacecall._io import _http as http
from spacecall.errors import DeadlineError, ProtocolError, TransportError

_CHUNK = 2**16
# Frames that are taken at once, before other tasks have a turn: a chunk can hold 32,000 empty ones.
_TURN = 512
# Seconds in which a server that is still there takes the word that nobody listens any more.
_FAREWELL = 1


class WebSocket(AsyncIterator[str]):
    """An open websocket: iterate it for the server's texts, until the server closes it.

    Args:
        stream: the connection, after the handshake.
        limit: bytes of one message, whatever fragments it comes in.
        idle: seconds without a byte after which the server counts as silent.
        space: the app's address, for errors.
    """

    def __init__(
        self, stream: http.NetworkStream, *, limit: int, idle: float | None, space: str
    ) -> None:
        self._stream = stream
        self._limit = limit
        self._idle = idle
        self._space = space
        self._frames = Connection(ConnectionType.CLIENT)
        self._events = deque[Event]()
        self._begun = bytearray()

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
                if len(self._events) % _TURN == 0:
                    await anyio.lowlevel.checkpoint()
                text = await self._take(self._events.popleft())
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
                self._events = deque(self._frames.events())

    async def aclose(self) -> None:
        """Say good-bye, if the server still listens."""
        with anyio.move_on_after(_FAREWELL, shield=True), suppress(Exception):
            await self._send(CloseConnection(1000))

    async def _take(self, event: Event) -> str | None:
        match event:
            case TextMessage(data=data):
                return self._collect(data.encode(), last=event.message_finished)
            case BytesMessage(data=data):
                return self._collect(data, last=event.message_finished)
            case Ping():
                await self._send(event.response())
            case CloseConnection() if self._frames.state is ConnectionState.OPEN:
                raise ProtocolError(f"not a websocket's traffic: {event.reason}", space=self._space)
            case CloseConnection():
                raise StopAsyncIteration
            case _:
                pass
        return None

    def _collect(self, part: bytes | bytearray, *, last: bool) -> str | None:
        self._begun += part
        if len(self._begun) > self._limit:
            raise ProtocolError(
                f"a message of more than {self._limit} bytes (raise Limits.max_event_bytes)",
                space=self._space,
            )
        if not last:
            return None
        text = self._begun.decode(errors="replace")
        self._begun.clear()
        return text

    async def _send(self, event: Event) -> None:
        with self._failing():
            await self._stream.write(self._frames.send(event), timeout=self._idle)

    @contextmanager
    def _failing(self) -> Generator[None]:
        try:
            yield
        except http.stream_error_types("TimeoutException") as error:
            raise DeadlineError(
                "the server went silent", phase="idle", space=self._space
            ) from error
        except http.stream_error_types(
            "NetworkError", "ProtocolError", LocalProtocolError
        ) as error:
            why = str(error) or type(error).__name__
            raise TransportError(
                f"the connection broke: {why}", sent=True, space=self._space
            ) from error


def upgraded_stream(response: http.Response, space: str) -> http.NetworkStream:
    """The connection of an answer that opens a websocket.

    Raises:
        ProtocolError: it does not.
    """
    stream: http.NetworkStream | None = response.extensions.get("network_stream")
    if not response.is_informational or stream is None:
        raise ProtocolError("asked for a websocket, the server gave none", space=space)
    if extensions := response.headers.get("sec-websocket-extensions"):
        # Compression would be one: it was not asked for, and nothing bounds what comes out of it.
        raise ProtocolError(
            f"the server speaks websocket extensions that were not asked for: {extensions[:80]!r}",
            space=space,
        )
    return stream
