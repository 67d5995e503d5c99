"""What can go wrong while a job is put into the queue."""

from __future__ import annotations

from typing import Any

import anyio
import httpx
import pytest

from spacecall import (
    InvalidInputError,
    JobLostError,
    ProtocolError,
    QueueFullError,
    RateLimitedError,
    Retry,
    SpaceError,
    StatusError,
    TransportError,
)
from tests.faults.exchanges import Exchange, Handler, unused_port
from tests.faults.stub import cut
from tests.faults.tools import faulty

FULL = {"detail": "Queue is full. Max size is 1 and size is 1."}
PATIENT = Retry(attempts=2, wait_initial=0, wait_max=2)


def refusing(status: int, body: Any, **headers: str) -> Handler:
    async def refuse(exchange: Exchange) -> None:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        await exchange.answer(status, body, sent)

    return refuse


def a_page(status: int) -> Handler:
    async def page(exchange: Exchange) -> None:
        await exchange.html(status, "<html><title>Oops</title><h1>Bad Gateway</h1></html>")

    return page


async def test_a_500_is_an_error_and_the_next_call_goes_over_a_fresh_connection() -> None:
    async with faulty() as (app, space):
        app.once("join", refusing(500, b"Internal Server Error"))
        with pytest.raises(StatusError, match="500: Internal Server Error") as caught:
            await space.call("/echo", text="x")
        assert (caught.value.status, caught.value.endpoint) == (500, "/echo")
        assert caught.value.space == app.url
        assert await space.call("/echo", text="next") == "next"
        assert len(app.asked("join")) == 2, "a job that the server may have begun is not sent again"
        failed, succeeded = (exchange.connection for exchange in app.asked("join"))
        assert failed is not succeeded


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (
            {"detail": [{"__type__": "validate", "message": "bad", "parameter_name": "text"}]},
            "text: bad",
        ),
        (
            {"detail": [{"loc": ["body", "data"], "msg": "Field required", "type": "missing"}]},
            "body.data: Field required",
        ),
        ({"detail": "There was an error parsing the body"}, "There was an error parsing the body"),
    ],
    ids=["validator", "framework", "text"],
)
async def test_a_422_says_what_does_not_fit(body: Any, problem: str) -> None:
    async with faulty() as (app, space):
        app.once("join", refusing(422, body))
        with pytest.raises(InvalidInputError, match=problem) as caught:
            await space.call("/echo", text="x")
        assert caught.value.problems == (problem,)
        assert caught.value.status == 422


async def test_a_full_queue_is_an_error_at_once() -> None:
    async with faulty(retry=PATIENT) as (app, space):
        app.once("join", refusing(503, FULL))
        with pytest.raises(QueueFullError, match="Queue is full") as caught:
            await space.call("/echo", text="x")
        assert caught.value.retry_after is None
        assert len(app.asked("join")) == 1


@pytest.mark.parametrize(("status", "body"), [(503, FULL), (429, b"slow down")])
async def test_a_server_that_names_a_time_is_asked_again_then(status: int, body: Any) -> None:
    async with faulty(retry=PATIENT) as (app, space):
        app.once("join", refusing(status, body, retry_after="0.3"))
        began = anyio.current_time()
        assert await space.call("/echo", text="x") == "x"
        assert anyio.current_time() - began >= 0.3
        assert len(app.asked("join")) == 2


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [(503, FULL, QueueFullError), (429, b"slow down", RateLimitedError)],
)
async def test_nobody_waits_longer_than_max_wait(
    status: int, body: Any, kind: type[StatusError]
) -> None:
    async with faulty(retry=PATIENT) as (app, space):
        app.once("join", refusing(status, body, retry_after="3"))
        began = anyio.current_time()
        with pytest.raises(kind) as caught:
            await space.call("/echo", text="x")
        assert caught.value.retry_after == 3
        assert anyio.current_time() - began < 1
        assert len(app.asked("join")) == 1


async def test_too_many_requests_without_a_time_is_an_error_at_once() -> None:
    async with faulty(retry=PATIENT) as (app, space):
        app.once("join", refusing(429, b"slow down"))
        with pytest.raises(RateLimitedError, match="slow down"):
            await space.call("/echo", text="x")
        assert len(app.asked("join")) == 1


class Refusing(httpx.AsyncHTTPTransport):
    """Lets the connections of the next requests be refused."""

    def __init__(self) -> None:
        super().__init__()
        self.times = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.times:
            self.times -= 1
            request.url = request.url.copy_with(port=unused_port())
        return await super().handle_async_request(request)


