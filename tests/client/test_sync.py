"""The same without async."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from spacecall import (
    AppError,
    Completed,
    DeadlineError,
    File,
    JobCancelledError,
    NotFoundError,
    Output,
    Queued,
    SyncSpace,
    Ticket,
    Timeouts,
    TransportError,
)
from tests.servers import DATA, AppServer

PNG = DATA / "red.png"


@pytest.fixture
def space(protocol_app: AppServer) -> Iterator[SyncSpace]:
    with SyncSpace(protocol_app.url) as space:
        yield space


def wait_for(server: AppServer, line: str) -> None:
    deadline = time.monotonic() + 10
    while line not in server.log().splitlines():
        assert time.monotonic() < deadline, f"the app does not say {line!r}"
        time.sleep(0.02)


def test_a_call_gives_its_value(space: SyncSpace) -> None:
    assert space.call("/echo", text="x").result() == "x"
    assert space.call("/add", a=1).result() == 11
    assert space.call("/noqueue", text="x").result() == "nq x"


def test_errors_are_those_of_the_async_client(space: SyncSpace) -> None:
    with pytest.raises(AppError, match="boom") as caught:
        space.call("/fail", text="x").result()
    assert caught.value.endpoint == "/fail"
    with pytest.raises(NotFoundError, match="did you mean"):
        space.call("/ecko", text="x").result()


def test_events_come_one_by_one(space: SyncSpace) -> None:
    with space.call("/stream_text", text="w", n=3) as job:
        events = list(job)
        assert job.done
        assert job.event_id
        assert job.result() == "w0 w1 w2 "
    assert isinstance(events[0], Queued)
    values = [event.value for event in events if isinstance(event, (Output, Completed))]
    assert values == ["w0 ", "w0 w1 ", *["w0 w1 w2 "] * 2]


def test_lenses_work_without_async(space: SyncSpace) -> None:
    with space.call("/stream_text", text="w", n=3) as job:
        assert list(job.outputs) == ["w0 ", "w0 w1 ", "w0 w1 w2 "]
    with space.call("/stream_text", text="w", n=3) as job:
        pieces = list(job.text)
    assert pieces == ["w0 ", "w1 ", "w2 "]
    assert [piece.offset for piece in pieces] == [0, 3, 6]


def test_leaving_early_cancels_the_job(space: SyncSpace, protocol_app: AppServer) -> None:
    seconds = 30 + time.time() % 1
    with space.call("/slow_async", seconds=seconds) as job:
        wait_for(protocol_app, f"slow_async start {seconds}")
        assert isinstance(next(job), Queued)
    with pytest.raises(JobCancelledError):
        job.result()
    wait_for(protocol_app, f"slow_async cancelled {seconds}")


def test_another_thread_may_cancel(space: SyncSpace) -> None:
    with space.call("/slow_async", seconds=30) as job:
        timer = threading.Timer(0.3, job.cancel)
        timer.start()
        with pytest.raises(JobCancelledError):
            job.result()
        timer.join()


def test_sessions_keep_state(space: SyncSpace) -> None:
    with space.session() as session:
        for turn in (1, 2):
            _, history = session.call("/chat", message="hi", history=[]).result()
            assert f"turn {turn}:" in str(history)
        session_hash = session.session_hash
        assert session.cookies == {}
    with space.session(session_hash=session_hash) as again:
        _, history = again.call("/chat", message="hi", history=[]).result()
        assert "turn 3:" in str(history)


def test_a_job_is_detached_and_collected(space: SyncSpace) -> None:
    ticket = space.call("/echo", text="x").detach()
    assert space.collect(Ticket.from_json(ticket.to_json())).result() == "x"


def test_options_of_views_and_calls(space: SyncSpace) -> None:
    view = space.with_options(headers={"x-test": "view"})
    assert view.call("/whoami", text="x").result()["hdr"] == "view"
    late = space.call("/slow_async", seconds=30).with_options(timeouts=Timeouts(run=0.2))
    with pytest.raises(DeadlineError):
        late.result()


def test_files_are_read_and_saved(space: SyncSpace, tmp_path: Path) -> None:
    (file,) = space.call("/files", files=[PNG]).result()
    assert isinstance(file, File)
    assert space.read(file) == PNG.read_bytes()
    assert space.save(file, tmp_path) == tmp_path / "red.png"
    assert (tmp_path / "red.png").read_bytes() == PNG.read_bytes()
    assert space.save(file, tmp_path) == tmp_path / "red-2.png"


def test_the_app_is_described(space: SyncSpace, protocol_app: AppServer) -> None:
    assert space.url == protocol_app.url
    assert space.endpoints["/echo"].parameters[0].name == "text"
    assert repr(space) == f"<Space {protocol_app.url}>"
    with SyncSpace(protocol_app.url, describe=False) as second_space:
        with pytest.raises(RuntimeError, match="describe"):
            _ = second_space.endpoints
        assert second_space.describe().keys() == space.endpoints.keys()


def test_twenty_threads_use_one_space_at_once(space: SyncSpace) -> None:
    start = threading.Barrier(20)

    def work(number: int) -> list[str]:
        start.wait(10)
        texts = [f"{number}.{i}" for i in range(5)]
        assert [space.call("/echo", text=text).result() for text in texts] == texts
        with space.call("/stream_text", text=f"{number}-", n=2) as job:
            return list(job.outputs)

    with ThreadPoolExecutor(20) as threads:
        results = list(threads.map(work, range(20)))
    assert results == [[f"{n}-0 ", f"{n}-0 {n}-1 "] for n in range(20)]


def test_two_spaces_share_one_thread_and_leave_none(protocol_app: AppServer) -> None:
    before = set(threading.enumerate())
    with SyncSpace(protocol_app.url) as first:
        during = len(threading.enumerate())
        with SyncSpace(protocol_app.url) as second:
            assert second.call("/echo", text="x").result() == "x"
            assert len(threading.enumerate()) <= during + 1  # a worker of the loop's, at most
        assert first.call("/echo", text="x").result() == "x"
    assert set(threading.enumerate()) <= before  # others of before may have ended by now


def test_leaving_the_space_ends_its_jobs(protocol_app: AppServer) -> None:
    seconds = 30 + time.time() % 1
    with SyncSpace(protocol_app.url) as space:
        job = space.call("/slow_async", seconds=seconds).__enter__()
        wait_for(protocol_app, f"slow_async start {seconds}")
    assert job.done
    wait_for(protocol_app, f"slow_async cancelled {seconds}")


def test_a_space_that_is_not_open_takes_no_calls(protocol_app: AppServer) -> None:
    space = SyncSpace(protocol_app.url)
    for message in ("open the Space first", "is closed: open it again"):
        with pytest.raises(RuntimeError, match=message):
            space.call("/echo", text="x")
        with pytest.raises(RuntimeError, match=message):
            space.session()
        with space:
            assert space.call("/echo", text="x").result() == "x"
            late = space.call("/echo", text="x")
        with pytest.raises(RuntimeError, match="is closed: open it again"):
            late.result()


def test_an_error_in_the_block_comes_out_as_itself(protocol_app: AppServer) -> None:
    error = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError) as caught, SyncSpace(protocol_app.url):
        raise error
    assert caught.value is error


def test_a_space_that_cannot_be_reached_leaves_no_thread() -> None:
    before = set(threading.enumerate())
    with pytest.raises(TransportError, match="cannot connect"), SyncSpace("http://127.0.0.1:9"):
        pass
    assert set(threading.enumerate()) <= before  # others of before may have ended by now
