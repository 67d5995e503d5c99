"""Run a batch on Ray Data: read the rows of a file here, call from all nodes of a cluster."""

from __future__ import annotations

import logging
import os
import pickle
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from itertools import islice
from socket import create_connection
from typing import Any, Final

import anyio
from anyio.to_thread import run_sync

from spacecall._client.calls.caller import find_endpoint
from spacecall._client.concurrency.task_groups import unwrapping_task_group
from spacecall._client.space import SpaceView
from spacecall._core.fingerprint import fingerprints
from spacecall.batch._actor_space import SpaceMapping
from spacecall.batch._batch_mapper import BatchCalls, BatchMapper
from spacecall.batch._batch_request import Batch, BatchProgress, BatchSummary, row_file
from spacecall.batch._input_version import InputVersion
from spacecall.batch._journal_coordinator import CoordinatorStatus, JournalCoordinator
from spacecall.batch._ray_actors import (
    ActorPool,
    RemoteCoordinator,
    import_ray,
    map_batches,
    start_coordinator,
)
from spacecall.batch._result_files import write_failed_rows, write_results
from spacecall.batch._row_arguments import RowArguments, default_error_record
from spacecall.batch._row_files import InputRow, import_pyarrow
from spacecall.batch._row_journal import RowJournal, State, journal_facts, open_journal
from spacecall.endpoints import Endpoint
from spacecall.errors import InvalidInputError
from spacecall.options import Retry

_SECONDS_PER_REPORT: Final = 1.0
_ROWS_PER_BLOCK: Final = 64
_BLOCK_BYTES: Final = 2**20
_MAX_PER_ACTOR: Final = 8
_MAX_ACTORS: Final = 8
_CPUS: Final = 0.0
"""What the reader and each actor reserve. On one CPU, other tasks would wait for ever for more."""
_CONNECT_SECONDS: Final = 10.0
_JOURNAL_SECONDS: Final = 15.0
"""How long to wait until the actors of a driver that was killed have ended."""


async def run_batch_on_ray(
    space: SpaceView,
    batch: Batch,
    *,
    mapping: SpaceMapping,
    address: str | None = None,
    on_progress: Callable[[BatchProgress], object] | None = None,
    stop: anyio.Event | None = None,
    load_files: Callable[[Endpoint, dict[str, Any]], dict[str, Any]] | None = None,
    describe_error: Callable[[Exception], Mapping[str, Any]] = default_error_record,
) -> BatchSummary:
    """Do what `run_batch` does, with calls from all nodes of a Ray cluster.

    The journal is the same, but jobs that were under way are not collected: the outcome of their
    rows is unknown, as is that of the rows of a node that failed.

    Args:
        space: an open Space.
        batch: the rows and the outputs.
        mapping: how the actors open the Space. Its `files_to` goes before the batch's; its
            endpoint, columns and `per_actor` are not used.
        address: of a cluster, `auto` for the one of this node; by default Ray runs on this machine
            for this batch alone. A cluster that this process uses already is used.
        on_progress: as of `run_batch`.
        stop: as of `run_batch`.
        load_files: opens the files that arguments name, on the node of the actor.
        describe_error: as of `run_batch`.

    Raises:
        InvalidInputError: Ray Data is not installed; or as of `run_batch`.
        NotFoundError: the app has no such endpoint.
        QuotaExceededError: the quota is used up, and `on_quota` is "stop".
        OSError: an output cannot be written.
    """
    import_ray("ray.data")
    context = space._context  # pyright: ignore[reportPrivateUsage] - of this package
    endpoint = await find_endpoint(context.connection, batch.endpoint)
    shape = fingerprints(context.connection.app, [endpoint.name]).get(endpoint.name, "")
    arguments = RowArguments(batch, endpoint)
    absolute = replace(row_file(batch), path=batch.input.absolute())
    version = await run_sync(InputVersion, absolute)
    facts = journal_facts(batch, space.url, endpoint, shape, version.digest)
    if mapping.files_to is not None:
        facts["--files-to"] = mapping.files_to
    elif batch.files is not None:
        mapping = replace(mapping, files_to=str(batch.files.absolute()))
    pool = _choose_pool(batch)
    mapping = replace(mapping, endpoint=endpoint.name, per_actor=pool.per_actor)
    finished = await _check_journal(batch, facts)
    if (folder := mapping.create_folder()) is not None:
        await folder.prepare()
    start = anyio.current_time()
    try:
        async with _use_ray(address):
            coordinator = await run_sync(_start_coordinator, batch, context.settings.retry)
            results = batch.results.parent.absolute()
            calls = BatchCalls(arguments, load_files, describe_error, results, space.url)
            ds = await run_sync(_read_input, version, bytes(finished), batch.limit)
            limit_reached = await run_sync(_has_more_rows, version, bytes(finished), batch.limit)
            ds = map_batches(ds, BatchMapper, (mapping, endpoint, coordinator, calls), pool)
            run = _RayRun(ds, coordinator, version)
            await run.run(on_progress, stop)
    finally:
        counts = _write_outputs(batch, version, endpoint)
    return BatchSummary(
        done=counts.get("done", 0),
        failed=counts.get("failed", 0),
        lost=counts.get("lost", 0),
        remaining=run.has_remaining_rows or limit_reached,
        called=run.status.called,
        collected=0,
        seconds=anyio.current_time() - start,
        output=batch.results,
        limit_reached=limit_reached,
    )


