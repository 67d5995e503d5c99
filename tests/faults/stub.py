"""A stand-in for a Gradio server, to be made to misbehave.

It speaks the protocol of 5.x and 6.x (`sse_v3`) as far as these tests need it, and soundly unless
told otherwise. `once` and `always` put a fault in the place of one route's next answer, or of all.
How sound servers behave is tested on real ones, not on this.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import anyio

from tests.faults import description
from tests.faults.exchanges import Exchange, Handler, serving

Route: TypeAlias = Literal[
    "config",
    "info",
    "app_id",
    "login",
    "join",
    "data",
    "cancel",
    "upload",
    "run",
    "file",
    "input",
    "close",
    "media",
    "heartbeat",
]

DOWNLOAD = bytes(range(256)) * 400
"""What every file of the server holds."""

MEDIA = b"a.aacb.aac"
"""All streamed media of the server: the content of a segment is its name."""

HEARTBEAT = b'data: {"msg": "heartbeat", "event_id": null}\n\n'


@dataclass(eq=False)
class Session:
    """What waits to be sent on one session's stream."""

    messages: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    pending: dict[str, int] = field(default_factory=dict[str, int])
    """The functions of the jobs that have not ended, by event id."""
    turns: int = 0
    last_value: str = ""
    changed: anyio.Event = field(default_factory=anyio.Event)

    def put(self, *messages: dict[str, Any]) -> None:
        """Add messages."""
        self.messages.extend(messages)
        self.changed.set()
        self.changed = anyio.Event()

    def end(self, message: dict[str, Any]) -> None:
        """Add the last message of a job."""
        self.pending.pop(message["event_id"], None)
        self.put(message)

    def take(self) -> list[dict[str, Any]]:
        """The messages that wait, with the end of the stream where no job is left."""
        messages, self.messages = self.messages, []
        return messages if self.pending else [*messages, {"msg": "close_stream", "event_id": None}]


