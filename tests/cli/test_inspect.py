from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli
from tests.codegen.apps import CORPUS, FILE, Function, Slot, app
from tests.servers import AppServer

WIDGETS = """\
/widgets
    dd      "x" | "y" | "z"             default "x"
    ddm     list of "x" | "y" | "z"     default ["x"]
    radio   "one" | "two"               required
    cbg     list of "c1" | "c2" | "c3"  default []
    slider  number                      default 4; from 2 to 20 in steps of 2
    cb      true or false               default false
"""
STREAM = """\
/stream_text  (streams)
    text  text     required; text in
    n     integer  default 20; steps
    returns text out: text
"""


def save(folder: Path, *functions: Function, title: str = "Small app") -> Path:
    documents = app(*functions, title=title)
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(documents.config), encoding="utf-8")
    (folder / "info.json").write_text(json.dumps(documents.info), encoding="utf-8")
    return folder


def test_the_page_tells_of_every_public_endpoint(cli: Cli, protocol_app: AppServer) -> None:
    done = cli("inspect", protocol_app.url)
    assert (done.code, done.err) == (0, "")
    first, *_, last = done.out.splitlines()
    private = "Private endpoints, which cannot be called: /private"  # Gradio 5 hides the names
    assert (last == private) == protocol_app.version.startswith("6")
    assert first == f"proto · Gradio {protocol_app.version} · {protocol_app.url}"
    assert WIDGETS in done.out
    assert STREAM in done.out
    assert "/noqueue  (no queue)\n" in done.out
    assert "/chat  (uses State)\n" in done.out
    assert "/echo\n    Echo the text back.\n" in done.out
    assert "    files  list of files  required; files in; any number of files\n" in done.out
    assert "    returns nothing\n" in done.out
    assert "(undocumented)" not in done.out
    assert "undocumented or only for defaults: add --all to show them." in done.out


def test_all_shows_what_the_page_of_the_app_does_not(cli: Cli, protocol_app: AppServer) -> None:
    done = cli("inspect", protocol_app.url, "--all")
    assert "undocumented)\n" in done.out
    assert "--all" not in done.out


def test_one_endpoint_is_shown_alone(cli: Cli, protocol_app: AppServer) -> None:
    for name in ("/stream_text", "stream_text"):
        assert cli("inspect", protocol_app.url, name).out == STREAM


def test_an_unknown_endpoint_is_wrong_use_and_the_nearest_is_named(
    cli: Cli, protocol_app: AppServer
) -> None:
    done = cli("inspect", protocol_app.url, "/strem_text")
    assert (done.code, done.out) == (2, "")
    assert "did you mean /stream_text" in done.err


def test_json_has_the_documented_members(cli: Cli, protocol_app: AppServer) -> None:
    done = cli("inspect", protocol_app.url, "--json")
    document: dict[str, Any] = json.loads(done.out)
    endpoints = {endpoint.pop("name"): endpoint for endpoint in document.pop("endpoints")}
    assert document == {
        "format": 1,
        "source": protocol_app.url,
        "url": protocol_app.url,
        "space_id": None,
        "title": "proto",
        "gradio": protocol_app.version,
        "protocol": "sse_v3",
        "private": ["/private"] if protocol_app.version.startswith("6") else [],
    }
    stream = endpoints["/stream_text"]
    text, number = stream.pop("parameters")
    (returned,) = stream.pop("returns")
    assert stream == {
        "description": "",
        "visibility": "public",
        "streaming": True,
        "queued": True,
        "stateful": False,
        "event_data": False,
        "oauth": None,
        "stream_input": None,
        "computes_default": False,
    }
    assert text == {
        "name": "text",
        "label": "text in",
        "component": "textbox",
        "type": "text",
        "required": True,
        "description": "",
        "schema": {"type": "string"},
    }
    assert (number["required"], number["default"], number["type"]) == (False, 20, "integer")
    assert set(returned) == {"label", "component", "type", "description", "schema"}


