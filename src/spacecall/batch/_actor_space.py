"""A Space that is open in an actor of Ray, in an event loop of its own."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, TypeVar
from uuid import uuid4

import anyio

from spacecall._client.calls.caller import find_endpoint
from spacecall._client.concurrency.portal import Portal, hold_open
from spacecall._client.concurrency.task_groups import unwrapping_task_group
from spacecall._client.space import Space
from spacecall._suggestions import did_you_mean
from spacecall.batch._call_coordinator import (
    CallCoordinator,
    CallReport,
    LocalPacer,
    Pacer,
    Permit,
    RowKey,
)
from spacecall.batch._paced_calls import PacedCaller
from spacecall.batch._ray_actors import RemoteCoordinator
from spacecall.batch._result_folder import ResultFolder
from spacecall.endpoints import Endpoint
from spacecall.errors import InvalidInputError
from spacecall.options import CallOptions, Retry

T = TypeVar("T")

OnError: TypeAlias = Literal["row", "raise"]
"""What happens to an error of a call: it is in the row, or it is raised, which ends the job."""

Values: TypeAlias = Literal["typed", "json"]
"""The type of the column of values: made from the endpoint's JSON Schema, or JSON text."""

_RENEWALS_PER_LEASE: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceMapping:
    """The calls that a `SpaceMapper` makes.

    Attributes:
        source: a Space's id or the app's address; or a function that returns a Space, for other
            options such as credentials. It is called in each actor.
        endpoint: the endpoint's name.
        columns: the column of each parameter that has another name.
        call_options: of each call, see `Space.with_options`.
        per_actor: how many calls run at once in one actor.
        retries: how often a row is tried again that the app failed for.
        files_to: a folder for files of results: a path that all nodes share, or an address such as
            `s3://bucket/folder`. By default their addresses are the values.
        filesystem: the `pyarrow.fs.FileSystem` of `files_to`; by default that of the address.
        on_error: put errors of calls in the rows, or raise them.
        values: the type of the column of values. A value that does not fit the endpoint's JSON
            Schema is an error of its row; JSON text fits all values.
        value_column: the name of the column of values.
        error_column: the name of the column of errors.
    """

    source: str | Callable[[], Space]
    endpoint: str
    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    call_options: CallOptions = field(default_factory=CallOptions, repr=False)
    per_actor: int = 8
    retries: int = 0
    files_to: str | None = None
    filesystem: Any = None
    on_error: OnError = "row"
    values: Values = "typed"
    value_column: str = "value"
    error_column: str = "error"

    def __post_init__(self) -> None:
        if self.per_actor < 1:
            raise ValueError(f"per_actor must be at least 1, got {self.per_actor!r}")
        if self.retries < 0:
            raise ValueError(f"retries must be at least 0, got {self.retries!r}")
        if self.on_error not in ("row", "raise"):
            raise ValueError(f"on_error must be 'row' or 'raise', got {self.on_error!r}")
        if self.values not in ("typed", "json"):
            raise ValueError(f"values must be 'typed' or 'json', got {self.values!r}")

    def create_space(self) -> Space:
        """Return a Space that is not open."""
        return Space(self.source) if isinstance(self.source, str) else self.source()

    def create_folder(self, relative_to: Path | None = None) -> ResultFolder | None:
        """Return the folder for files of results.

        Args:
            relative_to: see `ResultFolder`.

        Raises:
            InvalidInputError: pyarrow does not know its address.
        """
        if self.files_to is None:
            return None
        return ResultFolder(self.files_to, self.filesystem, relative_to)

    def check_columns(self, endpoint: Endpoint, names: Sequence[str]) -> None:
        """Check that the calls can be made for rows with these columns.

        Raises:
            InvalidInputError: a column or a parameter is missing, or a column exists already.
        """
        parameters = {parameter.name: parameter for parameter in endpoint.parameters}
        for name in self.columns:
            if name not in parameters:
                raise InvalidInputError(
                    f"{endpoint.name} has no parameter {name}{did_you_mean(name, parameters)}"
                )
        needed = {
            self.columns.get(parameter.name, parameter.name)
            for parameter in parameters.values()
            if parameter.required or parameter.name in self.columns
        }
        if missing := sorted(needed - set(names)):
            raise InvalidInputError(
                f"the dataset has no column {', '.join(missing)}; it has {', '.join(names)}: pass "
                'columns={"parameter": "column"}'
            )
        if taken := sorted({self.value_column, self.error_column} & set(names)):
            raise InvalidInputError(
                f"the dataset has a column {' and '.join(taken)}: pass another value_column or "
                "error_column"
            )


