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
from spacecall._io.ws.frames import WebSocket, upgraded_stream
from spacecall.errors import TransportError


class SimulatedWebSocket:
    """What a client takes for its connection to the server.

    Args:
        told: given the arguments as JSON, the texts to tell the client.
    """

    def __init__(self, told: Callable[[str], AsyncGenerator[str, None]]) -> None:
        self._told = told
        self._texts: AsyncGenerator[str, None] | None = None
        self._frames = Connection(ConnectionType.SERVER)
        self._pending: deque[bytes] = deque()
        self._questions = deque(["send_data"])
        self._put(TextMessage('{"msg":"send_hash"}'))

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109
        """See httpcore: an answer of the client, or its good-bye."""
        self._frames.receive_data(buffer)
        for event in self._frames.events():
            if isinstance(event, CloseConnection):
                await self.aclose()
            elif isinstance(event, TextMessage) and self._questions:
                self._put(TextMessage(json.dumps({"msg": self._questions.popleft()})))
            elif isinstance(event, TextMessage):
                self._texts = self._told(event.data)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002, ASYNC109
        """See httpcore: a question, or what is told."""
        if not self._pending:
            assert self._texts is not None
            said = await anext(self._texts, None)
            self._put(CloseConnection(1000) if said is None else TextMessage(said))
        return self._pending.popleft()

    async def aclose(self) -> None:
        """See httpcore."""
        if self._texts is not None:
            await self._texts.aclose()

    def _put(self, event: Event) -> None:
        self._pending.append(self._frames.send(event))


class WebSocketEvents(http.AsyncByteStream):
    """What a server tells on a websocket, as an event stream.

    Args:
        response: the server's, which opened the websocket.
        arguments: given to the server when it asks for them, as JSON.
        limit: bytes of one message.
        idle: seconds without a byte after which the server counts as silent.
    """

    def __init__(
        self, response: http.Response, arguments: bytes, *, limit: int, idle: float | None
    ) -> None:
        self._response = response
        self._given: dict[str, Any] = json.loads(arguments)
        self._socket = WebSocket(upgraded_stream(response, ""), limit=limit, idle=idle, space="")

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        try:
            async for said in self._socket:
                asked = as_str(as_dict(json.loads(said)).get("msg"))
                if asked == "send_hash":
                    who = {name: self._given[name] for name in ("fn_index", "session_hash")}
                    await self._socket.send(who)
                elif asked == "send_data":
                    await self._socket.send(self._given)
                else:
                    yield b"data: " + said.encode() + b"\n\n"
        except TransportError as error:
            raise http.ReadError(error.message) from error

    async def aclose(self) -> None:
        """Close the websocket."""
        await self._socket.aclose()
        await self._response.aclose()
