"""Carry out `spacecall map`."""

from __future__ import annotations

import hashlib
import signal
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import anyio

from spacecall._atomic import Replacement
from spacecall._client.concurrency.task_groups import unwrapping_task_group
from spacecall._client.space import Space, SpaceView
from spacecall.batch import Batch, BatchSummary, run_batch
from spacecall.batch._actor_space import SpaceMapping
from spacecall.batch._ray_run import run_batch_on_ray
from spacecall.batch._row_files import GZIP_MAGIC, RowFile, digest_file
from spacecall.cli._inputs import stdin_reader
from spacecall.cli._inputs.flag_arguments import load_argument_files
from spacecall.cli._inputs.flag_values import InputReader
from spacecall.cli._outputs.batch_status import BatchStatus
from spacecall.cli._outputs.terminal import display_path, write_json, write_message
from spacecall.cli._runners.endpoint_calls import create_space, find_endpoint, open_space
from spacecall.cli._runners.jsonl_calls import error_object
from spacecall.cli._support.app_access import Access, Credentials
from spacecall.cli._support.credential_scope import StoredApp
from spacecall.cli._support.exit_codes import DONE, FAILED, INTERRUPTED
from spacecall.endpoints import Endpoint
from spacecall.errors import InvalidInputError
from spacecall.pool import Pool

__all__ = ["RayEngine", "execute_batch", "store_stdin"]

_RunBatch: TypeAlias = Callable[..., Awaitable[BatchSummary]]
"""`run_batch`, or `run_batch_on_ray` with its own arguments."""


async def store_stdin(output: Path) -> Path:
    """Copy stdin to a file beside the output, which is read as the input; return its path.

    A copy that an earlier run of the batch has made stays: a run that goes on may read it now.

    Raises:
        InvalidInputError: stdin is not the same as in that run.
    """
    path = output.with_name(f"{output.name}.input.jsonl")
    path.parent.mkdir(parents=True, exist_ok=True)
    journal = Batch(endpoint="", input=path, output=output).journal
    replacement, digest = Replacement(path), hashlib.sha256()
    try:
        async for line in stdin_reader.read_lines():
            if line.startswith(GZIP_MAGIC):
                raise InvalidInputError("stdin is compressed: pipe it through `gzip -d`")
            replacement.file.write(line + b"\n")
            digest.update(line + b"\n")
        replacement.finish()
        if not (path.exists() and journal.exists()):
            return replacement.publish()
        if digest.hexdigest() != digest_file(RowFile(path))[0]:
            raise InvalidInputError(
                "the input changed since this batch was begun: choose another --output, or delete "
                f"{journal} to begin again"
            )
        return path
    finally:
        replacement.discard()


@dataclass(frozen=True, slots=True)
class RayEngine:
    """Where a batch runs on Ray.

    Attributes:
        address: of the cluster; None for a Ray on this machine.
        files_to: the address of the folder for files; None for that of the batch.
    """

    address: str | None
    files_to: str | None


@dataclass(frozen=True, slots=True)
class _SpaceFactory:
    """Creates the Space of an actor."""

    source: str
    access: Access = field(repr=False)

    def __call__(self) -> Space:
        return create_space(self.source, self.access)


