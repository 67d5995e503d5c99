"""A job that runs: its events, its result, its end."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable
from typing import Any, Generic, TypeVar

import anyio

from spacecall._client.channel import Channel
from spacecall._client.connection import Connection
from spacecall._client.lenses import Outputs, Text
from spacecall._client.plan import Plan, collect_files, put_payloads, visible
from spacecall._client.run import run
from spacecall._core import jobs
from spacecall._core.jobs import State
from spacecall._io.settings import Settings
from spacecall._io.transfers import upload
from spacecall.errors import (
    DeadlineError,
    InvalidInputError,
    JobCancelledError,
    JobLostError,
    Phase,
    SpaceError,
)
from spacecall.events import Completed, Event, Output, TextDelta, Uploading

T = TypeVar("T")

_PHASES: dict[State, Phase] = {
    State.UPLOADING: "upload",
    State.JOINING: "queue",
    State.QUEUED: "queue",
    State.RUNNING: "run",
}
_LATE: dict[Phase, str] = {
    "queue": "the app did not start on the job within",
    "run": "the app did not finish the job within",
    "total": "the call did not end within",
}


class Job(AsyncIterator[Event[T]], Generic[T]):
    """A call that was entered: `async with space.call(…) as job`.

    Iterate it for its events, or use one of the lenses `outputs` and `text`; all of them read the
    same events, so that one consumer is meant. A consumer that is slower than the app gets newer
    snapshots; the result and errors always come.
    """

    def __init__(
        self,
        connection: Connection,
        plan: Plan[T],
        settings: Settings,
        *,
        channel: Channel | None,
        follow: bool,
    ) -> None:
        self._connection = connection
        self._plan = plan
        self._settings = settings
        self._session = channel
        self._follow = follow
        self._resubmits = settings.retry.lost
        self._collects = False
        self._began = anyio.current_time()
        self._changed = anyio.Event()
        self._renew(channel)

    def _renew(self, channel: Channel | None) -> None:
        self._channel = channel or self._connection.lease(self._plan.endpoint)
        self._core = jobs.Job(
            self._plan.endpoint.fn_index,
            follow=self._follow,
            backlog=self._settings.limits.backlog,
            notify=self._on_change,
        )
        self._work = anyio.CancelScope()
        self._phase: Phase = "upload"
        self._phase_began = anyio.current_time()

    @property
    def channel(self) -> Channel:
        """The session that the job is on."""
        return self._channel

    @property
    def event_id(self) -> str | None:
        """The server's id of the job, once it has one."""
        return self._core.event_id

    @property
    def done(self) -> bool:
        """Whether there is a result or an error."""
        return self._core.ended

    @property
    def outputs(self) -> AsyncIterator[T]:
        """Whole values as they come, the result last."""
        return Outputs(self)

    @property
    def text(self) -> AsyncIterator[TextDelta]:
        """What is added to a text, piece by piece.

        The text is the output itself, its attribute `text`, or the first such of several outputs;
        without one the first piece raises `TypeError`.
        """
        return Text(self)

    def __aiter__(self) -> Job[T]:
        return self

    async def __anext__(self) -> Event[T]:
        """The next event; `Completed` is the last.

        Raises:
            SpaceError: the job ended with an error.
        """
        while True:
            event = self._core.backlog.pop()
            if event is not None:
                return self._typed(event)
            if not self._core.ended or self._resubmitted():
                await self._wait()
            elif self._core.error is not None:
                raise self._located(self._core.error)
            else:
                raise StopAsyncIteration

    async def result(self) -> T:
        """The job's value.

        Raises:
            SpaceError: the job ended with an error; see `spacecall.errors`.
        """
        while not self._core.ended or self._resubmitted():
            await self._wait()
        if self._core.error is not None:
            raise self._located(self._core.error)
        return self._decode(self._core.values or [])

    async def cancel(self) -> None:
        """Cancel the job, here and on the server. What waits for it raises `JobCancelledError`."""
        await self.give_up(JobCancelledError("the job was cancelled"))

    async def give_up(self, error: SpaceError) -> None:
        """End the job with `error`, and tell the server; a job that has ended stays as it is."""
        if self._core.ended or self._core.event_id is None:
            self.drop(error)
        else:
            await self._channel.cancel(self._core, error, self._settings)

    def drop(self, error: SpaceError) -> None:
        """End the job with `error` without waiting for anybody.

        A join under way goes on, since the server may have accepted it, and is cancelled there.
        """
        joining = self._core.state is State.JOINING
        self._core.fail(error)
        if not joining:
            self._work.cancel()

    def start(self) -> None:
        """Send the files and join the queue, in the background."""
        self._channel.expect(self._core)
        self._connection.start(self, self._submit)

    def adopt(self, event_id: str) -> None:
        """Go on with a job that was joined earlier, instead of `start`."""
        self._collects = True
        self._connection.jobs.add(self)
        self._channel.adopt(self._core, event_id)

    async def detached(self) -> str:
        """Leave the job to whoever collects it, as soon as the server has it: its event id."""
        if not self._queued:
            self.drop(JobCancelledError("not sent"))
            raise InvalidInputError(
                f"{self._plan.endpoint.name} does not use the queue: its calls cannot be detached"
            )
        try:
            while self._core.state not in (State.QUEUED, State.ENDED):
                await self._wait()
        except BaseException:
            self.drop(JobCancelledError("the job was cancelled while it was detached"))
            raise
        if self._core.error is not None:
            raise self._located(self._core.error)
        self._connection.jobs.discard(self)
        assert self._core.event_id is not None
        return self._core.event_id

    @property
    def _queued(self) -> bool:
        # The queue takes every function. Of a generator, /run gives the first value only; and it
        # gives JSON as the text that Python prints for it (5.x).
        endpoint = self._plan.endpoint
        has_json = any(component.type == "json" for component in endpoint.visible_returns)
        return endpoint.queued or endpoint.generator or has_json

    async def _submit(self) -> None:
        core, endpoint, channel = self._core, self._plan.endpoint, self._channel
        try:
            with self._work, channel.expecting(core):
                data = endpoint.fill(await self._encoded())
                if self._queued:
                    core.advance(State.JOINING)
                    await channel.join(core, endpoint, data, self._settings)
                else:
                    async with self._connection.running:
                        await run(core, endpoint, data, channel, self._settings)
        except SpaceError as error:
            core.fail(error)
        except RecursionError:
            core.fail(InvalidInputError("the arguments are nested too deeply"))

    async def _encoded(self) -> list[Any]:
        by_id: dict[int, Any] = {id(file): file for file in collect_files(self._plan.values)}
        if not by_id:
            return list(self._plan.values)
        files = list(by_id.values())
        payloads = await upload(
            self._channel.link,
            self._connection.app,
            files,
            self._settings,
            lambda sent, total: self._core.emit(Uploading(sent, total)),
        )
        by_id = dict(zip(by_id, payloads, strict=True))
        return [put_payloads(value, by_id) for value in self._plan.values]

    def _on_change(self) -> None:
        phase = _PHASES.get(self._core.state)
        if phase is None:
            self._connection.jobs.discard(self)
        elif phase != self._phase:
            self._phase = phase
            self._phase_began = anyio.current_time()
        self._changed.set()
        self._changed = anyio.Event()

    async def _wait(self) -> None:
        """Until something changes; past its deadline the job ends with an error."""
        deadline, late = self._deadline()
        with anyio.CancelScope(deadline=deadline) as scope:
            await self._changed.wait()
        if scope.cancelled_caught and not self._core.ended:
            await self.give_up(late())

    def _deadline(self) -> tuple[float, Callable[[], SpaceError]]:
        """When the phase that the job is in must be over, and the error if it is not."""
        timeouts, phase = self._settings.timeouts, self._phase
        if self._collects and not self._core.heard:
            # What the server kept comes at once; of a job that it does not know nothing ever does.
            return self._began + (timeouts.connect or math.inf), _unknown
        # The upload itself keeps Timeouts.upload.
        seconds = {"queue": timeouts.queue, "run": timeouts.run}.get(phase) or math.inf
        deadline = self._phase_began + seconds
        if timeouts.total is not None and self._began + timeouts.total < deadline:
            phase, seconds, deadline = "total", timeouts.total, self._began + timeouts.total
        return deadline, lambda: DeadlineError(f"{_LATE[phase]} {seconds:g} s", phase=phase)

    def _resubmitted(self) -> bool:
        """Whether a lost job was sent again, as the caller's `Retry` wants it."""
        lost = isinstance(self._core.error, JobLostError)
        if not lost or not self._resubmits or self._collects or self._connection.closed:
            return False
        self._resubmits -= 1
        self._renew(self._session)
        self.start()
        return True

    def _typed(self, event: Event[Any]) -> Event[T]:
        if isinstance(event, Output):
            return Output(self._decode(event.value))
        if isinstance(event, Completed):
            return Completed(self._decode(event.value), event.duration)
        return event

    def _decode(self, data: list[Any]) -> T:
        try:
            return self._plan.decode(visible(self._plan.endpoint, data), self._connection.file)
        except SpaceError as error:
            raise self._located(error) from error.__cause__

    def _located(self, error: SpaceError) -> SpaceError:
        error.space = error.space or self._connection.link.base
        error.endpoint = error.endpoint or self._plan.endpoint.name
        error.event_id = error.event_id or self._core.event_id
        return error


def _unknown() -> SpaceError:
    return JobLostError("the server has nothing for the job: was it collected before?")
