"""The deadline of a phase, of a job that is waited for again and again."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from spacecall import DeadlineError, SpaceError, Timeouts
from spacecall._client.calls import job as job_module
from spacecall._client.calls.job import Job
from spacecall._client.concurrency.task_groups import unwrapping_task_group
from spacecall._core.job_state import JobState, JobStatus
from spacecall._core.redaction import Redactor
from spacecall._io.event_loops import call_at
from spacecall._io.request_settings import Settings
from spacecall.events import Output

DEADLINE = 20


class LocalJob(Job[str]):
    """A job whose app is the test."""

    def __init__(self, timeouts: Timeouts) -> None:
        settings = Settings(timeouts=timeouts)
        super().__init__(settings)
        self.state = self._state = JobState(
            follow=True, limits=settings.limits, notify=self._on_change
        )
        self.state.advance(JobStatus.RUNNING)

    async def send_for_ever(self) -> None:
        while not self.state.ended:
            self.state.emit(Output(["x"]))
            await anyio.sleep(0.01)

    async def _abort(self, error: SpaceError) -> None:
        self.state.fail(error)

    def _decode(self, values: list[Any]) -> str:
        return str(values[0])

    def _with_context(self, error: SpaceError) -> SpaceError:
        return error

    def _redactor(self) -> Redactor:
        return Redactor()


async def read(job: LocalJob, values: list[str]) -> None:
    """Read the values of a job that sends for ever."""
    async with unwrapping_task_group() as group:
        group.start_soon(job.send_for_ever)
        with anyio.fail_after(DEADLINE):
            async for value in job.outputs:
                values.append(value)  # noqa: PERF401 - they are kept if the loop raises


async def test_a_stream_that_never_ends_is_given_up() -> None:
    job = LocalJob(Timeouts(run=0.3))
    start = anyio.current_time()
    values: list[str] = []
    with pytest.raises(DeadlineError, match=r"within 0\.3 s") as caught:
        await read(job, values)
    assert caught.value.phase == "run"
    assert len(values) > 1
    assert anyio.current_time() - start >= 0.3


async def test_a_deadline_that_passes_while_nobody_waits_ends_the_next_wait() -> None:
    job = LocalJob(Timeouts(run=0.3))
    with anyio.fail_after(DEADLINE):
        async with anyio.create_task_group() as group:
            group.start_soon(job.send_for_ever)
            for _ in range(3):
                await anext(job)
            await anyio.sleep(0.4)
            with pytest.raises(DeadlineError):
                [_ async for _ in job]


async def test_a_job_without_a_limit_goes_on() -> None:
    job = LocalJob(Timeouts(run=None))
    with anyio.fail_after(DEADLINE):
        async with anyio.create_task_group() as group:
            group.start_soon(job.send_for_ever)
            for _ in range(20):
                assert await anext(job) == Output("x")
            job.state.succeed(["end"])


async def test_all_waits_of_a_phase_have_one_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    deadlines: list[float] = []
    set_timer = call_at

    def note(deadline: float, function: Any) -> Any:
        deadlines.append(deadline)
        return set_timer(deadline, function)

    monkeypatch.setattr(job_module, "call_at", note)
    job = LocalJob(Timeouts(run=60))
    with anyio.fail_after(DEADLINE):
        async with anyio.create_task_group() as group:
            group.start_soon(job.send_for_ever)
            for _ in range(20):
                await anext(job)
            job.state.succeed(["end"])
    assert len(deadlines) == 1
