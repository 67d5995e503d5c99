"""Streams of inputs and streamed media in cassettes, recorded on real apps and on a stand-in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest

from spacecall import Space
from spacecall.cassettes import CassetteError, CassetteMissError, use_cassette
from spacecall.cassettes._engine import stream_replayer
from spacecall.cassettes._format.exchange import CLOSED
from spacecall.cassettes._format.job_recordings import JobRecording
from tests import servers
from tests.client.tools import DEADLINE
from tests.conftest import ServerPool
from tests.faults.exchanges import Exchange
from tests.faults.stub import stub
from tests.servers import AppServer

NOWHERE = "http://127.0.0.1:9"
FRAME = (servers.DATA / "red.png").read_bytes()


@pytest.fixture(params=[servers.GRADIO_6, servers.GRADIO_5])
def app(request: pytest.FixtureRequest, app_server: ServerPool) -> AppServer:
    return app_server("streams_app.py", request.param)


async def play(address: str) -> list[Any]:
    """Use streams in both directions; return what came."""
    values: list[Any] = []
    async with Space(address) as space:
        values.append(await space.call("/see", frame=FRAME, text="one"))
        async with space.stream("/see", text="a") as feed:
            for _ in range(3):
                await feed.send(FRAME)
                values.append(await anext(feed.outputs))
        async with space.stream("/brief", text="b") as feed:
            for _ in range(4):
                await feed.send(FRAME)
                values.append(await anext(feed.outputs))
                await anyio.sleep(0.4)  # the app's time limit is 1 s
            await feed.finish()
        async with space.call("/speak", count=2, pause=0.1) as job:
            file = await anext(job.outputs)
            async with file.live() as segments:
                values += [segment.content async for segment in segments]
            values.append(await file.read())
    return values


async def test_a_run_that_waits_longer_than_the_recording_did_names_the_cassette(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_replayer, "_STALL_SECONDS", 0)
    path = tmp_path / "a.json"
    stream = stream_replayer.StreamReplayer(stream_replayer.ReplayClock(0), lambda _: 0, path)
    stream.join(JobRecording("e", "s", 0, started_at=0.0, end_reason=CLOSED))
    with pytest.raises(
        CassetteError, match=r"stops early, .*: record the cassette .*a\.json again"
    ):
        [chunk async for chunk in stream]


async def test_streams_are_recorded_and_replayed(app: AppServer, tmp_path: Path) -> None:
    path = tmp_path / "streams.json"
    with anyio.fail_after(DEADLINE):
        with use_cassette(path, mode="rewrite"):
            recorded = await play(app.url)
        assert recorded[1:8] == ["a1", "a2", "a3", "b1", "b2", "b3", "b4"]
        for _ in range(2):
            with use_cassette(path, assert_all_used=True):
                assert await play(NOWHERE) == recorded


async def listen(address: str, *texts: str) -> list[str]:
    values: list[str] = []
    async with Space(address) as space, space.stream("/listen") as feed:
        for text in texts:
            await feed.send(text)
            values.append(await anext(feed.outputs))
    return values


async def test_a_value_is_replayed_after_its_input_and_another_input_is_missed(
    tmp_path: Path,
) -> None:
    path = tmp_path / "listen.json"
    with anyio.fail_after(DEADLINE):
        async with stub() as app:
            with use_cassette(path, mode="rewrite"):
                assert await listen(app.url, "a", "b", "c") == ["a 1", "b 2", "c 3"]
        with use_cassette(path):
            assert await listen(NOWHERE, "a", "b", "c") == ["a 1", "b 2", "c 3"]
        with pytest.raises(CassetteMissError, match=r"body\.data\[0\]"), use_cassette(path):
            await listen(NOWHERE, "a", "other")


async def test_an_input_that_met_the_time_limit_joins_again_in_the_replay(tmp_path: Path) -> None:
    path = tmp_path / "limit.json"

    async def too_late(exchange: Exchange) -> None:
        server.reach_limit("event1")
        await exchange.answer(404, b"")

    with anyio.fail_after(DEADLINE):
        async with stub() as server:
            server.once("input", too_late)
            with use_cassette(path, mode="rewrite"):
                assert await listen(server.url, "a", "b", "c") == ["a 1", "b 2", "c 3"]
        for _ in range(2):
            with use_cassette(path):
                assert await listen(NOWHERE, "a", "b", "c") == ["a 1", "b 2", "c 3"]
