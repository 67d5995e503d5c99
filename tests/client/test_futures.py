"""Calls without async as futures of `concurrent.futures`, and results with a timeout."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, as_completed, wait
from typing import Any

import pytest

from spacecall import AppError, DeadlineError, InvalidInputError, JobCancelledError, SyncSpace
from tests.client.test_sync import wait_for
from tests.client.tools import DEADLINE, unique
from tests.clients.protocol_app_6 import SyncProtocolApp6
from tests.servers import AppServer


@pytest.fixture
def space(protocol_app: AppServer) -> Iterator[SyncSpace]:
    with SyncSpace(protocol_app.url) as space:
        yield space


def test_many_calls_run_at_once(space: SyncSpace) -> None:
    futures = {space.call("/echo", text=str(number)).submit(): number for number in range(20)}
    results = {futures[future]: future.result() for future in as_completed(futures, DEADLINE)}
    assert results == {number: str(number) for number in range(20)}


def test_futures_are_waited_for_together(space: SyncSpace) -> None:
    fast, slow = space.call("/echo", text="x").submit(), space.call("/slow", seconds=1).submit()
    done, pending = wait([fast, slow], DEADLINE, return_when=FIRST_COMPLETED)
    assert (done, pending) == ({fast}, {slow})
    assert fast.result() == "x"
    assert wait([slow], DEADLINE).done == {slow}


def test_a_future_of_a_typed_client(protocol_app_6: AppServer) -> None:
    with SyncSpace(protocol_app_6.url) as space:
        future: Future[str | None] = SyncProtocolApp6(space).echo(text="hi").submit()
        assert future.result(DEADLINE) == "hi"


def test_an_error_is_the_error_of_the_future(space: SyncSpace) -> None:
    failing = space.call("/fail", text="x").submit()
    assert isinstance(failing.exception(DEADLINE), AppError)
    with pytest.raises(InvalidInputError):
        space.call("/echo", txt="x").submit().result(DEADLINE)


def test_waiting_for_a_future_leaves_the_call_running(space: SyncSpace) -> None:
    future = space.call("/slow", seconds=0.5).submit()
    with pytest.raises(TimeoutError):
        future.result(0.01)
    assert future.result(DEADLINE).startswith("slept")


def test_cancelling_a_future_cancels_the_call_on_the_server(
    space: SyncSpace, protocol_app: AppServer
) -> None:
    seconds = unique(30)
    future = space.call("/slow_async", seconds=seconds).submit()
    wait_for(protocol_app, f"slow_async start {seconds}")
    assert future.cancel()
    assert future.cancelled()
    with pytest.raises(CancelledError):
        future.result()
    assert wait([future], DEADLINE).done == {future}
    wait_for(protocol_app, f"slow_async cancelled {seconds}")
    done = space.call("/echo", text="x").submit()
    assert done.result(DEADLINE) == "x"
    assert not done.cancel()


def test_futures_that_are_cancelled_at_once_are_cancelled(space: SyncSpace) -> None:
    futures = [space.call("/slow_async", seconds=30).submit() for _ in range(5)]
    assert all(future.cancel() for future in futures)
    assert wait(futures, DEADLINE).done == set(futures)
    assert space.call("/echo", text="x").result() == "x"


def test_a_callback_may_submit_the_next_call(space: SyncSpace) -> None:
    last: Future[Any] = Future()

    def repeat(future: Future[Any]) -> None:
        again = space.call("/echo", text=future.result() + "!").submit()
        again.add_done_callback(lambda future: last.set_result(future.result()))

    space.call("/echo", text="x").submit().add_done_callback(repeat)
    assert last.result(DEADLINE) == "x!"


def test_a_callback_that_waits_is_told_so(space: SyncSpace) -> None:
    failure: Future[BaseException] = Future()

    def block(_: Future[Any]) -> None:
        try:
            space.call("/echo", text="x").result()
        except RuntimeError as error:
            failure.set_result(error)

    space.call("/echo", text="x").submit().add_done_callback(block)
    assert "event loop's own thread" in str(failure.result(DEADLINE))


def test_closing_the_space_ends_its_futures(protocol_app: AppServer) -> None:
    seconds = unique(30)
    with SyncSpace(protocol_app.url) as other, SyncSpace(protocol_app.url) as space:
        running = space.call("/slow_async", seconds=seconds).submit()
        wait_for(protocol_app, f"slow_async start {seconds}")
        futures = [space.call("/echo", text="x").submit() for _ in range(5)]
        space.close()
        for future in [running, *futures]:
            assert future.done() or wait([future], DEADLINE).done
        with pytest.raises(JobCancelledError, match="the Space was closed"):
            running.result()
        for future in futures:
            assert isinstance(future.exception(), JobCancelledError | None)
        with pytest.raises(RuntimeError, match="is closed"):
            space.call("/echo", text="x").submit()
        assert other.call("/echo", text="x").submit().result(DEADLINE) == "x"
    assert not [thread for thread in threading.enumerate() if thread.name == "spacecall"]


def test_closing_the_last_space_ends_futures_that_have_not_begun(protocol_app: AppServer) -> None:
    with SyncSpace(protocol_app.url, describe=False) as space:
        futures = [space.call("/echo", text="x").submit() for _ in range(50)]
    for future in futures:
        assert isinstance(future.exception(DEADLINE), JobCancelledError | RuntimeError | None)
    assert not [thread for thread in threading.enumerate() if thread.name == "spacecall"]


def test_closing_a_session_ends_its_futures(space: SyncSpace, protocol_app: AppServer) -> None:
    seconds = unique(30)
    with space.session() as session:
        future = session.call("/slow_async", seconds=seconds).submit()
        wait_for(protocol_app, f"slow_async start {seconds}")
    with pytest.raises(JobCancelledError, match="the session was closed"):
        future.result(DEADLINE)


_PROGRAM = """
import sys
from spacecall import SyncSpace

