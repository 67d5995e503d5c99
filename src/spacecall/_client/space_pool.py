"""`Pool`: several copies of an app, among which the rows of a map are distributed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import anyio

from spacecall._client.calls.caller import find_dependency, find_endpoint
from spacecall._client.calls.row_calls import RowCalls, create_source
from spacecall._client.calls.row_engine import RowEngine
from spacecall._client.calls.row_sources import RowOptions, RowSource
from spacecall._client.concurrency.lifetime import Openable, is_open
from spacecall._client.concurrency.task_groups import BackgroundTasks, shielded_task_group
from spacecall._client.discovery.readiness import is_transient
from spacecall._client.space import Space, SpaceView
from spacecall._core.app_sources import base_url, space_id
from spacecall._core.fingerprint import fingerprint, wire_shape
from spacecall._core.retry_delays import backoff
from spacecall._io.event_loops import EventLoopGuard
from spacecall._io.request_settings import Settings
from spacecall._option_checks import checked_call
from spacecall.endpoints import Endpoint
from spacecall.errors import InvalidInputError
from spacecall.hooks import Hooks
from spacecall.options import Auth, Limits, OnNewer, Retry, Timeouts
from spacecall.rows import Concurrency, OnQuota, Rows

R = TypeVar("R", bound=Mapping[str, Any])


@dataclass(slots=True, eq=False)
class PoolMember:
    """A source of a pool.

    Attributes:
        space: the app.
        is_open: whether it takes calls.
        error: why it could not be opened.
    """

    space: Space
    is_open: bool = False
    error: Exception | None = None


class OpenPool:
    """The state of an open pool.

    Args:
        tasks: open the sources and run maps.
        spaces: the sources, in the user's order.
        settings: the options of maps.

    Attributes:
        closed: whether the pool was closed.
    """

    def __init__(self, tasks: BackgroundTasks, spaces: Sequence[Space], settings: Settings) -> None:
        self.tasks = tasks
        self.settings = settings
        self.members = [PoolMember(space) for space in spaces]
        self.closed = False
        self._loop_guard = EventLoopGuard()
        self._changed = anyio.Event()

    def check_open(self) -> None:
        """Raise RuntimeError if the pool is closed, or this is another event loop."""
        self._loop_guard.check()
        if self.closed:
            raise RuntimeError("the pool is closed: open it again")

    async def open(self) -> None:
        """Open the sources at once; those that do not answer now are tried again later.

        Raises:
            SpaceError: no source can be opened, or one that is not an app, refuses its login, or
                is a Space that only its owner can start.
        """
        for member in self.members:
            self.tasks.start_soon(self._keep_open, member)
        while not all(member.is_open or member.error for member in self.members):
            await self._changed.wait()
            for member in self.members:
                if member.error is not None and not is_transient(member.error):
                    raise member.error
        errors = [member.error for member in self.members if member.error is not None]
        if len(errors) == len(self.members):
            raise errors[0]

    async def _keep_open(self, member: PoolMember) -> None:
        """Keep a source open until the pool is closed."""
        attempts = 0
        while not is_open(member.space):
            try:
                await member.space.open()
            except Exception as error:  # noqa: BLE001 - raised by `open`
                member.error = error
                self._notify()
                attempts += 1
                retry_after: float = getattr(error, "retry_after", None) or 0.0
                await anyio.sleep(max(backoff(self.settings.retry, attempts), retry_after))
            else:
                try:
                    self._add(member)
                    await anyio.sleep_forever()
                finally:
                    await member.space.aclose()
        self._add(member)  # the user has opened it

    def _add(self, member: PoolMember) -> None:
        member.is_open = True
        member.error = None
        self._notify()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    async def spaces(self) -> AsyncGenerator[Space, None]:
        """Yield each source that is open, and those that are opened later, without an end."""
        seen: set[PoolMember] = set()
        while True:
            for member in self.members:
                if member.is_open and member not in seen:
                    seen.add(member)
                    yield member.space
            await self._changed.wait()


class Pool(Openable[OpenPool]):
    """Several copies of an app, as one: `async with Pool(["owner/a", "owner/a-copy"]) as pool`.

    `pool.map` sends each row to the least loaded source. A source that cannot be reached, or loses
    calls, gets no rows for a while, and is then tried again with one row; so does one that fails
    each of its calls while the others have results.

    Args:
        sources: Space ids, addresses, or a `Space` with options of its own. A Space that is open
            stays open when the pool is closed.
        auth: a token, see `Auth`. A user name, cookies, headers and certificates are for one app:
            pass a `Space` with them as a source.
        timeouts: for every source.
        retry: for every source. A source that fails rests up to `wait_max` seconds.
        limits: for every source.
        proxy: for every request.
        hooks: functions that are called for requests, retries and calls, see `Hooks`.
        on_newer: what to do if an app uses a protocol that this release does not support.

    Raises (when the pool is opened):
        SpaceError: see `Space`. If a source cannot be reached now, the others are used meanwhile,
            unless none of them can.

    Raises (at once):
        TypeError, ValueError, InvalidInputError: see `Space`; also for no source, or one twice.
    """

    @checked_call
    def __init__(
        self,
        sources: Sequence[str | Space],
        *,
        auth: Auth | None = None,
        timeouts: Timeouts | None = None,
        retry: Retry | None = None,
        limits: Limits | None = None,
        proxy: str | None = None,
        hooks: Hooks | None = None,
        on_newer: OnNewer = "warn",
    ) -> None:
        if isinstance(sources, str):
            raise TypeError(f"sources must be a list, got one text: write Pool([{sources!r}])")
        if not sources:
            raise ValueError("a pool needs at least one source")
        if len({_identify(source) for source in sources}) < len(sources):
            raise ValueError("a source is listed twice: a pool has each of its sources once")
        is_for_one_app = auth is not None and (auth.username is not None or auth.cookies)
        if is_for_one_app and any(isinstance(source, str) for source in sources):
            raise ValueError(
                "a user name and cookies are for one app: pass Space(source, auth=…) as a source"
            )
        self._settings = Settings(timeouts or Timeouts(), retry or Retry(), hooks=hooks)
        self._spaces = [
            source
            if isinstance(source, Space)
            else Space(
                source,
                auth=auth,
                timeouts=timeouts,
                retry=retry,
                limits=limits,
                proxy=proxy,
                hooks=hooks,
                on_newer=on_newer,
            )
            for source in sources
        ]
        self._opened: OpenPool | None = None

    @property
    def _open_pool(self) -> OpenPool:
        if self._opened is None:
            raise RuntimeError("open the pool first: async with Pool(…) as pool")
        return self._opened

    def _manager(self) -> AbstractAsyncContextManager[OpenPool]:
        return _open_pool(self._spaces, self._settings)

    def _store(self, value: OpenPool) -> None:
        self._opened = value

    @checked_call
    def map(
        self,
        endpoint: str,
        rows: Rows[R],
        *,
        concurrency: Concurrency = "auto",
        ordered: bool = False,
        rate: float | None = None,
        on_quota: OnQuota = "wait",
    ) -> RowCalls[R, Any]:
        """Call an endpoint for each row, each at one of the sources; see `Space.map`.

        `RowOutcome.source` is where a row ran. A row moves to another source only if the last one
        has not accepted its call.

        Args:
            endpoint: its name. Each source must have it, with the same parameters and outputs.
            rows: mappings of arguments by name, from an iterable or an async iterable; as of
                `Space.map`.
            concurrency: how many calls run at once at each source.
            ordered: give outcomes in the order of the rows, not as they come.
            rate: the most calls that start in a second at each source.
            on_quota: if the ZeroGPU quota of a source is used up, the others go on. Without others,
                wait until it is restored, or make no more calls.

        Raises (when you iterate):
            NotFoundError, InvalidInputError: a source has no such endpoint, or another one.
            Exception: what the iterable of rows raised, after the outcomes of the rows before it.
        """
        options = RowOptions(concurrency=concurrency, ordered=ordered, rate=rate, on_quota=on_quota)
        return RowCalls(self._row_engine(endpoint, options), rows)

    def _row_engine(self, endpoint: str, options: RowOptions) -> RowEngine[Any, Any]:
        pool = self._open_pool
        return RowEngine(
            pool,
            pool.settings,
            options,
            late_sources=_row_sources(pool, endpoint, options),
            lifetime=self._lifetime,
        )

    def __repr__(self) -> str:
        names = (repr(space).removeprefix("<Space ").removesuffix(">") for space in self._spaces)
        return f"<Pool {', '.join(names)}>"


@asynccontextmanager
async def _open_pool(spaces: Sequence[Space], settings: Settings) -> AsyncGenerator[OpenPool, None]:
    async with shielded_task_group() as group:
        pool = OpenPool(BackgroundTasks(group), spaces, settings)
        try:
            await pool.open()
            yield pool
        finally:
            pool.closed = True


async def matching_spaces(
    pool: OpenPool, endpoint: str
) -> AsyncGenerator[tuple[Space, Endpoint], None]:
    """Yield the sources of a pool, now and later, with their endpoint of this name.

    Raises:
        NotFoundError: a source has no such endpoint.
        InvalidInputError: the endpoint of a source has other parameters or outputs.
    """
    first: tuple[str, str] | None = None
    async with aclosing(pool.spaces()) as spaces:
        async for space in spaces:
            described, shape = await _describe(space, endpoint)
            if first is None:
                first = space.url, shape
            elif shape != first[1]:
                raise InvalidInputError(
                    f"{described.name} of {space.url} differs from {first[0]}: it takes and "
                    f"returns {shape} there, and {first[1]} at the other",
                    space=space.url,
                )
            yield space, described


async def _row_sources(
    pool: OpenPool, endpoint: str, options: RowOptions
) -> AsyncGenerator[RowSource[Any, Any], None]:
    async with aclosing(matching_spaces(pool, endpoint)) as spaces:
        async for space, _ in spaces:
            yield _row_source(space, endpoint, options)


def _row_source(space: Space, endpoint: str, options: RowOptions) -> RowSource[Any, Any]:
    context = space._context  # pyright: ignore[reportPrivateUsage] - of this package
    view = SpaceView(context)
    return create_source(context, lambda row: view.call(endpoint, **row), options)


async def _describe(space: Space, name: str) -> tuple[Endpoint, str]:
    """Return an endpoint, and what a call of it sends and gets, as text."""
    connection = space._context.connection  # pyright: ignore[reportPrivateUsage]
    endpoint = await find_endpoint(connection, name)
    shape = wire_shape(fingerprint(find_dependency(connection, endpoint.name)))
    names = [
        parameter.name if parameter.required else f"{parameter.name}=…"
        for parameter in endpoint.parameters
    ]
    return endpoint, f"{', '.join(names) or 'nothing'} as {shape}"


def _identify(source: str | Space) -> object:
    """Return what is equal for two ways to write a source."""
    if isinstance(source, Space):
        return source
    return space_id(source) or base_url(source)
