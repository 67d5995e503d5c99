"""Batches on a real app: jobs that an earlier run has left on the server are collected."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import anyio
import pytest

from spacecall import QuotaExceededError, Space, TransportError
from spacecall.batch import Batch, BatchProgress, run_batch
from spacecall.batch._batch_run import _BatchRun
from spacecall.cli._outputs.batch_status import describe_progress
from tests.client.tools import logged, unique
from tests.faults.stub import stub
from tests.faults.test_map import QUOTA, failing_job
from tests.servers import AppServer


@pytest.fixture
async def space(protocol_app_6: AppServer) -> AsyncGenerator[Space, None]:
    async with Space(protocol_app_6.url) as space:
        yield space


def create_batch(folder: Path, endpoint: str, *rows: dict[str, Any], **options: Any) -> Batch:
    path = folder / "rows.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return Batch(endpoint=endpoint, input=path, output=folder / "out", **options)


def results(batch: Batch) -> list[dict[str, Any]]:
    return [json.loads(line) for line in batch.results.read_text().splitlines()]


async def test_a_job_that_the_server_still_has_is_collected(
    space: Space, protocol_app_6: AppServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = unique(0.2)
    batch = create_batch(tmp_path, "/slow_many", {"seconds": seconds})

    async def lose_connection(*_: object) -> None:
        raise TransportError("the connection broke before the stream was opened", sent=True)

    with monkeypatch.context() as patch:
        patch.setattr(_BatchRun, "_collect", lose_connection)
        first = await run_batch(space, batch)
    assert (first.done, first.failed, first.lost, first.remaining) == (0, 0, 0, True)
    assert results(batch) == []
    await logged(protocol_app_6, f"slow_async finished {seconds}")
    second = await run_batch(space, batch)
    assert (second.done, second.collected, second.called, second.remaining) == (1, 1, 0, False)
    assert results(batch)[0]["value"] == f"slept {seconds}"
    starts = protocol_app_6.log().splitlines().count(f"slow_async start {seconds}")
    assert starts == 1


async def test_endpoints_without_a_queue_have_no_tickets(space: Space, tmp_path: Path) -> None:
    batch = create_batch(tmp_path, "/noqueue", {"text": "a"}, {"text": "b"})
    reports: list[BatchProgress] = []
    summary = await run_batch(space, batch, on_progress=reports.append)
    assert (summary.done, summary.failed) == (2, 0)
    assert [result["value"] for result in results(batch)] == ["nq a", "nq b"]
    assert (reports[-1].done, reports[-1].total, reports[-1].running) == (2, 2, 0)


async def test_a_stop_starts_no_further_calls(
    space: Space, protocol_app_6: AppServer, tmp_path: Path
) -> None:
    start = unique(0.3)
    rows = [{"seconds": round(start + index / 1000, 6)} for index in range(12)]
    batch = create_batch(tmp_path, "/slow_many", *rows, concurrency=2)
    stop = anyio.Event()

    async def stop_after_the_first_call() -> None:
        await logged(protocol_app_6, f"slow_async finished {rows[0]['seconds']}")
        stop.set()

    async with anyio.create_task_group() as group:
        group.start_soon(stop_after_the_first_call)
        stopped = await run_batch(space, batch, stop=stop)
        assert 0 < stopped.done < 12
        assert stopped.remaining
        assert len(results(batch)) == stopped.done
    assert (await run_batch(space, batch)).done == 12
    assert [result["row"] for result in results(batch)] == list(range(12))


async def test_rows_that_the_quota_did_not_allow_are_called_by_the_next_run(
    tmp_path: Path,
) -> None:
    rows = [{"text": "a"}, {"text": "b"}, {"text": "c"}]
    batch = create_batch(tmp_path, "/echo", *rows, concurrency=1, on_quota="stop")
    async with stub() as app, Space(app.url) as space:
        app.once("join", app_accepts(app), failing_job(app, QUOTA))
        with pytest.raises(QuotaExceededError):
            await run_batch(space, batch)
        assert [result["row"] for result in results(batch)] == [0]
        summary = await run_batch(space, batch)
        assert (summary.done, summary.called, summary.remaining) == (3, 2, False)


def app_accepts(app: Any) -> Any:
    async def join(exchange: Any) -> None:
        await app.behave("join", exchange)

    return join


def test_progress_is_a_line() -> None:
    assert describe_progress(BatchProgress(20_000, 12_000, 3, 8, 9), 4.1) == (
        "12,000 of 20,000 rows done, 3 failed, 8 of 9 calls running, 4.1 rows/s, about 33 min left"
    )
    assert describe_progress(BatchProgress(None, 1, 0, 1, 4), 0.0) == (
        "1 rows done, 0 failed, 1 of 4 calls running, 0 rows/s"
    )
    assert describe_progress(BatchProgress(10, 9, 0, 1, 4), 0.5).endswith("about 2 s left")
    assert describe_progress(BatchProgress(10**6, 0, 0, 1, 4), 1).endswith("about 277.8 h left")
