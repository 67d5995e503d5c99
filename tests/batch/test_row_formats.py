"""CSV with other delimiters, and compressed inputs: what is read, resumed and refused."""

from __future__ import annotations

import gzip
import json
import sqlite3
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest

from spacecall import InvalidInputError, Space
from spacecall.batch import Batch, _row_files, run_batch
from spacecall.batch._row_files import RowFile, check_rows, count_rows, digest_file, read_rows
from tests.batch.test_batch_attacks import names_in
from tests.batch.test_batch_run import results
from tests.faults.stub import stub

CSV = b'text;other\na;1\n"b;c";2\n'
LINES = b'{"text": "a"}\n\n{"text": "b"}\n'


def write(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


@pytest.mark.parametrize("name", ["rows.csv", "rows.csv.gz", "ROWS.CSV.GZ"])
async def test_fields_of_csv_may_have_another_delimiter(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(CSV) if name.lower().endswith(".gz") else CSV)
    batch = Batch(endpoint="/echo", input=path, output=tmp_path / "out", delimiter=";")
    async with stub() as app, Space(app.url) as space:
        summary = await run_batch(space, batch)
    assert (summary.done, summary.failed) == (2, 0)
    assert [result["value"] for result in results(batch)] == ["a", "b;c"]


@pytest.mark.parametrize(
    ("header", "hint"),
    [("text;b", "--delimiter ';'"), ("text\tb", "--delimiter tab"), ("text|b", "--delimiter '|'")],
)
async def test_another_delimiter_is_not_guessed_but_named(
    tmp_path: Path, header: str, hint: str
) -> None:
    path = write(tmp_path, "rows.csv", f"{header}\na;1\n".encode())
    async with stub() as app, Space(app.url) as space:
        with pytest.raises(InvalidInputError) as caught:
            await run_batch(space, Batch(endpoint="/echo", input=path, output=tmp_path / "out"))
    assert str(caught.value).endswith(f"Try {hint}")
    assert names_in(tmp_path) == ["rows.csv"]


def test_an_open_quote_is_noticed_with_any_delimiter(tmp_path: Path) -> None:
    check_rows(RowFile(write(tmp_path, "rows.csv", CSV), ";"))
    for name in ("open.csv", "open.csv.gz"):
        with pytest.raises(InvalidInputError, match="that is not closed"):
            check_rows(RowFile(write(tmp_path, name, b'text;b\na;1\nb;"2'), ";"))


@pytest.mark.parametrize(("name", "content"), [("rows.jsonl", LINES), ("rows.csv", CSV)])
def test_a_compressed_file_has_the_rows_of_the_plain_one(
    tmp_path: Path, name: str, content: bytes
) -> None:
    plain = RowFile(write(tmp_path, name, content), ";")
    packed = RowFile(write(tmp_path, f"{name}.gz", content), ";")
    members = RowFile(tmp_path / f"members-{name}.gz", ";")
    members.path.write_bytes(gzip.compress(content[:9]) + gzip.compress(content[9:]))
    for file in (packed, members):
        assert list(read_rows(file)) == list(read_rows(plain))
        assert digest_file(file) == digest_file(plain)
        assert count_rows(file, digest_file(file)[1]) == count_rows(plain, digest_file(plain)[1])


async def test_the_same_rows_compressed_are_the_same_input(tmp_path: Path) -> None:
    batch = Batch(
        endpoint="/echo",
        input=write(tmp_path, "rows.jsonl", LINES),
        output=tmp_path / "out",
        limit=1,
    )
    async with stub() as app, Space(app.url) as space:
        assert (await run_batch(space, batch)).done == 1
        packed = replace(batch, input=write(tmp_path, "rows.jsonl.gz", LINES))
        assert (await run_batch(space, packed)).done == 2


async def test_another_delimiter_is_refused_by_a_batch_that_was_begun(tmp_path: Path) -> None:
    path = write(tmp_path, "rows.csv", b"text,b;c\na,1;2\n")
    batch = Batch(endpoint="/echo", input=path, output=tmp_path / "out", columns={"text": "text"})
    other = replace(batch, delimiter=";", columns={"text": "text,b"})
    async with stub() as app, Space(app.url) as space:
        await run_batch(space, batch)
        with pytest.raises(InvalidInputError, match="--map and --delimiter changed"):
            await run_batch(space, other)
        database = sqlite3.connect(batch.journal)
        database.execute("DELETE FROM batch WHERE name = '--delimiter'")  # of an earlier release
        database.commit()
        database.close()
        assert (await run_batch(space, batch)).called == 0
        with pytest.raises(InvalidInputError, match="--map and --delimiter changed"):
            await run_batch(space, other)


@pytest.mark.parametrize("name", ["rows.jsonl.gz", "rows.csv.gz"])
@pytest.mark.parametrize("damage", ["not compressed", "cut", "changed", "followed"])
async def test_a_broken_compressed_file_is_refused_before_the_first_call(
    tmp_path: Path, name: str, damage: str
) -> None:
    content = (LINES if "jsonl" in name else b"text\na\n") * 500
    packed = bytearray(gzip.compress(content))
    match damage:
        case "not compressed":
            packed = bytearray(content)
        case "cut":
            del packed[-12:]
        case "changed":
            packed[len(packed) // 2] ^= 0xFF
        case _:
            packed += b"more"
    path = tmp_path / name
    path.write_bytes(packed)
    async with stub() as app, Space(app.url) as space:
        with pytest.raises(InvalidInputError, match=rf"cannot read .*{name}"):
            await run_batch(space, Batch(endpoint="/echo", input=path, output=tmp_path / "out"))
        assert not app.asked("join")
    assert names_in(tmp_path) == [name]


async def test_a_line_that_is_too_long_is_an_error_of_its_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_row_files, "_LINE_BYTES", 100)
    lines = [{"text": "a"}, {"text": "x" * 5000}, {"text": "y" * 88}, {"text": "b"}]
    content = "".join(f"{json.dumps(line)}\n" for line in lines)
    assert len(json.dumps(lines[2])) == 100, "as long as a line may be, without its end"
    batch = Batch(
        endpoint="/echo",
        input=write(tmp_path, "rows.jsonl.gz", content.encode()),
        output=tmp_path / "out",
    )
    async with stub() as app, Space(app.url) as space:
        summary = await run_batch(space, batch)
    assert (summary.done, summary.failed) == (2, 2)
    read = results(batch)
    assert [result.get("value") for result in read] == ["a", None, None, "b"]
    assert "has more than 100 bytes" in read[1]["error"]["message"]
    assert batch.failed_rows is not None
    assert batch.failed_rows.read_text() == ""


def test_a_line_without_an_end_takes_no_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_row_files, "_LINE_BYTES", 2**20)
    path = write(tmp_path, "rows.jsonl.gz", b'{"text": "' + bytes(100 * 2**20))
    assert path.stat().st_size < 200_000
    tracemalloc.start()
    try:
        digest_file(RowFile(path))
        (row,) = read_rows(RowFile(path))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "has more than" in row.problem
    assert peak < 8 * 2**20


@pytest.mark.parametrize("name", ["rows.csv", "rows.csv.gz"])
def test_a_header_or_a_row_of_csv_without_an_end_is_refused(tmp_path: Path, name: str) -> None:
    header = RowFile(write(tmp_path, name, b"," * 3_000_000))
    with pytest.raises(InvalidInputError, match="has more than 262144 bytes"):
        check_rows(header)
    row = RowFile(write(tmp_path, name, b"text\n" + b"x" * (40 * 2**20)))
    with pytest.raises(InvalidInputError, match=r"cannot read .*straddling object"):
        check_rows(row)
