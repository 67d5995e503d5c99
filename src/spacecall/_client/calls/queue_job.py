"""A job of an app: upload its files, submit it, follow it, submit it again."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from importlib import import_module
from typing import Any, TypeAlias, TypeVar, cast

import anyio

from spacecall._client.calls.call_preparation import Prepare, prepare_after_restart
from spacecall._client.calls.job import Job
from spacecall._client.calls.prepared_call import PreparedCall
from spacecall._client.calls.value_encoding import decode_result, encode_arguments
from spacecall._client.concurrency.task_errors import redirect_errors
from spacecall._client.streams.channel import Channel
from spacecall._client.streams.connection import MAX_RESTARTS, Connection
from spacecall._core import jobs
from spacecall._core.app_functions import Dependency
from spacecall._core.gradio_requests import JobInputs, call_path
from spacecall._core.job_state import JobStatus
from spacecall._core.json_values import describe_error
from spacecall._core.protocol_versions import StreamKind, find_protocol_version
from spacecall._core.redaction import Redactor
from spacecall._io.call_trace import tracing
from spacecall._io.observer import CLIENT
from spacecall._io.request_settings import Settings
from spacecall._io.run_checks import RESTARTED, OtherRunError
from spacecall.errors import (
    AppRestartedError,
    InvalidInputError,
    JobCancelledError,
    JobLostError,
    SpaceError,
    TransportError,
    UnsupportedProtocolError,
)
from spacecall.events import Event, Output, Uploading
from spacecall.tickets import Ticket

T = TypeVar("T")
SubmitStrategy: TypeAlias = Callable[
    [jobs.Job, Dependency, JobInputs, Channel, Settings], Awaitable[None]
]
"""Runs a job without the stream of a session."""


class QueueJob(Job[T]):
    """A job of an app, in the queue by default; see `_choose_strategy`.

    Args:
        connection: to the app.
        prepared: the call, prepared for the app as it is described now.
        settings: of the call.
        prepare: prepares the call again after a restart.
        channel: of the session that makes the call; None for a call of the Space.
        follow: keep the events too, not only the result.
        reads_stream: False for a job that is detached.
        shares_stream: whether it may share its stream with a few other jobs.
        start_time: when the call was started, by the clock of anyio.
    """

    def __init__(
        self,
        connection: Connection,
        prepared: PreparedCall[T],
        settings: Settings,
        prepare: Prepare[T],
        *,
        channel: Channel | None,
        follow: bool,
        reads_stream: bool,
        shares_stream: bool = False,
        start_time: float,
    ) -> None:
        super().__init__(settings, start_time)
        self._connection = connection
        self._prepared = prepared
        self._prepare = prepare
        self._session = channel
        self._follow = follow
        self._reads_stream = reads_stream
        self._shares_stream = shares_stream
        self._restarts_left = MAX_RESTARTS
        self._retries_left = settings.retry.attempts - 1
        self._resubmits_left = settings.retry.resubmit_lost
        self._reset(channel)

    def _reset(self, channel: Channel | None) -> None:
        self._generation = find_protocol_version(self._connection.app.protocol)
        self._strategy = self._choose_strategy()
        self._channel = channel or self._open_channel()
        self._state = self._core = self._create_core()
        self._reported_status = self._core.status
        self._submitting = anyio.CancelScope()
        self._enter_phase("upload")

    def _create_core(self) -> jobs.Job:
        return jobs.Job(
            self._prepared.endpoint.fn_index,
            sends_diffs=self._generation.sends_diffs,
            ends_at_output=self._prepared.endpoint.streaming_input,
            follow=self._follow,
            every_output=self._settings.every_output,
            limits=self._settings.limits,
            notify=self._on_change,
            on_values=self._on_values(),
            trace=self._trace,
        )

    def _on_values(self) -> Callable[[list[Any]], None] | None:
        """Return what records the outputs of a session's call, whose later calls they affect."""
        if self._session is None:
            return None
        return partial(self._session.components.record, self._prepared.endpoint)

    def _open_channel(self) -> Channel:
        if self._strategy is not None or not self._reads_stream:
            return self._connection.open_channel(reads_stream=False)
        return self._connection.acquire_channel(self._prepared.endpoint, shares=self._shares_stream)

    @property
    def channel(self) -> Channel:
        """The channel that the job runs on."""
        return self._channel

    @property
    def event_id(self) -> str | None:
        """The server's id of the job; None before the job is in the queue."""
        return self._core.event_id

    @property
    def endpoint(self) -> str:
        """The endpoint's name, as in the app's /config."""
        return self._prepared.endpoint.name or ""

    async def _abort(self, error: SpaceError) -> None:
        if self._core.ended or self._core.event_id is None or self._strategy is not None:
            self.abort(error)
            return
        with tracing(self._trace):
            await self._channel.cancel(self._core, error, self._settings)

    def abort(self, error: SpaceError) -> None:
        """End the job with `error` at once. Do nothing if it has ended.

        A join that is under way continues, since the server may accept it; the job is then
        cancelled on the server.
        """
        if self._core.ended:
            return
        self._core.fail(error)
        if not self._core.is_submitting:
            self._submitting.cancel()

    def start(self) -> None:
        """Upload the files and join the queue, in the background."""
        self._channel.reserve(self._core)
        self._connection.start_submit(self, self._submit, pooled=self._strategy is None)

    async def wait_queued(self) -> Ticket | None:
        """Wait until the app has accepted the job, and return its ticket; None without a queue.

        Also None if the job has ended.
        """
        while self._core.event_id is None and not self._core.ended:
            await self._wait()
        if self._core.ended or self._strategy is not None or self._prepared.endpoint.name is None:
            return None
        return self._ticket()

    def _ticket(self) -> Ticket:
        assert self._core.event_id is not None
        return Ticket(
            space=self._connection.app_client.base,
            endpoint=self.endpoint,
            session_hash=self._channel.session_hash,
            event_id=self._core.event_id,
            cookies=self._channel.session_cookies,
            app_id=self._channel.app.app_id,
        )

    async def detach(self) -> Ticket:
        """Wait until the job is in the queue and leave it there; return its ticket.

        Raises:
            UnsupportedProtocolError, InvalidInputError: a job of this endpoint cannot be detached.
        """
        if self._strategy is not None:
            self.abort(JobCancelledError("not sent"))
            name = self._prepared.endpoint.name
            if self._uses_queue:
                raise UnsupportedProtocolError(
                    f"{name} cannot be detached: in the protocol {self._generation.name!r} a job "
                    "ends with its stream"
                )
            raise InvalidInputError(f"{name} does not use the queue: its calls cannot be detached")
        try:
            while self._core.status not in (JobStatus.QUEUED, JobStatus.ENDED):
                await self._wait()
        except BaseException:
            self.abort(JobCancelledError("the job was cancelled while it was being detached"))
            raise
        if self._core.error is not None:
            raise self._public_error(self._core.error)
        self._connection.jobs.discard(self)
        return self._ticket()

    @property
    def _uses_queue(self) -> bool:
        # The queue takes every function. /run returns only the first value of a generator, and JSON
        # as the text that Python prints for it (Gradio 5).
        endpoint = self._prepared.endpoint
        has_json = any(component.type == "json" for component in endpoint.visible_returns)
        return endpoint.queued or endpoint.generator or has_json

    def _choose_strategy(self) -> SubmitStrategy | None:
        """Return what runs the job without the stream of a session; None if that stream does.

        Raises:
            InvalidInputError: the simple call API cannot reach the endpoint.
        """
        if self._prepared.endpoint.server_function:
            return _load_strategy("server_function")
        if self._settings.call_api:
            call_path(self._connection.app, self._prepared.endpoint)
            return _load_strategy("call_api")
        if not self._uses_queue:
            return _load_strategy("run_endpoint")
        return (
            None
            if self._generation.streams is StreamKind.SESSION
            else _load_strategy("per_job_stream")
        )

    async def _submit(self) -> None:
        with tracing(self._trace):
            while await self._submit_once():
                pass

    async def _submit_once(self) -> bool:
        """Upload and join; return whether the app was restarted and this has to be repeated."""
        core = self._core

        def fail(error: Exception) -> None:
            core.fail(error if isinstance(error, SpaceError) else _lost_error(error))

        with redirect_errors(fail), self._submitting:
            try:
                with self._channel.reserved(core):
                    await self._send(core)
            except AppRestartedError as error:
                return await self._follow_restart(error)
        return False

    async def _send(self, core: jobs.Job) -> None:
        endpoint, channel = self._prepared.endpoint, self._channel
        if not (channel.app.dependencies.has(endpoint) or endpoint.server_function):
            raise AppRestartedError(RESTARTED)  # since the call was prepared, or the session opened
        if channel.lost and await self._connection.detect_restart():
            raise AppRestartedError(RESTARTED)  # which broke the session's stream
        inputs = await self._encode_inputs(self._prepared)
        if self._strategy is None:
            core.advance(JobStatus.JOINING)
            with channel.sending():
                await channel.join(core, endpoint, inputs, self._settings)
        else:
            async with self._connection.request_limiter:
                with channel.sending():
                    await self._strategy(core, endpoint, inputs, channel, self._settings)

    async def _follow_restart(self, error: AppRestartedError) -> bool:
        """Prepare the call for the new run of the app; return False if the job has ended.

        Raises:
            AppRestartedError: the State of the call's session is gone; or the app was restarted
                more than `MAX_RESTARTS` times.
            SpaceError: the call does not fit the app any more, or the app does not answer.
        """
        if not self._restarts_left:
            raise AppRestartedError(RESTARTED) from error
        self._restarts_left -= 1
        config = error.config if isinstance(error, OtherRunError) else b""
        await self._connection.reload_config(self._channel.app, config)
        if self._session is not None and not self._session.try_move_to(self._connection.app):
            text = "the app was restarted, and the session's State is gone: open another session"
            raise AppRestartedError(text) from error
        prepared = await prepare_after_restart(
            self._connection, self._settings, self._channel.components, self._prepare
        )
        if self._core.ended:
            return False
        self._prepared = prepared
        self._log(logging.DEBUG, "submit the job again, to the restarted app")
        self._reset(self._session)
        self._channel.reserve(self._core)
        return True

    async def _encode_inputs(self, prepared: PreparedCall[T]) -> JobInputs:
        """Upload the files of a call, and return what its job is submitted with."""
        try:
            return await encode_arguments(
                prepared,
                self._connection,
                self._channel.app_client,
                self._settings,
                lambda sent, total: self._core.emit(Uploading(sent, total)),
                components=self._channel.components,
                upload_id=self._channel.session_hash,
            )
        except TransportError as error:
            error.sent = False  # without its files the job was not submitted
            raise
        except SpaceError:
            raise
        except RecursionError as error:
            raise InvalidInputError("the arguments are nested too deeply") from error
        except Exception as error:  # a file object of the caller may raise anything
            raise InvalidInputError(
                f"an argument cannot be sent: {describe_error(error)}"
            ) from error

    def _abandon(self) -> None:
        if self._strategy is None:
            self._channel.abandon(self._core)
        else:
            self._submitting.cancel()

    def _on_change(self) -> None:
        if self._core.ended:
            self._connection.jobs.discard(self)
        if self._core.status is not self._reported_status:
            self._report_status()
        super()._on_change()

    def _report_status(self) -> None:
        core = self._core
        self._reported_status = core.status
        self._trace.event_id = core.event_id
        if isinstance(core.error, JobLostError):
            self._log(logging.WARNING, "%s", core.error)
        elif not CLIENT.isEnabledFor(logging.DEBUG):
            return
        elif core.status is JobStatus.QUEUED:
            self._log(logging.DEBUG, "job queued as event %s", core.event_id)
        elif core.error is None:
            self._log(logging.DEBUG, "job %s", core.status.value)

    def _log(self, level: int, message: str, *args: object) -> None:
        observer = self._channel.app_client.observer(self._settings)
        observer.log(CLIENT, level, message, *args, trace=self._trace, stacklevel=3)

    def _try_resubmit(self) -> bool:
        error = self._core.error
        if not isinstance(error, JobLostError) or self._connection.closed:
            return False
        is_on_shared_stream = self._session is None and self._strategy is None
        if error.safe_to_retry and is_on_shared_stream and self._retries_left:
            max_attempts = self._settings.retry.attempts
            attempt = max_attempts - self._retries_left
            self._retries_left -= 1  # calls of others broke the shared stream
        elif self._resubmits_left:
            max_attempts = self._settings.retry.resubmit_lost + 1
            attempt = max_attempts - self._resubmits_left
            self._resubmits_left -= 1
        else:
            return False
        with tracing(self._trace):
            observer = self._channel.app_client.observer(self._settings)
            observer.report_retry("job", error, attempt, max_attempts, 0.0)
        self._reset(self._session)
        self.start()
        return True

    def _take_event(self) -> Event[T] | None:
        if self._prepared.returns_text:
            snapshot = self._core.buffer.pop_snapshot()
            if snapshot is not None:
                values = snapshot.values
                if len(values) == 1 and type(values[0]) is str:
                    return Output(cast("T", values[0]))
                return self._decode_event(Output(values))
        return super()._take_event()

    def _decode(self, values: list[Any]) -> T:
        return decode_result(self._prepared, self._connection, values)

    def _with_context(self, error: SpaceError) -> SpaceError:
        error.space = error.space or self._connection.app_client.base
        error.endpoint = error.endpoint or self._prepared.endpoint.name
        error.event_id = error.event_id or self._core.event_id
        return error

    def _redactor(self) -> Redactor:
        return self._channel.app_client.redactor(self._settings)


def _load_strategy(name: str) -> SubmitStrategy:
    """Import a strategy when it is needed.

    All strategies are a fifth of the import time, and most apps need none of them.

    Args:
        name: the module in `spacecall._client.exchanges`.
    """
    submit: SubmitStrategy = import_module(f"spacecall._client.exchanges.{name}").submit
    return submit


def _lost_error(error: Exception) -> JobLostError:
    """Return the error for an exception that an HTTP client of the caller raised."""
    lost_error = JobLostError(f"the job was lost: {describe_error(error)}")
    lost_error.__cause__ = error
    return lost_error
