"""The input of a batch changes while it runs: no row of the new content is called, none is lost."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from spacecall import InvalidInputError, Space
from spacecall.batch import Batch, run_batch
from tests.batch.test_batch_run import create_batch, results
from tests.faults.exchanges import Exchange, Handler
from tests.faults.stub import Stub, stub
from tests.faults.test_map import failing_job

ROWS = 80
# More than is read ahead.
PADDING = "x" * 40_000


def shorten(path: Path) -> None:
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:60]))


def append(path: Path) -> None:
    with path.open("a") as file:
        file.write('{"text": "new"}\n' * 5)


def write_other_rows(path: Path) -> None:
    path.write_text(path.read_text().replace("old", "new"))


def replace_file(path: Path) -> None:
    other = path.with_name("other.jsonl")
    other.write_text(path.read_text().replace("old", "new"))
    other.replace(path)


def write_other_rows_at_the_same_time(path: Path) -> None:
    before = path.stat()
    write_other_rows(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def remove(path: Path) -> None:
    path.unlink()


def old_rows(folder: Path) -> Batch:
    rows = ({"text": f"old{index}", "padding": PADDING} for index in range(ROWS))
    return create_batch(folder, "/echo", *rows, concurrency=1)


def changing(app: Stub, change: Callable[[], None]) -> Handler:
    """A join that is accepted after the input has changed."""

    async def join(exchange: Exchange) -> None:
        change()
        await app.behave("join", exchange)

    return join


@pytest.mark.parametrize(
    "change",
    [shorten, append, write_other_rows, write_other_rows_at_the_same_time, replace_file, remove],
    ids=lambda each: each.__name__,
)
async def test_it_is_noticed_and_the_next_run_goes_on_with_the_former_content(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    batch = old_rows(tmp_path)
    content = batch.input.read_bytes()
    async with stub() as app, Space(app.url) as space:
        app.once("join", changing(app, lambda: change(batch.input)))
        with pytest.raises(InvalidInputError, match="changed while the batch ran"):
            await run_batch(space, batch)
        done = results(batch)
        assert 0 < len(done) < ROWS
        assert all(result["value"] == f"old{result['row']}" for result in done)
        batch.input.write_bytes(content)
        summary = await run_batch(space, batch)
        assert (summary.done, summary.called, summary.lost) == (ROWS, ROWS - len(done), 0)
        assert len(app.asked("join")) == ROWS


async def test_the_same_content_at_another_time_is_no_change(tmp_path: Path) -> None:
    batch = old_rows(tmp_path)
    async with stub() as app, Space(app.url) as space:
        app.once("join", changing(app, lambda: os.utime(batch.input, (1, 1))))
        assert (await run_batch(space, batch)).done == ROWS


async def test_rows_that_failed_are_never_those_of_another_input(tmp_path: Path) -> None:
    batch = create_batch(tmp_path, "/echo", {"text": "old0"}, {"text": "old1"}, concurrency=1)
    content = batch.input.read_bytes()
    async with stub() as app, Space(app.url) as space:
        app.once("join", failing_job(app, "no"))
        app.once("join", changing(app, lambda: write_other_rows(batch.input)))
        with pytest.raises(InvalidInputError, match="changed while the batch ran"):
            await run_batch(space, batch)
        assert batch.failed_rows is not None
        assert not batch.failed_rows.exists()
        batch.input.write_bytes(content)
        assert (await run_batch(space, batch)).failed == 1
        assert b"old0" in batch.failed_rows.read_bytes()
