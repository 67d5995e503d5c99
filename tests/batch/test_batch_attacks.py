"""Batches of careless users and hostile apps: nothing is lost, and errors are clear."""

from __future__ import annotations

import gzip
import json
import sqlite3
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import anyio
import pytest

from spacecall import InvalidInputError, JobLostError, Retry, Space, TransportError
from spacecall._client.calls.row_sources import RowCall, RowSource
from spacecall._core.call_pace import CallPace
from spacecall.batch import Batch, _result_files, run_batch
from tests.batch.test_batch_run import create_batch, results
from tests.client.tools import until
from tests.faults.exchanges import Exchange, Handler
from tests.faults.stub import Stub, cut, stub
from tests.faults.test_joins import refusing
from tests.faults.test_map import QUICK

pyarrow: Any = import_module("pyarrow")
parquet: Any = import_module("pyarrow.parquet")

SURROGATE = "\ud800"


def answering(app: Stub, value: Any) -> Handler:
    """A fault: the job is accepted, and has this value."""

    async def join(exchange: Exchange) -> None:
        body = await exchange.json()
        exchange._body = json.dumps(body | {"data": [value]}).encode()
        await app.behave("join", exchange)

    return join


def write(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("output", ["out.jsonl", "out.parquet"])
async def test_text_that_utf8_does_not_have_is_in_the_output(tmp_path: Path, output: str) -> None:
    lines = '{"text": "\\ud800", "key": null}\n{"text": "b", "key": "\\udfff"}\n'
    rows = write(tmp_path, "rows.jsonl", lines.encode())
    batch = Batch(endpoint="/echo", input=rows, output=tmp_path / output, id_column="key")
    async with stub() as app, Space(app.url) as space:
        app.once("join", answering(app, f"a{SURROGATE}b"))
        assert (await run_batch(space, replace(batch, concurrency=1))).done >= 1
    if output == "out.jsonl":
        read = results(batch)
        assert [result["row"] for result in read] == [0, 1]
        assert read[1]["value"] == f"a{SURROGATE}b"
    else:
        read = parquet.read_table(batch.results).to_pylist()
        assert [row["row"] for row in read] == [0, 1]
        assert json.loads(read[1]["value"]) == f"a{SURROGATE}b"
        assert read[1]["id"] == "\ufffd"


async def test_lost_rows_count_as_errors(tmp_path: Path) -> None:
    batch = create_batch(
        tmp_path, "/echo", *({"text": f"{index}"} for index in range(50)), concurrency=1
    )
    async with stub() as app, Space(app.url, retry=QUICK) as space:
        app.always("data", cut)
        summary = await run_batch(space, replace(batch, max_errors=2))
        assert (summary.failed, summary.remaining) == (0, True)
        assert 3 <= summary.lost <= 4
        app.recover()
        again = await run_batch(space, replace(batch, max_errors=0))
        assert (again.done, again.remaining) == (50 - summary.lost, False)


async def test_an_app_that_loses_single_rows_does_not_rest(tmp_path: Path) -> None:
    batch = create_batch(
        tmp_path, "/echo", *({"text": f"{index}"} for index in range(12)), concurrency=1
    )
    async with stub() as app, Space(app.url, retry=Retry(wait_initial=60, wait_max=60)) as space:
        app.once("data", cut, cut, cut)
        with anyio.fail_after(10):
            summary = await run_batch(space, batch)
        assert (summary.done, summary.lost) == (9, 3)


def test_an_app_rests_that_loses_several_rows_in_a_row() -> None:
    async def perform(_: RowCall[int]) -> None: ...

    def rests_after(*errors: Exception) -> bool:
        for error in errors:
            call_round = source.start(RowCall(0, 0, 0), 0.0, reports_rank=False)
            source.fail(call_round, 0.0, error, results=0)
        return not source.pace.is_healthy

    lost = JobLostError("the job was lost")
    source: RowSource[int, None] = RowSource("url", perform, CallPace(1, None, QUICK))
    assert not rests_after(*[lost] * 4)
    source.succeed(0, 1.0)
    assert not rests_after(*[lost] * 4)
    assert rests_after(lost)
    source.succeed(0, 1.0)
    assert rests_after(TransportError("the app does not answer", sent=True))


async def test_a_row_that_is_nested_too_deeply_is_an_error_of_that_row(tmp_path: Path) -> None:
    depth = sys.getrecursionlimit() - 100
    lines = f'{{"text": {"[" * depth}{"]" * depth}}}\n{{"text": "b"}}\n'
    batch = Batch(
        endpoint="/hold",
        input=write(tmp_path, "rows.jsonl", lines.encode()),
        output=tmp_path / "out",
    )
    async with stub() as app, Space(app.url) as space:
        app.once("join", answering(app, "unused"))
        summary = await run_batch(space, replace(batch, endpoint="/echo"))
    assert (summary.done, summary.failed, summary.remaining) == (1, 1, False)
    assert [result["row"] for result in results(batch)] == [0, 1]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("rows.csv", b"text,b\n" + b"a,1\n" * 300_000 + b"b\n", "Expected 2 columns, got 1"),
        ("rows.csv", b"text,text\na,b\n", "has the column text more than once"),
        ("rows.csv", b"", "Empty CSV file"),
        ("rows.csv", b'text\n"unclosed\nrow2\nrow3\n', "a quote .* that is not closed"),
        ("rows.csv", b'text,b\na,1\nb,"2', "a quote .* that is not closed"),
        ("rows.csv", "text\ncaf\u00e9\n".encode("latin-1"), "it is not UTF-8"),
        (
            "rows.csv",
            gzip.compress(b"text\na\n", mtime=0),
            "compressed by gzip: rename it to rows.csv.gz",
        ),
        ("rows.jsonl", gzip.compress(b'{"text": "a"}\n', mtime=0), "rename it to rows.jsonl.gz"),
    ],
)
async def test_a_broken_file_is_refused_before_the_first_call(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    batch = Batch(
        endpoint="/echo", input=write(tmp_path, name, content), output=tmp_path / "out.jsonl"
    )
    async with stub() as app, Space(app.url) as space:
        with pytest.raises(InvalidInputError, match=message):
            await run_batch(space, batch)
        assert not app.asked("join")
    assert names_in(tmp_path) == [name], "nothing to delete first"


async def test_a_parquet_file_with_a_broken_page_is_refused_before_the_first_call(
    tmp_path: Path,
) -> None:
    path = tmp_path / "rows.parquet"
    table = pyarrow.table({"text": [f"{index}" * 50 for index in range(20_000)]})
    parquet.write_table(table, path, row_group_size=2000)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2000] = bytes(2000)
    path.write_bytes(content)
    async with stub() as app, Space(app.url) as space:
        with pytest.raises(InvalidInputError, match=r"cannot read .*rows\.parquet"):
            await run_batch(space, Batch(endpoint="/echo", input=path, output=tmp_path / "out"))
        assert not app.asked("join")


