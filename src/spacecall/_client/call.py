"""A call: lazy, for one use; awaited, entered, or detached."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Mapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Generic, TypeAlias, TypeVar

from spacecall._client.channel import Channel
from spacecall._client.connection import Connection
from spacecall._client.job import Job
from spacecall._client.plan import Plan
from spacecall._io.settings import Settings
from spacecall.errors import InvalidInputError
from spacecall.options import Retry, Timeouts
from spacecall.tickets import Ticket

T = TypeVar("T")
U = TypeVar("U")
Prepare: TypeAlias = Callable[[Connection], Awaitable[Plan[T]]]


@dataclass(frozen=True, slots=True)
class Way:
    """What a call goes over.

    Attributes:
        channel: of a session; None for a lane.
        event_id: of a job that has been joined already.
    """

    connection: Connection
    settings: Settings
    channel: Channel | None = None
    event_id: str | None = None


class Call(Generic[T]):
    """A call that has not been made yet; nothing is sent before one of these.

    - `value = await call`: the result;
    - `async with call as job`: events as they come; leaving early cancels the job;
    - `ticket = await call.detach()`: the job runs on, and its result is collected later.

    Cancelling the task that waits cancels the job on the server too. A call is for one use.
    """

    def __init__(self, name: str, way: Way, prepare: Prepare[T]) -> None:
        self._name = name
        self._way = way
        self._prepare = prepare
        self._used = False
        self._job: Job[T] | None = None

    def with_options(
        self,
        *,
        timeouts: Timeouts | None = None,
        retry: Retry | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Call[T]:
        """The same call with other options; headers are added to the Space's."""
        settings = self._way.settings.override(timeouts, retry, headers)
        return Call(self._name, replace(self._way, settings=settings), self._prepare)

    def map(self, transform: Callable[[T], U]) -> Call[U]:
        """The same call, with `transform` applied to its result and to each output before it."""

        async def prepare(connection: Connection) -> Plan[U]:
            return (await self.plan(connection)).map(transform)

        return Call(self._name, self._way, prepare)

    async def plan(self, connection: Connection) -> Plan[T]:
        """What the call is going to do; its arguments are checked here."""
        return await self._prepare(connection)

    def __await__(self) -> Generator[Any, Any, T]:
        return self._result().__await__()

    async def _result(self) -> T:
        job = await self._begin(follow=False)
        try:
            return await job.result()
        finally:
            await job.cancel()

    async def __aenter__(self) -> Job[T]:
        self._job = await self._begin(follow=True)
        return self._job

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._job is not None:
            await self._job.cancel()

    async def detach(self) -> Ticket:
        """Put the job into the app's queue and leave it there.

        Returns:
            What `Space.collect` needs, here or in another process, as long as the server keeps the
            result: it can be collected once.

        Raises:
            InvalidInputError: the endpoint does not use the queue, or the call is a session's.
            SpaceError: the server did not accept the job.
        """
        if self._way.channel is not None:
            raise InvalidInputError("a session reads all its jobs: detach a call of the Space")
        connection = self._way.connection
        channel = connection.open_channel(listens=False)
        job = await self._begin(follow=False, channel=channel)
        return Ticket(
            space=connection.link.base,
            endpoint=self._name,
            session_hash=channel.session_hash,
            event_id=await job.detached(),
            cookies={
                name: value
                for name, value in channel.link.cookies.items()
                if not name.startswith("access-token")
            },
        )

    async def _begin(self, *, follow: bool, channel: Channel | None = None) -> Job[T]:
        if self._used:
            raise RuntimeError("a Call is for one use: make another with space.call(…)")
        self._used = True
        way = self._way
        way.connection.check_open()
        plan = await self.plan(way.connection)
        channel = channel or way.channel
        job = Job(way.connection, plan, way.settings, channel=channel, follow=follow)
        if way.event_id is None:
            job.start()
        else:
            job.adopt(way.event_id)
        return job

    def __repr__(self) -> str:
        return f"<Call {self._name}{' (used)' if self._used else ''}>"
