"""Rows from an iterable that blocks: it is read in a thread, as far ahead as calls may run."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Generator, Iterator
from contextvars import ContextVar
from typing import Any

import anyio
import pytest

from spacecall import Pool, RowOutcome, Space, Timeouts
from spacecall._client.concurrency.iterable_thread import IterableThread
from tests.faults.stub import Stub, stub

DEADLINE = 30.0

Row = dict[str, Any]


@pytest.fixture
async def app() -> AsyncGenerator[Stub, None]:
    async with stub() as app:
        yield app


def same(item: Any) -> Any:
    return item


def row_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "spacecall.rows"]


async def test_an_iterable_that_blocks_stops_neither_the_calls_nor_other_tasks(app: Stub) -> None:
    proceed = threading.Event()

    def rows() -> Iterator[Row]:
        yield {"text": "first"}
        assert proceed.wait(DEADLINE)
        yield {"text": "second"}

    values: list[Any] = []
    with anyio.fail_after(DEADLINE):
        async with Space(app.url) as space:
            async for outcome in space.map("/echo", rows()):
                values.append(outcome.value)
                if len(values) == 1:
                    assert await space.call("/echo", text="meanwhile") == "meanwhile"
                    proceed.set()
    assert values == ["first", "second"]


async def test_rows_of_a_pool_are_read_in_a_thread_too(app: Stub) -> None:
    idents: set[int] = set()

    def rows() -> Iterator[Row]:
        for index in range(20):
            idents.add(threading.get_ident())
            yield {"text": str(index)}

    async with Pool([app.url]) as pool:
        outcomes = [outcome async for outcome in pool.map("/echo", rows())]
    assert sorted(int(outcome.result()) for outcome in outcomes) == list(range(20))
    assert len(idents) == 1
    assert threading.get_ident() not in idents


async def test_a_generator_is_read_and_closed_in_one_thread_with_the_callers_context(
    app: Stub,
) -> None:
    user = ContextVar("user", default="nobody")
    seen: list[tuple[str, int, str]] = []

    def note(what: str) -> None:
        seen.append((what, threading.get_ident(), user.get()))

    def rows() -> Generator[Row, None, None]:
        try:
            user.set(f"{user.get()}'s rows")
            while True:
                note("read")
                yield {"text": "x"}
        finally:
            note("closed")

    user.set("ada")
    async with Space(app.url) as space:
        async with space.map("/echo", rows(), concurrency=2) as outcomes:
            for _ in range(3):
                await anext(outcomes)
        assert seen[-1][0] == "closed", "before the block ends"
    assert len({ident for _, ident, _ in seen}) == 1
    assert seen[0][1] != threading.get_ident()
    assert {name for _, _, name in seen} == {"ada's rows"}
    assert user.get() == "ada"


async def test_a_map_is_left_although_its_iterable_never_returns(app: Stub) -> None:
    proceed = threading.Event()
    closed = threading.Event()

    def rows() -> Iterator[Row]:
        try:
            yield {"text": "first"}
            proceed.wait()
        finally:
            closed.set()

    with anyio.fail_after(DEADLINE):
        async with (
            Space(app.url, timeouts=Timeouts(cancel=0.05)) as space,
            space.map("/echo", rows()) as outcomes,
        ):
            assert (await anext(outcomes)).value == "first"
    assert not closed.is_set()
    proceed.set()
    assert closed.wait(DEADLINE), "it is closed when it returns"


_BLOCKED = """
import threading, anyio
from spacecall._client.concurrency.iterable_thread import IterableThread

async def main():
    thread = IterableThread(iter(threading.Event().wait, True), lambda item: item)
    with anyio.move_on_after(0.05):
        await thread.take(1)
    await thread.aclose(0.05)
    print("left")

anyio.run(main, backend={backend!r})
"""


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_process_ends_although_an_iterable_never_returns(backend: str) -> None:
    code = _BLOCKED.format(backend=backend)
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=DEADLINE, check=False
    )
    assert (ended.returncode, ended.stdout) == (0, "left\n"), ended.stderr


async def test_no_more_items_are_read_than_allowed() -> None:
    read: list[int] = []

    def items() -> Iterator[int]:
        for index in range(100):
            read.append(index)
            yield index

    with anyio.fail_after(DEADLINE):
        thread = IterableThread(items(), same)
        assert not read
        taken = await thread.take(3)
        while len(taken) < 3:
            taken += await thread.take(3 - len(taken))
        await anyio.to_thread.run_sync(lambda: None)
        assert (taken, read) == ([0, 1, 2], [0, 1, 2])
        while items_taken := await thread.take(7):
            taken += items_taken
            assert len(read) <= len(taken) + 7
        await thread.aclose(1)
    assert taken == list(range(100))


async def test_an_error_comes_after_the_items_before_it_and_once() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise LookupError("no more")

    with anyio.fail_after(DEADLINE):
        thread = IterableThread(items(), same)
        assert await thread.take(5) == [1]
        with pytest.raises(LookupError, match="no more"):
            await thread.take(5)
        await thread.aclose(1)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
async def test_what_ends_a_program_ends_the_reader_of_the_items(error: type[BaseException]) -> None:
    def items() -> Iterator[int]:
        raise error
        yield

    with anyio.fail_after(DEADLINE):
        thread = IterableThread(items(), same)
        with pytest.raises(error):
            await thread.take(1)


async def test_an_error_of_closing_a_generator_is_raised() -> None:
    def items() -> Iterator[int]:
        try:
            yield 1
        finally:
            raise LookupError("not closed")

    with anyio.fail_after(DEADLINE):
        thread = IterableThread(items(), same)
        assert await thread.take(1) == [1]
        with pytest.raises(LookupError, match="not closed"):
            await thread.aclose(5)


async def test_a_cursor_of_another_thread_says_how_to_read_it(app: Stub) -> None:
    database = sqlite3.connect(":memory:")
    query = "VALUES ('a'), ('b')"

    async def in_the_event_loop() -> AsyncGenerator[Row, None]:
        for (text,) in database.execute(query):
            yield {"text": text}

    def in_one_thread() -> Iterator[Row]:
        opened = sqlite3.connect(":memory:")
        try:
            for (text,) in opened.execute(query):
                yield {"text": text}
        finally:
            opened.close()

    async def texts(space: Space, rows: Any) -> list[Any]:
        outcomes: list[RowOutcome[Any, Any]] = [row async for row in space.map("/echo", rows)]
        return sorted(outcome.result() for outcome in outcomes)

    async with Space(app.url) as space:
        with pytest.raises(sqlite3.ProgrammingError) as caught:
            await texts(space, ({"text": text} for (text,) in database.execute(query)))
        assert "yield the rows from an async generator" in caught.value.__notes__[0]
        assert await texts(space, in_the_event_loop()) == ["a", "b"]
        assert await texts(space, in_one_thread()) == ["a", "b"]
    database.close()


async def test_a_list_needs_no_thread(app: Stub) -> None:
    async with Space(app.url) as space:
        async for _ in space.map("/echo", [{"text": "a"}, {"text": "b"}]):
            assert not row_threads()
