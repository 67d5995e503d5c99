"""The least that the protocol needs, written by hand on httpx: no checks, no errors, no options.

With the environment variable `FLOOR`, another library of the same interface: httpx2.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import statistics
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.bench.clients.process import Numbers, Spent, forget_peak, latencies, main, memory, peak
from scripts.bench.jobs import PACED, STAMP

if TYPE_CHECKING:
    import httpx
else:
    httpx = import_module(os.environ.get("FLOOR", "httpx"))

PREFIX = "/gradio_api"
_PATIENCE = 600


class Floor:
    """One session over one pooled client, and one stream that all its jobs share."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._session = secrets.token_hex(8)
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        self._early: dict[str, Any] = {}
        self._reader: asyncio.Task[None] | None = None
        self._texts: defaultdict[str, asyncio.Queue[str | None]] = defaultdict(asyncio.Queue)
        self.follows = False
        self._names: dict[str, int] = {}
        self.text = ""
        """What a stream of a growing text has told so far."""

    async def open(self) -> None:
        """Read the /config."""
        config = (await self._client.get("/config")).json()
        self._names = {function["api_name"]: function["id"] for function in config["dependencies"]}

    async def call(self, name: str, *data: Any) -> Any:
        """Return the first output."""
        event_id = await self._join(name, *data)
        if event_id in self._early:
            return self._early.pop(event_id)
        future = self._waiting[event_id] = asyncio.get_running_loop().create_future()
        if self._reader is None:
            self._reader = asyncio.create_task(self._read())
        return await future

    async def _join(self, name: str, *data: Any) -> str:
        body = {"data": data, "fn_index": self._names[name], "session_hash": self._session}
        answer = await self._client.post(f"{PREFIX}/queue/join", json=body)
        event_id: str = json.loads(answer.content)["event_id"]
        return event_id

    async def stream(self, name: str, *data: Any) -> AsyncIterator[str]:
        """Yield the text so far, each time that it grows."""
        event_id = await self._join(name, *data)
        texts = self._texts[event_id]
        self._waiting[event_id] = asyncio.get_running_loop().create_future()
        if self._reader is None:
            self._reader = asyncio.create_task(self._read())
        text = ""
        while (added := await texts.get()) is not None:
            text += added
            yield text

    async def _read(self) -> None:
        query = {"session_hash": self._session}
        while self._waiting:
            url = f"{PREFIX}/queue/data"
            async with self._client.stream("GET", url, params=query) as response:
                buffer = b""
                async for chunk in response.aiter_bytes():
                    *events, buffer = (buffer + chunk).split(b"\n\n")
                    for event in events:
                        self._take(json.loads(event[6:]))
        self._reader = None

    def _take(self, message: dict[str, Any]) -> None:
        texts = self._texts[message["event_id"]] if self.follows else None
        if message["msg"] == "process_generating":
            (output,) = message["output"]["data"]
            if texts is not None:
                texts.put_nowait(output if isinstance(output, str) else output[0][2])
                return
            self.text = output if isinstance(output, str) else self.text + output[0][2]
        if message["msg"] == "process_completed":
            if texts is not None:
                texts.put_nowait(None)
            value = message["output"]["data"][0]
            waiting = self._waiting.pop(message["event_id"], None)
            if waiting is None:
                self._early[message["event_id"]] = value
            else:
                waiting.set_result(value)


def _run(url: str, work: Callable[[Floor, httpx.AsyncClient], Awaitable[Numbers]]) -> Numbers:
    async def opened() -> Numbers:
        async with httpx.AsyncClient(base_url=url, timeout=_PATIENCE) as client:
            floor = Floor(client)
            await floor.open()
            await floor.call("echo", "warm")
            return await work(floor, client)

    return asyncio.run(opened())


