"""A job in the queue of an app."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from importlib import import_module
from typing import Any, TypeAlias, TypeVar

import anyio

from spacecall._client.calls.call_preparation import prepare_after_restart
from spacecall._client.calls.job import Job
from spacecall._client.calls.prepared_call import PreparedCall
from spacecall._client.calls.value_encoding import decode_result, encode_arguments
from spacecall._client.concurrency.task_errors import redirect_errors
from spacecall._client.streams.channel import Channel
from spacecall._client.streams.connection import MAX_RESTARTS, Connection
from spacecall._core import jobs
from spacecall._core.app_config import Dependency
from spacecall._core.gradio_requests import call_path
from spacecall._core.job_state import State
from spacecall._core.json_values import error_text
from spacecall._core.protocol_versions import Streams, generation
from spacecall._core.redaction import Redactor
from spacecall._io.app_checks import RESTARTED, OtherRunError
from spacecall._io.request_settings import Settings
from spacecall.errors import (
    AppRestartedError,
    InvalidInputError,
    JobCancelledError,
    JobLostError,
    SpaceError,
    TransportError,
    UnsupportedProtocolError,
)
from spacecall.events import Uploading

T = TypeVar("T")
Prepare: TypeAlias = Callable[[Connection, Settings], Awaitable[PreparedCall[T]]]
"""Plans a call with its settings, of the app as it is described now."""
SubmitStrategy: TypeAlias = Callable[
    [jobs.Job, Dependency, Sequence[Any], Channel, Settings], Awaitable[None]
]
"""Does a job without the stream of a session."""


class QueueJob(Job[T]):
    """A job of an app: uploaded, joined, followed on the stream of its session."""

    def __init__(
        self,
        connection: Connection,
        plan: PreparedCall[T],
        settings: Settings,
        prepare: Prepare[T],
        *,
        channel: Channel | None,
        follow: bool,
        listens: bool,
        began: float,
    ) -> None:
        super().__init__(settings, began)
        self._connection = connection
        self._plan = plan
        self._prepare = prepare
        self._session = channel
        self._follow = follow
        self._listens = listens
        self._restarts = MAX_RESTARTS
        self._retries = settings.retry.attempts - 1
        self._resubmits = settings.retry.resubmit_lost
        self._renew(channel)

    def _renew(self, channel: Channel | None) -> None:
        self._generation = generation(self._connection.app.protocol)
        self._alone = self._way_alone()
        self._channel = channel or self._open_channel()
        self._work = self._core = jobs.Job(
            self._plan.endpoint.fn_index,
            edits=self._generation.edits,
            follow=self._follow,
            limits=self._settings.limits,
            notify=self._on_change,
        )
        self._submitting = anyio.CancelScope()
        self._enter("upload")

    def _open_channel(self) -> Channel:
        if self._alone is not None or not self._listens:
            return self._connection.open_channel(listens=False)
        return self._connection.lease(self._plan.endpoint)

    @property
    def channel(self) -> Channel:
        """The session that the job is on."""
        return self._channel

    @property
    def event_id(self) -> str | None:
        """The server's id of the job, once it has one."""
        return self._core.event_id

    @property
    def endpoint(self) -> str:
        """The endpoint's name, as the app has it."""
        return self._plan.endpoint.name or ""

    async def _give_up(self, error: SpaceError) -> None:
        if self._core.ended or self._core.event_id is None or self._alone is not None:
            self.drop(error)
        else:
            await self._channel.cancel(self._core, error, self._settings)

    def drop(self, error: SpaceError) -> None:
        """End the job with `error` without waiting for anybody; one that has ended stays as it is.

        A join on its way goes on, since the server may accept it, and is cancelled there.
        """
        if self._core.ended:
            return
        self._core.fail(error)
        if not self._core.on_the_way:
            self._submitting.cancel()

    def start(self) -> None:
        """Send the files and join the queue, in the background."""
        self._channel.expect(self._core)
        self._connection.start(self, self._submit, joins=self._alone is None)

    async def detached(self) -> str:
        """Leave the job to whoever collects it, as soon as the server has it: its event id."""
        if self._alone is not None:
            self.drop(JobCancelledError("not sent"))
            name = self._plan.endpoint.name
            if self._queued:
                raise UnsupportedProtocolError(
                    f"{name} cannot be detached: in the protocol {self._generation.name!r} a job "
                    "ends with its stream"
                )
            raise InvalidInputError(f"{name} does not use the queue: its calls cannot be detached")
        try:
            while self._core.state not in (State.QUEUED, State.ENDED):
                await self._wait()
        except BaseException:
            self.drop(JobCancelledError("the job was cancelled while it was detached"))
            raise
        if self._core.error is not None:
            raise self._for_caller(self._core.error)
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

    def _way_alone(self) -> SubmitStrategy | None:
        """What does the job without the stream of a session; None where it is done on that.

        Raises:
            InvalidInputError: the simple call API cannot reach the endpoint.
        """
        if self._settings.call_api:
            call_path(self._connection.app, self._plan.endpoint)
            return _load_strategy("call_api")
        if not self._queued:
            return _load_strategy("run_endpoint")
        return (
            None
            if self._generation.streams is Streams.SESSION
            else _load_strategy("per_job_stream")
        )

    async def _submit(self) -> None:
        while await self._submit_once():
            pass

    async def _submit_once(self) -> bool:
        """Send the files and join; whether that has to be done again, for another app."""
        core = self._core

        def fail(error: Exception) -> None:
            core.fail(error if isinstance(error, SpaceError) else _lost(error))

        with redirect_errors(fail), self._submitting:
            try:
                with self._channel.expecting(core):
                    await self._send(core)
            except AppRestartedError as error:
                return await self._follow_restart(error)
        return False

    async def _send(self, core: jobs.Job) -> None:
        endpoint, channel = self._plan.endpoint, self._channel
        if not any(one is endpoint for one in channel.app.dependencies):
            raise AppRestartedError(RESTARTED)  # the call was planned before, or the session begun
        data = await self._arguments()
        if self._alone is None:
            core.advance(State.JOINING)
            with channel.sending():
                await channel.join(core, endpoint, data, self._settings)
        else:
            async with self._connection.running:
                with channel.sending():
                    await self._alone(core, endpoint, data, channel, self._settings)

    async def _follow_restart(self, error: AppRestartedError) -> bool:
        """Prepare the call for the app that runs now; False if its caller has left.

        Raises:
            AppRestartedError: it is a session's, whose State is gone; or the app is restarted again
                and again.
            SpaceError: it does not fit that app, or that does not answer.
        """
        if not self._restarts:
            raise AppRestartedError(RESTARTED) from error
        self._restarts -= 1
        config = error.config if isinstance(error, OtherRunError) else b""
        await self._connection.read_again(self._channel.app, config)
        if self._session is not None and not self._session.move_to(self._connection.app):
            text = "the app was restarted, and the session's State is gone: open another session"
            raise AppRestartedError(text) from error
        plan = await prepare_after_restart(self._connection, self._settings, self._prepare)
        if self._core.ended:
            return False
        self._plan = plan
        self._renew(self._session)
        self._channel.expect(self._core)
        return True

    async def _arguments(self) -> list[Any]:
        try:
            return await encode_arguments(
                self._plan,
                self._connection,
                self._channel.link,
                self._settings,
                lambda sent, total: self._core.emit(Uploading(sent, total)),
                upload_id=self._channel.session_hash,
            )
        except TransportError as error:
            error.sent = False  # there is no job without its files
            raise
        except SpaceError:
            raise
        except RecursionError as error:
            raise InvalidInputError("the arguments are nested too deeply") from error
        except Exception as error:  # a file of the caller's may raise anything
            raise InvalidInputError(f"an argument cannot be sent: {error_text(error)}") from error

    def _on_change(self) -> None:
        if self._core.ended:
            self._connection.jobs.discard(self)
        super()._on_change()

    def _resubmitted(self) -> bool:
        error = self._core.error
        if not isinstance(error, JobLostError) or self._connection.closed:
            return False
        on_lane = self._session is None and self._alone is None
        if error.safe_to_retry and on_lane and self._retries:
            self._retries -= 1  # the lane broke under other calls
        elif self._resubmits:
            self._resubmits -= 1
        else:
            return False
        self._renew(self._session)
        self.start()
        return True

    def _decode(self, values: list[Any]) -> T:
        return decode_result(self._plan, self._connection, values)

    def _located(self, error: SpaceError) -> SpaceError:
        error.space = error.space or self._connection.link.base
        error.endpoint = error.endpoint or self._plan.endpoint.name
        error.event_id = error.event_id or self._core.event_id
        return error

    def _redactor(self) -> Redactor:
        return self._channel.link.redactor(self._settings)


def _load_strategy(name: str) -> SubmitStrategy:
    """Import a strategy when it is needed: all are a fifth of the import time, most apps use none.

    Args:
        name: of the module in `_client.exchanges`.
    """
    submit: SubmitStrategy = import_module(f"spacecall._client.exchanges.{name}").submit
    return submit


def _lost(error: Exception) -> JobLostError:
    """The error for whatever an HTTP client of the caller's raises."""
    lost = JobLostError(f"the job was lost: {error_text(error)}")
    lost.__cause__ = error
    return lost
