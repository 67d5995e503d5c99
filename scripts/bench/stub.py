"""A server that speaks `sse_v3` at next to no cost, so that the client is what is timed.

::

    python -m scripts.bench.stub FOLDER [ENDPOINTS]

It serves the `config.json` and `info.json` of FOLDER, which are those of the protocol app of the
tests, and does some of its functions as `jobs` tells. With ENDPOINTS, the app has that many
functions. Prints its port, and ends when its stdin does.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from scripts.bench import jobs

PREFIX = "/gradio_api"
HEARTBEAT = 15.0
_SLICE = 256 * 1024
_HEAD: Final = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)


class Session:
    """What one session_hash waits for, and the stream that tells it."""

    def __init__(self) -> None:
        self.pending: set[str] = set()
        self.early: list[bytes] = []
        self.stream: Exchange | None = None
        self.opened = asyncio.Event()

    def tell(self, *messages: bytes) -> None:
        """Send messages, or keep them until the stream is opened."""
        if self.stream is None:
            self.early.extend(messages)
        else:
            self.stream.send(b"".join(map(_chunk, messages)))

    def end(self, event_id: str, *messages: bytes) -> None:
        """Send the last messages of a job; with the last job the stream ends."""
        self.pending.discard(event_id)
        self.tell(*messages)
        if not self.pending and self.stream is not None:
            self.close(self.stream)

    def close(self, stream: Exchange) -> None:
        """End the stream as a server does that has no job left."""
        self.stream = None
        self.opened.clear()
        stream.send(_chunk(jobs.CLOSE) + b"0\r\n\r\n")


class App:
    """What all connections share."""

    def __init__(self, folder: Path, endpoints: int = 0) -> None:
        config, info = (
            json.loads((folder / f"{name}.json").read_text("utf-8")) for name in ("config", "info")
        )
        if endpoints:
            _enlarge(config, info, endpoints)
        self.config = config
        self.info = json.dumps(info).encode()
        self.names: dict[int, str] = {
            function["id"]: str(function["api_name"]) for function in config["dependencies"]
        }
        self.sessions: dict[str, Session] = {}
        self.held: list[Callable[[], None]] = []
        self.log: list[str] = []
        self.joined = 0

    def serve_at(self, address: str) -> None:
        """Be found at `address`."""
        self.config["root"] = address
        self.page = json.dumps(self.config).encode()

    def join(self, body: bytes) -> bytes:
        """Take a job; it begins after this answer has been sent."""
        arguments = json.loads(body)
        self.joined += 1
        event_id = f"{self.joined:032x}"
        session = self.sessions.setdefault(arguments["session_hash"], Session())
        session.pending.add(event_id)
        loop = asyncio.get_running_loop()
        loop.call_soon(
            self._begin, session, event_id, self.names[arguments["fn_index"]], arguments["data"]
        )
        return b'{"event_id":"%s"}' % event_id.encode()

    def _begin(self, session: Session, event_id: str, name: str, data: list[Any]) -> None:
        job = jobs.make(name, event_id, data)
        session.tell(*job.start)

        def end() -> None:
            session.end(event_id, job.end)

        if job.seconds >= jobs.HELD:
            self.held.append(end)
        elif job.updates is not None:
            work = self._stream(session, job.updates, end, job.pause)
            asyncio.get_running_loop().create_task(work)
        elif job.seconds:
            asyncio.get_running_loop().call_later(job.seconds, end)
        else:
            end()

    async def _stream(
        self, session: Session, updates: Iterator[bytes], end: Callable[[], None], pause: float
    ) -> None:
        await session.opened.wait()
        loop = asyncio.get_running_loop()
        due = loop.time() + random.random() * pause  # noqa: S311 - streams do not send at one time
        while True:
            if pause:
                await asyncio.sleep(max(0.0, due - loop.time()))
                due += pause
            update, stream = next(updates, None), session.stream
            if update is None or stream is None:
                break
            stream.send(_chunk(update))
            if stream.full is not None:
                await stream.full
        if session.stream is not None:
            end()

    def release(self) -> None:
        """Let the jobs end that are held."""
        held, self.held = self.held, []
        for end in held:
            end()


class Exchange(asyncio.Protocol):
    """One connection."""

    def __init__(self, app: App) -> None:
        self.full: asyncio.Future[None] | None = None
        self._app = app
        self._buffer = b""
        self._unread = 0
        self._session: Session | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=4 * _SLICE)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """See asyncio."""
        if self._session is not None and self._session.stream is self:
            self._session.stream = None
            self._session.opened.clear()
        self.resume_writing()

    def pause_writing(self) -> None:
        """See asyncio."""
        self.full = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        """See asyncio."""
        if self.full is not None and not self.full.done():
            self.full.set_result(None)
        self.full = None

    def send(self, data: bytes) -> None:
        """Write bytes as they are."""
        self._transport.write(data)

    def data_received(self, data: bytes) -> None:
        """See asyncio."""
        if self._unread:  # of an upload, which is counted and not kept
            self._unread -= len(data)
            if not self._unread:
                self._answer("POST", "/upload", b"")
            return
        self._buffer += data
        while True:
            head, separator, remaining = self._buffer.partition(b"\r\n\r\n")
            length = _length(head) if separator else 0
            if separator and b"/upload" in head[:40] and len(remaining) < length:
                self._unread = length - len(remaining)
                self._buffer = b""
                return
            if not separator or len(remaining) < length:
                return
            self._buffer = remaining[length:]
            method, target, _ = head.split(b" ", 2)
            self._answer(method.decode(), target.decode(), remaining[:length])

    def _answer(self, method: str, target: str, body: bytes) -> None:
        app = self._app
        path, _, query = target.partition("?")
        path = path.removeprefix(PREFIX)
        app.log.append(f"{method} {path}")
        match path:
            case "/queue/join":
                self._reply(app.join(body))
            case "/queue/data":
                self._open(app.sessions[query.partition("session_hash=")[2]])
            case "/config":
                self._reply(app.page)
            case "/info":
                self._reply(app.info)
            case "/upload":
                self._reply(b'["uploaded/file.bin"]')
            case "/held":
                self._reply(b"%d" % len(app.held))
            case "/release":
                app.release()
                self._reply(b"true")
            case "/log":
                self._reply(json.dumps(app.log).encode())
                app.log.clear()
            case _ if path.startswith("/heartbeat/"):
                self.send(_HEAD + _chunk(b"data: ALIVE\n\n"))
            case _ if path.startswith("/file="):
                size = jobs.file_size(path)
                head = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n" % size
                self.send(head + b"content-type: application/octet-stream\r\n\r\n")
                asyncio.get_running_loop().create_task(self._download(size))
            case _:
                self._reply(b"true")

    def _reply(self, body: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
        self.send(head % len(body) + body)

    def _open(self, session: Session) -> None:
        self._session = session
        session.stream = self
        session.opened.set()
        self.send(_HEAD + b"".join(map(_chunk, session.early)))
        session.early.clear()
        if session.pending:
            self._beat()
        else:
            session.close(self)

    def _beat(self) -> None:
        def beat() -> None:
            if self._session is not None and self._session.stream is self:
                self.send(_chunk(jobs.HEARTBEAT))
                self._beat()

        asyncio.get_running_loop().call_later(HEARTBEAT, beat)

    async def _download(self, size: int) -> None:
        piece = bytes(_SLICE)
        for at in range(0, size, _SLICE):
            self.send(piece[: size - at])
            if self.full is not None:
                await self.full


def _length(head: bytes) -> int:
    lower = head.lower()
    at = lower.find(b"content-length:")
    return int(lower[at + 15 :].partition(b"\r\n")[0]) if at >= 0 else 0


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _enlarge(config: dict[str, Any], info: dict[str, Any], number: int) -> None:
    """Repeat the described functions under new names until there are so many."""
    endpoints: dict[str, Any] = info["named_endpoints"]
    functions = {f"/{function['api_name']}": function for function in config["dependencies"]}
    models = [(name, function) for name, function in endpoints.items() if name in functions]
    described_now: dict[str, Any] = {}
    dependencies: list[dict[str, Any]] = []
    for index in range(number):
        name, described = models[index % len(models)]
        unique = f"{name}_{index}"
        described_now[unique] = described
        dependencies.append({**functions[name], "id": index, "api_name": unique[1:]})
    info["named_endpoints"], config["dependencies"] = described_now, dependencies


async def serve(app: App) -> None:
    """Serve until stdin ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Exchange(app), "127.0.0.1", 0, backlog=4096)
    port: int = server.sockets[0].getsockname()[1]
    app.serve_at(f"http://127.0.0.1:{port}")
    print(port, flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(App(Path(sys.argv[1]), *map(int, sys.argv[2:3]))))
