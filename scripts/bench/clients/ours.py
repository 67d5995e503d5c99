"""spacecall."""

from __future__ import annotations

import gc
import statistics
import time
import urllib.request
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import anyio
from anyio.to_thread import run_sync

from scripts.bench.clients.process import Numbers, Spent, forget_peak, latencies, main, memory, peak
from scripts.bench.jobs import PACED, STAMP
from spacecall import Space, SyncSpace
from tests.clients.protocol_app_6 import ProtocolApp6


def _run(url: str, work: Callable[[Space], Awaitable[Numbers]], *, uvloop: bool = False) -> Numbers:
    async def opened() -> Numbers:
        async with Space(url) as space:
            await space.call("/echo", text="warm")
            return await work(space)

    return anyio.run(opened, backend_options={"use_uvloop": uvloop})


async def _latencies(space: Space, calls: int) -> list[float]:
    taken: list[float] = []
    for count in range(calls):
        began = time.perf_counter()
        assert await space.call("/echo", text=f"call {count}") == f"call {count}"
        taken.append(time.perf_counter() - began)
    return taken


def sequential(url: str, calls: int) -> Numbers:
    """One call after another."""

    async def work(space: Space) -> Numbers:
        return {"seconds": statistics.median(await _latencies(space, calls))}

    return _run(url, work)


def burst(
    url: str,
    calls: int,
    slow: bool,  # noqa: FBT001
    waves: int = 1,
    *,
    uvloop: bool = False,
) -> Numbers:
    """Many calls at once, so many times."""

    async def work(space: Space) -> Numbers:
        spent = Spent()
        for _ in range(waves):
            async with anyio.create_task_group() as group:
                for count in range(calls):
                    group.start_soon(_slow if slow else _echo, space, count)
        return spent.numbers(per=calls * waves)

    return _run(url, work, uvloop=uvloop)


async def _echo(space: Space, count: int) -> None:
    assert await space.call("/echo", text=f"call {count}") == f"call {count}"


async def _slow(space: Space, count: int, seconds: float = 0.5) -> None:
    duration = seconds + count / 1e6
    assert await space.call("/slow_many", seconds=duration) == f"slept {duration}"


def flight(url: str, calls: int) -> Numbers:
    """Many calls that are all held by the server; what they take while they are."""

    def ask(path: str) -> int:
        with urllib.request.urlopen(f"{url}{path}", timeout=60) as answer:  # noqa: S310
            return int(answer.read().replace(b"true", b"1"))

    async def work(space: Space) -> Numbers:
        lost = 0

        async def call_once(count: int) -> None:
            nonlocal lost
            lost += 1
            await _slow(space, count, 1e6)
            lost -= 1

        async def all_held() -> None:
            while await run_sync(ask, "/held") < calls:  # noqa: ASYNC110 - another process holds
                await anyio.sleep(0.2)

        await run_sync(ask, "/held")
        gc.collect()
        forget_peak()
        before = held = memory()
        spent = Spent()
        async with anyio.create_task_group() as group:
            for count in range(calls):
                group.start_soon(call_once, count)
            await all_held()
            gc.collect()
            held = memory()
            await run_sync(ask, "/release")
        return {
            **spent.numbers(per=calls),
            "lost": lost,
            "memory": (held - before) / calls,
            "peak": (peak() - before) / calls,
        }

    return _run(url, work)


def streaming(url: str, updates: int) -> Numbers:
    """Measure a text that grows."""

    async def work(space: Space) -> Numbers:
        spent = Spent()
        last = ""
        async with space.call("/stream_text", text="word", n=updates) as job:
            async for value in job.outputs:
                last = value
        assert last.endswith(f"word{updates - 1} ")
        return spent.numbers(per=updates)

    return _run(url, work)


def gateway(url: str, streams: int, updates: int) -> Numbers:
    """Many streams at once, whose texts grow 50 times a second."""

    async def work(space: Space) -> Numbers:
        taken: list[float] = []

        async def follow() -> None:
            async with space.call("/stream_text", text=PACED, n=updates) as job:
                async for text in job.outputs:
                    now = time.monotonic()
                    if text and text != "end":
                        taken.append(now - float(text[-STAMP:]))

        spent = Spent()
        async with anyio.create_task_group() as group:
            for _ in range(streams):
                group.start_soon(follow)
        lost = streams * (updates - 1) - len(taken)
        return {**spent.numbers(per=len(taken)), **latencies(taken), "lost": lost}

    return _run(url, work)


