"""The pace of calls in several processes, without processes."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from spacecall import (
    AppError,
    JobLostError,
    QueueFullError,
    QuotaExceededError,
    Retry,
    TransportError,
)
from spacecall.batch._call_coordinator import (
    CallCoordinator,
    CallReport,
    Permit,
    RowKey,
    report_error,
)
from spacecall.batch._journal_coordinator import JournalCoordinator
from spacecall.batch._row_journal import RowJournal

RETRY = Retry(attempts=2, wait_initial=0.01, wait_max=0.02)
RESULT = CallReport("result", 1)


def create_coordinator(**options: Any) -> CallCoordinator:
    defaults: dict[str, Any] = {
        "concurrency": 2,
        "rate": None,
        "on_quota": "wait",
        "retry": RETRY,
        "lease_seconds": math.inf,
    }
    return CallCoordinator(**defaults | options)


async def acquire(coordinator: CallCoordinator, holder: str = "a") -> Permit:
    with anyio.fail_after(5):
        permit = await coordinator.acquire(holder)
    assert permit is not None
    return permit


async def is_refused(coordinator: CallCoordinator, holder: str = "b") -> bool:
    """Whether no further call may start now."""
    with anyio.move_on_after(0.05):
        return await coordinator.acquire(holder) is None
    return True


async def test_so_many_calls_run_at_once_whoever_makes_them() -> None:
    coordinator = create_coordinator()
    first, _ = await acquire(coordinator, "a"), await acquire(coordinator, "b")
    assert await is_refused(coordinator, "c")
    await coordinator.finish(first, RESULT)
    await acquire(coordinator, "c")
    assert await is_refused(coordinator, "a")


async def test_calls_start_at_the_rate() -> None:
    coordinator = create_coordinator(concurrency=100, rate=100.0)
    start = anyio.current_time()
    async with anyio.create_task_group() as group:
        for holder in "abc":
            for _ in range(7):
                group.start_soon(coordinator.acquire, holder)
    assert anyio.current_time() - start >= 0.2


async def test_calls_of_a_dead_process_do_not_count_after_its_lease() -> None:
    coordinator = create_coordinator(lease_seconds=0.2)
    await acquire(coordinator, "dead")
    await acquire(coordinator, "dead")
    async with anyio.create_task_group() as group:
        group.start_soon(acquire, coordinator, "alive")
        with anyio.fail_after(5):
            while "alive" not in coordinator._holders.values():  # noqa: ASYNC110 - of the core
                await anyio.sleep(0.01)


async def test_calls_of_a_process_that_reports_count() -> None:
    coordinator = create_coordinator(concurrency=1, lease_seconds=0.2)
    await acquire(coordinator, "a")
    for _ in range(6):
        await coordinator.renew("a")
        assert await is_refused(coordinator, "b")


async def test_a_refused_call_is_made_again_after_the_wait_that_the_app_asks_for() -> None:
    coordinator = create_coordinator()
    permit = await acquire(coordinator)
    error = QueueFullError("the queue is full", status=503)
    error.retry_after = 0.1
    start = anyio.current_time()
    assert await coordinator.finish(permit, report_error(error, 1))
    await acquire(coordinator, "b")
    assert anyio.current_time() - start >= 0.1


async def test_a_call_that_was_not_sent_is_made_again_as_often_as_retry_allows() -> None:
    coordinator = create_coordinator()
    report = report_error(TransportError("no connection", sent=False), 1)
    assert await coordinator.finish(await acquire(coordinator), report)
    report = report_error(JobLostError("lost", sent=False), 2)
    assert not await coordinator.finish(await acquire(coordinator), report)


@pytest.mark.parametrize("error", [AppError("no"), TransportError("broken", sent=True)])
async def test_a_call_that_the_app_got_is_not_made_again(error: Exception) -> None:
    coordinator = create_coordinator()
    assert not await coordinator.finish(await acquire(coordinator), report_error(error, 1))


async def test_a_quota_error_stops_the_calls_of_all() -> None:
    coordinator = create_coordinator(on_quota="stop")
    error = QuotaExceededError("used up")
    assert not await coordinator.finish(await acquire(coordinator), report_error(error, 1))
    assert await coordinator.acquire("b") is None
    assert coordinator._failure is error


async def test_a_quota_error_pauses_the_calls_of_all() -> None:
    coordinator = create_coordinator()
    error = QuotaExceededError("used up")
    error.retry_after = 0.1
    start = anyio.current_time()
    assert await coordinator.finish(await acquire(coordinator), report_error(error, 1))
    await acquire(coordinator, "b")
    assert anyio.current_time() - start >= 0.1


@asynccontextmanager
async def open_coordinator(path: Path, **options: Any) -> AsyncGenerator[JournalCoordinator]:
    defaults: dict[str, Any] = {
        "journal": path,
        "resubmit": False,
        "retry_failed": False,
        "max_errors": None,
        "concurrency": 4,
        "rate": None,
        "on_quota": "stop",
        "retry": RETRY,
        "lease_seconds": math.inf,
    }
    coordinator = JournalCoordinator(**defaults | options)
    await coordinator.open()
    try:
        yield coordinator
    finally:
        await coordinator.close()


async def call(coordinator: JournalCoordinator, number: int, report: CallReport) -> bool:
    """Make the call of a row; return whether it is made again."""
    row = RowKey(number, "digest")
    assert await coordinator.claim(row) == "call"
    permit = await coordinator.acquire("a", row)
    assert permit is not None
    return await coordinator.finish(permit, report)


def states(path: Path) -> dict[str, int]:
    journal = RowJournal(path)
    try:
        return journal.count()
    finally:
        journal.close()


async def test_a_row_with_an_outcome_is_not_called_again(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    failed = report_error(AppError("no"), 1, {"row": 1})
    for claim in ("call", "skip"):
        async with open_coordinator(path) as coordinator:
            if claim == "call":
                await call(coordinator, 0, CallReport("result", 1, record={"row": 0}))
                await call(coordinator, 1, failed)
            assert await coordinator.claim(RowKey(0, "digest")) == "skip"
            assert await coordinator.claim(RowKey(1, "digest")) == "skip"
            status = await coordinator.status()
            assert (status.done, status.failed, status.running) == (1, 1, 0)


@pytest.mark.parametrize("resubmit", [False, True])
async def test_the_outcome_of_a_row_under_way_is_unknown(tmp_path: Path, resubmit: bool) -> None:
    row = RowKey(0, "digest")
    async with open_coordinator(tmp_path / "journal") as coordinator:
        await coordinator.acquire("a", row)
    async with open_coordinator(tmp_path / "journal", resubmit=resubmit) as coordinator:
        assert await coordinator.claim(row) == ("call" if resubmit else "lost")
        await coordinator.write(row, "lost", {"row": 0})
        assert await coordinator.claim(row) == ("call" if resubmit else "skip")


async def test_a_failed_row_is_called_again_once_in_a_run_that_retries(tmp_path: Path) -> None:
    path, row = tmp_path / "journal", RowKey(0, "digest")
    failed = report_error(AppError("no"), 1, {"row": 0})
    async with open_coordinator(path) as coordinator:
        await call(coordinator, 0, failed)
    async with open_coordinator(path, retry_failed=True, max_errors=0) as coordinator:
        assert await coordinator.claim(row) == "call"
        assert (await coordinator.status()).failed == 0
        await call(coordinator, 0, failed)
        assert await coordinator.claim(row) == "skip", "the task of a lost node comes again"
        assert (await coordinator.status()).failed == 1
        assert await coordinator.acquire("a", RowKey(1, "digest")) is None
    assert states(path) == {"failed": 1}


async def test_refused_calls_leave_nothing_in_the_journal(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    async with open_coordinator(path) as coordinator:
        report = report_error(QueueFullError("the queue is full", status=503), 1, {"row": 0})
        assert await call(coordinator, 0, report)
        assert not await call(coordinator, 1, report_error(QuotaExceededError("used up"), 1, {}))
        assert isinstance((await coordinator.status()).failure, QuotaExceededError)
        assert await coordinator.acquire("a", RowKey(2, "digest")) is None
    assert states(path) == {}


async def test_too_many_failed_rows_stop_the_calls(tmp_path: Path) -> None:
    report = report_error(AppError("no"), 1, {"row": 0})
    async with open_coordinator(tmp_path / "journal") as coordinator:
        await call(coordinator, 0, report)
    async with open_coordinator(tmp_path / "journal", max_errors=0) as coordinator:
        assert await coordinator.acquire("a", RowKey(9, "digest")) is not None
        await call(coordinator, 1, report)
        assert await coordinator.acquire("a", RowKey(2, "digest")) is None


async def test_a_journal_that_cannot_be_written_stops_the_calls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    async with open_coordinator(tmp_path / "journal") as coordinator:
        monkeypatch.setattr(RowJournal, "write", fail)
        assert await coordinator.acquire("a", RowKey(0, "digest")) is None
        status = await coordinator.status()
        assert isinstance(status.failure, OSError)
        assert status.running == 0
