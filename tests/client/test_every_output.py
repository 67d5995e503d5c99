"""Calls that lose no output, and what a job knows of the outputs that it replaced."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from spacecall import (
    BufferFullError,
    JobCancelledError,
    Limits,
    Log,
    Output,
    Progress,
    Queued,
    Space,
    SpaceError,
    Started,
    SyncSpace,
)
from spacecall._client.exchanges.service_call import ProgressSink, open_service_runner
from spacecall._core.redaction import Redactor
from spacecall._io.request_settings import Settings
from spacecall.cassettes import use_cassette
from spacecall.testing import FakeSpace
from tests.client.tools import collect, first_value, until
from tests.servers import AppServer
from tests.testing.test_fake import JANUS

FEW = Limits(max_buffered_events=8)
COUNT = 500


async def test_a_slow_consumer_gets_every_output_on_request(page_app: AppServer) -> None:
    async with Space(page_app.url, limits=FEW) as space:
        call = space.call("/many", count=COUNT)
        async with call.with_options(every_output=True) as job:
            await until(lambda: job.done)
            assert [value async for value in job.outputs] == list(range(COUNT))
            assert job.conflated == 0
            assert job.status.outputs == COUNT


async def test_a_job_knows_how_many_outputs_newer_ones_replaced(page_app: AppServer) -> None:
    async with Space(page_app.url, limits=FEW) as space:
        async with space.call("/many", count=COUNT) as job:
            await until(lambda: job.done)
            conflated = job.conflated
            values = [event.value async for event in job if isinstance(event, Output)]
        assert len(values) < 9
        assert conflated == COUNT - len(values) == job.conflated == job.status.conflated
        assert values[-1] == COUNT - 1


async def test_small_values_fit_into_a_larger_buffer(page_app: AppServer) -> None:
    async with (
        Space(page_app.url, limits=Limits(max_buffered_events=10**6)) as space,
        space.call("/many", count=1000) as job,
    ):
        await until(lambda: job.done)
        assert [value async for value in job.outputs] == list(range(1000))
        assert job.conflated == 0


async def test_edits_are_applied_when_every_output_is_read(page_app: AppServer) -> None:
    async with Space(page_app.url) as space:
        call = space.call("/spell", word="abc" * 5).with_options(every_output=True)
        async with call as job:
            await until(lambda: job.done)
            values = [value async for value in job.outputs]
    texts = [("abc" * 5)[:end] for end in range(1, 16)]
    assert values == [({"text": text, "length": len(text)}, text) for text in texts]


async def test_the_text_of_every_output_comes_in_its_pieces(page_app: AppServer) -> None:
    async with (
        Space(page_app.url, limits=FEW) as space,
        space.call("/spell", word="abc" * 9).with_options(every_output=True) as job,
    ):
        await until(lambda: job.done)
        assert [piece async for piece in job.text] == list("abc" * 9)


def test_a_slow_consumer_without_async_gets_every_output(page_app: AppServer) -> None:
    with SyncSpace(page_app.url, limits=FEW) as space:
        with space.call("/many", count=50).with_options(every_output=True) as job:
            values: list[float] = []
            for value in job.outputs:
                values.append(value)
                time.sleep(0.005)
            assert job.conflated == 0
        assert values == list(range(50))


async def test_every_output_of_the_simple_call_api(page_app: AppServer) -> None:
    async with Space(page_app.url, limits=FEW) as space:
        call = space.call("/many", count=50).with_options(every_output=True, call_api=True)
        async with call as job:
            await until(lambda: job.done)
            assert [value async for value in job.outputs] == list(range(50))


async def test_outputs_that_need_more_than_the_buffer_end_the_call(page_app: AppServer) -> None:
    values: list[float] = []
    limits = Limits(max_buffered_bytes=20_000)
    async with Space(page_app.url, limits=limits) as space, space.session() as session:
        call = session.call("/many", count=10_000).with_options(every_output=True)
        async with call as job:
            await until(lambda: job.done)
            with pytest.raises(BufferFullError, match=r"raise Limits\.max_buffered_bytes") as info:
                await collect(job.outputs, values)
            assert info.value.event_id == job.event_id
            assert job.status.phase == "failed"
        assert values == list(range(len(values)))
        assert len(values) > 10
        # the app was told: its one worker for this function is free again
        assert await session.call("/many", count=2) == 1


async def test_every_output_of_a_fake_space() -> None:
    texts = [" ".join(["word"] * count) for count in range(1, 100)]
    with FakeSpace(JANUS) as fake:
        fake.streams("/multimodal_understanding", texts)
        async with Space("deepseek-ai/Janus-Pro-7B", limits=FEW) as space:
            call = space.call("/multimodal_understanding", image=b"GIF89a", question="What?")
            async with call.with_options(every_output=True) as job:
                await until(lambda: job.done)
                assert [value async for value in job.outputs] == texts


async def test_every_output_comes_from_a_cassette(page_app: AppServer, tmp_path: Path) -> None:
    for _ in range(2):
        with use_cassette(tmp_path / "many.yaml", mode="once"):
            async with Space(page_app.url, limits=FEW) as space:
                call = space.call("/many", count=50).with_options(every_output=True)
                async with call as job:
                    await until(lambda: job.done)
                    assert [value async for value in job.outputs] == list(range(50))


async def test_every_output_of_a_service() -> None:
    async def count(report: ProgressSink[int], settings: Settings) -> int:
        for number in range(50):
            report.output(number)
        return 50

    settings = Settings(limits=FEW)
    async with open_service_runner("", settings, lambda _: Redactor()) as runner:
        async with runner.call("count", count).with_options(every_output=True) as job:
            await until(lambda: job.done)
            assert [value async for value in job.outputs] == list(range(51))
        async with runner.call("count", count) as job:
            await until(lambda: job.done)
            assert job.conflated > 40


async def test_the_status_of_a_job_takes_no_event(protocol_app_6: AppServer) -> None:
    async with Space(protocol_app_6.url) as space:
        async with space.call("/progress", n=3) as job:
            assert job.status.phase in ("uploading", "joining")
            assert job.status.outputs == 0
            await until(lambda: job.done)
            status = job.status
            events = [event async for event in job]
        assert status == job.status
        assert status.phase == "done"
        assert status.queued == next(event for event in events if isinstance(event, Queued))
        assert status.started == next(event for event in events if isinstance(event, Started))
        assert status.progress == [event for event in events if isinstance(event, Progress)][-1]
        logs = [event for event in events if isinstance(event, Log)]
        assert status.log == (logs[-1] if logs else None)


async def test_the_status_tells_cancelled_jobs_from_failed_ones(protocol_app_6: AppServer) -> None:
    async with Space(protocol_app_6.url) as space:
        async with space.call("/slow_stream", seconds=30) as job:
            await first_value(job)
            assert str(job.status.phase) == "running"
            await job.cancel()
            with pytest.raises(JobCancelledError):
                await job.result()
            assert str(job.status.phase) == "cancelled"
        async with space.call("/fail", text="x") as job:
            with pytest.raises(SpaceError):
                await job.result()
            assert job.status.phase == "failed"
