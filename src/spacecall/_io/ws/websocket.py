"""A WebSocket over an open connection."""

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
# Frames that are handled before other tasks run: a chunk can contain 32,000 empty frames.
_FRAMES_PER_TURN = 512
# Seconds for sending the close frame.
_CLOSE_SECONDS = 1


class WebSocket(AsyncIterator[str]):
    """An open WebSocket. Iterate it for the messages of the server, until the server closes it.

    Args:
        stream: the connection, after the handshake.
        max_message_bytes: largest size of a message in bytes, over all its fragments.
        idle_timeout: seconds without a byte after which an error is raised.
        space: the app's address, for errors.
    """

    def __init__(
        self,
        stream: http.NetworkStream,
        *,
        max_message_bytes: int,
        idle_timeout: float | None,
        space: str,
    ) -> None:
        self._stream = stream
        self._max_message_bytes = max_message_bytes
        self._idle_timeout = idle_timeout
        self._space = space
        self._frames = Connection(ConnectionType.CLIENT)
        self._events = deque[Event]()
        self._fragments = bytearray()

    async def send(self, value: Mapping[str, Any]) -> None:
        """Send a value as JSON.

        Raises:
            TransportError, DeadlineError: it cannot be sent.
        """
        await self._send(TextMessage(json.dumps(value, separators=(",", ":"))))

    async def __anext__(self) -> str:
        """Return the next message.

        Raises:
            TransportError, DeadlineError: the connection broke, or went silent.
            ProtocolError: the data is not WebSocket frames, or a message is larger than
                `max_message_bytes`.
        """
        while True:
            while self._events:
                if len(self._events) % _FRAMES_PER_TURN == 0:
                    await anyio.lowlevel.checkpoint()
                text = await self._take(self._events.popleft())
                if text is not None:
                    return text
            with self._failing():
                chunk = await self._stream.read(_CHUNK, timeout=self._idle_timeout)
                if not chunk:
                    raise TransportError(
                        "the connection broke: the WebSocket ended without a close frame",
                        sent=True,
                        space=self._space,
                    )
                self._frames.receive_data(chunk)
                self._events = deque(self._frames.events())

    async def aclose(self) -> None:
        """Send a close frame, if the connection is open."""
        with anyio.move_on_after(_CLOSE_SECONDS, shield=True), suppress(Exception):
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
                raise ProtocolError(f"invalid WebSocket data: {event.reason}", space=self._space)
            case CloseConnection():
                raise StopAsyncIteration
            case _:
                pass
        return None

    def _collect(self, part: bytes | bytearray, *, last: bool) -> str | None:
        self._fragments += part
        if len(self._fragments) > self._max_message_bytes:
            raise ProtocolError(
                f"the server sent a message of more than {self._max_message_bytes} bytes "
                "(raise Limits.max_event_bytes)",
                space=self._space,
            )
        if not last:
            return None
        text = self._fragments.decode(errors="replace")
        self._fragments.clear()
        return text

    async def _send(self, event: Event) -> None:
        with self._failing():
            await self._stream.write(self._frames.send(event), timeout=self._idle_timeout)

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
            reason = str(error) or type(error).__name__
            raise TransportError(
                f"the connection broke: {reason}", sent=True, space=self._space
            ) from error


def upgraded_stream(response: http.Response, space: str) -> http.NetworkStream:
    """Return the connection of a response that opened a WebSocket.

    Raises:
        ProtocolError: the server refused the upgrade.
    """
    stream: http.NetworkStream | None = response.extensions.get("network_stream")
    if not response.is_informational or stream is None:
        raise ProtocolError("the server refused the WebSocket upgrade", space=space)
    if extensions := response.headers.get("sec-websocket-extensions"):
        # One extension is compression, whose output has no limit.
        raise ProtocolError(
            f"the server uses WebSocket extensions that were not requested: {extensions[:80]!r}",
            space=space,
        )
    return stream