@pytest.mark.parametrize("saved", CORPUS, ids=lambda path: path.stem)
def test_saved_apps_fit_a_narrow_screen_without_a_network(cli: Cli, saved: Path) -> None:
    done = cli("inspect", saved)
    assert (done.code, done.err) == (0, "")
    assert max(map(len, done.out.splitlines())) <= 80
    assert "\x1b" not in done.out
    assert not [line for line in done.out.splitlines() if line != line.rstrip()]
    assert cli("inspect", saved, "--json").code == 0


def test_an_endpoint_tells_which_input_takes_a_stream(cli: Cli, tmp_path: Path) -> None:
    function = Function("see", inputs=[Slot(), Slot("Image", FILE, "Frame", "frame")], stream=1)
    folder = save(tmp_path / "saved", function)
    assert "/see  (takes a stream: frame)\n" in cli("inspect", folder).out
    (endpoint,) = json.loads(cli("inspect", folder, "--json").out)["endpoints"]
    assert endpoint["stream_input"] == "frame"


def test_a_folder_of_saved_files_is_an_app_too(cli: Cli, tmp_path: Path) -> None:
    folder = save(tmp_path / "saved", Function("ask"))
    assert "/ask\n    text  text  required\n" in cli("inspect", folder).out


def test_what_an_app_says_cannot_control_the_terminal(cli: Cli, tmp_path: Path) -> None:
    evil = "a\x1b[2J\x1b]0;title\x07\r\n\u202ereversed[bold]x[/bold]"
    slot = Slot(label=evil, name="text", default=evil, props={"info": evil})
    choice = Slot("Radio", {"enum": [evil], "type": "string"}, evil, "way", evil)
    function = Function("ask", inputs=[slot, choice], description=evil)
    folder = save(tmp_path / "saved", function, title=evil)
    for arguments in ([], ["/ask"]):
        done = cli("inspect", folder, *arguments)
        assert done.code == 0
        assert not [c for c in done.out if (ord(c) < 32 and c != "\n") or c == "\u202e"]
        assert "[bold]x[/bold]" in done.out
    assert json.loads(cli("inspect", folder, "--json").out)["title"] == evil


def test_labels_that_gradio_would_translate_are_left_out(cli: Cli, protocol_app: AppServer) -> None:
    assert "__i18n__" not in cli("inspect", protocol_app.url, "--all").out


def test_long_values_are_cut(cli: Cli, tmp_path: Path) -> None:
    many = Slot("Dropdown", {"enum": [f"choice {n}" for n in range(300)]}, "", "way")
    long = Slot("Textbox", {"type": "string"}, "x" * 500, "text", "y" * 500)
    folder = save(tmp_path / "saved", Function("ask", inputs=[many, long]))
    done = cli("inspect", folder)
    assert len(done.out) < 1500
    assert "… 288 more" in " ".join(done.out.split())


def test_an_app_that_offers_nothing_is_no_error(cli: Cli, tmp_path: Path) -> None:
    folder = save(tmp_path / "saved", Function("hidden", visibility="private"))
    done = cli("inspect", folder)
    assert done.code == 0
    assert "The app has no endpoint that can be called." in done.out


@pytest.mark.parametrize(
    ("source", "code", "message"),
    [
        ("http://127.0.0.1:9", 3, "cannot connect"),
        ("nowhere", 2, "is not a Space id"),
        (".", 2, "cannot read config.json"),
        ("https://me:secret@example.com", 2, "contains a user name or password"),
    ],
)
def test_what_is_no_app_is_told_in_a_line(cli: Cli, source: str, code: int, message: str) -> None:
    done = cli("inspect", source)
    assert (done.code, done.out) == (code, "")
    first, *remedies = done.err.splitlines()
    assert message in first
    assert "secret" not in done.err
    assert all(line.startswith("set SPACECALL_USERNAME") for line in remedies)
