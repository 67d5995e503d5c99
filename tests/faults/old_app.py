"""A stand-in for apps of Gradio 3.50 (`ws`) and 4.0 (`sse`), as far as one call needs it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import anyio
from wsproto.events import CloseConnection, Event, TextMessage

from tests.faults import description
from tests.faults.exchanges import Exchange
from tests.faults.websockets import switch

QUEUED = {"msg": "estimation", "rank": 0, "queue_size": 1, "rank_eta": None}
WANTED = {"msg": "send_data", "event_id": "e1"}
STARTED = {"msg": "process_starts"}
VALUE = {"msg": "process_generating", "success": True, "output": {"data": ["h"]}}
DONE = {"msg": "process_completed", "success": True, "output": {"data": ["hi"]}}
SOUND = (QUEUED, WANTED, STARTED, VALUE, DONE)


class App:
    """An app that sends `messages` on a job's stream, and then ends it in one way or another.

    Attributes:
        plays: for each job in turn, the messages and whether the stream is `cut`, `closed` or left
            `silent` after them; the last again and again.
        told: what the client answered.
        left: how many streams the client has left.
        resets: the ids of the jobs that it gave up.
        joins: how many streams were asked for.
        opens: streams are opened when it is set.
    """

    def __init__(self, protocol: str, *plays: tuple[Sequence[Any], str]) -> None:
        self.protocol = protocol
        self.plays = list(plays)
        self.told: list[Any] = []
        self.left = 0
        self.resets: list[str] = []
        self.joins = 0
        self.opens = anyio.Event()
        self.opens.set()
        self._answered = anyio.Event()

    async def __call__(self, exchange: Exchange) -> None:
        match exchange.path:
            case "/config":
                await exchange.answer(
                    200, description.config(protocol=self.protocol, api_prefix="")
                )
            case "/app_id":
                await exchange.answer(200, {"app_id": description.config()["app_id"]})
            case "/info":
                await exchange.answer(200, description.info())
            case "/queue/join":
                self.joins += 1
                await self.opens.wait()
                play = self.plays[0] if len(self.plays) == 1 else self.plays.pop(0)
                await (self._socket if self.protocol == "ws" else self._events)(exchange, *play)
            case "/queue/data":
                self.told.append(await exchange.json())
                await exchange.answer(200, b"null", {"content-type": "application/json"})
                self._answered.set()
            case "/reset":
                self.resets.append((await exchange.json())["event_id"])
                await exchange.answer(200, {"success": True})
            case _:
                await exchange.answer(404, {"detail": "Not Found"})

    async def _events(self, exchange: Exchange, messages: Sequence[Any], end: str) -> None:
        await exchange.begin()
        for message in messages:
            self._answered = anyio.Event()
            await exchange.send(b"data: " + json.dumps(message).encode() + b"\n\n")
            if message is WANTED:
                await self._answered.wait()
        if end == "closed":
            await exchange.end()
        await self._end(exchange, end)

    async def _socket(self, exchange: Exchange, messages: Sequence[Any], end: str) -> None:
        peer = await switch(exchange)
        for message in ({"msg": "send_hash"}, *messages):
            text = json.dumps({key: message[key] for key in message if key != "event_id"})
            await peer.send(TextMessage(text))
            if message["msg"].startswith("send_"):
                events: list[Event] = []
                while not events:
                    events = await peer.receive()
                if not isinstance(events[0], TextMessage):
                    return  # the client has left
                self.told.append(json.loads(events[0].data))
        if end == "closed":
            await peer.send(CloseConnection(1000))
        await self._end(exchange, end)

    async def _end(self, exchange: Exchange, end: str) -> None:
        if end == "cut":
            await exchange.cut(reset=True)
        if end == "silent":
            await exchange.gone()
            self.left += 1