@pytest.mark.parametrize("times", [1, 100])
async def test_a_connection_refused_is_tried_again(times: int) -> None:
    transport = Refusing()
    async with (
        httpx.AsyncClient(transport=transport) as client,
        faulty(http_client=client) as (app, space),
    ):
        transport.times = times
        if times == 1:
            assert await space.call("/echo", text="x") == "x"
        else:
            with pytest.raises(TransportError, match="cannot connect") as caught:
                await space.call("/echo", text="x")
            assert not caught.value.sent
            assert caught.value.endpoint == "/echo"
        transport.times = 0
        assert len(app.asked("join")) == (1 if times == 1 else 0)


async def reset_before(exchange: Exchange) -> None:
    await exchange.body()
    await exchange.cut(reset=True)


async def cut_inside(exchange: Exchange) -> None:
    await exchange.body()
    await exchange.raw(b'HTTP/1.1 200 OK\r\ncontent-length: 21\r\n\r\n{"event')
    await exchange.cut()


async def cut_in_the_head(exchange: Exchange) -> None:
    await exchange.body()
    await exchange.raw(b"HTTP/1.1 200 OK\r\ncontent-")
    await exchange.cut()


async def no_http(exchange: Exchange) -> None:
    await exchange.body()
    await exchange.raw(b"SSH-2.0-OpenSSH_9.2p1\r\n")
    await exchange.cut()


@pytest.mark.parametrize(
    "fault",
    [cut, reset_before, cut_in_the_head, cut_inside, no_http],
    ids=lambda fault: fault.__name__,
)
async def test_a_connection_cut_the_answer_leaves_the_job_unknown(fault: Handler) -> None:
    async with faulty(retry=Retry(attempts=3, wait_initial=0, resubmit_lost=2)) as (app, space):
        app.once("join", fault)
        with pytest.raises(TransportError) as caught:
            await space.call("/echo", text="x")
        assert caught.value.sent, "the server may run the job"
        assert len(app.asked("join")) == 1, "so it is not sent again"


async def test_a_connection_cut_after_the_answer_costs_nothing() -> None:
    async with faulty() as (app, space):

        async def cut_after(exchange: Exchange) -> None:
            await app.behave("join", exchange)
            await exchange.cut()

        app.once("join", cut_after)
        assert await space.call("/echo", text="x") == "x"


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (a_page(200), ProtocolError, "no event_id"),
        (a_page(502), StatusError, "502: an HTML page: 'Oops Bad Gateway'"),
        (refusing(200, {"error": "none"}), ProtocolError, "no event_id"),
        (refusing(200, {"event_id": None}), ProtocolError, "no event_id"),
        (refusing(200, b"null"), ProtocolError, "no event_id"),
        (refusing(200, b"\xff"), ProtocolError, "no event_id"),
        (refusing(204, b""), ProtocolError, "no event_id"),
        (refusing(404, {"detail": "Not Found"}), StatusError, "Not Found"),
        (refusing(302, b"", location="http://127.0.0.1:1/x"), StatusError, "redirected to"),
    ],
)
async def test_an_answer_that_is_none_of_gradios_is_a_typed_error(
    fault: Handler, kind: type[SpaceError], words: str
) -> None:
    async with faulty() as (app, space):
        app.once("join", fault)
        with pytest.raises(kind, match=words) as caught:
            await space.call("/echo", text="x")
        assert caught.value.endpoint == "/echo"
        assert len(app.asked("join")) == 1


async def test_a_call_that_was_entered_raises_the_same() -> None:
    async with faulty() as (app, space):
        app.once("join", refusing(500, b"oops"), refusing(500, b"oops"))
        async with space.call("/echo", text="x") as job:
            with pytest.raises(StatusError, match="oops"):
                await anext(job)
            with pytest.raises(StatusError, match="oops"):
                await job.result()
        with pytest.raises(StatusError, match="oops"):
            async with space.call("/echo", text="x") as job:
                assert [event async for event in job] == []


async def test_a_failed_join_does_not_touch_the_calls_beside_it() -> None:
    async with faulty() as (app, space):
        session, held = space.session(), space.call("/hold", text="x")
        async with session, session.call("/hold", text="y") as in_session, held as held_job:
            await anext(in_session)
            await anext(held_job)
            app.once("join", refusing(500, b"oops"), cut)
            for _ in range(2):
                with pytest.raises(SpaceError):
                    await session.call("/echo", text="x")
            assert await session.call("/echo", text="z") == "z"
            assert not held_job.done
            assert not in_session.done


async def test_a_session_that_lost_its_stream_takes_no_further_job() -> None:
    async with faulty() as (app, space):
        session = space.session()
        app.once("data", cut)
        with pytest.raises(JobLostError):
            await session.call("/echo", text="x")
        with pytest.raises(JobLostError, match=r"of this session broke.*open another") as caught:
            await session.call("/echo", text="x")
        assert not caught.value.sent
        assert caught.value.safe_to_retry
        assert len(app.asked("join")) == 1
        assert await space.session().call("/echo", text="y") == "y"
