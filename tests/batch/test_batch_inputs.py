"""What rows may name, and what is refused before anything is sent."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import Any

import anyio
import pytest

from spacecall import InvalidInputError, Space, SyncSpace
from spacecall.batch import Batch, run_batch
from tests.batch.test_batch_run import create_batch, results
from tests.faults.stub import stub

pyarrow: Any = import_module("pyarrow")
parquet: Any = import_module("pyarrow.parquet")

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no pipes with a name")


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


def write_table(folder: Path, **columns: list[Any]) -> Path:
    path = folder / "rows.parquet"
    parquet.write_table(pyarrow.table(columns), path)
    return path


async def test_a_path_in_a_row_must_name_a_regular_file(tmp_path: Path, pipe: Path) -> None:
    (tmp_path / "in.txt").write_text("in")
    paths = [pipe, Path("/dev/zero"), tmp_path, tmp_path / "none", tmp_path / "in.txt"]
    names = [str(path) for path in paths]
    batch = create_batch(tmp_path, "/file", *({"file": name} for name in names))
    async with stub() as app, Space(app.url) as space:
        with anyio.fail_after(10):
            summary = await run_batch(space, batch)
        assert (summary.done, summary.failed) == (1, 4)
        assert len(app.asked("upload")) == 1
    errors = [result["error"] for result in results(batch) if "error" in result]
    assert {error["type"] for error in errors} == {"InvalidInputError"}
    assert [error["message"].partition("' ")[2].partition(":")[0] for error in errors[:3]] == [
        "is a pipe, a socket or a device, not a regular file. Pass the content",
        "is a pipe, a socket or a device, not a regular file. Pass the content",
        "is a folder, not a file",
    ]


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.csv", "rows.parquet"])
async def test_the_input_must_be_a_regular_file(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    batch = Batch(endpoint="/echo", input=tmp_path / name, output=tmp_path / "out")
    async with stub() as app, Space(app.url) as space:
        with (
            anyio.fail_after(10),
            pytest.raises(InvalidInputError, match=r"not a file: pipe .*--input - <"),
        ):
            await run_batch(space, batch)


@pytest.mark.parametrize("value", [b"abc", {"bytes": b"abc", "path": "a.png"}])
async def test_bytes_are_uploaded_only_where_the_endpoint_takes_files(
    tmp_path: Path, value: Any
) -> None:
    path = write_table(tmp_path, text=[value], file=[value])
    async with stub() as app, Space(app.url) as space:
        batch = Batch(endpoint="/echo", input=path, output=tmp_path / "text")
        assert (await run_batch(space, batch)).failed == 1
        with pytest.raises(InvalidInputError) as caught:
            await space.call("/echo", text=value)
        assert results(batch)[0]["error"]["message"] == str(caught.value)
        assert not app.asked("upload")
        assert not app.asked("join")
        batch = Batch(endpoint="/file", input=path, output=tmp_path / "file.jsonl")
        assert (await run_batch(space, batch)).done == 1
        assert len(app.asked("upload")) == 1


async def test_an_image_of_a_dataset_without_bytes_is_uploaded_from_its_path(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.txt").write_text("of the file")
    image = {"bytes": None, "path": str(tmp_path / "a.txt")}
    path = write_table(tmp_path, file=[{"bytes": b"in the row", "path": "b.txt"}, image])
    batch = Batch(endpoint="/file", input=path, output=tmp_path / "out.jsonl", concurrency=1)
    async with stub() as app, Space(app.url) as space:
        assert (await run_batch(space, batch)).done == 2
        uploads = [await upload.body() for upload in app.asked("upload")]
    assert [b"of the file" in upload for upload in uploads] == [False, True]
    assert results(batch)[1]["input"] == {"file": image}


@pytest.mark.parametrize("options", [{"id_column": "typo"}, {"columns": {"text": "typo"}}])
async def test_a_column_that_the_first_row_lacks_is_refused_before_any_call(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    batch = create_batch(tmp_path, "/echo", {"text": "a", "key": "b"}, **options)
    async with stub() as app, Space(app.url) as space:
        with pytest.raises(InvalidInputError, match=r"first row of .* typo; it has text, key"):
            await run_batch(space, batch)
        assert not app.asked("join")
    assert not batch.output.exists()


@pytest.mark.parametrize("options", [{"id_column": "key"}, {"columns": {"text": "key"}}])
async def test_a_column_that_a_later_row_lacks_is_an_error_of_that_row(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    rows: list[dict[str, Any]] = [
        {"text": "a", "key": "x"},
        {"text": "b", "other": 1},
        {"text": "c", "key": "y"},
    ]
    batch = create_batch(tmp_path, "/echo", *rows, **options)
    async with stub() as app, Space(app.url) as space:
        summary = await run_batch(space, batch)
        assert (summary.done, summary.failed) == (2, 1)
        assert len(app.asked("join")) == 2
    error = results(batch)[1]["error"]
    assert error["message"] == "the row has no column key; it has text, other"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'{"text": ' + b"7" * 5000 + b"}", "the line has a number of too many digits"),
        (b'{"text": ' + b"[" * 200_000 + b"}", "the line is nested too deeply"),
    ],
)
async def test_lines_that_python_cannot_read_are_explained(
    tmp_path: Path, line: bytes, message: str
) -> None:
    (tmp_path / "rows.jsonl").write_bytes(line)
    batch = Batch(endpoint="/echo", input=tmp_path / "rows.jsonl", output=tmp_path / "out")
    async with stub() as app, Space(app.url) as space:
        assert (await run_batch(space, batch)).failed == 1
    assert results(batch)[0]["error"]["message"] == message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"input": "c.jsonl"}, r"Batch\.input must be pathlib\.Path, got str: write Path\(…\)"),
        ({"output": "o.jsonl"}, r"Batch\.output must be pathlib\.Path, got str"),
        ({"id_column": 3}, r"Batch\.id_column must be str or None, got int"),
        ({"columns": ["key"]}, r"Batch\.columns must be Mapping\[str, str\], got list"),
        ({"columns": {"text": 3}}, r"Batch\.columns\['text'\] must be str, got int"),
        ({"rate": "1"}, r"Batch\.rate must be float or None, got str"),
        ({"resubmit": "no"}, r"Batch\.resubmit must be bool, got str"),
        ({"typo": 1}, r"Batch takes no option 'typo'"),
    ],
)
def test_an_option_of_the_wrong_type_is_a_type_error(options: Any, message: str) -> None:
    defaults: Any = {"endpoint": "/echo", "input": Path("a.jsonl"), "output": Path("b.jsonl")}
    with pytest.raises(TypeError, match=message):
        Batch(**(defaults | options))


@pytest.mark.parametrize(
    "options",
    [
        {"concurrency": 0},
        {"rate": 0},
        {"rate": float("nan")},
        {"retries": -1},
        {"max_errors": -1},
        {"on_quota": "ask"},
    ],
)
def test_a_number_out_of_its_range_is_a_value_error(options: Any) -> None:
    (name,) = options
    with pytest.raises(ValueError, match=f"{name} must be"):
        Batch(endpoint="/echo", input=Path("a.jsonl"), output=Path("b.jsonl"), **options)


async def test_a_batch_needs_an_asynchronous_space(tmp_path: Path) -> None:
    space: Any = SyncSpace("owner/app")
    with pytest.raises(TypeError, match=r"^space must be Space or Pool, got SyncSpace$"):
        await run_batch(space, create_batch(tmp_path, "/echo", {"text": "a"}))
