"""Output that is not UTF-8 shows escapes for what it does not have, and never a question mark."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
from pathlib import Path
from typing import TypeAlias

import pytest

from spacecall.cli._app import run
from spacecall.cli._outputs.terminal import ResultWriter, escape_streams
from tests.cli.processes import command, environment
from tests.codegen.apps import Function, Slot, app

TEXT = "Zażółć € 😀"


Encoding: TypeAlias = tuple[str, str]


@pytest.fixture(
    params=[
        ("ascii", "strict"),
        ("ascii", "replace"),
        ("ascii", "surrogateescape"),
        ("latin-1", "strict"),
        ("utf-8", "strict"),
    ],
    ids="-".join,
)
def encoding(request: pytest.FixtureRequest) -> Encoding:
    """An encoding of stdout, and what Python does with a character that it does not have."""
    name, errors = request.param
    return name, errors


def run_command(encoding: Encoding, *arguments: object) -> str:
    output = io.TextIOWrapper(io.BytesIO(), *encoding)
    with contextlib.redirect_stdout(output):
        assert run([str(argument) for argument in arguments]) == 0
    assert (output.encoding, output.errors) == encoding
    output.seek(0)
    text = output.read()
    assert "?" not in text
    return text


def escape(text: str, encoding: str) -> str:
    """Return `text` with JSON's escapes for the characters that the encoding does not have."""
    return "".join(
        char if char.encode(encoding, "ignore") else json.dumps(char)[1:-1] for char in text
    )


def save(folder: Path) -> Path:
    slot = Slot("Radio", {"enum": [TEXT], "type": "string"}, TEXT, "way", TEXT)
    documents = app(Function("ask", inputs=[slot], description=TEXT), title=TEXT)
    path = folder / "saved.json"
    path.write_text(json.dumps({"config": documents.config, "info": documents.info}))
    return path


def test_a_page_has_visible_escapes(encoding: Encoding, tmp_path: Path) -> None:
    assert escape(TEXT, encoding[0]) in run_command(encoding, "inspect", save(tmp_path))


def test_json_keeps_its_value(encoding: Encoding, tmp_path: Path) -> None:
    assert json.loads(run_command(encoding, "inspect", save(tmp_path), "--json"))["title"] == TEXT


def test_a_result_has_visible_escapes(encoding: Encoding) -> None:
    output = io.TextIOWrapper(io.BytesIO(), *encoding)
    with contextlib.redirect_stdout(output), escape_streams():
        ResultWriter().write(f"{TEXT}\n")
    output.seek(0)
    assert output.read() == f"{escape(TEXT, encoding[0])}\n"


@pytest.mark.parametrize("line", ["--help", "call --help", "cassettes show --help"])
def test_help_is_written(encoding: Encoding, line: str) -> None:
    assert "Usage: spacecall" in run_command(encoding, *line.split())


def test_a_process_whose_output_is_ascii_ends_well(tmp_path: Path) -> None:
    done = subprocess.run(
        command("inspect", save(tmp_path)),
        env=environment(PYTHONIOENCODING="ascii", LC_ALL="C", PYTHONUTF8="0"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert rb"\u20ac \ud83d\ude00" in done.stdout
