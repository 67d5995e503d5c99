"""What is open while a Space is: the task group, the app's description, channels, jobs."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, Protocol
from weakref import WeakSet, WeakValueDictionary

import anyio

from spacecall._client.concurrency.task_groups import BackgroundTasks
from spacecall._client.discovery.app_description import fetch_info
from spacecall._client.discovery.open_deadline import OpenDeadline
from spacecall._client.streams.channel import Channel
from spacecall._client.streams.channel_pool import ChannelPool
from spacecall._core.app_config import AppConfig, Dependency
from spacecall._core.app_info import read_endpoints
from spacecall._core.file_positions import expects_files
from spacecall._core.gradio_requests import AppRun
from spacecall._core.json_values import text
from spacecall._core.schema_nodes import Schema
from spacecall._filesources import data_uri, is_data_uri
from spacecall._io.app_checks import OtherRunError, read_app
from spacecall._io.app_http_client import Link
from spacecall._io.transfers import RemoteSource
from spacecall.endpoints import Endpoint
from spacecall.errors import InvalidInputError, JobCancelledError, JobLostError, SpaceError
from spacecall.files import File, file_of

MAX_RESTARTS: Final = 5
"""How often one call follows an app that was restarted, before it gives up."""
_JOINERS = 256


class Cancellable(Protocol):
    """A job that can be told that nobody waits for it any more."""

    @property
    def channel(self) -> Channel: ...

    def drop(self, error: SpaceError) -> None: ...


class Connection:
    """One app, reached and described.

    Args:
        link: to the app, logged in.
        app: its /config.
        group: where joins and readers run.
        reread: reads the /config of the app that runs now, after a login if it wants one.
    """

    def __init__(
        self,
        link: Link,
        app: AppConfig,
        group: BackgroundTasks,
        reread: Callable[[], Awaitable[AppConfig]],
    ) -> None:
        self.link = link
        self.app = app
        self.opened_app = app
        self._reread = reread
        self._rereading = anyio.Lock()
        self._runs = {(app.app_id, app.layout)}
        link.checks.note(app.layout, time.monotonic())
        self.tasks = group
        self.jobs: set[Cancellable] = set()
        self.running = anyio.Semaphore(link.settings.limits.max_concurrent_requests)
        self._channels: WeakSet[Channel] = WeakSet()
        self._lanes = ChannelPool(link.settings.limits.max_streams, self.open_channel)
        self._sessions: WeakValueDictionary[str, Channel] = WeakValueDictionary()
        self._endpoints: Mapping[str, Endpoint] | None = None
        self._file_schemas: dict[str, Sequence[Schema | None]] = {}
        self._describing = anyio.Lock()
        self._submits = 0
        self._joins = deque[Callable[[], Awaitable[None]]]()
        self._joiners = 0
        self._quiet = anyio.Event()
        self.closed = False

    @property
    def is_changed(self) -> bool:
        """Whether the app has other functions than when it was opened."""
        return self.app.layout != self.opened_app.layout

    @property
    def endpoints(self) -> Mapping[str, Endpoint] | None:
        """What the app offers, if it has been asked."""
        return self._endpoints

    async def describe(self, opening: OpenDeadline | None = None) -> Mapping[str, Endpoint]:
        """What the app offers; asked once, as a part of `opening` or within `Timeouts.open`."""
        self.link.check_loop()
        endpoints = self._endpoints
        if endpoints is None:
            async with self._describing:
                endpoints = self._endpoints
                if endpoints is None:
                    opening = opening or OpenDeadline(self.link.settings.timeouts)
                    with self.link.redacting(), opening.bounded():
                        endpoints = await self._read_endpoints(opening)
        return endpoints

    async def _read_endpoints(self, opening: OpenDeadline) -> Mapping[str, Endpoint]:
        restarts = MAX_RESTARTS
        while True:
            app = self.app
            try:
                info = await fetch_info(self.link, app, opening)
            except OtherRunError as error:
                if not restarts:
                    raise
                restarts -= 1
                await self.read_again(app, error.config)
                continue
            endpoints = await info.read(partial(read_endpoints, app))
            if app is self.app:  # it was not read again meanwhile
                self._endpoints = endpoints
                return endpoints

    async def has_restarted(self) -> bool:
        """Whether the app that answers now is another one; its /config has been read then."""
        app = self.app
        try:
            await self.link.verify(AppRun.of(app))
        except OtherRunError as error:
            await self.read_again(app, error.config)
        except SpaceError:
            return False
        return self.app is not app

    async def read_again(self, app: AppConfig, config: bytes = b"") -> None:
        """Read /config again, unless that has been done since `app` was read.

        Calls from now on are for the new app, over new lanes. Sessions stay what they are: of the
        old one. A run that answers again after another one did, with the same functions, is a
        replica: calls go to either.

        Args:
            config: the /config of the run that answered; asked for if it is not one.

        Raises:
            SpaceError: the app does not answer, or is not Gradio any more.
        """
        async with self._rereading:
            if self.app is not app:
                return
            run = await read_app(config) or await self._reread()
            self.link.checks.layout = run.layout
            if run.layout == app.layout and (run.app_id, run.layout) in self._runs:
                alike = (app_id for app_id, layout in self._runs if layout == app.layout)
                self.link.checks.replicas.update(filter(None, alike))
                return
            self._runs.add((run.app_id, run.layout))
            self.app = run
            self._endpoints = None
            self._file_schemas = {}
            self._lanes = ChannelPool(self.link.settings.limits.max_streams, self.open_channel)

    def file_schemas(self, name: str) -> Sequence[Schema | None]:
        """The schemas of an endpoint's outputs, None for those without a place for files.

        Empty while the app has not been described.
        """
        endpoint = (self._endpoints or {}).get(name)
        if endpoint is None:
            return ()
        if name not in self._file_schemas:
            schemas = [output.schema for output in endpoint.returns]
            self._file_schemas[name] = [one if expects_files(one) else None for one in schemas]
        return self._file_schemas[name]

    def open_channel(
        self, *, session_hash: str | None = None, grace: float = 2.0, listens: bool = True
    ) -> Channel:
        """A channel with cookies of its own; see `Channel`."""
        channel = Channel(
            self.link.fork(),
            self.app,
            self.tasks,
            session_hash=session_hash,
            grace=grace,
            listens=listens,
        )
        if listens:
            self._channels.add(channel)
        return channel

    def open_session(self, session_hash: str | None = None) -> Channel:
        """A channel that is kept: no job given up makes it drop its stream, and lose State.

        While the channel of `session_hash` is in use, it is that one: a session has one reader.
        """
        channel = self._sessions.get(session_hash or "")
        if channel is None or channel.lost:
            channel = self.open_channel(session_hash=session_hash, grace=math.inf)
            self._sessions[channel.session_hash] = channel
        return channel

    def check_open(self) -> None:
        """Raise RuntimeError once the Space has been left, and in another event loop."""
        self.link.check_loop()
        if self.tasks.failure is not None:
            raise RuntimeError(
                "the Space is closed, an error inside ended it: open it again"
            ) from self.tasks.failure
        if self.closed:
            raise RuntimeError(
                "the Space is closed: make calls inside its async with block, or open it again"
            )

    def lease(self, endpoint: Dependency) -> Channel:
        """A channel for one call; State must not meet another caller's."""
        return self.open_channel() if endpoint.stateful else self._lanes.lease()

    def make_file(self, payload: Mapping[str, Any]) -> File:
        """The handle of a file that the app gave, by its place or as a data URL.

        Raises:
            ValueError: the data URL is broken.
        """
        url = text(payload.get("url"))
        if not is_data_uri(url):
            return file_of(RemoteSource(self.link, self.app, payload))
        try:
            source = data_uri(url)
        except InvalidInputError as error:
            raise ValueError(error.message) from error
        return file_of(source, name=text(payload.get("orig_name")) or None)

    def start(
        self, job: Cancellable, submit: Callable[[], Awaitable[None]], *, joins: bool = False
    ) -> None:
        """Run `submit` in the background, and keep `job` until it says that it has ended.

        Args:
            joins: whether it ends with a join. These share `_JOINERS` tasks, since
                `Limits.max_concurrent_requests` bounds what is sent at once, and one task per job
                would be half of a call's memory.
        """
        self.jobs.add(job)
        self._submits += 1
        if not joins:
            self.tasks.start_soon(self._counted, submit)
            return
        self._joins.append(submit)
        if self._joiners < _JOINERS:
            self._joiners += 1
            self.tasks.start_soon(self._join)

    async def _join(self) -> None:
        try:
            while self._joins:
                await self._counted(self._joins.popleft())
        finally:
            self._joiners -= 1

    async def _counted(self, submit: Callable[[], Awaitable[None]]) -> None:
        try:
            await submit()
        finally:
            self._submits -= 1
            if not self._submits:
                self._quiet.set()

    async def leave(self, channel: Channel) -> None:
        """End every job of a session, here and on the server."""
        for job in [job for job in self.jobs if job.channel is channel]:
            job.drop(JobCancelledError("the session was closed before the job was done"))
        await channel.leave()

    async def close(self) -> None:
        """End every job, here and on the server.

        A join that is under way is waited for, up to `Timeouts.cancel`: the server might accept a
        job that nobody would then read or cancel.
        """
        self.closed = True
        for job in list(self.jobs):
            job.drop(self._closing_error())
        with anyio.move_on_after(self.link.settings.timeouts.cancel, shield=True):
            while self._submits:
                self._quiet = anyio.Event()
                await self._quiet.wait()
        with anyio.CancelScope(shield=True):
            async with anyio.create_task_group() as group:
                for channel in list(self._channels):
                    if channel.load:
                        group.start_soon(channel.abandon)

    def _closing_error(self) -> SpaceError:
        failure = self.tasks.failure
        if failure is None:
            return JobCancelledError("the Space was closed before the job was done")
        kind = type(failure).__name__
        error = JobLostError(f"the job was lost: an error inside ended the Space ({kind})")
        error.__cause__ = failure
        return error
