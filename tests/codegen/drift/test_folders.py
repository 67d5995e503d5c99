"""Drift against a schema folder on disk: paths, lines, and the same dialect on both sides."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacecall.codegen import drift
from spacecall.codegen._drift.source_lines import escape_segment, line_of
from spacecall.codegen._project.client_builder import build_schema_folder
from spacecall.codegen._schemas import schema_folder
from spacecall.codegen._schemas.app_documents import AppDocuments
from tests.codegen.drift.pairs import PAIRS, app, load

TODAY = date(2026, 1, 1)


def write(pair: str, into: Path) -> Path:
    """The schema folder of the older app of a pair."""
    documents = load(pair, "before")
    facts: dict[str, Any] = {key: documents.get(key) for key in ("access", "hardware")}
    folder = build_schema_folder(
        AppDocuments(documents["config"], documents["info"], **facts), "client"
    )
    path = into / "schemas" / "client"
    schema_folder.write_folder(path, folder.lock, folder.documents)
    return path


@pytest.mark.parametrize("pair", PAIRS)
def test_a_folder_says_what_the_app_said_itself(pair: str, tmp_path: Path) -> None:
    folder = drift.read_pinned_app(schema_folder.read_folder(write(pair, tmp_path)))
    assert drift.compare_apps(folder, app(pair, "before")) == []
    live = app(pair, "after")
    assert drift.compare_apps(folder, live) == drift.compare_apps(app(pair, "before"), live)


@pytest.mark.parametrize("pair", PAIRS)
def test_every_finding_has_a_line_that_exists(pair: str, tmp_path: Path) -> None:
    folder = write(pair, tmp_path)
    report = drift.create_report(
        "client",
        "an app",
        drift.read_pinned_app(schema_folder.read_folder(folder)),
        app(pair, "after"),
        drift.Policy(),
        today=TODAY,
        folder=folder,
        display_folder=folder.relative_to(tmp_path),
    )
    for finding in report.verdict.findings:
        path = tmp_path / finding.location.file
        assert finding.location.file.startswith("schemas/client/")
        assert 1 <= finding.location.line <= len(path.read_text("utf-8").splitlines())


def test_a_finding_points_at_the_line_of_its_parameter(tmp_path: Path) -> None:
    folder = write("16-limits-narrowed", tmp_path)
    live = app("16-limits-narrowed", "after")
    pinned = drift.read_pinned_app(schema_folder.read_folder(folder))
    report = drift.create_report(
        "client", "", pinned, live, drift.Policy(), today=TODAY, folder=folder
    )
    location = report.verdict.findings[0].location
    lines = Path(location.file).read_text("utf-8").splitlines()
    assert lines[location.line - 1].strip() == '"steps": {'


def test_without_a_folder_places_are_bare_names() -> None:
    pair = "16-limits-narrowed"
    report = drift.create_report(
        "client", "", app(pair, "before"), app(pair, "after"), drift.Policy(), today=TODAY
    )
    assert {finding.location.file for finding in report.verdict.findings} == {"join.schema.json"}
    assert {finding.location.line for finding in report.verdict.findings} == {0}


def test_what_is_not_in_a_file_points_at_the_nearest_thing_above() -> None:
    text = '{\n  "a": {\n    "b": 1\n  }\n}\n'
    assert line_of(text, "/a/b") == 3
    assert line_of(text, "/a/missing/deep") == 2
    assert line_of(text, "/missing") == 1
    assert line_of(text, "") == 1


@pytest.mark.parametrize("content", [None, "[", "", b"\xff"])
def test_a_file_that_cannot_be_read_again_loses_the_line_only(
    content: str | bytes | None, tmp_path: Path
) -> None:
    pair = "16-limits-narrowed"
    folder = write(pair, tmp_path)
    pinned = drift.read_pinned_app(schema_folder.read_folder(folder))
    path = folder / "join.schema.json"
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    live = app(pair, "after")
    report = drift.create_report(
        "client", "", pinned, live, drift.Policy(), today=TODAY, folder=folder
    )
    assert report.status == "drift"
    assert {finding.location.line for finding in report.verdict.findings} <= {0, 1}


def test_a_step_that_the_schema_notes_counts_more_than_its_remark() -> None:
    app_documents = load("16-limits-narrowed", "before")
    folder = build_schema_folder(
        AppDocuments(app_documents["config"], app_documents["info"]), "client"
    )
    documents = json.loads(json.dumps(folder.documents))
    steps = documents["join.schema.json"]["$defs"]["RunInput"]["properties"]["steps"]
    steps["x-spacecall"]["step"] = 5
    pinned = drift.read_pinned_app(schema_folder.make_folder("client", folder.lock, documents))
    assert pinned.endpoints["/run"].inputs[0].step == 5
    live = app("16-limits-narrowed", "after")
    assert "step-narrowed" not in {finding.rule for finding in drift.compare_apps(pinned, live)}


KEYS = st.text(max_size=5)
VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, derandomize=True, database=None, max_examples=100)
@given(before=st.dictionaries(KEYS, VALUES, max_size=3), key=KEYS, inner=KEYS)
def test_the_line_is_found_among_any_neighbours(
    before: dict[str, object], key: str, inner: str
) -> None:
    data = {
        **{name: member for name, member in before.items() if name != key},
        key: [0, {inner: "here"}],
    }
    text = json.dumps(data, indent=2, ensure_ascii=False)
    number = line_of(text, f"/{escape_segment(key)}/1/{escape_segment(inner)}")
    assert (
        text.split("\n")[number - 1].strip() == f'{json.dumps(inner, ensure_ascii=False)}: "here"'
    )
