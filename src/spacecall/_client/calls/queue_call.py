"""Calls of an app: of one function, or of several functions one after another."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import NamedTuple, TypeAlias, TypeVar, Unpack

import anyio

from spacecall._client.calls.call import Call
from spacecall._client.calls.call_preparation import Prepare, prepare_call
from spacecall._client.calls.collected_job import CollectedJob
from spacecall._client.calls.job import Job
from spacecall._client.calls.prepared_call import PreparedCall
from spacecall._client.calls.queue_job import QueueJob
from spacecall._client.concurrency.lifetime import Lifetime
from spacecall._client.streams.channel import Channel
from spacecall._client.streams.connection import Connection
from spacecall._core.session_components import SessionComponents
from spacecall._io.app_http_client import AppHttpClient
from spacecall._io.deadlines import deadline
from spacecall._io.observer import Observer
from spacecall._io.request_settings import Settings
from spacecall.component_updates import Updated
from spacecall.errors import DeadlineError, InvalidInputError
from spacecall.options import CallOptions
from spacecall.tickets import Ticket

T = TypeVar("T")
U = TypeVar("U")


class CallContext(NamedTuple):
    """Where and how a call is made.

    Attributes:
        connection: to the app.
        settings: the options of the call.
        channel: of the session that makes the call; None for a channel of the pool.
        event_id: of a detached job that is collected; None for a new job.
        shares_stream: whether the call may share its stream with a few others.
        lifetime: of the Space. The Space is closed when nothing refers to its lifetime.
    """

    connection: Connection
    settings: Settings
    channel: Channel | None = None
    event_id: str | None = None
    shares_stream: bool = False
    lifetime: Lifetime[Connection] | None = None

    def override(self, **options: Unpack[CallOptions]) -> CallContext:
        """Return the same context with other options."""
        return self._replace(settings=self.settings.override(**options))

    def redacting(self) -> AbstractContextManager[None]:
        """Remove the secrets of the client and the options from each `SpaceError` raised inside."""
        return self._app_client.redacting(self.settings)

    def observer(self) -> Observer:
        """Return what logs a call, and calls the hooks."""
        return self._app_client.observer(self.settings)

    @property
    def _app_client(self) -> AppHttpClient:
        return self.channel.app_client if self.channel else self.connection.app_client


Steps: TypeAlias = Callable[[CallContext], Awaitable[Call[T]]]
"""Makes all calls of a sequence but the last, and returns the last."""


class QueueCall(Call[T]):
    """A call of one function."""

    def __init__(self, name: str, context: CallContext, prepare: Prepare[T]) -> None:
        super().__init__(name)
        self._context = context
        self._prepare = prepare

    def with_options(self, **options: Unpack[CallOptions]) -> QueueCall[T]:
        self._mark_handled()
        return QueueCall(self._name, self._context.override(**options), self._prepare)

    def map(self, transform: Callable[[T], U]) -> QueueCall[U]:
        return self._changed(lambda prepared: prepared.map(transform))

    def with_updates(self) -> QueueCall[Updated[T]]:
        return self._changed(lambda prepared: prepared.with_updates())

    def _sharing_stream(self) -> QueueCall[T]:
        self._mark_handled()
        return QueueCall(self._name, self._context._replace(shares_stream=True), self._prepare)

    def _changed(self, change: Callable[[PreparedCall[T]], PreparedCall[U]]) -> QueueCall[U]:
        self._mark_handled()
        prepare = self._prepare

        async def changed(
            connection: Connection, settings: Settings, components: SessionComponents
        ) -> PreparedCall[U]:
            return change(await prepare(connection, settings, components))

        return QueueCall(self._name, self._context, changed)

    async def detach(self) -> Ticket:
        self._mark_handled()
        if self._context.channel is not None:
            raise InvalidInputError(
                "a call of a session cannot be detached, because the session reads its own jobs: "
                "detach a call of the Space"
            )
        if self._context.settings.call_api:
            raise InvalidInputError(
                "the simple call API leaves no tickets: detach without call_api=True"
            )
        self._use()
        with self._reporting_start():
            job = await self._join(None, follow=False, reads_stream=False)
            ticket = await job.detach()
        self._report_end(None)
        return ticket

    def _redacting(self) -> AbstractContextManager[None]:
        return self._context.redacting()

    def _observer(self) -> Observer:
        return self._context.observer()

    async def _start(self, *, follow: bool) -> Job[T]:
        return await self._join(self._context.channel, follow=follow)

    async def _join(
        self, channel: Channel | None, *, follow: bool, reads_stream: bool = True
    ) -> QueueJob[T]:
        context = self._context
        context.connection.check_open()
        if context.channel is not None:
            context.channel.check_open()
        if context.settings.call_api and context.channel is not None:
            raise InvalidInputError(
                "the simple call API has no sessions: call without call_api=True"
            )
        start_time = anyio.current_time()
        try:
            with deadline(context.settings.timeouts.total, self._late_error):
                components = context.channel.components if context.channel else SessionComponents()
                prepared = await prepare_call(
                    context.connection, context.settings, components, self._prepare
                )
        except RecursionError as error:
            raise InvalidInputError(
                "the arguments are nested too deeply", endpoint=self._name
            ) from error
        arguments = context.connection, prepared, context.settings, self._prepare
        if context.event_id is not None:
            collected = CollectedJob(
                *arguments,
                channel=channel,
                follow=follow,
                reads_stream=reads_stream,
                start_time=start_time,
            )
            collected.attach(context.event_id)
            return collected
        if not reads_stream and prepared.endpoint.name is None:
            raise InvalidInputError(
                "a function without a name cannot be detached: await the call instead"
            )
        job = QueueJob(
            *arguments,
            channel=channel,
            follow=follow,
            reads_stream=reads_stream,
            shares_stream=context.shares_stream,
            start_time=start_time,
        )
        job.start()
        return job

    def _late_error(self) -> DeadlineError:
        context = self._context
        text = f"the app was not described within {context.settings.timeouts.total:g} s"
        app_url = context.connection.app_client.base
        return DeadlineError(text, phase="total", space=app_url, endpoint=self._name)


class SequenceCall(Call[T]):
    """Several calls one after another, with the same options; the last returns the result."""

    def __init__(self, name: str, context: CallContext, steps: Steps[T]) -> None:
        super().__init__(name)
        self._context = context
        self._steps = steps

    def with_options(self, **options: Unpack[CallOptions]) -> SequenceCall[T]:
        self._mark_handled()
        return SequenceCall(self._name, self._context.override(**options), self._steps)

    def _sharing_stream(self) -> SequenceCall[T]:
        self._mark_handled()
        return SequenceCall(self._name, self._context._replace(shares_stream=True), self._steps)

    def map(self, transform: Callable[[T], U]) -> SequenceCall[U]:
        self._mark_handled()
        steps = self._steps

        async def mapped(context: CallContext) -> Call[U]:
            return (await steps(context)).map(transform)

        return SequenceCall(self._name, self._context, mapped)

    def with_updates(self) -> SequenceCall[Updated[T]]:
        self._mark_handled()
        steps = self._steps

        async def with_updates(context: CallContext) -> Call[Updated[T]]:
            return (await steps(context)).with_updates()

        return SequenceCall(self._name, self._context, with_updates)

    def _redacting(self) -> AbstractContextManager[None]:
        return self._context.redacting()

    def _observer(self) -> Observer:
        return self._context.observer()

    async def _start(self, *, follow: bool) -> Job[T]:
        last = await self._steps(self._context)
        return await last._make(follow=follow)
