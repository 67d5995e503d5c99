"""What can go wrong on a stream."""

from __future__ import annotations

import re
from typing import Any

import anyio
import pytest

from spacecall import (
    JobLostError,
    Limits,
    ProtocolError,
    Space,
)
from tests.client.tools import until
from tests.faults.exchanges import Exchange
from tests.faults.stub import HEARTBEAT, begun, completed, saying, sse
from tests.faults.tools import PATIENT, Sender, faulty, through


async def whole(exchange: Exchange, data: bytes) -> None:
    await exchange.send(data)


async def byte_by_byte(exchange: Exchange, data: bytes) -> None:
    for position in range(len(data)):
        await exchange.send(data[position : position + 1])


async def with_crlf(exchange: Exchange, data: bytes) -> None:
    await exchange.send(data.replace(b"\n", b"\r\n"))


async def with_crlf_byte_by_byte(exchange: Exchange, data: bytes) -> None:
    await byte_by_byte(exchange, data.replace(b"\n", b"\r\n"))


async def with_comments(exchange: Exchange, data: bytes) -> None:
    await exchange.send(b": hello\n\n:\n" + data.replace(b"\n\n", b"\n\n: ping\n\n"))


async def with_other_fields(exchange: Exchange, data: bytes) -> None:
    await exchange.send(b"retry: 10\n\n" + data.replace(b"data:", b"event: x\nid: 1\ndata:"))


async def with_unknown_kinds(exchange: Exchange, data: bytes) -> None:
    event_id = re.search(rb'"event_id": "(\w+)"', data)
    assert event_id is not None
    news = b'data: {"msg": "process_dreaming", "event_id": "%s", "dream": [1]}\n\n' % event_id[1]
    news += b'data: {"msg": "weather", "event_id": null}\n\ndata: {"event_id": "x"}\n\n'
    await exchange.send(data.replace(b"\n\n", b"\n\n" + news))


async def with_more_fields(exchange: Exchange, data: bytes) -> None:
    await exchange.send(data.replace(b'{"msg"', b'{"new": {"deep": [1]}, "msg"'))


async def with_heartbeats(exchange: Exchange, data: bytes) -> None:
    await exchange.send(HEARTBEAT + data.replace(b"\n\n", b"\n\n" + HEARTBEAT))


@pytest.mark.parametrize(
    "send",
    [
        whole,
        byte_by_byte,
        with_crlf,
        with_crlf_byte_by_byte,
        with_comments,
        with_other_fields,
        with_unknown_kinds,
        with_more_fields,
        with_heartbeats,
    ],
    ids=lambda send: send.__name__,
)
async def test_a_stream_that_looks_otherwise_says_the_same(send: Sender) -> None:
    async with faulty() as (app, space):
        app.always("data", through(app, send))
        assert await space.call("/echo", text="é \u2028 x") == "é \u2028 x"
        async with space.call("/stream", text="a b c") as job:
            assert [value async for value in job.outputs] == ["a ", "a b ", "a b c"]


@pytest.mark.parametrize("status", [404, 500, 502])
async def test_a_stream_that_is_refused_loses_its_jobs(status: int) -> None:
    async def refuse(exchange: Exchange) -> None:
        await exchange.answer(status, {"detail": "no stream here"})

    async with faulty() as (app, space):
        app.once("data", refuse)
        with pytest.raises(JobLostError, match="no stream here"):
            await space.call("/echo", text="x")


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (b"data: {not json\n\n", "not JSON: '{not json'"),
        (b"data: [1]\n\n", "not a JSON object"),
        (b"data: <html>\n\n", "not JSON"),
        (
            b'data: {"msg": "estimation", "event_id": {}}\n\n',
            "estimation message from the server is invalid",
        ),
        (b"data: \xff\xfe\n\n", "not JSON"),
        (b"data: " + b"x" * 5000 + b"\n\n", "not JSON"),
    ],
    ids=["broken", "array", "html", "ill-typed", "no utf-8", "long"],
)
async def test_what_is_no_message_is_a_protocol_error(bad: bytes, words: str) -> None:
    async with faulty() as (app, space):
        app.once("data", saying(bad))
        with pytest.raises(ProtocolError, match=words) as caught:
            await space.call("/echo", text="x")
        assert len(str(caught.value)) < 400


