"""Jobs of a fake Space, and the streams of their events. Times are those of the event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio
import anyio.lowlevel

from spacecall._io.interceptor import NetworkError
from spacecall.cassettes._format.job_recordings import make_close_stream_event
from spacecall.cassettes._format.server_sent_event import ServerSentEvent

DISCONNECT = "ReadError"
"""The kind of failure of a stream whose connection breaks, see `FAILURES`."""


@dataclass(frozen=True, slots=True)
class JobPlan:
    """The values and the end of a job, decided when its inputs are known.

    Attributes:
        outputs: one after another, each a list of all output values; of a job that does not fail
            the last is the result.
        error: the message of the app's error after them; None for a job that does not fail.
        title: of the error.
        disconnects: whether the connection breaks before the end.
        delay: seconds before each of the outputs.
    """

    outputs: Sequence[list[Any]]
    error: str | None = None
    title: str = "Error"
    disconnects: bool = False
    delay: float = 0.0

    @property
    def result(self) -> list[Any]:
        """The result of a job that does not fail."""
        return list(self.outputs[-1]) if self.outputs else []


@dataclass(slots=True, eq=False)
class FakeJob:
    """A job that has joined.

    Attributes:
        scheduled: its next messages, each with its time.
        disconnects: whether the connection breaks after the last message.
    """

    event_id: str
    fn_index: int
    scheduled: list[tuple[float, dict[str, Any]]]
    disconnects: bool = False

    def cancel(self, now: float) -> None:
        """End the job now, as Gradio does: with a completion without data."""
        completion = _make_completion(self.event_id, {}, success=True)
        self.scheduled = [(now, completion)] if self.scheduled else []
        self.disconnects = False


@dataclass(slots=True)
class FakeSession:
    """The jobs of one session, and its stream."""

    jobs: list[FakeJob] = field(default_factory=list[FakeJob])
    _changed: anyio.Event = field(default_factory=anyio.Event)

    def join(self, job: FakeJob) -> None:
        """Add a job."""
        self.jobs.append(job)
        self._notify()

    def cancel(self, fn_index: int | None) -> None:
        """Cancel the jobs of a function."""
        for job in self.jobs:
            if job.fn_index == fn_index:
                job.cancel(anyio.current_time())
        self._notify()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self.jobs:
            await anyio.lowlevel.checkpoint()
            job = min(self.jobs, key=lambda job: job.scheduled[0][0])
            if not await self._wait_until(job.scheduled[0][0]):
                continue
            _, message = job.scheduled.pop(0)
            if not job.scheduled:
                self.jobs.remove(job)
            yield ServerSentEvent.from_json("message", message).encode()
            if not job.scheduled and job.disconnects:
                self.jobs.clear()
                raise NetworkError(DISCONNECT)
        yield make_close_stream_event().encode()

    async def _wait_until(self, deadline: float) -> bool:
        """Wait until the deadline; return False if the jobs have changed before."""
        changed = self._changed
        with anyio.CancelScope(deadline=deadline):
            await changed.wait()
        return not changed.is_set()

    async def aclose(self) -> None:
        """Drop the jobs: in Gradio, too, they end when the client closes the stream."""
        self.jobs.clear()


def schedule_job(event_id: str, fn_index: int, plan: JobPlan, now: float) -> FakeJob:
    """Return a job of the queue; outputs after the first are edits, as in the protocol sse_v3."""
    scheduled: list[tuple[float, dict[str, Any]]] = [
        (now, _make_message("estimation", event_id, rank=0, queue_size=1, rank_eta=plan.delay)),
        (now, _make_message("process_starts", event_id, eta=plan.delay)),
    ]
    fails = plan.error or plan.disconnects
    partial_results = plan.outputs[: len(plan.outputs) if fails else -1]
    previous: list[Any] | None = None
    time = now
    for outputs in partial_results:
        time += plan.delay
        data = (
            list(outputs)
            if previous is None
            else [_make_edits(*pair) for pair in zip(previous, outputs, strict=True)]
        )
        output = {"data": data, "is_generating": True, "duration": plan.delay}
        message = _make_message("process_generating", event_id, output=output, success=True)
        scheduled.append((time, message))
        previous = list(outputs)
    time += plan.delay
    if plan.error is not None:
        completion = _make_completion(
            event_id, make_error_body(plan), success=False, title=plan.title
        )
    elif plan.disconnects:
        return FakeJob(event_id, fn_index, scheduled, disconnects=True)
    else:
        output = {"data": plan.result, "is_generating": False, "duration": time - now}
        completion = _make_completion(event_id, output, success=True)
    return FakeJob(event_id, fn_index, [*scheduled, (time, completion)])


async def stream_call_events(plan: JobPlan) -> AsyncIterator[bytes]:
    """Yield the events of a job of the simple call API."""
    fails = plan.error is not None or plan.disconnects
    for outputs in plan.outputs if fails else plan.outputs[:-1]:
        await anyio.sleep(plan.delay)
        yield ServerSentEvent.from_json("generating", list(outputs)).encode()
    await anyio.sleep(plan.delay)
    if plan.disconnects:
        raise NetworkError(DISCONNECT)
    if plan.error is None:
        yield ServerSentEvent.from_json("complete", plan.result).encode()
    else:
        yield ServerSentEvent.from_json("error", make_error_body(plan)).encode()


def make_error_body(plan: JobPlan) -> dict[str, Any]:
    """Return the body of a job's error, as the queue, /run and /call send it."""
    return {"error": plan.error, "title": plan.title, "visible": True, "duration": 10.0}


def _make_message(kind: str, event_id: str, **fields: Any) -> dict[str, Any]:
    return {"msg": kind, "event_id": event_id, **fields}


def _make_completion(event_id: str, output: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return _make_message("process_completed", event_id, output=output, **fields)


def _make_edits(previous: Any, value: Any) -> list[Any]:
    return [] if previous == value else [["replace", [], value]]