class Stub:
    """The app: how to reach it, what it was asked, what it is to do wrong."""

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[tuple[Route | None, Exchange]] = []
        self.sessions: dict[str, Session] = {}
        self.config: dict[str, Any] = description.config()
        self.login_cookie: str | None = None
        """What a login gives; without one every password is wrong."""
        self._once: dict[Route, list[Handler]] = {}
        self._always: dict[Route, Handler] = {}
        self._owners: dict[str, Session] = {}

    def once(self, route: Route, *faults: Handler) -> None:
        """Let `faults` answer the next requests of `route`, one each."""
        self._once.setdefault(route, []).extend(faults)

    def always(self, route: Route, fault: Handler) -> None:
        """Let `fault` answer every request of `route`."""
        self._always[route] = fault

    def recover(self) -> None:
        """Behave again."""
        self._once.clear()
        self._always.clear()

    def asked(self, route: Route) -> list[Exchange]:
        """The requests of `route` so far."""
        return [exchange for requested, exchange in self.requests if requested == route]

    async def __call__(self, exchange: Exchange) -> None:
        route = _route(exchange)
        self.requests.append((route, exchange))
        if route is None:
            await exchange.answer(404, {"detail": "Not Found"})
        elif self._once.get(route):
            await self._once[route].pop(0)(exchange)
        elif route in self._always:
            await self._always[route](exchange)
        else:
            await self.behave(route, exchange)

    async def behave(self, route: Route, exchange: Exchange) -> None:
        """The sound answer."""
        match route:
            case "config":
                await exchange.answer(200, self.config)
            case "login":
                await self._log_in(exchange)
            case "info":
                await exchange.answer(200, description.info())
            case "app_id":
                await exchange.answer(200, {"app_id": self.config["app_id"]})
            case "join":
                await exchange.answer(200, {"event_id": await self.accept(exchange)})
            case "data":
                await self.stream(exchange)
            case "cancel":
                await self._cancel(exchange)
            case "input" | "close" | "media" | "heartbeat":
                await self._answer_stream(route, exchange)
            case "upload":
                names = re.findall(rb'filename="([^"]*)"', await exchange.body())
                await exchange.answer(200, [f"/srv/{name.decode()}" for name in names])
            case "run":
                data = (await exchange.json())["data"]
                await exchange.answer(200, {"data": data, "is_generating": False, "duration": 0.1})
            case "file":
                await exchange.answer(200, DOWNLOAD)

    def session(self, exchange: Exchange) -> Session:
        """The session that a stream is asked for."""
        return self.sessions.setdefault(exchange.query["session_hash"], Session())

    def session_of(self, event_id: str) -> Session:
        """The session of a job."""
        return self._owners[event_id]

    def finish(self, event_id: str, data: list[Any]) -> None:
        """End a job that was held."""
        self.session_of(event_id).end(completed(event_id, data))

    async def accept(self, exchange: Exchange) -> str:
        """Take the job of a join: its messages are there at once. Gives its id, unanswered."""
        body = await exchange.json()
        session = self.sessions.setdefault(body["session_hash"], Session())
        event_id = f"event{len(self._owners) + 1}"
        self._owners[event_id] = session
        session.pending[event_id] = body["fn_index"]
        session.put(*begun(event_id))
        if body["fn_index"] == description.STREAM:
            session.put(*streamed(event_id, str(body["data"][0])))
        if body["fn_index"] == description.CHAT:
            session.turns += 1
            session.end(completed(event_id, [f"turn {session.turns}", None]))
        elif body["fn_index"] in (description.LISTEN, description.WATCH):
            self.hear(event_id, body["data"][0])
        elif body["fn_index"] != description.HOLD:
            session.end(completed(event_id, body["data"]))
        return event_id

    def hear(self, event_id: str, text: object) -> None:
        """Answer an input of a stream."""
        session = self.session_of(event_id)
        session.turns += 1
        session.last_value = f"{text} {session.turns}"
        output = {"data": [session.last_value, None], "is_generating": True}
        session.put({"msg": "process_streaming", "event_id": event_id, "output": output})

    def reach_limit(self, event_id: str) -> None:
        """End a job that takes a stream, as its time limit does: with the last value again."""
        session = self.session_of(event_id)
        message = completed(event_id, [session.last_value, None])
        message["output"]["is_generating"] = True
        session.end(message)

    def hear_last(self, event_id: str, text: object) -> None:
        """Answer an input of a stream that has taken the time of its job: the job ends with it."""
        session = self.session_of(event_id)
        session.turns += 1
        session.end(completed(event_id, [f"{text} {session.turns}", None]))

    async def _answer_stream(self, route: Route, exchange: Exchange) -> None:
        if route == "heartbeat":
            await saying(b"data: ALIVE\n\n")(exchange)
            return
        if route == "media":
            await self._send_media(exchange)
            return
        event_id = exchange.path.removeprefix("/gradio_api/stream/").removesuffix("/close")
        session = self._owners.get(event_id)
        if session is None or event_id not in session.pending:
            await exchange.answer(404, b"")
            return
        if route == "close":
            self.reach_limit(event_id)
        else:
            self.hear(event_id, (await exchange.json())["data"][0])
        await exchange.answer(200, {"msg": "success"})

    async def stream(self, exchange: Exchange) -> None:
        """Send the session's messages as they come, to its end."""
        session = self.session(exchange)
        await exchange.begin()
        while True:
            messages, closing = session.take(), not session.pending
            await exchange.send(sse(messages))
            if closing:
                return await exchange.end()
            if not session.messages:
                await session.changed.wait()

    def speaking(self, *messages: dict[str, Any]) -> Handler:
        """A fault: a stream of these messages alone, which then ends as streams do."""

        async def stream(exchange: Exchange) -> None:
            session = self.session(exchange)
            session.pending.clear()
            session.messages.clear()
            await exchange.begin()
            await exchange.send(sse(messages))
            await exchange.end()

        return stream

    async def _send_media(self, exchange: Exchange) -> None:
        name = exchange.path.rpartition("/")[2]
        if name == "playlist.m3u8":
            segments = "#EXTINF:0.5,\na.aac\n#EXTINF:0.25,\nb.aac\n"
            await exchange.answer(200, f"#EXTM3U\n{segments}#EXT-X-ENDLIST\n".encode())
        else:
            await exchange.answer(200, name.encode() if name.endswith(".aac") else MEDIA)

    async def _log_in(self, exchange: Exchange) -> None:
        if self.login_cookie is None:
            await exchange.answer(400, {"detail": "Incorrect credentials."})
        else:
            await exchange.answer(200, {"success": True}, {"set-cookie": self.login_cookie})

    async def _cancel(self, exchange: Exchange) -> None:
        body = await exchange.json()
        session = self.sessions.get(body["session_hash"], Session())
        if body["event_id"] in session.pending:
            session.end(completed(body["event_id"], None))
        if not body["event_id"]:  # all of the function end, and are told nothing
            pending = {
                event_id: fn for event_id, fn in session.pending.items() if fn != body["fn_index"]
            }
            session.pending = pending
        await exchange.answer(200, {"success": True})


