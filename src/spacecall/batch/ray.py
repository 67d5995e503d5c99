"""Call an endpoint for each row of a dataset of Ray Data, from all nodes of a cluster.

The extra `ray` installs Ray Data.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol, TypeVar, cast

from spacecall._client.calls.caller import find_endpoint
from spacecall._client.concurrency.portal import hold_open
from spacecall._client.space import Space
from spacecall.batch._actor_space import OnError, SpaceMapping, Values
from spacecall.batch._call_coordinator import CallCoordinator
from spacecall.batch._ray_actors import ActorPool, import_ray, map_batches, start_coordinator
from spacecall.batch._space_mapper import SpaceMapper
from spacecall.endpoints import Endpoint
from spacecall.options import CallOptions, Retry
from spacecall.rows import Concurrency, OnQuota

__all__ = ["OnError", "RayDataset", "SpaceMapper", "SpaceMapping", "Values", "map_space"]


class RayDataset(Protocol):
    """What `map_space` needs of a `ray.data.Dataset`."""

    def columns(self, fetch_if_missing: bool = True) -> list[str] | None:  # noqa: FBT001, FBT002
        """Return the names of the columns, if they are known."""
        ...

    def repartition(
        self, num_blocks: int | None = None, target_num_rows_per_block: int | None = None
    ) -> Any:
        """Return the dataset with blocks of so many rows."""
        ...


D = TypeVar("D", bound=RayDataset)


def map_space(
    ds: D,
    source: str | Callable[[], Space],
    endpoint: str,
    *,
    columns: Mapping[str, str] | None = None,
    call_options: CallOptions | None = None,
    concurrency: int | tuple[int, int] = (1, 4),
    per_actor: int = 8,
    max_calls: Concurrency = "auto",
    rate: float | None = None,
    on_quota: OnQuota = "wait",
    retries: int = 0,
    files_to: str | None = None,
    filesystem: Any = None,
    on_error: OnError = "row",
    values: Values = "typed",
    value_column: str = "value",
    error_column: str = "error",
    num_cpus: float = 0,
) -> D:
    """Call an endpoint for each row of a dataset: return it with a value and an error column.

    Nothing is called before the dataset is read or written. If a node fails, Ray Data makes the
    calls again whose results are lost; the app may run these rows twice.

    Args:
        ds: a `ray.data.Dataset`. Columns are the parameters of the same name; bytes, and images of
            datasets, are uploaded as files.
        source: a Space's id or the app's address; or a function that returns a Space, for other
            options such as credentials. It is called here and in each actor.
        endpoint: the endpoint's name.
        columns: the column of each parameter that has another name.
        call_options: of each call, see `Space.with_options`.
        concurrency: the number of actors, or the least and the most.
        per_actor: how many calls run at once in one actor.
        max_calls: how many calls run at once in all actors: a number, or "auto", see `Space.map`.
        rate: the most calls that start in a second, in all actors.
        on_quota: as of `Space.map`. With "stop", the rows without a call have an error.
        retries: how often a row is tried again that the app failed for.
        files_to: a folder for files of results: a path that all nodes share, or an address such as
            `s3://bucket/folder`. By default their addresses are the values.
        filesystem: the `pyarrow.fs.FileSystem` of `files_to`; by default that of the address.
        on_error: put errors of calls in the rows ("row"), or raise them, which ends the job.
        values: the type of the value column. A value that does not fit the endpoint's JSON Schema
            is an error of its row; "json" makes it JSON text.
        value_column: the name of the column of values.
        error_column: the name of the column of errors: null, or `type`, `message` and `code`.
        num_cpus: what each actor reserves. Calls compute little: with more than 0, the other tasks
            of the dataset may have to wait for ever on a small cluster.

    Raises:
        InvalidInputError: Ray Data is not installed, or a column or parameter is missing.
        NotFoundError: the app has no such endpoint.
        TransportError, DeadlineError, AuthError: the app cannot be opened.
        OSError: the folder cannot be created.
    """
    mapping = SpaceMapping(
        source=source,
        endpoint=endpoint,
        columns=dict(columns or {}),
        call_options=call_options or CallOptions(),
        per_actor=per_actor,
        retries=retries,
        files_to=files_to,
        filesystem=filesystem,
        on_error=on_error,
        values=values,
        value_column=value_column,
        error_column=error_column,
    )
    pool = ActorPool(concurrency, per_actor, num_cpus)
    described, retry = _read_endpoint(mapping)
    names = ds.columns(fetch_if_missing=False)
    if names is not None:
        mapping.check_columns(described, names)
    import_ray("ray.data")
    coordinator = start_coordinator(
        CallCoordinator,
        {"concurrency": max_calls, "rate": rate, "on_quota": on_quota, "retry": retry},
    )
    mapped = map_batches(ds, SpaceMapper, (mapping, described, coordinator), pool)
    return cast("D", mapped)


def _read_endpoint(mapping: SpaceMapping) -> tuple[Endpoint, Retry]:
    """Return the endpoint and the `Retry` of the Space; create the folder for files."""

    @asynccontextmanager
    async def describe() -> AsyncGenerator[tuple[Endpoint, Retry], None]:
        folder = mapping.create_folder()
        if folder is not None:
            await folder.prepare()
        async with mapping.create_space() as space:
            context = space._context  # pyright: ignore[reportPrivateUsage] - of this package
            endpoint = await find_endpoint(context.connection, mapping.endpoint)
            yield endpoint, context.settings.retry

    portal, description = hold_open(describe(), "the Space of map_space")
    portal.close()
    return description
