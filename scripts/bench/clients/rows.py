"""Calls for many rows: by spacecall, by bare httpx, and by threads over gradio_client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx

from scripts.bench.clients.floor import Floor
from scripts.bench.clients.process import Numbers, Spent, main, own_memory

_READINGS = 20
"""How often the memory is read."""


class Memory:
    """The memory of this process above what it has now, read as rows end."""

    def __init__(self, rows: int) -> None:
        self._every = max(1, rows // _READINGS)
        self._idle = own_memory()
        self._readings: list[int] = []
        self._rows = 0

    def count_row(self) -> None:
        """Take note of a row that has ended."""
        self._rows += 1
        if self._rows % self._every == 0:
            self._readings.append(own_memory() - self._idle)

    def numbers(self) -> Numbers:
        """Return the most, and how much more it was in the second half than in the first."""
        middle = len(self._readings) // 2
        first, second = self._readings[:middle], self._readings[middle:]
        return {"memory": max(self._readings), "growth": max(second) - max(first)}


def _texts(rows: int) -> Iterator[dict[str, Any]]:
    return ({"text": f"row {index}"} for index in range(rows))


def ours(url: str, rows: int, calls: int) -> Numbers:
    """Use `space.map`."""
    space_class: Any = import_module("spacecall").Space

    async def work() -> Numbers:
        async with space_class(url) as space:
            await space.call("/echo", text="warm")
            reading, spent = Memory(rows), Spent()
            async for outcome in space.map("/echo", _texts(rows), concurrency=calls):
                assert outcome.value == outcome.row["text"]
                reading.count_row()
            return spent.numbers(per=rows) | reading.numbers()

    return asyncio.run(work())


def batch(url: str, rows: int, calls: int, folder: str) -> Numbers:
    """Run a batch from one file of JSON lines to another, as `spacecall map` does."""
    space_class: Any = import_module("spacecall").Space
    module: Any = import_module("spacecall.batch")
    source, output = Path(folder) / "rows.jsonl", Path(folder) / "out.jsonl"
    with source.open("w") as file:
        file.writelines(f"{json.dumps(row)}\n" for row in _texts(rows))
    options: Any = module.Batch(endpoint="/echo", input=source, output=output, concurrency=calls)

    async def work() -> Numbers:
        async with space_class(url) as space:
            await space.call("/echo", text="warm")
            reading, spent = Memory(_READINGS), Spent()

            def on_progress(_: object) -> None:
                reading.count_row()

            summary = await module.run_batch(space, options, on_progress=on_progress)
            assert summary.done == rows
            return spent.numbers(per=rows) | reading.numbers()

    numbers = asyncio.run(work())
    with output.open() as file:
        assert sum(1 for _ in file) == rows
    return numbers


def floor(url: str, rows: int, calls: int) -> Numbers:
    """Use bare httpx, with one stream for all calls."""

    async def work() -> Numbers:
        async with httpx.AsyncClient(base_url=url, timeout=600) as client:
            app = Floor(client)
            await app.open()
            await app.call("echo", "warm")
            reading, spent, texts = Memory(rows), Spent(), _texts(rows)

            async def call_rows() -> None:
                for row in texts:
                    assert await app.call("echo", row["text"]) == row["text"]
                    reading.count_row()

            await asyncio.gather(*(call_rows() for _ in range(calls)))
            return spent.numbers(per=rows) | reading.numbers()

    return asyncio.run(work())


def official(url: str, rows: int, calls: int) -> Numbers:
    """Use gradio_client in a `ThreadPoolExecutor`."""
    client: Any = import_module("gradio_client").Client(url, verbose=False)
    client.predict("warm", api_name="/echo")
    reading, spent = Memory(rows), Spent()
    with ThreadPoolExecutor(calls) as executor:
        texts = [row["text"] for row in _texts(rows)]

        def call(text: str) -> Any:
            try:
                return client.predict(text, api_name="/echo")
            except BaseException:  # noqa: BLE001 - a CancelledError too: a lost row is counted
                return None

        done = 0
        for text, value in zip(texts, executor.map(call, texts), strict=True):
            done += value == text
            reading.count_row()
    lost: Numbers = {"lost": rows - done}
    return spent.numbers(per=max(done, 1)) | reading.numbers() | lost


if __name__ == "__main__":
    main({"ours": ours, "batch": batch, "floor": floor, "official": official})
