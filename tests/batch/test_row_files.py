"""Rows are read from JSON lines, CSV and Parquet, and outcomes are written as their types."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from spacecall import Endpoint, InvalidInputError, Parameter, ReturnValue
from spacecall.batch import Batch, _result_files
from spacecall.batch._input_version import InputVersion
from spacecall.batch._result_files import write_failed_rows, write_results
from spacecall.batch._row_arguments import RowArguments
from spacecall.batch._row_files import RowFile, check_rows, count_rows, digest_file, read_rows
from spacecall.batch._row_journal import RowJournal, open_journal

pyarrow: Any = import_module("pyarrow")
parquet: Any = import_module("pyarrow.parquet")

ENDPOINT = Endpoint(
    name="/call",
    parameters=(
        Parameter("text", "text", "textbox", {"type": "string"}),
        Parameter("n", "n", "number", {"type": "number"}, default=2),
        Parameter("on", "on", "checkbox", {"type": "boolean"}, default=False),
    ),
    returns=(
        ReturnValue("Caption", "textbox", {"type": "string"}),
        ReturnValue("Scores", "json", {"type": "array", "items": {"anyOf": [{"type": "number"}]}}),
    ),
    streaming=False,
    queued=True,
    stateful=False,
)


def arguments_of(path: Path, **options: Any) -> RowArguments:
    batch = Batch(endpoint="/call", input=path, output=path.parent / "out", **options)
    return RowArguments(batch, ENDPOINT)


def test_texts_of_csv_stay_texts_and_other_values_are_json(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text('text,n,on\n007,3,TRUE\n"two\nlines",,\n"1",1.5,false\n')
    arguments = arguments_of(path)
    assert [arguments.bind(row) for row in read_rows(RowFile(path))] == [
        {"text": "007", "n": 3, "on": True},
        {"text": "two\nlines"},
        {"text": "1", "n": 1.5, "on": False},
    ]


@pytest.mark.parametrize(
    "content",
    ['text\n5" pipe\n', 'text\n"a""b"', "text,n\na,1\n\n", "text\n", 'text\r\n"a\nb"\r\n'],
)
def test_closed_quotes_and_those_inside_a_field_are_valid(tmp_path: Path, content: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(content)
    check_rows(RowFile(path))


def test_a_text_that_is_not_a_value_is_an_error_of_its_row(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("text,n\na,many\nb,2\n")
    arguments = arguments_of(path)
    wrong, right = read_rows(RowFile(path))
    with pytest.raises(InvalidInputError, match="column n: 'many'"):
        arguments.bind(wrong)
    assert arguments.bind(right) == {"text": "b", "n": 2}


def test_lines_that_are_not_objects_are_errors_of_their_rows(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "a"}\n\nnonsense\n[1]\n{"text": "b"}')
    rows = list(read_rows(RowFile(path)))
    assert [row.number for row in rows] == [0, 1, 2, 3]
    assert [bool(row.problem) for row in rows] == [False, True, True, False]
    write_failed_rows(tmp_path / "failed.jsonl", InputVersion(RowFile(path)), {1, 3})
    assert (tmp_path / "failed.jsonl").read_text() == 'nonsense\n{"text": "b"}'


def test_a_key_that_is_there_twice_is_an_error_of_its_row(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "a", "text": "b"}\n{"text": "c"}\n')
    first, second = read_rows(RowFile(path))
    assert first.problem == "the JSON has the key 'text' twice: remove one"
    assert second.values == {"text": "c"}


@pytest.mark.parametrize("content", ['{"text": "a"}\n', '\n{"text": "a"}\n'])
def test_a_byte_order_mark_is_no_row(tmp_path: Path, content: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(content, encoding="utf-8-sig")
    assert [row.values for row in read_rows(RowFile(path))] == [{"text": "a"}]


@pytest.mark.parametrize(
    ("key", "row_id"),
    [
        ('"x"', "x"),
        ("7", "7"),
        ("true", "true"),
        ('{"a": 1}', '{"a": 1}'),
        ('"true"', "true"),
        ("null", None),
    ],
)
def test_an_id_that_is_no_text_is_json(tmp_path: Path, key: str, row_id: str | None) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(f'{{"text": "a", "key": {key}}}\n')
    (row,) = read_rows(RowFile(path))
    batch = Batch(endpoint="/call", input=path, output=tmp_path / "out", id_column="key")
    assert RowArguments(batch, ENDPOINT).read_id(row) == row_id
    numbered = replace(batch, id_column=None)
    assert RowArguments(numbered, ENDPOINT).read_id(row) == "0"


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_csv_that_is_not_utf8_is_refused(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("text,café\na,b\n", encoding=encoding)
    with pytest.raises(InvalidInputError, match="it is not UTF-8"):
        arguments_of(path)


def test_columns_are_mapped_and_images_of_datasets_are_files(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    images = [{"bytes": b"png", "path": "a.png"}]
    parquet.write_table(pyarrow.table({"caption": ["a"], "key": ["x"], "photo": images}), path)
    keys = ("path", "url", "orig_name", "mime_type")
    schema = {"type": "object", "properties": {key: {"type": "string"} for key in keys}}
    photo = Parameter("photo", "photo", "image", schema)
    batch = Batch(
        endpoint="/call",
        input=path,
        output=path.parent / "out",
        columns={"text": "caption"},
        id_column="key",
    )
    parameters = (*ENDPOINT.parameters, photo)
    arguments = RowArguments(batch, replace(ENDPOINT, parameters=parameters))
    (row,) = read_rows(RowFile(path))
    bound = arguments.bind(row)
    assert (bound["text"], bound["photo"].name) == ("a", "a.png")
    assert arguments.read_id(row) == "x"
    assert arguments.describe(row)["photo"]["path"] == "a.png"
    assert arguments.describe(row)["photo"]["bytes"]["bytes"] == 3
    write_failed_rows(tmp_path / "failed.jsonl", InputVersion(RowFile(path)), {0})
    (again,) = read_rows(RowFile(tmp_path / "failed.jsonl"))
    assert again.values["photo"] == "data:application/octet-stream;base64,cG5n"


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_missing_column_is_named_before_any_call(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rows.{suffix}"
    if suffix == "csv":
        path.write_text("title\na\n")
    else:
        parquet.write_table(pyarrow.table({"title": ["a"]}), path)
    with pytest.raises(InvalidInputError, match="has no column text; it has title"):
        arguments_of(path)
    with pytest.raises(InvalidInputError, match="has no column key"):
        arguments_of(path, columns={"text": "title"}, id_column="key")
    with pytest.raises(InvalidInputError, match=r"--map txet.*did you mean text"):
        arguments_of(path, columns={"txet": "title"})


def test_broken_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    path.write_bytes(b"PAR1 is not enough")
    with pytest.raises(InvalidInputError, match=r"cannot read .*rows\.parquet"):
        arguments_of(path)
    with pytest.raises(InvalidInputError, match=r"cannot read .*rows\.parquet"):
        list(read_rows(RowFile(path)))
    with pytest.raises(InvalidInputError, match=r"cannot read .*none\.csv"):
        arguments_of(tmp_path / "none.csv")
    with pytest.raises(InvalidInputError, match=r"cannot read .*none\.jsonl"):
        digest_file(RowFile(tmp_path / "none.jsonl"))
    with pytest.raises(InvalidInputError, match="must end in"):
        arguments_of(tmp_path / "rows.txt")


def test_rows_are_counted_without_reading_their_values(tmp_path: Path) -> None:
    lines, table = RowFile(tmp_path / "rows.jsonl"), RowFile(tmp_path / "rows.parquet")
    lines.path.write_text('{"text": "a"}\n{"text": "b"}')
    parquet.write_table(pyarrow.table({"text": ["a", "b", "c"]}), table.path)
    assert count_rows(lines, digest_file(lines)[1]) == 2
    assert count_rows(table, digest_file(table)[1]) == 3


def record(value: Any, **inputs: Any) -> dict[str, Any]:
    return {
        "id": "a",
        "row": 0,
        "input": inputs,
        "value": value,
        "attempts": 1,
        "duration": 0.5,
        "source": "http://127.0.0.1",
    }


def read_back(path: Path, *records: dict[str, Any]) -> Any:
    def all_records() -> Iterator[str]:
        yield from map(json.dumps, records)

    write_results(path, all_records, ENDPOINT)
    return parquet.read_table(path)


def test_parquet_has_the_types_of_the_endpoint(tmp_path: Path) -> None:
    failed = record(None) | {"error": {"type": "AppError", "message": "no", "code": 1}}
    table = read_back(tmp_path / "out.parquet", record(["a", [1, 2.5]], text="t", n=1), failed)
    assert str(table.schema.field("value").type) == (
        "struct<Caption: string, Scores: list<element: double>>"
    )
    assert str(table.schema.field("input").type) == "struct<text: string, n: double, on: bool>"
    first, second = table.to_pylist()
    assert first["value"] == {"Caption": "a", "Scores": [1.0, 2.5]}
    assert first["input"] == {"text": "t", "n": 1.0, "on": None}
    assert first["error"] is None
    assert second["error"] == failed["error"]


def test_values_that_do_not_fit_make_their_column_one_of_json(tmp_path: Path) -> None:
    table = read_back(tmp_path / "out.parquet", record(["a", "oops"], text="t"))
    assert table.to_pylist()[0]["value"] == '["a", "oops"]'
    assert table.to_pylist()[0]["input"]["text"] == "t"
    table = read_back(tmp_path / "out.parquet", record({"b": 1}, text=["t"]))
    assert table.to_pylist()[0]["value"] == '{"b": 1}'
    assert table.to_pylist()[0]["input"] == '{"text": ["t"]}'


def test_large_values_are_in_small_row_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_result_files, "_BYTES_PER_GROUP", 10_000)
    path = tmp_path / "out.parquet"
    rows = [record(["x" * size, []]) for size in (30_000, 30_000, 4000, 4000, 4000, 1, 1)]
    assert len(read_back(path, *rows)) == 7
    groups = parquet.ParquetFile(path).metadata
    sizes = [groups.row_group(number).num_rows for number in range(groups.num_row_groups)]
    assert sizes == [1, 1, 3, 2]


@pytest.mark.parametrize("output", ["folder.jsonl", "file/out.jsonl", "file/folder"])
def test_a_journal_that_cannot_be_opened_is_an_error_of_one_sentence(
    tmp_path: Path, output: str
) -> None:
    (tmp_path / "folder.jsonl.journal").mkdir()
    (tmp_path / "file").touch()
    batch = Batch(endpoint="/echo", input=Path("rows.jsonl"), output=tmp_path / output)
    with pytest.raises(InvalidInputError, match=r"^cannot open the journal [^\n]*$"):
        open_journal(batch)


def test_a_journal_is_for_one_process_and_one_batch(tmp_path: Path) -> None:
    journal = RowJournal(tmp_path / "journal")
    journal.check({"the input": "a", "--map": ""})
    journal.write(0, "digest", "queued", ticket="{}")
    with pytest.raises(InvalidInputError, match=r"another batch uses .*: wait until it ends"):
        RowJournal(tmp_path / "journal")
    journal.close()
    journal = RowJournal(tmp_path / "journal")
    with pytest.raises(InvalidInputError, match="the input and --map changed") as caught:
        journal.check({"the input": "b", "--map": "{}"})
    assert caught.value.problems == ("the input: a is now b", "--map:  is now {}")
    journal.close()
    journal = RowJournal(tmp_path / "shapes")
    journal.check({"the shape of /slow": "(textbox) -> (json) queued", "the endpoint": "/slow"})
    with pytest.raises(InvalidInputError, match=r"it was \(textbox\) -> .* and is \(number\) ->"):
        journal.check({"the shape of /slow": "(number) -> (json) queued", "the endpoint": "/slow"})
    with pytest.raises(InvalidInputError, match=r"^the endpoint changed"):
        journal.check({"the shape of /quick": "(number) -> ()", "the endpoint": "/quick"})
    journal.close()
    journal = RowJournal(tmp_path / "journal")
    entry = journal.find(0)
    assert entry is not None
    assert (entry.state, entry.ticket) == ("queued", "{}")
    journal.forget(0)
    assert journal.find(0) is None
    journal.close()
    (tmp_path / "text").write_text("not a database, but a text of some length " * 50)
    with pytest.raises(InvalidInputError, match="not the journal of a batch"):
        RowJournal(tmp_path / "text")