async def test_a_line_of_csv_may_be_megabytes_long(tmp_path: Path) -> None:
    content = b'text\n"' + b"x" * 3_000_000 + b'"\nshort\n'
    batch = Batch(
        endpoint="/echo", input=write(tmp_path, "rows.csv", content), output=tmp_path / "out"
    )
    async with stub() as app, Space(app.url) as space:
        assert (await run_batch(space, batch)).done == 2
    assert [len(result["value"]) for result in results(batch)] == [3_000_000, 5]


async def test_ids_are_never_paths_and_may_repeat(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"text": "a", "key": "../../x"}, {"text": "b", "key": "../../x"}]
    rows.append({"text": "c", "key": None})
    batch = create_batch(tmp_path, "/echo", *rows, id_column="key")
    async with stub() as app, Space(app.url) as space:
        assert (await run_batch(space, batch)).done == 3
    assert [result["id"] for result in results(batch)] == ["../../x", "../../x", None]
    assert names_in(tmp_path) == ["out", "rows.jsonl"]


@pytest.mark.parametrize(
    "name", ["../../x.png", "/etc/x.png", "C:\\x.png", "..", "a\0b", "x" * 999]
)
async def test_names_of_files_from_the_app_stay_in_the_folder(tmp_path: Path, name: str) -> None:
    batch = create_batch(tmp_path, "/file", {"file": str(write(tmp_path, "in.png", b"in"))})
    file = {"path": "/srv/x.png", "orig_name": name, "meta": {"_type": "gradio.FileData"}}
    async with stub() as app, Space(app.url) as space:
        app.once("join", answering(app, file))
        summary = await run_batch(space, batch)
    assert summary.done == 1, batch.results.read_text()
    assert batch.files is not None
    (saved,) = batch.files.iterdir()
    assert saved.name.startswith("0-")
    assert results(batch)[0]["value"] == f"files/{saved.name}"


