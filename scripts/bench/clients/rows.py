"""Calls for many rows: by spacecall, by bare httpx, and by threads over gradio_client."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stdout, suppress
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Any

import httpx

from scripts.bench.clients.floor import Floor
from scripts.bench.clients.process import Numbers, Spent, main, own_memory

_READINGS = 20
"""How often the memory is read."""
_SECONDS_PER_ROW = 0.001
"""Less than a row takes."""


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


def command(url: str, rows: int, calls: int, folder: str) -> Numbers:
    """Run `spacecall map` from one file of JSON lines to another.

    Idle is what the process has after the command has called ten rows of another file.
    """
    _map_rows(url, rows=10, calls=calls, folder=Path(folder) / "warm")
    reading, spent = Memory(_READINGS), Spent()
    with _called_every(reading.count_row, seconds=rows * _SECONDS_PER_ROW / _READINGS):
        _map_rows(url, rows=rows, calls=calls, folder=Path(folder) / "measured")
    return spent.numbers(per=rows) | reading.numbers()


def _map_rows(url: str, *, rows: int, calls: int, folder: Path) -> None:
    folder.mkdir()
    source, output = folder / "rows.jsonl", folder / "out.jsonl"
    with source.open("w") as file:
        file.writelines(f"{json.dumps(row)}\n" for row in _texts(rows))
    options = ["--input", str(source), "--output", str(output), "--concurrency", str(calls)]
    main_of_command: Any = import_module("spacecall.cli").main
    with redirect_stdout(StringIO()) as printed, suppress(SystemExit):
        main_of_command(["map", url, "/echo", *options, "--json", "--quiet"])
    assert json.loads(printed.getvalue())["done"] == rows
    with output.open() as file:
        assert sum(1 for _ in file) == rows


@contextmanager
def _called_every(call: Callable[[], None], *, seconds: float) -> Generator[None]:
    """Call a function in a thread, every so many seconds and at the end."""
    stopped = threading.Event()

    def work() -> None:
        while not stopped.wait(seconds):
            call()
        call()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


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
    main({"ours": ours, "command": command, "floor": floor, "official": official})
