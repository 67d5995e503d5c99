"""One job of an exploration: what a server says of it, and what must then be true of it."""

from __future__ import annotations

from functools import cache
from typing import Any

from spacecall._core.job_state import JobStatus
from spacecall._core.jobs import Job
from spacecall._core.queue_messages import Message
from spacecall.errors import AppError, JobCancelledError, SpaceError
from spacecall.events import Completed, Log, Output, Progress
from spacecall.options import Limits
from tests.core.wire import cancelled, completed, failed, generating, message


@cache
def said(kind: str, name: str, count: int) -> Message:
    """A message. A value is the `count`th, and longer than the one before: an edit, or whole."""
    match kind:
        case "generating":
            return generating([name if count == 1 else [["append", [], name]]], name)
        case "streaming":
            return message("process_streaming", name, output={"data": [name * count]})
        case "completed":
            return completed([f"{name} done"], name)
        case "failed":
            return failed(f"{name} failed", name)
        case "cancelled":
            return cancelled(name)
        case "log":
            return message(kind, name, log=name)
        case "progress":
            return message(kind, name, progress_data=[{"desc": name}])
        case "foreign":
            return completed(["foreign"], "x")
        case _:
            return message(kind, name or None)


def end_of(job: Job) -> str:
    """Which completion it ended with; empty if with none."""
    if job.values is not None:
        return "completed"
    kinds: dict[object, str] = {AppError: "failed", JobCancelledError: "cancelled"}
    return kinds.get(type(job.error), "")


class Tracked:
    """One job, and what has been sent for it."""

    __slots__ = ("accepted", "completion", "end", "job", "known", "last", "name", "sent", "values")

    def __init__(self, name: str) -> None:
        self.name = name
        self.job = Job(0, follow=True, limits=Limits(max_buffered_events=50), notify=lambda: None)
        self.sent = False
        self.accepted = False
        self.known = False
        self.values = 0
        self.completion = ""
        """The first that was sent, which must be how the job ends."""
        self.end: tuple[Any, Any] | None = None
        self.last = ""

    @property
    def joins(self) -> bool:
        """Whether its join waits for an answer."""
        return self.sent and not self.accepted

    def state(self) -> tuple[Any, ...]:
        """All that its future depends on."""
        job = self.job
        real = (
            job.status,
            job.values,
            repr(job.error),
            job.has_messages,
            job._snapshot,
            job.event_id,
        )
        expected = (self.sent, self.accepted, self.known, self.values, self.completion)
        return (*real, *expected, self.last)

    def check(self) -> None:
        """Invariants 1 to 4 of the exploration."""
        job = self.job
        end = (job.values, job.error)
        assert job.ended == (job.values is not None or job.error is not None)
        if self.end is not None:
            assert (job.status, end) == (JobStatus.ENDED, self.end)
        elif job.ended:
            self.end = end
        if self.accepted and self.completion and str(job.error) != "left":
            assert end_of(job) == self.completion
        while (event := job.buffer.pop()) is not None:
            if isinstance(event, Output):
                (value,) = event.value
                assert set(value) == {self.name}
                assert value.startswith(self.last)
                assert len(value) > len(self.last)
                self.last = value
            elif isinstance(event, Completed):
                assert event.value == [f"{self.name} done"]
            elif isinstance(event, Log):
                assert event.message == self.name
            elif isinstance(event, Progress):
                assert [unit.description for unit in event.units] == [self.name]
        assert job.values in (None, [f"{self.name} done"])
        assert not isinstance(job.error, AppError) or str(job.error) == f"{self.name} failed"
        if isinstance(job.error, SpaceError) and job.error.event_id is not None:
            assert job.error.event_id == self.name
