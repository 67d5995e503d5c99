"""Jobs that are left on the server and collected later."""

from __future__ import annotations

import subprocess
import sys

import anyio
import pytest
from anyio.to_thread import run_sync

from spacecall import (
    AppError,
    Completed,
    File,
    InvalidInputError,
    JobLostError,
    Output,
    Queued,
    Space,
    Ticket,
    Timeouts,
)
from tests.client.tools import DEADLINE, logged, queue_size, unique
from tests.servers import DATA, AppServer


async def test_a_job_is_collected_in_another_space(protocol_app: AppServer) -> None:
    seconds = unique(0.3)
    async with Space(protocol_app.url) as space:
        ticket = await space.call("/slow_async", seconds=seconds).detach()
    async with Space(protocol_app.url) as space:
        assert await space.collect(ticket) == f"slept {seconds}"


async def test_a_job_that_is_done_is_collected(space: Space, protocol_app: AppServer) -> None:
    seconds = unique(0.1)
    ticket = await space.call("/slow_async", seconds=seconds).detach()
    await logged(protocol_app, f"slow_async finished {seconds}")
    assert await space.collect(ticket) == f"slept {seconds}"


async def test_the_events_of_a_detached_job_wait_for_whoever_enters_it(space: Space) -> None:
    ticket = await space.call("/stream_text", text="w", n=3).detach()
    async with space.collect(ticket) as job:
        assert job.event_id == ticket.event_id
        events = [event async for event in job]
    assert isinstance(events[0], Queued)
    values = [event.value for event in events if isinstance(event, (Output, Completed))]
    assert values == ["w0 ", "w0 w1 ", *["w0 w1 w2 "] * 2]


async def test_a_ticket_survives_json(space: Space) -> None:
    ticket = await space.call("/echo", text="é").detach()
    text = ticket.to_json()
    again = Ticket.from_json(text)
    assert again == ticket
    assert Ticket.from_json(text.encode()) == ticket
    assert ticket.session_hash in text
    assert ticket.session_hash not in repr(ticket)
    assert await space.collect(again) == "é"


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"space": 1}', "null"])
def test_what_is_no_ticket_is_said_to_be_none(text: str) -> None:
    with pytest.raises(InvalidInputError, match="not a ticket"):
        Ticket.from_json(text)


_COLLECT = """
import anyio, sys
from spacecall import Space, Ticket

async def main():
    ticket = Ticket.from_json(sys.stdin.read())
    async with Space(ticket.space, describe=False) as space:
        print(await space.collect(ticket))

anyio.run(main)
"""


async def test_a_job_is_collected_in_another_process(space: Space) -> None:
    ticket = await space.call("/slow_async", seconds=0.5).detach()
    done = await run_sync(
        lambda: subprocess.run(
            [sys.executable, "-W", "error", "-c", _COLLECT],
            input=ticket.to_json(),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    )
    assert (done.returncode, done.stdout.strip()) == (0, "slept 0.5"), done.stderr


async def test_files_go_into_a_detached_job_and_come_out_of_it(space: Space) -> None:
    path = DATA / "red.png"
    ticket = await space.call("/image", path=path).detach()
    file = await space.collect(ticket)
    assert isinstance(file, File)
    assert (await file.read()).startswith(b"\x89PNG")


async def test_the_error_of_a_detached_job_is_raised_to_who_collects_it(space: Space) -> None:
    ticket = await space.call("/fail", text="x").detach()
    with pytest.raises(AppError, match="boom") as caught:
        await space.collect(ticket)
    assert caught.value.event_id == ticket.event_id


async def test_a_job_is_collected_once(space: Space) -> None:
    ticket = await space.call("/echo", text="x").detach()
    assert await space.collect(ticket) == "x"
    with anyio.fail_after(DEADLINE), pytest.raises(JobLostError):
        await space.collect(ticket).with_options(timeouts=Timeouts(connect=1))


async def test_a_job_that_the_server_does_not_know_is_lost(space: Space) -> None:
    valid = await space.call("/echo", text="x").detach()
    for ticket in (
        Ticket(space.url, "/echo", "nosuchsession", valid.event_id),
        Ticket(space.url, "/echo", valid.session_hash, "nosuchevent"),
    ):
        with anyio.fail_after(DEADLINE), pytest.raises(JobLostError):
            await space.collect(ticket).with_options(timeouts=Timeouts(connect=1))


async def test_a_ticket_of_another_space_is_refused(space: Space) -> None:
    ticket = Ticket("https://elsewhere.example", "/echo", "session", "event")
    with pytest.raises(InvalidInputError, match=r"elsewhere\.example"):
        space.collect(ticket)


async def test_a_call_of_a_session_cannot_be_detached(space: Space) -> None:
    async with space.session() as session:
        with pytest.raises(InvalidInputError, match="detach a call of the Space"):
            await session.call("/echo", text="x").detach()
        assert await session.call("/echo", text="x") == "x"


async def test_a_call_without_a_queue_cannot_be_detached(space: Space) -> None:
    with pytest.raises(InvalidInputError, match="does not use the queue"):
        await space.call("/noqueue", text="x").detach()


async def test_a_call_that_does_not_fit_cannot_be_detached(space: Space) -> None:
    with pytest.raises(InvalidInputError, match="text is missing"):
        await space.call("/echo").detach()


async def test_a_collected_job_that_is_left_early_is_cancelled(
    space: Space, protocol_app: AppServer
) -> None:
    seconds = unique(30)
    ticket = await space.call("/slow_async", seconds=seconds).detach()
    await logged(protocol_app, f"slow_async start {seconds}")
    async with space.collect(ticket):
        pass
    await logged(protocol_app, f"slow_async cancelled {seconds}")
    assert await queue_size(space) == 0


async def test_what_is_not_a_ticket_is_refused_with_what_to_write(space: Space) -> None:
    with pytest.raises(InvalidInputError, match=r"Ticket\.from_json"):
        space.collect("{}")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