def opening(url: str, rounds: int) -> Numbers:
    """Open a Space."""

    async def open_once() -> float:
        spent = Spent()
        async with Space(url) as space:
            assert len(space.endpoints or ()) >= 1000
            return spent.numbers()["cpu"]

    async def open_all() -> Numbers:
        return {"cpu": statistics.median([await open_once() for _ in range(rounds)])}

    return anyio.run(open_all)


def open_spaces(url: str, spaces: int) -> Numbers:
    """Bytes of an open Space."""

    async def opened() -> Numbers:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(Space(url))
            before = _settled()
            for _ in range(spaces):
                await stack.enter_async_context(Space(url))
            return {"space": (_settled() - before) / spaces}

    return anyio.run(opened)


def open_sessions(url: str, sessions: int) -> Numbers:
    """Bytes of an open session, and of a session that was closed."""

    async def opened() -> Numbers:
        # What uses least comes first: memory that was freed is used again.
        async with Space(url) as space:
            before = await _use_sessions(space, 100)
            after = await _use_sessions(space, sessions)
            of_closed = (after - before) / sessions
            async with AsyncExitStack() as stack:
                for _ in range(sessions):
                    session = await stack.enter_async_context(space.session())
                    await session.call("/echo", text="hi")
                of_session = (_settled() - after) / sessions
        return {"session": of_session, "closed": of_closed}

    return anyio.run(opened)


async def _use_sessions(space: Space, number: int) -> int:
    for _ in range(number):
        async with space.session() as session:
            await session.call("/echo", text="hi")
    return _settled()


def _settled() -> int:
    gc.collect()
    return memory()


def edits(url: str, updates: int) -> Numbers:
    """Measure a long chat whose last message grows."""

    async def work(space: Space) -> Numbers:
        messages = [{"role": "user", "content": [{"type": "text", "text": str(updates)}]}]
        spent = Spent()
        last: Any = None
        async with space.call("/bot", history=messages) as job:
            async for value in job.outputs:
                last = value
        assert last[-1]["content"][0]["text"].endswith(f"word{updates - 1} ")
        return spent.numbers(per=updates)

    return _run(url, work)


def upload(url: str, path: str) -> Numbers:
    """One large file."""

    async def work(space: Space) -> Numbers:
        forget_peak()
        before, spent = memory(), Spent()
        await space.call("/files", files=[path])
        return {**spent.numbers(), "memory": peak() - before}

    return _run(url, work)


def download(url: str, size: int, path: str) -> Numbers:
    """One large file, saved."""

    async def work(space: Space) -> Numbers:
        file = await space.call("/make_file", text=str(size))
        forget_peak()
        before, spent = memory(), Spent()
        await file.save(path)
        return {**spent.numbers(), "memory": peak() - before}

    return _run(url, work)


def sync_over_async(url: str, calls: int, rounds: int) -> Numbers:
    """Seconds that a call takes more without async, of the tenth that was disturbed least."""

    def undisturbed(taken: list[float]) -> float:
        return statistics.quantiles(taken, n=10)[0]

    async def work(space: Space) -> Numbers:
        return {"seconds": undisturbed(await _latencies(space, calls))}

    differences: list[float] = []
    for _ in range(rounds):
        plain = _run(url, work)["seconds"]
        taken: list[float] = []
        with SyncSpace(url) as space:
            space.call("/echo", text="warm").result()
            for count in range(calls):
                began = time.perf_counter()
                space.call("/echo", text=f"call {count}").result()
                taken.append(time.perf_counter() - began)
        differences.append(undisturbed(taken) - plain)
    return {"seconds": statistics.median(differences)}


def typed_over_dynamic(url: str, calls: int, rounds: int) -> Numbers:
    """Processor time of a typed call, as a part of a dynamic one's."""

    async def work(space: Space) -> Numbers:
        client = ProtocolApp6(space)
        await client.echo(text="warm")
        ratios: list[float] = []
        for _ in range(rounds):
            spent = Spent()
            await _latencies(space, calls)
            dynamic = spent.numbers()["cpu"]
            spent = Spent()
            for count in range(calls):
                assert await client.echo(text=f"call {count}") == f"call {count}"
            ratios.append(spent.numbers()["cpu"] / dynamic)
        return {"ratio": statistics.median(ratios)}

    return _run(url, work)


if __name__ == "__main__":
    main(
        {
            workload.__name__: workload
            for workload in (
                *(sequential, burst, flight, streaming, gateway, edits, opening),
                *(
                    open_spaces,
                    open_sessions,
                    upload,
                    download,
                    sync_over_async,
                    typed_over_dynamic,
                ),
            )
        }
    )
