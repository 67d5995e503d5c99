"""Batches on a real app: jobs that an earlier run has left on the server are collected."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from spacecall import InvalidInputError, Pool, QuotaExceededError, RateLimitedError, Space
from spacecall.batch import Batch, BatchProgress, _batch_run, run_batch
from spacecall.batch._batch_request import row_file
from spacecall.batch._row_files import read_rows
from spacecall.batch._row_journal import RowJournal, State
from spacecall.cli._outputs.batch_status import describe_progress
from tests.client.tools import logged, unique, until
from tests.faults.stub import cut, stub
from tests.faults.test_joins import refusing
from tests.faults.test_map import QUICK, QUOTA, failing_job
from tests.faults.test_pool import stubs
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


async def begin(space: Space, batch: Batch, *entries: tuple[State, str | None]) -> None:
    """Write a journal as a run does that is killed: no row has an outcome."""
    stop = anyio.Event()
    stop.set()
    await run_batch(space, batch, stop=stop)
    journal = RowJournal(batch.journal)
    rows = {row.number: row for row in read_rows(row_file(batch))}
    for number, (state, ticket) in enumerate(entries):
        journal.write(number, rows[number].digest, state, ticket=ticket)
    journal.close()


async def test_jobs_that_the_server_still_has_are_collected(
    space: Space, protocol_app_6: AppServer, tmp_path: Path
) -> None:
    durations = [unique(0.2), unique(0.2)]
    batch = create_batch(tmp_path, "/slow_many", *({"seconds": value} for value in durations))
    tickets = [
        (await space.call("/slow_many", seconds=seconds).detach()).to_json()
        for seconds in durations
    ]
    entries: list[tuple[State, str | None]] = [("queued", ticket) for ticket in tickets]
    await begin(space, batch, *entries)
    for seconds in durations:
        await logged(protocol_app_6, f"slow_async finished {seconds}")
    summary = await run_batch(space, batch)
    assert (summary.done, summary.collected, summary.called) == (2, 2, 0)
    assert [result["value"] for result in results(batch)] == [
        f"slept {seconds}" for seconds in durations
    ]
    starts = protocol_app_6.log().splitlines()
    assert [starts.count(f"slow_async start {seconds}") for seconds in durations] == [1, 1]


async def test_rows_under_way_without_a_ticket_are_counted_and_not_called_again(
    tmp_path: Path,
) -> None:
    batch = create_batch(tmp_path, "/echo", *({"text": f"{index}"} for index in range(30)))
    async with stub() as app, Space(app.url) as space:
        sent: tuple[State, None] = "sent", None
        await begin(space, batch, *[sent] * 20)
        with anyio.fail_after(5):  # the app is not to blame, and does not rest
            summary = await run_batch(space, batch)
        assert (summary.done, summary.lost, summary.called) == (10, 20, 10)
        assert len(app.asked("join")) == 10
        again = await run_batch(space, replace(batch, resubmit=True))
        assert (again.done, again.lost, again.called) == (30, 0, 20)


async def test_calls_share_streams_as_those_of_a_map_do(tmp_path: Path) -> None:
    batch = create_batch(
        tmp_path, "/echo", *({"text": f"{index}"} for index in range(40)), concurrency=2
    )
    async with stub() as app, Space(app.url) as space:
        assert (await run_batch(space, batch)).done == 40
        assert len(app.sessions) <= 4


async def test_the_journal_has_a_ticket_while_the_app_works_on_a_row(tmp_path: Path) -> None:
    batch = create_batch(tmp_path, "/hold", {"text": "a"})
    async with stub() as app, Space(app.url) as space, anyio.create_task_group() as group:
        group.start_soon(run_batch, space, batch)
        wal = batch.journal.with_name(f"{batch.journal.name}-wal")
        await until(lambda: wal.exists() and b'"event_id":"event1"' in wal.read_bytes())
        group.cancel_scope.cancel()


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


async def test_a_batch_runs_on_a_pool(tmp_path: Path) -> None:
    rows = [{"text": f"{index}"} for index in range(40)]
    batch = create_batch(tmp_path, "/echo", *rows, concurrency=2)
    async with stubs(2) as apps:
        broken, sound = apps
        broken.once("join", cut)
        async with Pool([app.url for app in apps], retry=QUICK) as pool:
            summary = await run_batch(pool, batch)
        assert (summary.done, summary.lost) == (39, 1)
        counts = Counter(result["source"] for result in results(batch))
        assert counts == {app.url: len(app.asked("join")) for app in apps}
        async with Space(broken.url) as space:  # the first source: the same batch
            assert (await run_batch(space, batch)).called == 0
        async with Space(sound.url) as space:
            with pytest.raises(InvalidInputError, match="the app changed"):
                await run_batch(space, batch)


async def test_rows_that_an_overloaded_app_refuses_have_no_outcome_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"text": f"{index}"} for index in range(9)]
    batch = create_batch(tmp_path, "/echo", *rows, concurrency=2)
    async with stub() as app, Space(app.url, retry=QUICK) as space:
        app.once("join", app_accepts(app), *[refusing(429, {}) for _ in range(30)])
        assert (await run_batch(space, batch)).done == 9
        batch = replace(batch, output=tmp_path / "other")
        app.always("join", refusing(429, {}))
        monkeypatch.setattr(_batch_run, "_PATIENCE", 0.3)
        with pytest.raises(RateLimitedError):
            await run_batch(space, batch)
        assert results(batch) == []
        app.recover()
        summary = await run_batch(space, batch)
        assert (summary.done, summary.failed) == (9, 0)


def test_progress_is_a_line() -> None:
    assert describe_progress(BatchProgress(20_000, 12_000, 3, 8, 9), 4.1) == (
        "12,000 of 20,000 rows done, 3 failed, 8 of 9 calls running, 4.1 rows/s, about 33 min left"
    )
    assert describe_progress(BatchProgress(None, 1, 0, 1, 4), 0.0) == (
        "1 rows done, 0 failed, 1 of 4 calls running, 0 rows/s"
    )
    assert describe_progress(BatchProgress(10, 9, 0, 1, 4), 0.5).endswith("about 2 s left")
    assert describe_progress(BatchProgress(10**6, 0, 0, 1, 4), 1).endswith("about 277.8 h left")