@asynccontextmanager
async def stub() -> AsyncGenerator[Stub, None]:
    """A stand-in that runs while inside."""
    app = Stub()
    async with serving(app) as app.url:
        yield app


async def cut(exchange: Exchange) -> None:
    """A fault: the request is read, and the connection closed."""
    await exchange.body()
    await exchange.cut()


def saying(*texts: bytes) -> Handler:
    """A fault: a stream of these bytes, which then stays open and silent."""

    async def stream(exchange: Exchange) -> None:
        await exchange.begin()
        for text in texts:
            await exchange.send(text)
        await exchange.gone()

    return stream


def begun(event_id: str) -> list[dict[str, Any]]:
    """The first messages of a job."""
    return [
        {"msg": "estimation", "event_id": event_id, "rank": 0, "queue_size": 1, "rank_eta": None},
        {"msg": "process_starts", "event_id": event_id, "eta": None},
    ]


def streamed(event_id: str, text: str) -> list[dict[str, Any]]:
    """The values of a generator that says `text` word by word: the first whole, then edits."""
    first, *words = re.findall(r"\S+\s*", text) or [""]
    data: list[list[Any]] = [[first], *([[["append", [], word]]] for word in words)]
    return [
        {"msg": "process_generating", "event_id": event_id, "output": {"data": output}}
        for output in data
    ]


def completed(event_id: str, data: list[Any] | None) -> dict[str, Any]:
    """The last message of a job; without data, of one that was cancelled."""
    output = {} if data is None else {"data": data, "is_generating": False, "duration": 0.1}
    return {"msg": "process_completed", "event_id": event_id, "output": output, "success": True}


def sse(messages: Iterable[dict[str, Any]]) -> bytes:
    """Messages as the text of a stream."""
    return b"".join(f"data: {json.dumps(message)}\n\n".encode() for message in messages)


def _route(exchange: Exchange) -> Route | None:
    path = exchange.path.removeprefix("/gradio_api")
    if exchange.path in ("/config", "/login"):
        return "config" if exchange.path == "/config" else "login"
    if path.startswith("/run/"):
        return "run"
    if path.startswith("/file="):
        return "file"
    if path.startswith("/heartbeat/"):
        return "heartbeat"
    if path.startswith("/stream/") and exchange.method == "GET":
        return "media"
    if path.startswith("/stream/"):
        return "close" if path.endswith("/close") else "input"
    names: dict[str, Route] = {
        "/info": "info",
        "/app_id": "app_id",
        "/queue/join": "join",
        "/queue/data": "data",
        "/cancel": "cancel",
        "/upload": "upload",
    }
    return names.get(path)