async def execute_batch(
    sources: Sequence[str],
    batch: Batch,
    credentials: Credentials,
    ray_engine: RayEngine | None,
    *,
    as_json: bool,
    quiet: bool,
) -> int:
    """Run a batch, show its progress and its summary, and return the exit code.

    Ctrl-C starts no further calls, and finishes those that run; a second one cancels them.

    Args:
        sources: the app, and copies of it.
        batch: the batch.
        credentials: only one of several sources gets those for an app, see `--for`.
        ray_engine: where the batch runs on Ray; None to run it here.
        as_json: print the summary as JSON.
        quiet: print nothing else.
    """
    run: _RunBatch = run_batch
    if ray_engine is not None:
        if len(sources) > 1:
            raise InvalidInputError("--also cannot be used with --engine ray")
        (source,) = sources
        run = _prepare_ray(source, credentials.for_app(source), ray_engine)
    stop = anyio.Event()
    summaries: list[BatchSummary] = []  # empty if a second Ctrl-C cancelled the batch
    with BatchStatus(quiet=quiet) as status:
        async with (
            _open_apps(sources, credentials, batch.endpoint) as space,
            unwrapping_task_group() as group,
        ):
            if threading.current_thread() is threading.main_thread():
                group.start_soon(_watch_interrupts, stop, group.cancel_scope)
            summary = await run(
                space,
                batch,
                on_progress=status.show,
                stop=stop,
                load_files=_load_files,
                describe_error=error_object,
            )
            summaries.append(summary)
    if summaries:
        (summary,) = summaries
        _write_summary(summary, batch, as_json=as_json, quiet=quiet)
        if not (stop.is_set() and summary.remaining):
            is_stopped = summary.remaining and not summary.limit_reached
            return FAILED if summary.failed or summary.lost or is_stopped else DONE
    write_message("spacecall: interrupted; run the same command again to go on")
    return INTERRUPTED


@asynccontextmanager
async def _open_apps(
    sources: Sequence[str], credentials: Credentials, endpoint: str
) -> AsyncGenerator[SpaceView | Pool, None]:
    if len(sources) == 1:
        access = credentials.for_app(sources[0])
        async with open_space(sources[0], access) as space:
            await find_endpoint(space, endpoint)
            yield space.with_options(oauth_token=access.oauth_token)
        return
    accesses = credentials.for_stored([StoredApp(source, source) for source in sources])
    if any(access.oauth_token for access in accesses):
        raise InvalidInputError("--oauth-token cannot be used with --also")
    spaces = [
        create_space(source, access) for source, access in zip(sources, accesses, strict=True)
    ]
    async with Pool(spaces) as pool:
        yield pool


def _prepare_ray(source: str, access: Access, engine: RayEngine) -> _RunBatch:
    """Return `run_batch` for Ray, whose actors open the app at `source` themselves.

    Raises:
        InvalidInputError: there are options for certificates, which the actors cannot get.
    """
    if access.tls is not None:
        raise InvalidInputError("--ca-file and --cert cannot be used with --engine ray")
    mapping = SpaceMapping(
        source=_SpaceFactory(source, access),
        endpoint="",  # that of the batch is used
        call_options={"oauth_token": access.oauth_token} if access.oauth_token else {},
        files_to=engine.files_to,
    )
    return partial(run_batch_on_ray, mapping=mapping, address=engine.address)


async def _watch_interrupts(stop: anyio.Event, scope: anyio.CancelScope) -> None:
    with anyio.open_signal_receiver(signal.SIGINT) as signals:
        async for _ in signals:
            if stop.is_set():
                scope.cancel()
                return
            stop.set()
            write_message("spacecall: finishing the calls that run; Ctrl-C again cancels them")


def _load_files(endpoint: Endpoint, arguments: dict[str, Any]) -> dict[str, Any]:
    reader = InputReader(no_stdin="a row cannot read stdin (-): write the path of a file")
    return load_argument_files(endpoint, arguments, reader)


def _write_summary(summary: BatchSummary, batch: Batch, *, as_json: bool, quiet: bool) -> None:
    if as_json:
        members: Mapping[str, Any] = asdict(summary) | {
            "output": str(summary.output),
            "seconds": round(summary.seconds, 1),
        }
        write_json(members)
    if quiet or as_json:
        return
    write_message(
        f"{summary.done:,} rows done, {summary.failed:,} failed: {display_path(summary.output)}"
    )
    if summary.lost:
        write_message(
            f"{summary.lost:,} rows have an unknown outcome, since the app lost their calls or a "
            "run ended meanwhile: --resubmit calls again for them"
        )
    if summary.limit_reached:
        write_message("rows are left after --limit: run the same command again to go on")
    elif summary.remaining:
        write_message("some rows have no outcome yet: run the same command again to go on")
    if summary.failed and batch.failed_rows is not None:
        write_message(f"rows that failed: {display_path(batch.failed_rows)}")