def sequential(url: str, calls: int) -> Numbers:
    """One call after another."""

    async def work(floor: Floor, _: httpx.AsyncClient) -> Numbers:
        taken: list[float] = []
        for count in range(calls):
            began = time.perf_counter()
            assert await floor.call("echo", f"call {count}") == f"call {count}"
            taken.append(time.perf_counter() - began)
        return {"seconds": statistics.median(taken)}

    return _run(url, work)


def burst(url: str, calls: int, slow: bool, waves: int = 1) -> Numbers:  # noqa: FBT001
    """Many calls at once, so many times."""

    async def work(floor: Floor, _: httpx.AsyncClient) -> Numbers:
        async def call_once(count: int) -> None:
            argument: Any = 0.5 + count / 1e6 if slow else f"call {count}"
            value = await floor.call("slow_many" if slow else "echo", argument)
            assert value == (f"slept {argument}" if slow else argument)

        spent = Spent()
        for _wave in range(waves):
            await asyncio.gather(*(call_once(count) for count in range(calls)))
        return spent.numbers(per=calls * waves)

    return _run(url, work)


def streaming(url: str, updates: int) -> Numbers:
    """Measure a text that grows."""

    async def work(floor: Floor, _: httpx.AsyncClient) -> Numbers:
        spent = Spent()
        last = await floor.call("stream_text", "word", updates)
        assert last == floor.text
        return spent.numbers(per=updates)

    return _run(url, work)


def gateway(url: str, streams: int, updates: int, connections: int) -> Numbers:
    """Many streams at once, whose texts grow 50 times a second, over so many connections."""

    async def work(_: Floor, client: httpx.AsyncClient) -> Numbers:
        taken: list[float] = []

        async def follow(floor: Floor) -> None:
            async for text in floor.stream("stream_text", PACED, updates):
                now = time.monotonic()
                if text:
                    taken.append(now - float(text[-STAMP:]))

        floors = [Floor(client) for _ in range(connections)]
        for each in floors:
            await each.open()
            each.follows = True
        spent = Spent()
        await asyncio.gather(*(follow(floors[n % connections]) for n in range(streams)))
        assert len(taken) == streams * (updates - 1)
        return {**spent.numbers(per=len(taken)), **latencies(taken)}

    return _run(url, work)


def opening(url: str, rounds: int) -> Numbers:
    """Read the two documents of an app, and parse them as JSON."""

    async def opened() -> Numbers:
        taken: list[float] = []
        for _ in range(rounds):
            async with httpx.AsyncClient(base_url=url, verify=False) as client:
                spent = Spent()
                for path in ("/config", f"{PREFIX}/info"):
                    json.loads((await client.get(path)).content)
                taken.append(spent.numbers()["cpu"])
        return {"cpu": statistics.median(taken)}

    return asyncio.run(opened())


def upload(url: str, path: str) -> Numbers:
    """One large file in a multipart form."""

    async def work(_: Floor, client: httpx.AsyncClient) -> Numbers:
        forget_peak()
        before, spent = memory(), Spent()
        with Path(path).open("rb") as file:  # noqa: ASYNC230 - the least there is
            await client.post(f"{PREFIX}/upload", files={"files": file})
        return {**spent.numbers(), "memory": peak() - before}

    return _run(url, work)


def download(url: str, size: int, path: str) -> Numbers:
    """One large file, written as it comes."""

    async def work(floor: Floor, client: httpx.AsyncClient) -> Numbers:
        file = await floor.call("make_file", str(size))
        forget_peak()
        before, spent = memory(), Spent()
        with Path(path).open("wb") as out:  # noqa: ASYNC230
            async with client.stream("GET", f"{PREFIX}/file={file['path']}") as response:
                async for chunk in response.aiter_bytes():
                    out.write(chunk)
        return {**spent.numbers(), "memory": peak() - before}

    return _run(url, work)


if __name__ == "__main__":
    main(
        {
            workload.__name__: workload
            for workload in (sequential, burst, streaming, gateway, opening, upload, download)
        }
    )
