"""A stream of inputs to one function of an app, and of its values."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Generic, Self, TypeAlias, TypeVar

import anyio

from spacecall._client.calls.call_preparation import Prepare, prepare_call
from spacecall._client.calls.feed_job import FeedJob
from spacecall._client.calls.queue_call import CallContext
from spacecall._client.streams.channel import Channel
from spacecall._client.streams.connection import Connection
from spacecall._core.app_functions import Dependency
from spacecall._core.event_buffer import EventBuffer
from spacecall._io.call_trace import CallTrace, tracing
from spacecall._io.event_loops import EventLoopGuard
from spacecall.errors import DeadlineError, InvalidInputError, SpaceError
from spacecall.events import Output

I = TypeVar("I")  # noqa: E741 - an input
T = TypeVar("T")
Bind: TypeAlias = Callable[[Mapping[str, Any]], Prepare[T]]
"""Returns what prepares a call with these arguments."""
FindInput: TypeAlias = Callable[[Connection], Awaitable[str]]
"""Returns the name of the parameter that takes the stream. Raises `SpaceError` without one."""


class Feed(Generic[I, T]):
    """Inputs for one function, one after another, and its values: a webcam, a microphone.

    Enter it: `async with space.stream("/detect", threshold=0.5) as feed`. Then `send` inputs, and
    iterate over `outputs`, in the same task or in another. The first input joins the queue, and
    the others go to the same job. When the app ends the job at its time limit, the next input joins
    the queue again, in the same session, so that `gr.State` continues. Before Gradio 5 every input
    is a job. Leaving the block ends the job on the server.
    """

    def __init__(
        self,
        name: str,
        context: CallContext,
        bind: Bind[T],
        find_input: FindInput,
        arguments: Mapping[str, Any],
    ) -> None:
        self._name = name
        self._context = context
        self._bind = bind
        self._find_input = find_input
        self._arguments = dict(arguments)
        self._input = ""
        self._channel: Channel | None = None
        self._job: FeedJob[T] | None = None
        self._joining_job: FeedJob[T] | None = None
        limits = context.settings.limits
        self._buffer = EventBuffer(
            limits.max_buffered_events,
            limits.max_buffered_bytes,
            every_output=context.settings.every_output,
        )
        self._sending = anyio.Lock()
        self._changed = anyio.Event()
        self._finished = False
        self._start_time = 0.0
        self._failure: SpaceError | None = None
        self._entry: _OpenFeed | None = None
        self._loop_guard = EventLoopGuard()
        self._trace: CallTrace | None = None

    async def __aenter__(self) -> Self:
        if self._channel is not None or self._finished:
            raise RuntimeError("a Feed is for one use: make another with space.stream(…)")
        context = self._context
        context.connection.check_open()
        if context.channel is not None:
            context.channel.check_open()
        observer = context.observer()
        self._trace = trace = observer.new_trace(self._name)
        self._start_time = anyio.current_time()
        observer.start_call(trace)
        try:
            with tracing(trace), context.redacting():
                if context.settings.call_api:
                    raise InvalidInputError(
                        "the simple call API takes no streams: stream without call_api=True"
                    )
                self._input = await self._find_input(context.connection)
                self._check_arguments(self._arguments)
        except BaseException as error:
            observer.end_call(trace, error)
            raise
        self._channel = context.channel or context.connection.open_channel()
        self._loop_guard = EventLoopGuard()
        self._entry = _OpenFeed(self._channel, self._fail)
        context.connection.jobs.add(self._entry)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()
        if self._entry is not None:
            self._context.connection.jobs.discard(self._entry)
        failure = None if self._job is None else self._job.failure
        try:
            for job in (self._joining_job, self._job):
                if job is not None:
                    await job.leave()
        finally:
            if self._trace is not None:
                self._context.observer().end_call(self._trace, error or failure)

    async def send(self, value: I, /, **arguments: Any) -> None:
        """Send the next input, after the value of the last one has arrived.

        Args:
            value: of the input that takes the stream (`Endpoint.stream_input`).
            arguments: values of other inputs, for this input and the next ones.

        Raises:
            InvalidInputError: an argument does not fit the app's schema. The feed goes on.
            SpaceError: the function failed, or the stream broke: the feed has ended.
            RuntimeError: the feed was not entered, or was finished.
        """
        channel = self._check_open()
        self._check_arguments(arguments)
        async with self._sending:
            self._check_open()
            with self._reporting():
                self._check_not_failed()
                prepare = self._bind({**self._arguments, **arguments, self._input: value})
                context = self._context
                prepared = await prepare_call(
                    context.connection, context.settings, channel.components, prepare
                )
                self._check_open()
                self._arguments.update(arguments)
                job = self._job
                if job is not None:
                    await job.wait_ready()
                    if not job.done and await job.send(prepared, prepare):
                        return
                    job.check()
                    self._check_open()
                self._check_not_failed()
                job = FeedJob(
                    self._buffer,
                    context.connection,
                    prepared,
                    context.settings,
                    prepare,
                    channel=channel,
                    start_time=self._start_time,
                )
                job.start()
                await self._follow(job)

    def _fail(self, error: SpaceError) -> None:
        """End the stream with `error`: the Space or the session is closed."""
        self._failure = error
        self._notify()

    def _check_not_failed(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _check_open(self) -> Channel:
        """Return the channel of the stream.

        Raises:
            RuntimeError: the stream is not open, or has ended, perhaps while another task sent.
        """
        channel = self._check_entered()
        if self._finished:
            raise RuntimeError(
                f"the stream to {self._name} has ended, by finish or at the end of its block: "
                "open another with stream(…)"
            )
        return channel

    def _check_entered(self) -> Channel:
        """Return the channel of the stream.

        Raises:
            RuntimeError: the stream was not entered, or is used in another event loop.
        """
        if self._channel is None:
            raise RuntimeError(f"the stream to {self._name} is not open: enter its with block")
        self._loop_guard.check()
        return self._channel

    def _check_arguments(self, arguments: Mapping[str, Any]) -> None:
        if self._input in arguments:
            raise InvalidInputError(
                f"{self._input} is the input that takes the stream: pass its values to send, one "
                "after another",
                endpoint=self._name,
            )

    async def _follow(self, job: FeedJob[T]) -> None:
        """Continue the feed with `job` when it is in the queue."""
        self._joining_job = job
        try:
            await job.wait_accepted()
        except InvalidInputError:
            raise  # nothing was sent: the feed goes on without the job
        except BaseException:
            self._continue_with(job)
            raise
        finally:
            self._joining_job = None
        self._continue_with(job)

    def _continue_with(self, job: FeedJob[T]) -> None:
        self._job = job
        self._notify()

    @property
    def outputs(self) -> AsyncIterator[T]:
        """The results, one after each input, as they come.

        They end after `finish`. If you read more slowly than you send, newer values replace older
        ones beyond `Limits.max_buffered_events`, unless `every_output=True`.
        """
        return _Outputs(self)

    @property
    def conflated(self) -> int:
        """The number of values that newer ones replaced before you read them."""
        return self._buffer.conflated

    async def finish(self) -> None:
        """Send no further input: wait for the last value, and end the job on the server.

        Raises:
            SpaceError: the function failed, or the stream broke.
        """
        async with self._sending:
            try:
                with self._reporting():
                    if self._job is not None and not self._finished:
                        await self._job.finish()
            finally:
                self._end()

    async def _next_output(self) -> T:
        self._check_entered()
        while True:
            job = self._job
            event = None if job is None else self._buffer.pop()
            if job is not None and isinstance(event, Output):
                with self._reporting():
                    return job.decode(event.value)
            if job is not None and not job.done:
                await job.wait_change()
            elif job is not None and job.failure is not None:
                raise job.failure
            elif self._finished:
                raise StopAsyncIteration
            else:
                with self._reporting():
                    self._check_not_failed()
                await self._wait_for_change()

    async def _wait_for_change(self) -> None:
        """Wait until a job starts or the stream ends.

        Raises:
            DeadlineError: `Timeouts.total` has passed.
        """
        seconds = self._context.settings.timeouts.total
        deadline = math.inf if seconds is None else self._start_time + seconds
        with self._reporting():
            with anyio.CancelScope(deadline=deadline):
                return await self._changed.wait()
            raise DeadlineError(
                f"the stream did not end within {seconds:g} s", phase="total", endpoint=self._name
            )

    @contextmanager
    def _reporting(self) -> Generator[None]:
        """Run the code inside in the trace of the feed, and remove secrets from its errors."""
        assert self._trace is not None
        with tracing(self._trace), self._context.redacting():
            try:
                yield
            except SpaceError as error:
                error.call_id = error.call_id or self._trace.call_id
                raise

    def _end(self) -> None:
        self._finished = True
        self._notify()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    def __repr__(self) -> str:
        return f"<Feed {self._name}>"


class _OpenFeed:
    """A feed among the jobs that end when their Space or session is closed."""

    def __init__(self, channel: Channel, fail: Callable[[SpaceError], None]) -> None:
        self.channel = channel
        self._fail = fail

    def abort(self, error: SpaceError) -> None:
        """End the stream with `error`."""
        self._fail(error)


class _Outputs(AsyncIterator[T]):
    """Iterates over the values of a feed."""

    def __init__(self, feed: Feed[Any, T]) -> None:
        self._feed = feed

    async def __anext__(self) -> T:
        return await self._feed._next_output()  # pyright: ignore[reportPrivateUsage]


def check_takes_stream(dependency: Dependency) -> int:
    """Return the index of the input that takes a stream, among the visible inputs.

    Raises:
        InvalidInputError: the function takes no stream.
    """
    index = dependency.stream_index
    if index is None:
        raise InvalidInputError(
            f"{dependency.name} takes no stream (no .stream() event of an input runs it): call it",
            endpoint=dependency.name,
        )
    return index