@pytest.mark.parametrize("kind", ["text/html", "application/json", "text/plain; charset=utf-8"])
async def test_an_answer_that_is_no_stream_is_a_protocol_error(kind: str) -> None:
    async def page(exchange: Exchange) -> None:
        await exchange.answer(200, b"<html>sign in</html>", {"content-type": kind})

    async with faulty() as (app, space):
        app.once("data", page)
        with pytest.raises(ProtocolError, match="text/event-stream"):
            await space.call("/echo", text="x")


async def test_an_event_over_the_limit_is_a_protocol_error() -> None:
    async def giant(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.send(b"data: ")
        while True:
            await exchange.send(b"x" * 10_000)

    async with faulty(limits=Limits(max_event_bytes=100_000)) as (app, space):
        app.once("data", giant)
        with pytest.raises(ProtocolError, match="more than 100000 bytes"):
            await space.call("/echo", text="x")


async def test_two_jobs_of_a_broken_stream_get_an_error_each() -> None:
    errors: list[ProtocolError] = []

    async def call(caller: Space) -> None:
        with pytest.raises(ProtocolError) as caught:
            await caller.call("/hold", text="x")
        errors.append(caught.value)

    async with faulty(limits=Limits(max_streams=1)) as (app, space):
        second = anyio.Event()

        async def wait_for_both(exchange: Exchange) -> None:
            await exchange.begin()
            await second.wait()
            await exchange.send(b"data: nonsense\n\n")
            await exchange.gone()

        app.once("data", wait_for_both)
        async with anyio.create_task_group() as group:
            group.start_soon(call, space)
            group.start_soon(call, space)
            await until(lambda: len(app.asked("join")) == 2)
            second.set()
    assert errors[0] is not errors[1]
    assert {error.event_id for error in errors} == {"event1", "event2"}


async def test_unexpected_errors_about_the_whole_stream_lose_every_job() -> None:
    message = {"msg": "unexpected_error", "event_id": None, "message": "Server stopped."}
    async with faulty() as (app, space):
        app.once("data", saying(sse([*begun("event1"), message])))
        with pytest.raises(JobLostError, match="Server stopped"):
            await space.call("/hold", text="x")


async def test_unexpected_errors_about_an_unknown_session_lose_every_job() -> None:
    message = {
        "msg": "unexpected_error",
        "event_id": None,
        "message": "404: Not Found",
        "session_not_found": True,
    }
    async with faulty() as (app, space):
        app.once("data", saying(sse([message])))
        with pytest.raises(JobLostError, match="404: Not Found"):
            await space.call("/hold", text="x")


async def test_unexpected_errors_about_one_job_leave_the_others() -> None:
    async with faulty(timeouts=PATIENT) as (app, space), space.session() as session:
        gone, held_call = anyio.Event(), session.call("/hold", text="y")

        async def stream(exchange: Exchange) -> None:
            await exchange.begin()
            await gone.wait()
            error = {"msg": "unexpected_error", "event_id": "event1", "message": "one gone"}
            end = [completed("event2", ["kept"]), {"msg": "close_stream", "event_id": None}]
            await exchange.send(sse([error, *begun("event2"), *end]))
            await exchange.end()

        app.once("data", stream)
        async with session.call("/hold", text="x") as first_job:
            await until(lambda: first_job.event_id == "event1")
            async with held_call as held_job:
                await until(lambda: held_job.event_id == "event2")
                gone.set()
                with pytest.raises(JobLostError, match="one gone"):
                    await first_job.result()
                assert await held_job.result() == "kept"


async def test_an_edit_that_does_not_apply_when_it_is_read_ends_the_job_on_the_server() -> None:
    def generating(event_id: str, data: list[Any]) -> dict[str, Any]:
        message: dict[str, Any] = {"msg": "process_generating", "event_id": event_id}
        return message | {"output": {"data": data}}

    async with faulty() as (app, space):
        call = space.call("/hold", text="x").with_options(every_output=True)
        async with call as job:
            await until(lambda: job.status.phase == "running")
            assert job.event_id is not None
            session = app.session_of(job.event_id)
            session.put(generating(job.event_id, ["a"]))
            session.put(generating(job.event_id, [[["append", ["nowhere"], "b"]]]))
            assert await anext(job.outputs) == "a"
            with pytest.raises(ProtocolError):
                await anext(job.outputs)
            await until(lambda: not session.pending)
        with pytest.raises(ProtocolError):
            await job.result()
        assert len(app.asked("cancel")) == 1
