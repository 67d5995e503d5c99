"""Calls on a real server behind a proxy that spoils connections: see `./scripts/soak --help`.

Each job must end: with its value, with an error of its own, or given up by the caller. A job whose
end is missing or wrong is lost silently; one that outlasts `HANG` hangs. At the end of each minute
the callers pause, and what the process still holds is measured: its memory, and its descriptors
without those of connections that wait for their next request (three each: the proxy has two).
At the end there may be `MORE` more descriptors, and `GROWN` times the memory of when it was warm:
if there is more, or a job was lost silently, hung, or was left in the queue, it exits with 1.
"""

from __future__ import annotations

import argparse
import gc
import math
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

import anyio
from anyio.to_thread import run_sync

from spacecall import AppError, Retry, Space, SpaceError, Timeouts
from spacecall._client.calls.caller import Caller
from tests import servers
from tests.client.tools import queue_size, until
from tests.faults.proxy import At, Ending, Fault, Proxy, proxy
from tests.faults.proxy_tools import descriptors
from tests.faults.tools import tasks

HANG = 120.0
"""Seconds after which a job hangs; its own deadlines end it long before."""

WARM, GROWN, MORE = 5.0, 1.1, 3
"""Minutes until the process is warm: a shorter run says nothing about memory."""

TIMEOUTS = Timeouts(connect=5, upload=10, queue=40, run=40, idle=5, total=60, cancel=2)
RETRY = Retry(attempts=4, wait_initial=0.05, wait_max=1)
HEARTBEAT = {"GRADIO_HEARTBEAT_INTERVAL": "1"}

Do: TypeAlias = Callable[[Space, random.Random], Awaitable[str]]


class WrongEndError(Exception):
    """A job ended without its value and without an error."""


def expect(actual: object, expected: object) -> None:
    """Raise `WrongEndError` unless both are the same."""
    if actual != expected:
        raise WrongEndError(f"{actual!r} instead of {expected!r}")


async def echo(space: Caller, rng: random.Random) -> str:
    """Get a value."""
    text = f"é{rng.random()}"
    expect(await space.call("/echo", text=text), text)
    return "value"


async def resubmitted(space: Space, rng: random.Random) -> str:
    """Get the value of a job that is sent again when it is lost."""
    return await echo(
        space.with_options(retry=Retry(attempts=4, wait_initial=0.05, resubmit_lost=3)), rng
    )


async def simple(space: Space, rng: random.Random) -> str:
    """Get a value over the simple call API."""
    return await echo(space.with_options(call_api=True), rng)


async def stream(space: Space, rng: random.Random) -> str:
    """Every value of a generator."""
    words = [f"w{i} " for i in range(rng.randint(1, 12))]
    async with space.call("/stream_text", text="w", n=len(words)) as job:
        values = [value async for value in job.outputs]
        expect(values[-1], "".join(words))
        expect(values, sorted(values, key=len))
        expect(await job.result(), "".join(words))
    return "value"


async def leave(space: Space, rng: random.Random) -> str:
    """Leave a generator early."""
    async with space.call("/stream_text", text="w", n=200) as job:
        async for _ in job.outputs:
            if rng.random() < 0.3:
                return "given up"
    raise WrongEndError("a generator of 200 values ended early")


async def cancel(space: Space, rng: random.Random) -> str:
    """Cancel the task of a call at any moment."""
    with anyio.move_on_after(rng.random() * 0.2):
        expect(await space.call("/slow_many", seconds=0.1), "slept 0.1")
        return "value"
    return "given up"


async def session(space: Space, rng: random.Random) -> str:
    """Make calls that share State."""
    async with space.session() as chat:
        for turn in range(1, rng.randint(2, 4)):
            _, history = await chat.call("/chat", message="hi", history=[])
            answer = history[-1]["content"]
            text = answer if isinstance(answer, str) else answer[0]["text"]
            expect(text, f"turn {turn}: you said hi")
    return "value"


async def files(space: Space, rng: random.Random) -> str:
    """Send a file and read it back."""
    content = rng.randbytes(rng.randint(1, 300_000))
    (file,) = await space.call("/files", files=[content])
    expect(await file.read() == content, expected=True)
    return "value"


async def ticket(space: Space, rng: random.Random) -> str:
    """Detach a job and collect it."""
    left = await space.call("/slow_many", seconds=0.05).detach()
    await anyio.sleep(rng.random() * 0.1)
    expect(await space.collect(left), "slept 0.05")
    return "value"


async def fail(space: Space, rng: random.Random) -> str:
    """Call a function that raises."""
    await space.call("/fail", text=str(rng.random()))
    raise WrongEndError("/fail gave a value")


JOBS: list[Do] = [
    *[echo] * 4, *[resubmitted] * 3, *[stream] * 3, *[leave] * 2, *[cancel] * 3, simple, session,
    files, ticket, fail,
]  # fmt: skip


