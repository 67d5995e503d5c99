"""Replaying the event stream of one session: the events of each job, after it has joined."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import anyio
import anyio.lowlevel

from spacecall._io.interceptor import NETWORK_ERRORS, InterceptedResponse, NetworkError
from spacecall.cassettes._format.exchange import CLOSED
from spacecall.cassettes._format.job_recordings import JobRecording, make_close_stream_event
from spacecall.cassettes._format.server_sent_event import ServerSentEvent
from spacecall.cassettes.errors import CassetteError

Scheduler: TypeAlias = Callable[[Sequence[float]], int]
"""Return the index of the job whose event is next, from the recorded times of the next events."""

_STALL_SECONDS = 5.0
"""After so long without an event to replay, the client is waiting for a recording that ended."""


class ReplayClock:
    """Waits as the recording did, faster or slower.

    Args:
        time_scale: seconds for each recorded second; 0 does not wait.
    """

    def __init__(self, time_scale: float) -> None:
        self._time_scale = time_scale

    def now(self) -> float:
        """Return the time of the event loop, in seconds."""
        return anyio.current_time()

    async def sleep(self, seconds: float) -> None:
        """Sleep for as long as `seconds` of the recording take."""
        if self._time_scale and seconds > 0:
            await anyio.sleep(seconds * self._time_scale)

    async def sleep_until(self, start: float, seconds: float) -> None:
        """Sleep until `seconds` of the recording have passed since `start` of the event loop."""
        if self._time_scale:
            await anyio.sleep_until(start + seconds * self._time_scale)


@dataclass(slots=True)
class _JobCursor:
    """A job that joined, and the position in its recording.

    Attributes:
        joined_at: time of the event loop, in seconds.
        position: index of the next event.
        inputs: the number of inputs that it has taken in this run, after the first one.
        values: the number of values that answered its inputs.
        cancelled: whether it has been cancelled in this run.
    """

    recording: JobRecording
    joined_at: float
    position: int = 0
    inputs: int = 0
    values: int = 0
    cancelled: bool = False

    @property
    def is_exhausted(self) -> bool:
        """Whether all its events have been replayed."""
        return self.position == len(self.recording.events)

    @property
    def next_event_at(self) -> float | None:
        """The recorded time of the next event; None if it has none, or waits for the client.

        The client has to send the next input, or a cancel.
        """
        if self.is_exhausted or self.inputs < min(self.values, self.recording.inputs):
            return None
        seconds = self.recording.events[self.position][0]
        cancelled_at = self.recording.cancelled_at
        waits_for_cancel = cancelled_at is not None and seconds > cancelled_at
        return None if waits_for_cancel and not self.cancelled else seconds

    def take_event(self) -> ServerSentEvent:
        """Return the next event."""
        _, event = self.recording.events[self.position]
        self.position += 1
        if self.recording.inputs and event.as_object().get("msg") == "process_streaming":
            self.values += 1
        return event

    @property
    def is_completed(self) -> bool:
        """Whether the job has ended with its result or error."""
        return self.is_exhausted and self.recording.end_reason is None

    @property
    def is_interrupted(self) -> bool:
        """Whether the stream ended here without an event, and not because the client left."""
        return self.is_exhausted and self.recording.end_reason not in (None, CLOSED)


class StreamReplayer:
    """Replays the event stream of a session.

    Args:
        clock: how fast.
        scheduler: in which order.
        path: of the cassette, for errors.
    """

    def __init__(self, clock: ReplayClock, scheduler: Scheduler, path: Path) -> None:
        self._clock = clock
        self._scheduler = scheduler
        self._path = path
        self._jobs: list[_JobCursor] = []
        self._changed = anyio.Event()
        self._has_live_jobs = False
        self.open_live: Callable[[], Awaitable[InterceptedResponse]] | None = None
        """Opens the app's own stream of the session; None if nothing is recorded."""

    @property
    def has_live_jobs(self) -> bool:
        """Whether jobs have joined on the app itself."""
        return self._has_live_jobs

    def join_live(self) -> None:
        """Add a job that has joined on the app itself."""
        self._has_live_jobs = True
        self._notify()

    def join(self, recording: JobRecording) -> None:
        """Add a recorded job that has joined."""
        self._jobs.append(_JobCursor(recording, self._clock.now()))
        self._notify()

    def feed(self, event_id: str) -> None:
        """Give a further input to a recorded job."""
        for job in self._jobs:
            if job.recording.event_id == event_id:
                job.inputs += 1
        self._notify()

    def cancel(self, fn_index: int | None) -> None:
        """Cancel the running jobs of a function."""
        for job in self._jobs:
            if job.recording.fn_index == fn_index:
                job.cancelled = True
        self._notify()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            await anyio.lowlevel.checkpoint()
            ready = [
                (job, seconds) for job in self._jobs if (seconds := job.next_event_at) is not None
            ]
            if ready:
                job, seconds = ready[self._scheduler([seconds for _, seconds in ready])]
                await self._clock.sleep_until(job.joined_at, seconds - job.recording.started_at)
                yield job.take_event().encode()
            elif interrupted := next((job for job in self._jobs if job.is_interrupted), None):
                end_reason = interrupted.recording.end_reason or ""
                self._jobs.clear()
                if end_reason in NETWORK_ERRORS:
                    raise NetworkError(end_reason)
                return
            elif self._has_live_jobs and self.open_live is not None:
                # Recorded jobs that join meanwhile are replayed on the next stream.
                self._has_live_jobs = False
                body = (await self.open_live()).body
                try:
                    async for chunk in body:
                        yield chunk
                finally:
                    await body.aclose()
                return
            elif all(job.is_completed for job in self._jobs):
                self._jobs.clear()
                yield make_close_stream_event().encode()
                return
            else:
                await self._wait_for_change()

    async def _wait_for_change(self) -> None:
        with anyio.move_on_after(_STALL_SECONDS) as scope:
            await self._changed.wait()
        if scope.cancelled_caught:
            raise CassetteError(
                "the recording of this job stops early, because the client was closed or "
                "cancelled the job while recording; this run still waits for events: record the "
                f"cassette {self._path} again"
            )

    async def aclose(self) -> None:
        """Drop the jobs: events that the client did not read are not replayed to another stream."""
        self._jobs.clear()
