"""The state of an open Space: the app's description, its channels and its running jobs."""

from __future__ import annotations

import json
import logging
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol
from weakref import WeakSet, WeakValueDictionary

import anyio

from spacecall._client.concurrency.task_groups import BackgroundTasks
from spacecall._client.discovery.app_description import fetch_info
from spacecall._client.discovery.open_deadline import OpenDeadline
from spacecall._client.streams.channel import Channel
from spacecall._client.streams.channel_pool import ChannelPool
from spacecall._core.app_config import AppConfig
from spacecall._core.app_functions import Dependency
from spacecall._core.app_info import parse_endpoints
from spacecall._core.file_positions import expects_files
from spacecall._core.gradio_requests import AppRun
from spacecall._core.json_values import as_str
from spacecall._core.schema_nodes import Schema
from spacecall._filesources import data_uri, is_data_uri
from spacecall._io.app_http_client import AppHttpClient
from spacecall._io.observer import CLIENT
from spacecall._io.run_checks import OtherRunError, have_same_functions, parse_app
from spacecall.endpoints import Endpoint
from spacecall.errors import InvalidInputError, JobCancelledError, JobLostError, SpaceError
from spacecall.files import File, file_of

if TYPE_CHECKING:
    from spacecall._io.streamed_media import StreamedMedia

MAX_RESTARTS: Final = 5
"""How often one call is prepared again because the app was restarted."""
_MAX_WORKERS: Final = 256
"""Tasks that submit jobs to the queue."""


class Cancellable(Protocol):
    """A job that can be ended from here."""

    @property
    def channel(self) -> Channel: ...

    def abort(self, error: SpaceError) -> None: ...