class Soak:
    """What runs, and what became of it."""

    def __init__(self, way: Proxy, space: Space, server: servers.AppServer, seed: int) -> None:
        self.way = way
        self.space = space
        self.server = server
        self.rng = random.Random(seed)  # noqa: S311
        self.began = 0
        self.busy = 0
        self.restarts = 0
        self.refusals = 0
        self.ends: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.hung: list[str] = []
        self.held: list[tuple[float, float, int]] = []
        self.go = anyio.Event()
        self.ended = False

    def choose(self, _: str) -> Fault | None:
        """One request in twenty is spoilt."""
        rng = self.rng
        if rng.random() > 0.05:
            return None
        ending = rng.choices([Ending.CLOSE, Ending.RESET, Ending.STALL], [9, 9, 1])[0]
        at = At(int(2 ** (rng.random() * 12)) - 1)
        if rng.random() < 0.3:
            return Fault(request=at, ending=ending)
        return Fault(answer=at, ending=ending)

    async def work(self, number: int) -> None:
        """One caller: a job after the other."""
        rng = random.Random(self.rng.random() + number)  # noqa: S311
        while not self.ended:
            await self.go.wait()
            job = rng.choice(JOBS)
            self.began += 1
            self.busy += 1
            with anyio.move_on_after(HANG) as scope:
                self.ends[await self._end(job, rng)] += 1
            if scope.cancelled_caught:
                self.hung.append(job.__name__)
            self.busy -= 1
            if not self.server.running():
                await anyio.sleep(0.5)

    async def _end(self, job: Do, rng: random.Random) -> str:
        try:
            return await job(self.space, rng)
        except AppError as error:
            return f"AppError: {error.message[:60]}"
        except SpaceError as error:
            return type(error).__name__
        except WrongEndError as error:
            self.wrong.append(f"{job.__name__}: {error}")
            return "lost silently"

    async def trouble(self) -> None:
        """Kill the server once a minute, and refuse connections for a moment."""
        while True:
            await anyio.sleep(self.rng.uniform(10, 25))
            self.refusals += 1
            await self.way.refuse()
            await anyio.sleep(self.rng.uniform(0.1, 1))
            await self.way.accept()
            await anyio.sleep(self.rng.uniform(10, 25))
            self.restarts += 1
            self.server.kill()
            await run_sync(self.server.stop)
            self.server = await run_sync(start)
            self.way.upstream = self.server.port

    async def measure(self, minute: float) -> None:
        """Let all jobs end, and tell what the process holds then."""
        self.go = anyio.Event()
        await until(lambda: not self.busy and not tasks())
        self.way.requests.clear()
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text().split()[1])  # noqa: ASYNC240
        memory = pages * resource.getpagesize() / 2**20
        opened = descriptors() - 3 * self.way.open
        self.held.append((minute, memory, opened))
        print(
            f"| {minute:.1f} | {self.began} | {self.ends['value']} | {self.way.spoilt} "
            f"| {self.restarts} | {memory:.1f} | {opened} | {self.way.open} "
            f"| {len(self.wrong)} | {len(self.hung)} |",
            flush=True,
        )


def grown(held: list[tuple[float, float, int]]) -> list[str]:
    """Return what grew, given the memory and descriptors of each minute."""
    (_, _, first), (_, memory, last) = held[0], held[-1]
    warm = next((held_memory for minute, held_memory, _ in held if minute >= WARM), memory)
    problems = [f"descriptors: {first} became {last}"] if last > first + MORE else []
    return problems + ([f"MiB: {warm:.1f} became {memory:.1f}"] if memory > warm * GROWN else [])


def start() -> servers.AppServer:
    """Return the protocol app on Gradio 6.31."""
    return servers.start("protocol_app.py", servers.GRADIO_6, env=HEARTBEAT)


async def soak(server: servers.AppServer, options: argparse.Namespace) -> bool:
    """Run, print; whether all went as it must."""
    async with proxy(server.port) as way:
        async with Space(way.url, timeouts=TIMEOUTS, retry=RETRY) as space:
            run = Soak(way, space, server, options.seed)
            way.choose = run.choose
            print(
                "| minute | jobs | with a value | faults | restarts | RSS (MiB) | descriptors "
                "| connections | lost silently | hung |\n|" + "---|" * 10
            )
            await _minutes(run, options)
            way.recover()
            waiting = await queue_size(space)
        await until(lambda: not way.open)
    print(f"\nconnections refused for a moment: {run.refusals}")
    print(f"jobs: {run.began}, each with one end: {sum(run.ends.values()) == run.began}")
    print(*(f"  {name}: {count}" for name, count in run.ends.most_common()), sep="\n")
    bad = run.wrong + run.hung + grown(run.held)
    ends = f"lost silently: {len(run.wrong)}  hung: {len(run.hung)}  in the queue: {waiting}"
    print(ends, *bad, sep="\n")
    run.server.stop()
    return not bad and not waiting and run.began == sum(run.ends.values())


async def _minutes(run: Soak, options: argparse.Namespace) -> None:
    began = time.monotonic()
    async with anyio.create_task_group() as group:
        run.go.set()
        for number in range(options.callers):
            group.start_soon(run.work, number)
        group.start_soon(run.trouble)
        for minute in range(1, math.ceil(options.minutes) + 1):
            at = min(minute, options.minutes)
            await anyio.sleep(max(0, began + at * 60 - time.monotonic()))
            run.ended = minute >= options.minutes
            await run.measure(at)
            run.go.set()
        group.cancel_scope.cancel()


def main() -> int:
    """Read the command line, start the server, run."""
    parser = argparse.ArgumentParser(prog="./scripts/soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--callers", type=int, default=8, help="jobs under way at once (8)")
    parser.add_argument("--seed", type=int, default=1, help="of jobs and faults (1)")
    parser.add_argument("--backend", choices=["asyncio", "trio"], default="asyncio")
    options = parser.parse_args()
    return int(not anyio.run(soak, start(), options, backend=options.backend))


if __name__ == "__main__":
    sys.exit(main())