space = SyncSpace(sys.argv[1]).open()
future = space.call("/slow_async", seconds=float(sys.argv[2])).submit()
if sys.argv[3] == "job":
    job = space.call("/slow_async", seconds=float(sys.argv[2])).__enter__()
"""


@pytest.mark.parametrize("usage", ["future", "job"])
def test_a_process_ends_with_its_futures(protocol_app: AppServer, usage: str) -> None:
    program = [sys.executable, "-c", _PROGRAM, protocol_app.url, "60", usage]
    started = time.monotonic()
    done = subprocess.run(program, capture_output=True, text=True, timeout=DEADLINE, check=False)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert time.monotonic() - started < 15


def test_a_result_with_a_timeout_cancels_the_call(
    space: SyncSpace, protocol_app: AppServer
) -> None:
    seconds = unique(30)
    with pytest.raises(DeadlineError, match=r"the call did not end within 1 s") as info:
        space.call("/slow_async", seconds=seconds).result(timeout=1)
    assert info.value.endpoint == "/slow_async"
    assert info.value.phase == "total"
    assert info.value.call_id
    wait_for(protocol_app, f"slow_async cancelled {seconds}")
    assert space.call("/echo", text="x").result(timeout=DEADLINE) == "x"


def test_the_result_of_a_job_with_a_timeout_leaves_the_job_running(space: SyncSpace) -> None:
    with space.call("/slow_async", seconds=30) as job:
        with pytest.raises(TimeoutError, match="it goes on"):
            job.result(timeout=0.01)
        assert str(job.status.phase) in ("joining", "queued", "running")
        assert not job.done


def test_the_result_of_a_job_can_be_asked_for_again_after_a_timeout(space: SyncSpace) -> None:
    with space.call("/slow", seconds=0.5) as job:
        with pytest.raises(TimeoutError, match="it goes on"):
            job.result(timeout=0.01)
        assert job.result(timeout=DEADLINE).startswith("slept")
        assert str(job.status.phase) == "done"