class Connection:
    """An open app: its description, its channels and the jobs that run on it.

    Args:
        app_client: sends requests to the app; it is logged in.
        app: the app's /config.
        config: the same, as JSON text.
        tasks: run submits and stream readers.
        refetch_config: reads the /config again, after a login if the app requires one.

    Attributes:
        app: the /config of the run that calls go to; `initial_app` is that of the first one.
        jobs: those that have not ended.
        request_limiter: bounds the jobs without a session's stream, which hold a request each.
        closed: whether the Space was closed.
    """

    def __init__(
        self,
        app_client: AppHttpClient,
        app: AppConfig,
        config: bytes,
        tasks: BackgroundTasks,
        refetch_config: Callable[[], Awaitable[tuple[AppConfig, bytes]]],
    ) -> None:
        self.app_client = app_client
        self.app = app
        self.initial_app = app
        self._config = config
        self._info: bytes | None = None
        self._refetch_config = refetch_config
        self._refetching = anyio.Lock()
        self._runs = [(app.app_id, app.functions_digest)]
        app_client.checks.record_config(app.functions_digest, time.monotonic())
        self.tasks = tasks
        self.jobs: set[Cancellable] = set()
        self.request_limiter = anyio.Semaphore(app_client.settings.limits.max_concurrent_requests)
        self._channels: WeakSet[Channel] = WeakSet()
        self._pool = ChannelPool(app_client.settings.limits.max_streams)
        self._sessions: WeakValueDictionary[str, Channel] = WeakValueDictionary()
        self._collecting: WeakValueDictionary[str, Channel] = WeakValueDictionary()
        self._media: WeakValueDictionary[str, StreamedMedia] = WeakValueDictionary()
        self._endpoints: Mapping[str, Endpoint] | None = None
        self._all_endpoints: Mapping[str, Endpoint] | None = None
        self._file_schemas: dict[str, Sequence[Schema | None]] = {}
        self._describing = anyio.Lock()
        self._active_submits = 0
        self._submit_queue = deque[Callable[[], Awaitable[None]]]()
        self._workers = 0
        self._idle = anyio.Event()
        self.closed = False

    @property
    def functions_changed(self) -> bool:
        """Whether the app has other functions than when it was opened."""
        return self.app.functions_digest != self.initial_app.functions_digest

    @property
    def config(self) -> dict[str, Any]:
        """The app's /config, parsed anew."""
        config: dict[str, Any] = json.loads(self._config)
        return config

    @property
    def info(self) -> dict[str, Any] | None:
        """The app's /info, parsed anew; None until it is fetched."""
        info: dict[str, Any] | None = None if self._info is None else json.loads(self._info)
        return info

    @property
    def endpoints(self) -> Mapping[str, Endpoint] | None:
        """The documented endpoints by name; None if the app has not been described yet."""
        return self._endpoints

    async def describe(
        self, deadline: OpenDeadline | None = None, *, all_endpoints: bool = False
    ) -> Mapping[str, Endpoint]:
        """Return the endpoints by name; read /info if that has not been done.

        Args:
            deadline: that of the Space which is being opened; by default a new `Timeouts.open`.
            all_endpoints: also those that the app does not document.

        Raises:
            DeadlineError: the app did not answer in time.
            SpaceError: see `fetch_info`.
        """
        self.app_client.check_loop()
        endpoints = self._all_endpoints if all_endpoints else self._endpoints
        if endpoints is None:
            async with self._describing:
                endpoints = self._all_endpoints if all_endpoints else self._endpoints
                if endpoints is None:
                    deadline = deadline or OpenDeadline(self.app_client.settings.timeouts)
                    with self.app_client.redacting(), deadline.enforce():
                        endpoints = await self._read_endpoints(
                            deadline, all_endpoints=all_endpoints
                        )
        return endpoints

    async def _read_endpoints(
        self, deadline: OpenDeadline, *, all_endpoints: bool
    ) -> Mapping[str, Endpoint]:
        restarts = MAX_RESTARTS
        while True:
            app = self.app
            try:
                info = await fetch_info(self.app_client, app, deadline, all_endpoints=all_endpoints)
            except OtherRunError as error:
                if not restarts:
                    raise
                restarts -= 1
                await self.reload_config(app, error.config)
                continue
            endpoints = await info.read(partial(parse_endpoints, app))
            if app is not self.app:  # it was replaced meanwhile
                continue
            if all_endpoints:
                self._all_endpoints = endpoints
            else:
                self._endpoints = endpoints
                self._info = info.body
            return endpoints

    async def detect_restart(self) -> bool:
        """Ask the app whether it was restarted; if so, read its /config again.

        Returns:
            Whether the app was restarted. False if it does not answer.
        """
        app = self.app
        try:
            await self.app_client.verify(AppRun.of(app))
        except OtherRunError as error:
            await self.reload_config(app, error.config)
        except SpaceError:
            return False
        return self.app is not app

    async def reload_config(self, app: AppConfig, config: bytes = b"") -> None:
        """Read /config again after a restart, unless that has been done since `app` was read.

        Later calls go to the new run of the app, over a new pool of channels. Sessions still belong
        to the old run. If two runs with the same functions answer in turns, they are replicas, and
        calls go to either.

        Args:
            app: the /config that is out of date.
            config: the /config of the new run, as JSON. It is requested if this is not one.

        Raises:
            SpaceError: the app does not answer, or is not a Gradio app any more.
        """
        async with self._refetching:
            if self.app is not app:
                return
            run = await parse_app(config)
            if run is None:
                run, config = await self._refetch_config()
            self.app_client.checks.functions_digest = run.functions_digest
            has_same_functions = await have_same_functions(
                run.functions_digest, app.functions_digest, len(config)
            )
            if has_same_functions and (run.app_id, run.functions_digest) in self._runs:
                replicas = (
                    app_id for app_id, digest in self._runs if digest == app.functions_digest
                )
                self.app_client.checks.replicas.update(filter(None, replicas))
                return
            self._runs.append((run.app_id, run.functions_digest))
            self._report_restart(run)
            self.app = run
            self._config = config
            self._info = None
            self._endpoints = None
            self._all_endpoints = None
            self._file_schemas = {}
            self._pool = ChannelPool(self.app_client.settings.limits.max_streams)

    def _report_restart(self, app: AppConfig) -> None:
        sessions = sum(channel.has_state for channel in self._sessions.values())
        level = logging.WARNING if sessions else logging.INFO
        text = "the app was restarted (Gradio %s); sessions that lost their State: %d"
        self.app_client.observer().log(CLIENT, level, text, app.version, sessions)

    def file_schemas(self, name: str) -> Sequence[Schema | None]:
        """Return the schemas of an endpoint's outputs, None for an output without files.

        The result is empty if the app has not been described yet.
        """
        endpoint = (self._endpoints or {}).get(name) or (self._all_endpoints or {}).get(name)
        if endpoint is None:
            return ()
        if name not in self._file_schemas:
            schemas = [output.schema for output in endpoint.returns]
            self._file_schemas[name] = [
                schema if expects_files(schema) else None for schema in schemas
            ]
        return self._file_schemas[name]

    def open_channel(
        self, *, session_hash: str | None = None, grace: float = 2.0, reads_stream: bool = True
    ) -> Channel:
        """Open a channel with cookies of its own; see `Channel`."""
        channel = Channel(
            self.app_client.fork(),
            self.app,
            self.tasks,
            session_hash=session_hash,
            grace=grace,
            reads_stream=reads_stream,
        )
        if reads_stream:
            self._channels.add(channel)
        return channel

    def open_session(self, session_hash: str | None = None) -> Channel:
        """Return a channel whose stream stays open, so that the session keeps its State.

        While a channel with this `session_hash` is in use, return that one: the server sends the
        messages of a session to one stream only.
        """
        channel = self._sessions.get(session_hash or "")
        if channel is None or channel.lost:
            channel = self.open_channel(session_hash=session_hash, grace=math.inf)
            self._sessions[channel.session_hash] = channel
        return channel

    def open_collecting(self, session_hash: str) -> Channel:
        """Return the channel that collects the detached jobs of a session, as `open_session`."""
        channel = self._collecting.get(session_hash)
        if channel is None or channel.lost:
            channel = self.open_channel(session_hash=session_hash)
            self._collecting[session_hash] = channel
        return channel

    def check_open(self) -> None:
        """Raise RuntimeError if the Space is closed, or this is another event loop."""
        self.app_client.check_loop()
        if self.tasks.failure is not None:
            raise RuntimeError(
                "the Space is closed, an error inside ended it: open it again"
            ) from self.tasks.failure
        if self.closed:
            raise RuntimeError(
                "the Space is closed: make calls inside its with block, or open it again"
            )

    def acquire_channel(self, endpoint: Dependency, *, shares: bool = False) -> Channel:
        """Return a channel for one call; an endpoint with State gets one that nothing shares.

        Args:
            endpoint: the function that is called.
            shares: whether the call may share a stream, see `ChannelPool.acquire`.
        """
        if endpoint.stateful:
            return self.open_channel()
        return self._pool.acquire(self.open_channel, shares=shares)

    def make_file(self, payload: Mapping[str, Any]) -> File:
        """Return the handle of a file that the app returned, by its path or as a data URL.

        Raises:
            ValueError: the data URL is invalid.
        """
        from spacecall._io.transfers import RemoteSource  # noqa: PLC0415 - for files only

        url = as_str(payload.get("url"))
        if payload.get("is_stream") is True and (media := self._open_stream(payload)) is not None:
            return file_of(media)
        if not is_data_uri(url):
            return file_of(RemoteSource(self.app_client, self.app, payload))
        try:
            source = data_uri(url)
        except InvalidInputError as error:
            raise ValueError(error.message) from error
        return file_of(source, name=as_str(payload.get("orig_name")) or None)

    def _open_stream(self, payload: Mapping[str, Any]) -> StreamedMedia | None:
        """Return the source of streamed media, the same for each output that refers to it."""
        from spacecall._io.streamed_media import open_stream  # noqa: PLC0415 - rare

        media = open_stream(self.app_client, self.app, payload)
        return media and self._media.setdefault(media.url, media)

    def start_submit(
        self, job: Cancellable, submit: Callable[[], Awaitable[None]], *, pooled: bool = False
    ) -> None:
        """Run `submit` in the background, and keep `job` in `jobs` until it removes itself.

        Args:
            pooled: run it in one of `_MAX_WORKERS` tasks, for a submit that returns once the job is
                in the queue. `Limits.max_concurrent_requests` bounds the requests anyway, and a
                task for each job would be half of a call's memory.
        """
        self.jobs.add(job)
        self._active_submits += 1
        if not pooled:
            self.tasks.start_soon(self._run_tracked, submit)
            return
        self._submit_queue.append(submit)
        if self._workers < _MAX_WORKERS:
            self._workers += 1
            self.tasks.start_soon(self._run_worker)

    async def _run_worker(self) -> None:
        try:
            while self._submit_queue:
                await self._run_tracked(self._submit_queue.popleft())
        finally:
            self._workers -= 1

    async def _run_tracked(self, submit: Callable[[], Awaitable[None]]) -> None:
        try:
            await submit()
        finally:
            self._active_submits -= 1
            if not self._active_submits:
                self._idle.set()

    async def close_session(self, channel: Channel) -> None:
        """End every job of a session, here and on the server."""
        for job in [job for job in self.jobs if job.channel is channel]:
            job.abort(JobCancelledError("the session was closed before the job was done"))
        await channel.close()

    async def close(self) -> None:
        """End every job, here and on the server.

        Wait up to `Timeouts.cancel` for submits that are under way, since the server may accept
        their jobs, which then have to be cancelled.
        """
        self.closed = True
        for job in list(self.jobs):
            job.abort(self._closing_error())
        with anyio.move_on_after(self.app_client.settings.timeouts.cancel, shield=True):
            while self._active_submits:
                self._idle = anyio.Event()
                await self._idle.wait()
        with anyio.CancelScope(shield=True):
            async with anyio.create_task_group() as group:
                for channel in list(self._channels):
                    if channel.active_jobs or channel.has_heartbeat:
                        group.start_soon(channel.close)

    def _closing_error(self) -> SpaceError:
        failure = self.tasks.failure
        if failure is None:
            return JobCancelledError("the Space was closed before the job was done")
        error = JobLostError(
            f"the job was lost: an error inside ended the Space ({type(failure).__name__})"
        )
        error.__cause__ = failure
        return error
