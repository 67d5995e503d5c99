"""What a later run does: a part of the rows, failed rows again, jobs of the run before."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from spacecall import InvalidInputError, Space
from spacecall.batch import Batch, BatchProgress, run_batch
from spacecall.batch._row_journal import RowJournal, State
from spacecall.cli._outputs.batch_status import describe_progress
from tests.batch.test_batch_run import begin, create_batch, results
from tests.client.tools import until
from tests.faults.exchanges import Exchange
from tests.faults.stub import Stub, stub
from tests.faults.test_map import QUICK, failing_job


def texts(count: int) -> list[dict[str, Any]]:
    return [{"text": f"{index}"} for index in range(count)]


def state_of(batch: Batch, number: int) -> str | None:
    journal = RowJournal(batch.journal)
    try:
        entry = journal.find(number)
        return None if entry is None else entry.state
    finally:
        journal.close()


def texts_of(app: Stub) -> list[str]:
    """The text of each job that the app has got."""
    return [json.loads(exchange._body or b"")["data"][0] for exchange in app.asked("join")]


async def never_answering(exchange: Exchange) -> None:
    await exchange.body()
    await anyio.sleep_forever()


async def test_a_limit_does_the_next_rows_of_each_run(tmp_path: Path) -> None:
    batch = create_batch(tmp_path, "/echo", *texts(7), limit=3)
    async with stub() as app, Space(app.url) as space:
        first = await run_batch(space, batch)
        assert (first.done, first.called, first.remaining, first.limit_reached) == (
            3,
            3,
            True,
            True,
        )
        assert [result["row"] for result in results(batch)] == [0, 1, 2]
        second = await run_batch(space, batch)
        assert (second.done, second.called, second.limit_reached) == (6, 3, True)
        last = await run_batch(space, batch)
        assert (last.done, last.remaining, last.limit_reached) == (7, False, False)
        assert sorted(texts_of(app)) == [str(index) for index in range(7)]


async def test_a_limit_of_all_rows_is_not_reached(tmp_path: Path) -> None:
    batch = create_batch(tmp_path, "/echo", *texts(3), limit=3)
    async with stub() as app, Space(app.url) as space:
        summary = await run_batch(space, batch)
    assert (summary.done, summary.remaining, summary.limit_reached) == (3, False, False)


async def test_rows_that_failed_are_called_again_in_their_place_if_asked_for(
    tmp_path: Path,
) -> None:
    batch = create_batch(tmp_path, "/echo", *texts(5), concurrency=1)
    async with stub() as app, Space(app.url, retry=QUICK) as space:
        app.once("join", *[failing_job(app, "not today") for _ in range(3)])
        stopped = await run_batch(space, replace(batch, limit=3))
        assert (stopped.done, stopped.failed) == (0, 3)
        plain = await run_batch(space, batch)
        assert (plain.done, plain.failed, plain.called) == (2, 3, 2)
        reports: list[BatchProgress] = []
        app.once("join", failing_job(app, "not today either"))
        again = await run_batch(
            space, replace(batch, retry_failed=True), on_progress=reports.append
        )
        assert (again.done, again.failed, again.called, again.remaining) == (4, 1, 3, False)
        assert (reports[-1].done, reports[-1].failed) == (4, 1)
        read = results(batch)
        assert [result["row"] for result in read] == [0, 1, 2, 3, 4]
        assert [result.get("value") for result in read] == [None, "1", "2", "3", "4"]
        assert "not today either" in read[0]["error"]["message"]
        assert batch.failed_rows is not None
        assert batch.failed_rows.read_text() == '{"text": "0"}\n'
        last = await run_batch(space, replace(batch, retry_failed=True))
        assert (last.done, last.failed, last.called) == (5, 0, 1)
        assert texts_of(app).count("3") == 1, "a finished row is not called again"


async def test_rows_that_fail_again_count_as_errors_of_the_run(tmp_path: Path) -> None:
    batch = create_batch(tmp_path, "/echo", *texts(30), concurrency=1)
    async with stub() as app, Space(app.url, retry=QUICK) as space:
        app.once("join", *[failing_job(app, "no") for _ in range(60)])
        assert (await run_batch(space, batch)).failed == 30
        again = await run_batch(space, replace(batch, retry_failed=True, max_errors=2))
        assert 3 <= again.called <= 5
        assert again.failed == 30


async def test_a_retried_row_whose_run_is_killed_is_lost_and_not_failed(tmp_path: Path) -> None:
    batch = create_batch(tmp_path, "/echo", {"text": "a"})
    async with stub() as app, Space(app.url, retry=QUICK) as space:
        app.once("join", failing_job(app, "not today"))
        await run_batch(space, batch)
        app.once("join", never_answering)
        async with anyio.create_task_group() as group:
            group.start_soon(run_batch, space, replace(batch, retry_failed=True))
            await until(lambda: len(app.asked("join")) == 2)
            group.cancel_scope.cancel()
        again = await run_batch(space, replace(batch, retry_failed=True))
        assert (again.lost, again.failed, again.called) == (1, 0, 0)
        resubmitted = await run_batch(space, replace(batch, resubmit=True))
        assert (resubmitted.done, resubmitted.lost) == (1, 0)


async def test_rows_without_an_outcome_do_not_wait_for_jobs_of_an_earlier_run(
    tmp_path: Path,
) -> None:
    batch = create_batch(tmp_path, "/echo", *texts(7), concurrency=1)
    reports: list[BatchProgress] = []
    async with stub() as app, Space(app.url) as space:
        tickets = [await space.call("/hold", text="x").detach() for _ in range(2)]
        entries: list[tuple[State, str]] = [("queued", ticket.to_json()) for ticket in tickets]
        await begin(space, batch, *entries)

        async def finish_when_the_others_are_done() -> None:
            await until(lambda: bool(reports) and reports[-1].done == 5)
            assert reports[-1].collecting == 2
            assert "waiting for 2 jobs of an earlier run" in describe_progress(reports[-1], 1.0)
            for ticket in tickets:
                app.finish(ticket.event_id, ["held", None])

        async with anyio.create_task_group() as group:
            group.start_soon(finish_when_the_others_are_done)
            summary = await run_batch(space, batch, on_progress=reports.append)
            assert (summary.done, summary.collected, summary.called) == (7, 2, 5)
    assert [result["value"] for result in results(batch)][:2] == ["held", "held"]


async def test_a_run_that_ends_while_it_waits_for_a_job_leaves_it_to_the_next_one(
    tmp_path: Path,
) -> None:
    batch = create_batch(tmp_path, "/echo", *texts(2))
    reports: list[BatchProgress] = []
    async with stub() as app, Space(app.url) as space:
        ticket = await space.call("/hold", text="x").detach()
        await begin(space, batch, ("queued", ticket.to_json()))
        async with anyio.create_task_group() as group:

            async def run() -> None:
                await run_batch(space, batch, on_progress=reports.append)

            group.start_soon(run)
            await until(lambda: bool(reports) and reports[-1].done == 1)
            group.cancel_scope.cancel()
    assert state_of(batch, 0) == "queued"


@pytest.mark.parametrize("resubmit", [False, True])
async def test_a_job_that_the_server_has_lost_is_called_again_only_if_asked_for(
    tmp_path: Path, *, resubmit: bool
) -> None:
    batch = create_batch(tmp_path, "/echo", *texts(3), resubmit=resubmit)
    async with stub() as app, Space(app.url) as space:
        ticket = await space.call("/hold", text="x").detach()
        await begin(space, batch, ("queued", ticket.to_json()))
        session = app.session_of(ticket.event_id)
        session.pending.clear()
        session.messages.clear()
        with anyio.fail_after(30):
            summary = await run_batch(space, batch)
    assert (summary.done, summary.lost, summary.called) == ((3, 0, 3) if resubmit else (2, 1, 2))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"limit": 0}, ValueError, "limit must be at least 1"),
        ({"delimiter": ";;"}, ValueError, "delimiter must be a character of ASCII"),
        ({"delimiter": '"'}, ValueError, "delimiter must be a character of ASCII"),
        ({"delimiter": "€"}, ValueError, "delimiter must be a character of ASCII"),
        ({"delimiter": ";"}, InvalidInputError, "a delimiter is for CSV files"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Batch(endpoint="/echo", input=Path("rows.jsonl"), output=Path("out"), **options)