class RemotePacer:
    """Paces the calls of one process by a coordinator in an actor of Ray.

    Args:
        coordinator: the handle of the actor.
        lease_seconds: of the coordinator.
    """

    def __init__(self, coordinator: Any, lease_seconds: float) -> None:
        self._coordinator = coordinator
        self._holder = uuid4().hex
        self._lease_seconds = lease_seconds

    async def acquire(self, row: RowKey | None) -> Permit | None:
        """Wait until a call may start; return None if no further calls start."""
        permit: Permit | None = await self._coordinator.acquire.remote(self._holder, row)
        return permit

    async def finish(self, permit: Permit, report: CallReport) -> bool:
        """Take note of the end of a call; return whether to make it again."""
        return bool(await self._coordinator.finish.remote(permit, report))

    def report_rank(self, permit: Permit, rank: int) -> None:
        """Take note of a call's first place in the app's queue."""
        self._coordinator.report_rank.remote(permit, rank)

    async def keep_alive(self) -> None:
        """Tell the coordinator again and again that this process is alive."""
        while True:
            await anyio.sleep(self._lease_seconds / _RENEWALS_PER_LEASE)
            await self._coordinator.renew.remote(self._holder)


@dataclass(frozen=True, slots=True)
class OpenSpace:
    """A Space that is open in an actor, and what its calls need."""

    caller: PacedCaller
    endpoint: Endpoint
    url: str


class ActorSpace:
    """The Space of an actor. It is opened for the first call, and closed with this object.

    It has an event loop of its own, because that of Ray Data waits for slow consumers.

    Args:
        mapping: the calls.
        endpoint: the endpoint, if it is known; otherwise its description is read from the app.
        coordinator: paces the calls of all actors; without it, each actor paces its own calls.
        relative_to: a folder; paths of files are returned as relative to it.
    """

    def __init__(
        self,
        mapping: SpaceMapping,
        endpoint: Endpoint | None,
        coordinator: RemoteCoordinator | None,
        relative_to: Path | None = None,
    ) -> None:
        # It does not refer to this object, which closes it when nothing refers to this any more.
        self._manager = partial(_open_space, mapping, endpoint, coordinator, relative_to)
        self._opening = threading.Lock()
        self._opened: tuple[Portal, OpenSpace] | None = None

    async def open(self) -> None:
        """Open the Space if it is not open.

        Raises:
            InvalidInputError: the folder for files does not exist here.
            SpaceError: the app cannot be opened.
        """
        await asyncio.to_thread(self._open)

    async def run(self, work: Callable[[OpenSpace], Awaitable[T]]) -> T:
        """Run `work` in the event loop of the Space."""
        portal, opened = await asyncio.to_thread(self._open)
        return await asyncio.wrap_future(portal.submit(lambda: work(opened)))

    def _open(self) -> tuple[Portal, OpenSpace]:
        with self._opening:
            if self._opened is None or self._opened[0].closed:
                self._opened = hold_open(self._manager(), "the Space of an actor")
            return self._opened

    def close(self) -> None:
        """Close the Space; calls that run are cancelled, on the server too."""
        with self._opening:
            opened, self._opened = self._opened, None
        if opened is not None:
            opened[0].close()

    def __del__(self) -> None:
        if "_opened" in self.__dict__:
            self.close()


@asynccontextmanager
async def _open_space(
    mapping: SpaceMapping,
    described: Endpoint | None,
    coordinator: RemoteCoordinator | None,
    relative_to: Path | None,
) -> AsyncGenerator[OpenSpace, None]:
    folder = mapping.create_folder(relative_to)
    if folder is not None:
        await folder.check()
    async with mapping.create_space() as space, unwrapping_task_group() as group:
        context = space._context  # pyright: ignore[reportPrivateUsage] - of this package
        endpoint = described or await find_endpoint(context.connection, mapping.endpoint)
        pacer: Pacer
        if coordinator is None:
            pacer = _pace_locally(mapping.per_actor, context.settings.retry)
        else:
            pacer = RemotePacer(coordinator.handle, coordinator.lease_seconds)
            group.start_soon(pacer.keep_alive)
        caller = PacedCaller(
            space.with_options(**mapping.call_options),
            endpoint.name,
            pacer,
            max_calls=mapping.per_actor,
            retries=mapping.retries,
            folder=folder,
        )
        yield OpenSpace(caller, endpoint, space.url)


def _pace_locally(max_calls: int, retry: Retry) -> LocalPacer:
    coordinator = CallCoordinator(
        concurrency=max_calls, rate=None, on_quota="wait", retry=retry, lease_seconds=math.inf
    )
    return LocalPacer(coordinator)
