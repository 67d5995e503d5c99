"""The lines of each level: what a Space logs when it is opened, called, restarted, and broken."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import anyio
import httpx
import pytest

from spacecall import AppRestartedError, JobLostError, Retry, Space, SyncSpace
from tests.faults.restarting import restarting
from tests.faults.stub import cut, saying, stub
from tests.faults.tools import PATIENT, until_quiet
from tests.observability.tools import lines, records

RETRY = Retry(attempts=2, wait_initial=0, jitter=0)


@pytest.fixture(autouse=True)
def _all_levels(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.DEBUG, logger="spacecall"):
        yield


async def test_the_lines_of_a_call(caplog: pytest.LogCaptureFixture) -> None:
    async with stub() as app, Space(app.url, retry=RETRY, timeouts=PATIENT) as space:
        assert await space.call("/echo", text="a") == "a"
        await until_quiet()
    assert lines(caplog, logging.WARNING) == []
    assert lines(caplog, logging.INFO) == ["opened APP (Gradio 6.31.0)"]
    found = lines(caplog)
    assert found[:3] == [
        "open APP",
        "GET APP/config: 200 after T s",
        "GET APP/gradio_api/info: 200 after T s",
    ]
    assert found[3] == "call of /echo started [call ID]"
    assert [line for line in found if "[call ID]" in line and "app_id" not in line] == [
        "call of /echo started [call ID]",
        "job joining [call ID]",
        "POST APP/gradio_api/queue/join: 200 after T s [call ID]",
        "job queued as event event1 [call ID]",
        "job running [call ID]",
        "job ended [call ID]",
        "call of /echo is over after T s: ended [call ID]",
    ]
    assert {"stream opened", "stream closed by the server", "close APP"} < set(found)
    assert "GET APP/gradio_api/queue/data?session_hash=…: 200 after T s" in found


async def test_every_line_of_a_call_has_its_id(caplog: pytest.LogCaptureFixture) -> None:
    async with stub() as app, Space(app.url, retry=RETRY, timeouts=PATIENT) as space:
        async with space.call("/echo", text="a") as job:
            assert await job.result() == "a"
        await until_quiet()
    for record in records(caplog):
        assert record.space in ("", app.url)
        is_of_call = f"[call {job.call_id}]" in record.getMessage()
        assert (record.call_id, record.endpoint) == (
            (job.call_id, "/echo") if is_of_call else (None, None)
        )
    last = records(caplog)
    ended = next(record for record in last if "job ended" in record.getMessage())
    assert ended.event_id == job.event_id == "event1"
    assert ended.name == "spacecall.client"


async def test_calls_beside_each_other_keep_their_ids_apart(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ids: dict[str, str] = {}

    async def call(number: int) -> None:
        async with space.call("/echo", text=str(number)) as job:
            assert await job.result() == str(number)
            assert job.event_id is not None
            ids[job.call_id] = job.event_id

    async with stub() as app, Space(app.url, timeouts=PATIENT) as space:
        async with anyio.create_task_group() as group:
            for number in range(20):
                group.start_soon(call, number)
        await until_quiet()
    assert len(ids) == len(set(ids.values())) == 20
    joins = [record for record in records(caplog) if "queue/join" in record.getMessage()]
    assert {record.call_id for record in joins} == set(ids)
    queued = [record for record in records(caplog) if "job queued" in record.getMessage()]
    assert {record.call_id: record.event_id for record in queued} == ids
    shared = [record for record in records(caplog) if "queue/data" in record.getMessage()]
    assert shared
    assert {record.call_id for record in shared} == {None}


async def test_a_retry_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    async with stub() as app, Space(app.url, retry=RETRY, timeouts=PATIENT) as space:
        app.once("info", cut)
        await space.describe()
        app.once("join", lambda exchange: exchange.answer(503, {}, {"retry-after": "0"}))
        async with space.call("/echo", text="a") as job:
            await job.result()
    (warning,) = records(caplog, logging.WARNING)
    assert lines(caplog, logging.WARNING) == [
        "POST /gradio_api/queue/join: attempt 1 of 2 failed, the next one follows in T s: "
        "StatusError: the server answered 503: {} [call ID]"
    ]
    assert (warning.name, warning.call_id) == ("spacecall.http", job.call_id)


async def test_a_lost_job_that_is_submitted_again_is_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    again = Retry(attempts=1, resubmit_lost=1)
    async with stub() as app, Space(app.url, retry=again, timeouts=PATIENT) as space:
        app.once("data", cut)
        async with space.call("/echo", text="a") as job:
            assert await job.result() == "a"
        await until_quiet()
    lost, ended, resubmitted = lines(caplog, logging.WARNING)
    assert lost.startswith("stream lost, with 1 jobs: the connection broke")
    assert ended.startswith("JobLostError: the job was lost: the connection broke")
    assert resubmitted.startswith(
        "job: attempt 1 of 2 failed, the next one follows in T s: JobLost"
    )
    assert [record.call_id for record in records(caplog, logging.WARNING)] == [
        None,
        job.call_id,
        job.call_id,
    ]


async def test_a_cancel_that_failed_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    async with stub() as app, Space(app.url, retry=RETRY, timeouts=PATIENT) as space:
        app.always(
            "cancel", lambda exchange: exchange.answer(500, {"detail": "x\x1b[2J" + "y" * 999})
        )
        async with space.call("/hold", text="a") as job:
            while not job.event_id:
                await anext(job)
            await anext(job)
    own, *closing = records(caplog, logging.WARNING)  # those of the Space's end
    assert (own.call_id, own.event_id) == (job.call_id, "event1")
    assert {record.call_id for record in closing} == {None}
    message = own.getMessage()
    assert message.startswith("cannot cancel event1 on the server: StatusError: the server")
    assert "\x1b" not in message
    assert len(message) < 450
    over = next(line for line in lines(caplog) if "is over" in line)
    assert over == (
        "call of /hold is over after T s: JobCancelledError: the job was cancelled [call ID]"
    )


async def test_a_restart_is_logged_with_the_sessions_that_it_ends(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with restarting() as app, Space(app.url, retry=RETRY, timeouts=PATIENT) as space:
        assert await space.call("/echo", text="echo") == "echo"
        await app.restart()
        assert await space.call("/echo", text="echo") == "echo"
        assert lines(caplog, logging.INFO)[1:] == [
            "the app was restarted (Gradio 6.31.0); sessions that lost their State: 0 [call ID]"
        ]
        async with space.session() as session:
            await session.call("/echo", text="echo")
            await app.restart()
            with pytest.raises(AppRestartedError):
                await session.call("/echo", text="echo")
    assert (
        "the app was restarted (Gradio 6.31.0); sessions that lost their State: 1 [call ID]"
    ) in lines(caplog, logging.WARNING)


async def test_an_error_has_the_id_of_its_call(caplog: pytest.LogCaptureFixture) -> None:
    async with stub() as app, Space(app.url, retry=Retry(attempts=1), timeouts=PATIENT) as space:
        app.once("data", cut)
        with pytest.raises(JobLostError) as caught:
            await space.call("/echo", text="a")
    over = next(record for record in records(caplog) if "is over" in record.getMessage())
    assert caught.value.call_id == over.call_id is not None
    assert caught.value.event_id == over.event_id == "event1"


def test_a_sync_call_has_an_id_too(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        async with stub() as app:
            await anyio.to_thread.run_sync(call, app.url)

    def call(url: str) -> None:
        with SyncSpace(url, timeouts=PATIENT) as space:
            with space.call("/echo", text="a") as job:
                assert job.result() == "a"
            ids.append(job.call_id)

    ids: list[str] = []
    anyio.run(run)
    started = next(record for record in records(caplog) if "started" in record.getMessage())
    joined = next(record for record in records(caplog) if "queue/join" in record.getMessage())
    assert [started.call_id, joined.call_id] == ids * 2


async def test_nothing_is_formatted_while_the_loggers_are_off(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("formatted")

    monkeypatch.setattr("spacecall._io.observer.Observer._identity", fail)
    monkeypatch.setattr("spacecall._io.observer.masked_url", fail)
    with caplog.at_level(logging.ERROR, logger="spacecall"):
        async with stub() as app, Space(app.url, timeouts=PATIENT) as space:
            app.once("join", lambda exchange: exchange.answer(503, {}, {"retry-after": "0"}))
            assert await space.call("/echo", text="a") == "a"
    assert not records(caplog)


async def test_no_other_library_s_logger_is_touched_until_it_is_enabled() -> None:
    loggers = [logging.getLogger("httpx"), logging.getLogger("httpcore.http11")]
    for logger in loggers:
        logger.filters.clear()
    async with stub() as app:
        async with Space(app.url, timeouts=PATIENT) as space:
            await space.call("/echo", text="a")
        async with (
            httpx.AsyncClient() as client,
            Space(app.url, timeouts=PATIENT, http_client=client) as space,
        ):
            await space.call("/echo", text="a")
    assert [logger.filters for logger in loggers] == [[], []]


async def test_the_text_of_an_app_is_safe_and_short(caplog: pytest.LogCaptureFixture) -> None:
    text = b'data: {"msg": "unexpected_error", "message": "\\u001b[2J\\n' + b"x" * 5000 + b'"}\n\n'
    async with stub() as app, Space(app.url, retry=Retry(attempts=1), timeouts=PATIENT) as space:
        app.once("data", saying(text))
        with pytest.raises(JobLostError):
            await space.call("/echo", text="a")
    warnings = [record.getMessage() for record in records(caplog, logging.WARNING)]
    assert warnings
    for message in warnings:
        assert "\x1b" not in message
        assert "\n" not in message
        assert len(message) < 450
