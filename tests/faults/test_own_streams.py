"""Jobs with a stream of their own (`sse`, `ws`): what becomes of them when it breaks.

On a stand-in; how real servers of these generations behave is tested in tests/matrix.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from wsproto.events import CloseConnection, Event, TextMessage

from spacecall import (
    DeadlineError,
    JobLostError,
    QueueFullError,
    Retry,
    Space,
    SpaceError,
    Timeouts,
)
from tests.faults import description
from tests.faults.exchanges import Exchange, serving
from tests.faults.tools import DEADLINE, tasks, until, until_quiet
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
    """

    def __init__(self, protocol: str, *plays: tuple[Sequence[Any], str]) -> None:
        self.protocol = protocol
        self.plays = list(plays)
        self.told: list[Any] = []
        self.left = 0
        self.resets: list[str] = []
        self._answered = anyio.Event()

    async def __call__(self, exchange: Exchange) -> None:
        match exchange.path:
            case "/config":
                await exchange.answer(
                    200, description.config(protocol=self.protocol, api_prefix="")
                )
            case "/info":
                await exchange.answer(200, description.info())
            case "/queue/join":
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
                assert isinstance(events[0], TextMessage)
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


@asynccontextmanager
async def opened(app: App, **options: Any) -> AsyncGenerator[Space, None]:
    options.setdefault("timeouts", Timeouts(connect=3, queue=5, run=5, idle=5, cancel=1))
    with anyio.fail_after(DEADLINE):
        async with serving(app) as url, Space(url, **options) as space:
            yield space
    assert tasks() == []


@pytest.fixture(params=["sse", "ws"])
def protocol(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_a_job_gives_its_arguments_when_they_are_asked_for(protocol: str) -> None:
    app = App(protocol, (SOUND, "closed"))
    async with opened(app) as space:
        assert await space.call("/echo", text="hi") == "hi"
    assert [one["data"] for one in app.told if "data" in one] == [["hi"]]
    assert app.resets == []


@pytest.mark.parametrize("end", ["cut", "closed"])
@pytest.mark.parametrize("count", range(len(SOUND)))
async def test_a_job_whose_stream_ends_early_says_whether_it_may_have_run(
    protocol: str, end: str, count: int
) -> None:
    app = App(protocol, (SOUND[:count], end), (SOUND, "closed"))
    async with opened(app) as space:
        with pytest.raises(JobLostError) as lost:
            await space.call("/echo", text="hi")
        assert lost.value.sent == (count > 1)
        assert await space.call("/echo", text="again") == "hi"
        await until_quiet()


async def test_a_lost_job_is_sent_again_where_that_is_wanted(protocol: str) -> None:
    app = App(protocol, (SOUND[:3], "cut"), (SOUND, "closed"))
    async with opened(app, retry=Retry(lost=1)) as space:
        assert await space.call("/echo", text="hi") == "hi"


@pytest.mark.parametrize(
    ("messages", "error"),
    [
        ([{"msg": "queue_full"}], QueueFullError),
        ([{"msg": "unexpected_error", "message": "stopped"}], JobLostError),
        ([QUEUED], DeadlineError),
        ([QUEUED, WANTED, STARTED], DeadlineError),
    ],
)
async def test_every_way_to_end_without_a_value_is_typed(
    protocol: str, messages: list[Any], error: type[SpaceError]
) -> None:
    app = App(protocol, (messages, "silent"))
    timeouts = Timeouts(connect=3, queue=0.3, run=0.3, cancel=1)
    async with opened(app, timeouts=timeouts) as space:
        with pytest.raises(error):
            await space.call("/echo", text="hi")
        await until_quiet()
        await until(lambda: app.left == 1)


async def test_a_job_that_nobody_waits_for_is_ended_on_the_server(protocol: str) -> None:
    app = App(protocol, ((QUEUED, WANTED, STARTED), "silent"))
    async with opened(app) as space:
        async with space.call("/echo", text="hi"):
            await until(lambda: any("data" in one for one in app.told))
        await until(lambda: app.left == 1)
    assert app.resets == (["e1"] if protocol == "sse" else [])