def _choose_pool(batch: Batch) -> ActorPool:
    """Return the actors for the batch: as few as can make its calls."""
    if batch.concurrency == "auto":
        return ActorPool((1, _MAX_ACTORS), _MAX_PER_ACTOR, _CPUS)
    per_actor = min(batch.concurrency, _MAX_PER_ACTOR)
    actors = -(-batch.concurrency // per_actor)
    return ActorPool((1, actors), per_actor, _CPUS)


async def _check_journal(batch: Batch, facts: Mapping[str, str]) -> bytearray:
    """Check that this run may go on with the journal.

    Returns:
        For each row up to the last one that is not called again, 1 if it is one.
    """
    journal = await _wait_journal(batch)
    try:
        journal.check(facts)
        states: list[State] = ["done"]
        if not batch.retry_failed:
            states.append("failed")
        if not batch.resubmit:
            states.append("lost")
        finished = bytearray()
        for number in journal.numbers(states):
            finished.extend(bytes(number + 1 - len(finished)))
            finished[number] = 1
        return finished
    finally:
        journal.close()


async def _wait_journal(batch: Batch) -> RowJournal:
    deadline = anyio.current_time() + _JOURNAL_SECONDS
    while True:
        try:
            return open_journal(batch)
        except InvalidInputError:
            if not batch.journal.exists() or anyio.current_time() > deadline:
                raise
        await anyio.sleep(0.5)


@asynccontextmanager
async def _use_ray(address: str | None) -> AsyncGenerator[None, None]:
    """Connect to a cluster, or start one on this machine; leave what was not connected before."""
    ray = import_ray()
    context = import_ray("ray.data").DataContext.get_current()
    quiet = {"enable_progress_bars": False, "target_max_block_size": _BLOCK_BYTES}
    settings = {name: getattr(context, name) for name in quiet}
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    is_ours = not ray.is_initialized()
    if is_ours:
        await run_sync(partial(_connect, ray, address))
    try:
        for name, value in quiet.items():
            setattr(context, name, value)
        yield
    finally:
        for name, value in settings.items():
            setattr(context, name, value)
        if is_ours:
            with anyio.CancelScope(shield=True):
                await run_sync(ray.shutdown)


def _connect(ray: Any, address: str | None) -> None:
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if address is None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        ray.init("local", include_dashboard=False, **options)
        return
    host, _, port = address.rpartition(":")
    try:
        if host and port.isdecimal():  # Ray itself tries for minutes
            create_connection((host, int(port)), _CONNECT_SECONDS).close()
        ray.init(address, **options)
    except (OSError, ValueError) as error:
        raise InvalidInputError(f"cannot reach the Ray cluster {address!r}: {error}") from error


def _start_coordinator(batch: Batch, retry: Retry) -> RemoteCoordinator:
    coordinator = start_coordinator(
        JournalCoordinator,
        {
            "journal": batch.journal.absolute(),
            "resubmit": batch.resubmit,
            "retry_failed": batch.retry_failed,
            "max_errors": batch.max_errors,
            "concurrency": batch.concurrency,
            "rate": batch.rate,
            "on_quota": batch.on_quota,
            "retry": retry,
        },
    )
    import_ray().get(coordinator.handle.open.remote())
    return coordinator


def _read_input(version: InputVersion, finished: bytes, limit: int | None) -> Any:
    """Return the rows without an outcome as a dataset. This node reads them."""
    ray, data = import_ray(), import_ray("ray.data")
    datasource = import_ray("ray.data.datasource")
    metadata = import_ray("ray.data.block").BlockMetadata(None, None, None, None)
    read = partial(_read_blocks, version, finished, limit)
    read_task = datasource.ReadTask(read, metadata)

    def estimate_inmemory_data_size(_: Any) -> int | None:
        return None

    def get_read_tasks(*_: Any, **__: Any) -> list[Any]:
        return [read_task]

    methods = {
        "estimate_inmemory_data_size": estimate_inmemory_data_size,
        "get_read_tasks": get_read_tasks,
    }
    create_datasource: Any = type("RowDatasource", (datasource.Datasource,), methods)
    node_id = ray.get_runtime_context().get_node_id()
    return data.read_datasource(
        create_datasource(),
        num_cpus=_CPUS,
        override_num_blocks=1,
        label_selector={"ray.io/node-id": node_id},
    )


def _read_blocks(version: InputVersion, finished: bytes, limit: int | None) -> Iterator[Any]:
    pyarrow = import_pyarrow("pyarrow")
    rows: list[bytes] = []
    for row in islice(_unfinished_rows(version, finished), limit):
        rows.append(pickle.dumps(row))
        if len(rows) == _ROWS_PER_BLOCK:
            yield pyarrow.table({"row": pyarrow.array(rows, pyarrow.large_binary())})
            rows = []
    yield pyarrow.table({"row": pyarrow.array(rows, pyarrow.large_binary())})


def _unfinished_rows(version: InputVersion, finished: bytes) -> Iterator[InputRow]:
    for row in version.rows():
        if row.number >= len(finished) or not finished[row.number]:
            yield row
    version.check()


def _has_more_rows(version: InputVersion, finished: bytes, limit: int | None) -> bool:
    """Return whether there are more rows to call for than `limit`."""
    if limit is None:
        return False
    rows = _unfinished_rows(version, finished)
    return next(islice(rows, limit, None), None) is not None


class _RayRun:
    """One run of a batch."""

    def __init__(self, ds: Any, coordinator: RemoteCoordinator, version: InputVersion) -> None:
        self.has_remaining_rows = True
        self.status = CoordinatorStatus(0, 0, 0, 0, 0, None)
        self._ds = ds
        self._coordinator = coordinator.handle
        self._version = version

    async def run(
        self, on_progress: Callable[[BatchProgress], object] | None, stop: anyio.Event | None
    ) -> None:
        """Call for all rows without an outcome."""

        async def report() -> None:
            while on_progress is not None:
                on_progress(await self._progress())
                await anyio.sleep(_SECONDS_PER_REPORT)

        async def await_stop(event: anyio.Event) -> None:
            await event.wait()
            await self._get(self._coordinator.stop.remote())

        try:
            async with unwrapping_task_group() as group:
                group.start_soon(report)
                if stop is not None:
                    group.start_soon(await_stop, stop)
                # If this is cancelled, the end of the coordinator ends the calls.
                self.has_remaining_rows = await run_sync(self._consume, abandon_on_cancel=True)
            if on_progress is not None:
                on_progress(await self._progress())
        finally:
            with anyio.CancelScope(shield=True), suppress(import_ray("ray.exceptions").RayError):
                await self._get(self._coordinator.close.remote())
        if self.status.failure is not None:
            raise self.status.failure

    def _consume(self) -> bool:
        """Run the dataset; return whether rows have no outcome."""
        has_remaining_rows = False
        try:
            for table in self._ds.iter_batches(batch_size=None, batch_format="pyarrow"):
                has_remaining_rows |= not all(table.column("ended").to_pylist())
        except import_ray("ray.exceptions").RayError:
            self._version.check()
            raise
        self.status = import_ray().get(self._coordinator.status.remote())
        return has_remaining_rows

    async def _progress(self) -> BatchProgress:
        self.status = await self._get(self._coordinator.status.remote())
        return BatchProgress(
            total=self._version.total,
            done=self.status.done,
            failed=self.status.failed,
            running=self.status.running,
            concurrency=self.status.limit,
        )

    async def _get(self, reference: Any) -> Any:
        return await run_sync(import_ray().get, reference)


def _write_outputs(batch: Batch, version: InputVersion, endpoint: Endpoint) -> dict[str, int]:
    journal = open_journal(batch)
    try:
        write_results(batch.results, journal.records, endpoint)
        if batch.failed_rows is not None:
            write_failed_rows(batch.failed_rows, version, journal.failed_numbers())
        return journal.count()
    finally:
        journal.close()
