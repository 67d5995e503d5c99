"""A small hostile Gradio server: it answers whatever a test wants, byte by byte.

It speaks enough of ``sse_v3`` for a call of `/predict` to succeed. A test replaces one answer by
a route; everything else stays honest, so that only that answer can be the cause.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self, TypeAlias
from urllib.parse import parse_qs, urlsplit

PREFIX = "/gradio_api"
SSE_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
# Seconds. No test of this suite needs a socket for longer.
SOCKET_TIMEOUT = 60


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it arrived; header names are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.target).query).items()}

    def json(self) -> Any:
        return json.loads(self.body)


Route: TypeAlias = Callable[[Request, socket.socket], bytes | None]
"""Answers a request: with bytes to send, or by writing to the socket itself."""


def app_config(**changes: Any) -> dict[str, Any]:
    """A /config of Gradio 6.31 with one endpoint, `/predict(x) -> y`."""
    return {
        "version": "6.31.0",
        "protocol": "sse_v3",
        "api_prefix": PREFIX,
        "app_id": "1",
        "title": "hostile",
        "components": [
            {"id": 1, "type": "textbox", "props": {"label": "x", "name": "textbox"}},
            {"id": 2, "type": "textbox", "props": {"label": "y", "name": "textbox"}},
        ],
        "dependencies": [
            {
                "id": 0,
                "api_name": "predict",
                "inputs": [1],
                "outputs": [2],
                "queue": True,
                "backend_fn": True,
                "types": {"generator": True},
            }
        ],
        **changes,
    }


def app_info(
    *, input_type: Mapping[str, Any] | None = None, output_type: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The /info that belongs to `app_config`, with the JSON Schemas of its input and output."""
    parameter = {
        "label": "x",
        "parameter_name": "x",
        "component": "Textbox",
        "type": input_type or {"type": "string"},
        "parameter_has_default": False,
    }
    output = {"label": "y", "component": "Textbox", "type": output_type or {"type": "string"}}
    return {
        "named_endpoints": {"/predict": {"parameters": [parameter], "returns": [output]}},
        "unnamed_endpoints": {},
    }


def http(
    body: bytes | str | Mapping[str, Any] | list[Any] = b"",
    status: str = "200 OK",
    content_type: str = "application/json",
    headers: Iterable[str] = (),
) -> bytes:
    """A whole HTTP/1.1 response that closes its connection."""
    if not isinstance(body, (bytes, str)):
        body = json.dumps(body)
    content = body.encode() if isinstance(body, str) else body
    head = [
        f"HTTP/1.1 {status}",
        f"content-type: {content_type}",
        f"content-length: {len(content)}",
        "connection: close",
        *headers,
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + content


def drip(_request: Request, connection: socket.socket) -> None:
    """A byte of the answer now and then, for as long as anybody listens."""
    connection.sendall(
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 999999\r\n\r\n"
    )
    with suppress(OSError):
        while True:
            connection.sendall(b" ")
            time.sleep(0.05)


def event(message: Mapping[str, Any] | bytes) -> bytes:
    """One server-sent event."""
    data = message if isinstance(message, bytes) else json.dumps(message).encode()
    return b"data: " + data + b"\n\n"


def completed(event_id: str, data: list[Any]) -> bytes:
    """The event that completes a job with these outputs."""
    output = {"data": data, "is_generating": False, "duration": 0.1}
    message = {"msg": "process_completed", "event_id": event_id, "success": True, "output": output}
    return event(message)


@dataclass
class HostileServer:
    """Serves on a free port of 127.0.0.1, a thread for each connection.

    Attributes:
        routes: answers by path, such as ``/config`` or ``/gradio_api/queue/data``.
        config: what /config says where no route answers it.
        info: what /info says where no route answers it.
        outputs: the data of the completion of each job.
        requests: what has arrived, in order.
    """

    routes: dict[str, Route] = field(default_factory=dict[str, Route])
    config: dict[str, Any] = field(default_factory=app_config)
    info: dict[str, Any] = field(default_factory=app_info)
    outputs: list[Any] = field(default_factory=lambda: ["ok"])
    requests: list[Request] = field(default_factory=list[Request])

    def __post_init__(self) -> None:
        self._jobs: dict[str, list[str]] = {}
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._connections: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        port: int = self._socket.getsockname()[1]
        return port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def paths(self) -> list[str]:
        """The paths that were requested, in order."""
        return [request.path for request in self.requests]

    def close(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(SOCKET_TIMEOUT)
        self._connections.add(connection)
        try:
            request = read_request(connection)
            if request is None:
                return
            self.requests.append(request)
            route = self.routes.get(request.path)
            answer = route(request, connection) if route else self._answer(request, connection)
            if answer is not None:
                connection.sendall(answer)
        except OSError:
            pass  # the client went away, or the test is over
        finally:
            self._connections.discard(connection)
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _answer(self, request: Request, connection: socket.socket) -> bytes | None:
        path = request.path.removeprefix(PREFIX)
        if path == "/config":
            return http(self.config)
        if path == "/app_id":
            return http({"app_id": self.config.get("app_id")})
        if path == "/info":
            return http(self.info)
        if path == "/queue/join":
            jobs = self._jobs.setdefault(request.json()["session_hash"], [])
            number = sum(not sent.path.endswith("/app_id") for sent in self.requests)
            event_id = f"event-{number}"
            jobs.append(event_id)
            return http({"event_id": event_id})
        if path == "/queue/data":
            self.stream(request, connection)
            return None
        if path == "/cancel":
            return http({"success": True})
        return http({"detail": "Not Found"}, "404 Not Found")

    def stream(self, request: Request, connection: socket.socket) -> None:
        """Complete each job of the session with `outputs`, and close the stream."""
        connection.sendall(SSE_HEAD)
        for event_id in self._jobs.pop(request.query["session_hash"], []):
            connection.sendall(event({"msg": "process_starts", "event_id": event_id, "eta": 1}))
            connection.sendall(completed(event_id, self.outputs))
        connection.sendall(event({"msg": "close_stream", "event_id": None}))


def read_request(connection: socket.socket) -> Request | None:
    """Read one request from a connection; None if it was closed before one was whole."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65536)
        if not chunk:
            return None
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in lines)
    }
    length = int(headers.get("content-length", 0))
    chunked = headers.get("transfer-encoding") == "chunked"
    while len(body) < length or (chunked and not body.endswith(b"0\r\n\r\n")):
        chunk = connection.recv(65536)
        if not chunk:
            return None
        body += chunk
    return Request(method, target, headers, body)
