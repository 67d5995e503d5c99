"""gradio_client, used as its documentation tells."""

from __future__ import annotations

import statistics
import time
from importlib import import_module
from typing import Any

from scripts.bench.clients.process import Numbers, Spent, main

# It is only where the benchmarks run.
Client: Any = import_module("gradio_client").Client


def _client(url: str, workers: int = 40) -> Any:
    client = Client(url, verbose=False, max_workers=workers)
    assert client.predict("warm", api_name="/echo") == "warm"
    return client


def sequential(url: str, calls: int) -> Numbers:
    """One call after another."""
    client = _client(url)
    taken: list[float] = []
    for count in range(calls):
        began = time.perf_counter()
        assert client.predict(f"call {count}", api_name="/echo") == f"call {count}"
        taken.append(time.perf_counter() - began)
    return {"seconds": statistics.median(taken)}


def burst(url: str, calls: int, workers: int, slow: bool) -> Numbers:  # noqa: FBT001
    """Many calls at once, over so many threads; how many of them came back."""
    client = _client(url, workers)
    arguments: list[Any] = [0.5 + n / 1e6 if slow else f"call {n}" for n in range(calls)]
    spent = Spent()
    deadline = time.monotonic() + 60
    jobs = [
        client.submit(argument, api_name="/slow_many" if slow else "/echo")
        for argument in arguments
    ]
    done = 0
    for job, argument in zip(jobs, arguments, strict=True):
        try:
            value = job.result(timeout=max(0.1, deadline - time.monotonic()))
        except Exception:  # noqa: BLE001, S112 - a lost job is what is counted
            continue
        done += value == (f"slept {argument}" if slow else argument)
    return {**spent.numbers(per=max(done, 1)), "lost": calls - done}


def _last(job: Any, updates: int) -> Any:
    """Return the last of the values; iterating a job keeps the lock that its thread needs."""
    job.result()
    values: list[Any] = job.outputs()
    assert len(values) >= updates
    return values[-1]


def streaming(url: str, updates: int) -> Numbers:
    """Measure a text that grows."""
    client = _client(url)
    spent = Spent()
    last = _last(client.submit("word", updates, api_name="/stream_text"), updates)
    assert last.endswith(f"word{updates - 1} ")
    return spent.numbers(per=updates)


def edits(url: str, updates: int) -> Numbers:
    """Measure a long chat whose last message grows."""
    client = _client(url)
    messages = [{"role": "user", "content": [{"type": "text", "text": str(updates)}]}]
    spent = Spent()
    last = _last(client.submit(messages, api_name="/bot"), updates)
    assert last[-1]["content"][0]["text"].endswith(f"word{updates - 1} ")
    return spent.numbers(per=updates)


if __name__ == "__main__":
    main({workload.__name__: workload for workload in (sequential, burst, streaming, edits)})
