"""A WebSocket as a request and a response, the form in which interceptors see it.

On Gradio 3 each job has a WebSocket: the server asks for the session and for the arguments, then
sends messages about the job. An interceptor gets this as a request with the arguments as its body
and a response of server-sent events, one for each message. `SimulatedWebSocket` is the server that
the client of the Space talks to; `WebSocketEvents` reads the messages of the real server.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import AsyncGenerator, Callable
from typing import Any

from wsproto import ConnectionType
from wsproto.connection import Connection
from wsproto.events import CloseConnection, Event, TextMessage

from spacecall._core.json_values import as_dict, as_str
from spacecall._io import _http as http
from spacecall._io.ws.websocket import WebSocket, upgraded_stream
from spacecall.errors import TransportError


class SimulatedWebSocket:
    """The server's end of a WebSocket, in place of a network stream.

    Args:
        iterate_messages: called with the arguments as JSON; yields the messages for the client.
    """

    def __init__(self, iterate_messages: Callable[[str], AsyncGenerator[str, None]]) -> None:
        self._iterate_messages = iterate_messages
        self._messages: AsyncGenerator[str, None] | None = None
        self._frames = Connection(ConnectionType.SERVER)
        self._pending: deque[bytes] = deque()
        self._questions = deque(["send_data"])
        self._put(TextMessage('{"msg":"send_hash"}'))

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109
        """Receive a message of the client, or its close."""
        self._frames.receive_data(buffer)
        for event in self._frames.events():
            if isinstance(event, CloseConnection):
                await self.aclose()
            elif isinstance(event, TextMessage) and self._questions:
                self._put(TextMessage(json.dumps({"msg": self._questions.popleft()})))
            elif isinstance(event, TextMessage):
                self._messages = self._iterate_messages(event.data)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002, ASYNC109
        """Send the next message to the client."""
        if not self._pending:
            assert self._messages is not None
            message = await anext(self._messages, None)
            self._put(CloseConnection(1000) if message is None else TextMessage(message))
        return self._pending.popleft()

    async def aclose(self) -> None:
        """Close the connection."""
        if self._messages is not None:
            await self._messages.aclose()

    def _put(self, event: Event) -> None:
        self._pending.append(self._frames.send(event))


class WebSocketEvents(http.AsyncByteStream):
    """The messages of a server on a WebSocket, as the body of an event stream.

    Args:
        response: the response that opened the WebSocket.
        arguments: sent to the server when it asks for them, as JSON.
        max_message_bytes: largest size of a message in bytes.
        idle_timeout: seconds without a byte after which an error is raised.
    """

    def __init__(
        self,
        response: http.Response,
        arguments: bytes,
        *,
        max_message_bytes: int,
        idle_timeout: float | None,
    ) -> None:
        self._response = response
        self._arguments: dict[str, Any] = json.loads(arguments)
        self._socket = WebSocket(
            upgraded_stream(response, ""),
            max_message_bytes=max_message_bytes,
            idle_timeout=idle_timeout,
            space="",
        )

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        try:
            async for message in self._socket:
                question = as_str(as_dict(json.loads(message)).get("msg"))
                if question == "send_hash":
                    session = {name: self._arguments[name] for name in ("fn_index", "session_hash")}
                    await self._socket.send(session)
                elif question == "send_data":
                    await self._socket.send(self._arguments)
                else:
                    yield b"data: " + message.encode() + b"\n\n"
        except TransportError as error:
            raise http.ReadError(error.message) from error

    async def aclose(self) -> None:
        """Close the WebSocket."""
        await self._socket.aclose()
        await self._response.aclose()
