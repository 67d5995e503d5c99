"""What recording costs, and how fast a recording is replayed.

::

    python -m scripts.bench.cassettes

Calls of a real app (Gradio 6.31) with and without recording, one after the other in the same
process, several times; what is compared is the processor time of this process. Then the calls are
replayed. Prints medians, and fails where the goals are missed.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import anyio

from spacecall import Space
from spacecall.cassettes import use_cassette
from tests import servers

CALLS = 1000
AT_ONCE = 20
ROUNDS = 15
MOST_OVERHEAD = 1.10
MOST_SECONDS = 5.0


async def calls(address: str, number: int) -> float:
    """Make so many short calls; the processor seconds that they took, without opening the app."""
    async with Space(address) as space:
        await space.call("/echo", text="warm")
        before = time.process_time()
        limit = anyio.Semaphore(AT_ONCE)

        async def one(count: int) -> None:
            async with limit:
                assert await space.call("/echo", text=f"call {count}") == f"call {count}"

        async with anyio.create_task_group() as group:
            for count in range(number):
                group.start_soon(one, count)
        return time.process_time() - before


def main() -> int:
    """Measure, print, and tell whether a goal was missed."""
    with (
        servers.serve("protocol_app.py", servers.GRADIO_6) as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        path = Path(folder) / "calls.json"
        ratios: list[float] = []
        for _ in range(ROUNDS):
            plain = anyio.run(calls, server.url, CALLS // 4)
            with use_cassette(path, mode="rewrite"):
                recorded = anyio.run(calls, server.url, CALLS // 4)
            ratios.append(recorded / plain)
        overhead = statistics.median(ratios)
        with use_cassette(path, mode="rewrite"):
            anyio.run(calls, server.url, CALLS)
        spent: list[float] = []
        for _ in range(3):
            began = time.perf_counter()
            with use_cassette(path):
                anyio.run(calls, "http://127.0.0.1:9", CALLS)
            spent.append(time.perf_counter() - began)
    replayed = statistics.median(spent)
    print(f"recording: {(overhead - 1) * 100:+.1f} % processor time a call (median of {ROUNDS})")
    print(f"replaying {CALLS} calls: {replayed:.2f} s (median of 3)")
    return int(overhead > MOST_OVERHEAD or replayed > MOST_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
