"""`spacecall inspect --snippet` and the programs of `spacecall skill` run as they are pasted."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from spacecall.cli._exports.app_snippets import write_snippet
from spacecall.cli._exports.python_snippets import SnippetAuth
from spacecall.cli._exports.snippet_kinds import SNIPPETS
from spacecall.cli._support.app_access import Access
from spacecall.cli._support.app_overview import load_overview
from tests.cli.conftest import Cli
from tests.cli.programs import run_python, run_shell, write_media
from tests.codegen.apps import CORPUS, Function, Slot, app
from tests.conftest import ServerPool
from tests.docs.pages import APP
from tests.servers import GRADIO_3, GRADIO_4, GRADIO_5, GRADIO_6, AppServer

ENDPOINTS = {
    GRADIO_6: ("/greet", "/count", "/turn", "/pack", "/note"),
    GRADIO_5: ("/greet", "/count", "/turn"),
    GRADIO_4: ("/greet", "/pack", "/turn"),
    GRADIO_3: ("/echo", "/files", "/image"),
}
"""By the generation of Gradio: texts, partial results, an image, a list of files, State."""


@pytest.fixture(params=list(ENDPOINTS))
def server(request: pytest.FixtureRequest, app_server: ServerPool) -> AppServer:
    """A small app; on Gradio 3, which cannot run it, the protocol app."""
    return app_server("protocol_app.py" if request.param == GRADIO_3 else str(APP), request.param)


def snippet(cli: Cli, server: AppServer, endpoint: str, kind: str, *options: str) -> str:
    done = cli("inspect", server.url, endpoint, "--snippet", kind, *options)
    assert (done.code, done.err) == (0, "")
    return done.out


def test_every_snippet_runs_as_pasted(cli: Cli, server: AppServer) -> None:
    write_media(Path.cwd())
    assert cli("add", server.url).code == 0
    for endpoint in ENDPOINTS[server.version]:
        for kind in SNIPPETS:
            program = snippet(cli, server, endpoint, kind)
            output = run_shell(program) if kind == "curl" else run_python(program)
            assert "event: error" not in output
            if kind == "curl":
                assert "event: complete\n" in output or '"data":[' in output, output
            if endpoint in ("/greet", "/echo"):
                assert "Hello" in output


def test_a_snippet_of_an_endpoint_that_takes_a_stream_sends_inputs(
    cli: Cli, app_server: ServerPool
) -> None:
    server = app_server("streams_app.py", GRADIO_6)
    write_media(Path.cwd())
    for kind in ("async", "sync"):
        assert run_python(snippet(cli, server, "/see", kind)).splitlines() == [
            "Hello1",
            "Hello2",
            "Hello3",
        ], kind
    assert "client.stream_see(" in snippet(cli, server, "/see", "typed")
    assert cli("skill", server.url).code == 0
    (skill,) = Path("skills").glob("*/SKILL.md")
    text = skill.read_text()
    assert "client.stream_see(" in text
    (program,) = re.findall(r"```python\n([^`]*stream_listen[^`]*)```", text)
    assert '.send(Path("audio.wav"))' in program


def test_a_snippet_of_an_endpoint_that_the_page_does_not_show_runs(
    cli: Cli, protocol_app: AppServer
) -> None:
    listed = json.loads(cli("inspect", protocol_app.url, "--all", "--json").out)["endpoints"]
    hidden = next(entry["name"] for entry in listed if entry["visibility"] == "undocumented")
    for kind in ("async", "sync"):
        run_python(snippet(cli, protocol_app, hidden, kind))
    assert "--all" in snippet(cli, protocol_app, hidden, "typed").splitlines()[0]


def test_a_snippet_logs_in_without_having_the_password(
    cli: Cli, locked_app: AppServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPACECALL_PASSWORD", "lace")
    for kind in ("async", "curl"):
        monkeypatch.delenv("SPACECALL_USERNAME", raising=False)
        program = snippet(cli, locked_app, "/echo", kind, "--user", "ada")
        assert "lace" not in program
        monkeypatch.setenv("SPACECALL_USERNAME", "ada")
        assert "Hello" in (run_shell(program) if kind == "curl" else run_python(program))


@pytest.mark.parametrize("saved", CORPUS, ids=lambda path: path.stem)
def test_every_python_snippet_of_a_saved_app_is_a_program(saved: Path) -> None:
    overview = replace(anyio.run(load_overview, str(saved), Access(None, None)), source="a/b")
    for endpoint in [*overview.endpoints.values()][:3]:
        for kind in SNIPPETS:
            if kind != "curl":
                ast.parse(write_snippet(kind, overview, endpoint, SnippetAuth()))


def hostile_app() -> str:
    """An app whose texts try to leave every literal."""
    evil = "\x1b[2J' \" \\ $(touch a) `touch b` ${HOME}\n```\nEOF\n\u202e::error::##[x]"
    slots = [
        Slot(label=evil, name=evil, default=evil),
        Slot("Radio", {"enum": [evil], "type": "string"}, evil, "class"),
    ]
    documents = app(Function("ask", inputs=slots, description=evil), title=evil)
    config = {**documents.config, "space_id": "owner/name"}
    Path("saved.json").write_text(json.dumps({"config": config, "info": documents.info}))
    return evil


def test_what_an_app_says_is_a_literal_in_a_snippet(cli: Cli) -> None:
    evil = hostile_app()
    for kind in ("async", "sync", "typed"):
        program = cli("inspect", "saved.json", "/ask", "--snippet", kind).out
        constants = {
            node.value for node in ast.walk(ast.parse(program)) if isinstance(node, ast.Constant)
        }
        assert evil in constants
        assert not [char for char in program if ord(char) < 32 and char != "\n"]
        assert "\u202e" not in program


def test_what_an_app_says_is_a_literal_in_the_shell(
    cli: Cli, app_server: ServerPool, tmp_path: Path
) -> None:
    program_file = tmp_path / "hostile_app.py"
    program_file.write_text(
        "import sys\nimport gradio as gr\n"
        "evil = '''\\x1b[2J' \" \\\\ $(touch a) `touch b` ${HOME}\\n\\u202e::error::##[x]'''\n"
        "page = gr.Interface(lambda x, y: y, [gr.Radio([evil], value=evil), gr.Textbox(evil)],"
        " 'text', api_name='ask')\n"
        "page.launch(server_port=int(sys.argv[sys.argv.index('--port') + 1]))\n"
    )
    server = app_server(str(program_file), GRADIO_6)
    output = run_shell(snippet(cli, server, "/ask", "curl"))
    lines = [line.removeprefix("data: ") for line in output.splitlines() if "data: " in line]
    assert "$(touch a) `touch b` ${HOME}" in json.loads(lines[-1])[0]
    assert not Path("a").exists()
    assert not Path("b").exists()


def test_a_shell_stops_at_a_request_that_failed(cli: Cli, app_server: ServerPool) -> None:
    server = app_server(str(APP), GRADIO_6)
    program = snippet(cli, server, "/turn", "curl")  # there is no image.png
    done = subprocess.run(
        ["bash", "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode != 0
    assert done.stdout == ""
    assert "FILE: " in done.stderr


def test_the_prefix_that_an_app_says_is_no_command() -> None:
    hostile_app()
    overview = anyio.run(load_overview, "saved.json", Access(None, None))
    config = replace(overview.config, api_prefix='/"; touch a; $(touch b)!{x}')
    program = write_snippet(
        "curl",
        replace(overview, config=config, url="http://127.0.0.1:9"),
        overview.endpoints["/ask"],
        SnippetAuth(),
    )
    assert '"$APP/%22%3B%20touch%20a%3B%20%24%28touch%20b%29%21%7Bx%7D/' in program


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--snippet", "curl"], "--snippet writes a program for one endpoint: name ENDPOINT"),
        (["/ask", "--snippet", "perl"], "--snippet must be one of typed, async, sync, curl"),
        (["/ask", "--snippet", "async"], "is a saved app without an address"),
        (["/ask", "--snippet", "curl"], "curl needs the app's address"),
    ],
)
def test_a_snippet_that_cannot_be_written_is_refused(
    cli: Cli, arguments: list[str], message: str
) -> None:
    documents = app(Function("ask"))
    Path("saved.json").write_text(json.dumps({"config": documents.config, "info": documents.info}))
    done = cli("inspect", "saved.json", *arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.err


def test_the_project_decides_from_where_the_typed_client_is_imported(
    cli: Cli, protocol_app_6: AppServer
) -> None:
    Path("pyproject.toml").write_text("[tool.spacecall]\ncode = 'src/shop/clients'\n")
    assert cli("add", protocol_app_6.url, "--name", "my-proto").code == 0
    program = snippet(cli, protocol_app_6, "/echo", "typed")
    assert "from shop.clients.my_proto import MyProto\n" in program
    assert f"spacecall add {protocol_app_6.url} --name my-proto\n" in program


class TestSkill:
    """`spacecall skill`."""

    def test_its_programs_run(self, cli: Cli, server: AppServer) -> None:
        write_media(Path.cwd())
        file = Path(cli("skill", server.url, "--into", ".agent").out.strip())
        assert (file.parent.parent, file.name) == (Path(".agent"), "SKILL.md")
        text = file.read_text(encoding="utf-8")
        setup = re.search(r"^spacecall (add .*)$", text, re.MULTILINE)
        assert setup is not None
        assert cli(*setup[1].split()).code == 0
        for endpoint in ENDPOINTS[server.version][:3:2]:
            section = text.partition(f"\n## `{endpoint}`\n")[2].partition("\n## ")[0]
            programs = dict(re.findall(r"^```(\w+)\n(.*?)^```$", section, re.DOTALL | re.MULTILINE))
            assert set(programs) == {"python", "sh"}
            assert run_python(programs["python"])
            assert "error" not in run_shell(programs["sh"])

    def test_it_says_what_the_app_does(self, cli: Cli, protocol_app: AppServer) -> None:
        cli("skill", protocol_app.url)
        text = Path("skills/proto/SKILL.md").read_text(encoding="utf-8")
        front_matter = text.split("---\n")[1].splitlines()
        assert front_matter[0] == "name: proto"
        assert front_matter[1].startswith('description: "Calls the Gradio app proto (http://')
        assert "/echo" in front_matter[1]
        assert "| `slider` | `number` | `4` | slider; from 2 to 20 in steps of 2 |" in text
        assert "> “Echo the text back.”" in text

    def test_what_the_app_says_is_no_markup(self, cli: Cli) -> None:
        hostile_app()
        assert cli("skill", "saved.json").out == "skills/name/SKILL.md\n"
        text = Path("skills/name/SKILL.md").read_text(encoding="utf-8")
        assert text.count("\n---\n") == 1
        assert not [char for char in text if ord(char) < 32 and char != "\n"]
        assert "\u202e" not in text
        outside = re.sub(r"^(`{3,})\w+\n.*?^\1$", "", text, flags=re.DOTALL | re.MULTILINE)
        assert "touch" in outside
        for span in re.findall(r"`[^`\n]*`", outside.replace("\\`", "")):
            assert "touch b" not in span
        assert "\nEOF" not in text

    def test_its_length_is_bounded(self, cli: Cli) -> None:
        many = [Function(f"ask_{n}", description="x" * 5000) for n in range(300)]
        documents = app(*many, Function("wide", inputs=[Slot(name=f"p{n}") for n in range(2000)]))
        config = {**documents.config, "space_id": "owner/name"}
        Path("saved.json").write_text(json.dumps({"config": config, "info": documents.info}))
        assert cli("skill", "saved.json").code == 0
        text = Path("skills/name/SKILL.md").read_text(encoding="utf-8")
        assert len(text) < 70_000
        assert "more endpoints are listed by `spacecall inspect owner/name`" in text

    def test_a_file_of_somebody_else_is_kept(self, cli: Cli) -> None:
        hostile_app()
        file = Path("skills/name/SKILL.md")
        file.parent.mkdir(parents=True)
        file.write_text("mine")
        done = cli("skill", "saved.json")
        assert done.code == 2
        assert "was not written by spacecall" in done.err
        assert file.read_text() == "mine"
        assert cli("skill", "saved.json", "--name", "other").out == "skills/other/SKILL.md\n"
        assert cli("skill", "saved.json", "--name", "other").code == 0

    def test_the_skill_of_another_app_is_kept(self, cli: Cli) -> None:
        for owner in ("alice", "bob"):
            documents = app(Function("ask"))
            config = {**documents.config, "space_id": f"{owner}/demo"}
            saved = json.dumps({"config": config, "info": documents.info})
            Path(f"{owner}.json").write_text(saved, encoding="utf-8")
        assert cli("skill", "alice.json").out == "skills/demo/SKILL.md\n"
        before = Path("skills/demo/SKILL.md").read_bytes()
        done = cli("skill", "bob.json")
        assert (done.code, done.out) == (2, "")
        assert "skills/demo/SKILL.md is for another app: remove it, or use --name" in done.err
        assert Path("skills/demo/SKILL.md").read_bytes() == before
        assert cli("skill", "alice.json").code == 0
        assert cli("skill", "bob.json", "--name", "bobs").out == "skills/bobs/SKILL.md\n"