async def test_a_file_that_cannot_be_fetched_is_an_error_and_no_second_call(
    tmp_path: Path,
) -> None:
    batch = create_batch(tmp_path, "/file", {"file": str(write(tmp_path, "in.png", b"in"))})
    file = {"path": "/srv/x.png", "meta": {"_type": "gradio.FileData"}}
    async with stub() as app, Space(app.url, retry=QUICK) as space:
        app.once("join", answering(app, file))
        app.always("file", refusing(429, {"detail": "slow down"}))
        summary = await run_batch(space, batch)
        assert (summary.done, summary.failed) == (0, 1)
        assert len(app.asked("join")) == 1
    assert "the file 'x.png' of the result: " in results(batch)[0]["error"]["message"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"files_to": "taken"}, "is not empty"),
        ({"files_to": "rows.jsonl"}, "is not a folder"),
        ({"dead_letter": "rows.jsonl"}, "would replace"),
        ({"dead_letter": "taken/mine"}, "exists"),
        ({"dead_letter": "nowhere/failed.jsonl"}, "there is no folder"),
        ({"dead_letter": "out.jsonl"}, "would replace"),
        ({"dead_letter": "out.jsonl.journal-wal"}, "would replace"),
    ],
)
async def test_no_file_of_the_user_is_replaced(
    tmp_path: Path, options: dict[str, str], message: str
) -> None:
    (tmp_path / "taken").mkdir()
    write(tmp_path / "taken", "mine", b"mine")
    paths: dict[str, Any] = {name: tmp_path / path for name, path in options.items()}
    batch = create_batch(tmp_path, "/echo", {"text": "a"}, **paths)
    async with stub() as app, Space(app.url) as space:
        with pytest.raises(InvalidInputError, match=message):
            await run_batch(space, replace(batch, output=tmp_path / "out.jsonl"))
        assert not app.asked("join")
    assert (tmp_path / "taken" / "mine").read_bytes() == b"mine"


async def test_a_full_disk_ends_the_run_and_the_next_one_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = create_batch(
        tmp_path, "/echo", *({"text": "x" * 1000} for _ in range(60)), concurrency=1
    )
    connect = sqlite3.connect

    def connect_to_a_small_disk(*args: Any, **options: Any) -> Any:
        database = connect(*args, **options)
        database.execute("PRAGMA max_page_count = 10")
        return database

    async with stub() as app, Space(app.url) as space:
        with monkeypatch.context() as patch:
            patch.setattr(sqlite3, "connect", connect_to_a_small_disk)
            with pytest.raises(OSError, match="cannot be written: database or disk is full"):
                await run_batch(space, batch)
        done = len(results(batch))
        assert 0 < done < 30
        assert len(app.asked("join")) <= done + 1, "no calls whose results cannot be kept"
        summary = await run_batch(space, batch)
    assert summary.done + summary.lost == 60
    assert summary.lost <= 1
    assert not summary.remaining


async def test_a_stop_ends_the_wait_of_refused_rows(tmp_path: Path) -> None:
    batch = create_batch(tmp_path, "/echo", {"text": "a"}, {"text": "b"})
    async with stub() as app, Space(app.url) as space, anyio.create_task_group() as group:
        app.always("join", refusing(429, {}, retry_after="3000"))
        stop = anyio.Event()

        async def stop_when_refused() -> None:
            await until(lambda: bool(app.asked("join")))
            stop.set()

        group.start_soon(stop_when_refused)
        with anyio.fail_after(10):
            summary = await run_batch(space, batch, stop=stop)
        assert (summary.done, summary.failed, summary.lost, summary.remaining) == (0, 0, 0, True)
        app.recover()
        assert (await run_batch(space, batch)).done == 2


async def test_parts_of_files_that_a_killed_run_left_are_removed(tmp_path: Path) -> None:
    batch = create_batch(tmp_path, "/file", {"file": str(write(tmp_path, "in.png", b"in"))})
    file = {"path": "/srv/x.png", "meta": {"_type": "gradio.FileData"}}
    async with stub() as app, Space(app.url) as space:
        stop = anyio.Event()
        stop.set()
        await run_batch(space, batch, stop=stop)
        assert batch.files is not None
        batch.files.mkdir()
        write(batch.files, ".0-x.png.0123456789abcdef.part", b"half")
        app.once("join", answering(app, file))
        assert (await run_batch(space, batch)).done == 1
    assert names_in(batch.files) == ["0-x.png"]


async def test_an_output_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_to_a_full_disk(value: object) -> bytes:
        raise OSError(28, "No space left on device", None)

    monkeypatch.setattr(_result_files, "_to_line", write_to_a_full_disk)
    batch = create_batch(tmp_path, "/echo", {"text": "a"})
    async with stub() as app, Space(app.url) as space:
        with pytest.raises(OSError, match="No space left on device") as caught:
            await run_batch(space, batch)
        assert caught.value.filename == str(batch.results)
        monkeypatch.undo()
        assert (await run_batch(space, batch)).called == 0
    assert [result["value"] for result in results(batch)] == ["a"]
