from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from spacecall import File
from spacecall.cli._outputs.result_printer import OutputFolder, replace_files
from tests.cli.conftest import Cli
from tests.conftest import ServerPool
from tests.hostile.server import HostileServer, drip
from tests.servers import DATA, GRADIO_6, AppServer


def test_the_result_is_all_that_is_on_stdout(cli: Cli, protocol_app: AppServer) -> None:
    for endpoint in ("/echo", "echo"):
        done = cli("call", protocol_app.url, endpoint, "--text", "hi there")
        assert (done.code, done.out, done.err) == (0, "hi there\n", "")


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (["/add", "--a", "3", "--b", "-4.5"], -1.5),
        (["/add", "--a=3"], 13),
        (["/api_fn", "--a", "3", "--b", "x", "--b", "y", "--c", "null"], {"x": 3, "y": 3}),
        (["/api_fn", "--a", "3", "--b", '["x"]', "--d", '{"z": 1}'], {"x": 3}),
        (["/add", "--json", '{"a": 1, "b": 2}'], 3),
        (["/add", "--json", '{"a": 1, "b": 2}', "--b", "5"], 6),
        (["/json_noqueue", "--js", "[1, null]"], [{"got": [1, None]}, "[1, None]"]),
        (["/nan", "--text", "x"], [{"nan": None, "inf": None}, None]),
    ],
)
def test_arguments_get_the_types_of_the_apps_schema(
    cli: Cli, protocol_app: AppServer, arguments: list[str], printed: object
) -> None:
    done = cli("call", protocol_app.url, *arguments)
    assert (done.code, done.err) == (0, "")
    assert len(done.out.splitlines()) == 1
    value = json.loads(done.out)
    if arguments[0] == "/nan":
        del value[0]["text"]
    assert value == printed


def test_choices_switches_and_lists_reach_the_app(cli: Cli, protocol_app: AppServer) -> None:
    flags = ["--dd", "z", "--ddm", "x", "--ddm", "z", "--radio", "two", "--cbg", "[]"]
    flags += ["--slider", "6", "--cb", "--js", "null"]
    done = cli("call", protocol_app.url, "/widgets", *flags)
    text = json.loads(done.out)[0]
    assert text == "['z', ['x', 'z'], 'two', [], 6, True, 'DataFrame', None]"
    assert (
        "False, 'DataFrame'"
        in json.loads(
            cli("call", protocol_app.url, "/widgets", "--radio=one", "--no-cb", "--js=1").out
        )[0]
    )


def test_texts_come_from_files_and_from_stdin(cli: Cli, protocol_app: AppServer) -> None:
    Path("a.txt").write_text("from a file\n", encoding="utf-8")
    Path("a.json").write_text('{"text": "from json"}', encoding="utf-8")
    call = ("call", protocol_app.url, "/echo")
    assert cli(*call, "--text", "@a.txt").out == "from a file\n"
    assert cli(*call, "--text", "-", stdin="from stdin\n").out == "from stdin\n"
    assert cli(*call, "--json", "@a.json").out == "from json\n"
    assert cli(*call, "--json", "-", stdin='{"text": "x"}').out == "x\n"
    assert cli(*call, "--text", "@@a.txt").out == "@a.txt\n"
    assert cli(*call, "--text=--out").out == "--out\n"


def test_files_are_sent_and_saved(cli: Cli, protocol_app: AppServer) -> None:
    picture = next(iter(sorted(DATA.glob("*.png"))))
    call = ("call", protocol_app.url, "/files", "--out", "got")
    done = cli(*call, "--files", f"@{picture}", "--files", f"{picture}")
    paths = json.loads(done.out)
    assert paths == [f"got/{picture.name}", f"got/{picture.stem}-2.png"]
    assert [Path(path).read_bytes() for path in paths] == [picture.read_bytes()] * 2
    again = cli(*call, "--json", json.dumps({"files": [f"@{picture}"]}))
    assert json.loads(again.out) == [f"got/{picture.stem}-3.png"]


def test_one_file_is_printed_as_its_path_or_its_address(cli: Cli, protocol_app: AppServer) -> None:
    call = ("call", protocol_app.url, "/make_file", "--text", "inside")
    done = cli(*call, "--out", "got")
    assert Path(done.out.rstrip("\n")).read_text(encoding="utf-8") == "inside"
    address = cli(*call).out
    assert address.startswith(f"{protocol_app.url}/")
    assert not list(Path().glob("*.txt"))


def test_a_file_that_cannot_be_saved_leaves_the_result(
    cli: Cli, protocol_app: AppServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fill_the_disk(_file: File, _folder: Path) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(File, "save", fill_the_disk)
    call = ("call", protocol_app.url, "/make_file", "--out", "full")
    done = cli(*call, "--text", "inside")
    assert done.code == 1
    assert done.out.startswith(f"{protocol_app.url}/")
    assert ".txt was not saved: " in done.err
    lines = cli(*call, "--jsonl", stdin='{"text": "inside"}\n')
    assert lines.code == 1
    assert json.loads(lines.out)["value"].startswith(f"{protocol_app.url}/")
    assert ".txt was not saved: " in lines.err


async def test_one_file_that_cannot_be_fetched_does_not_hide_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = File({"path": "/x/gone.png", "meta": {"_type": "gradio.FileData"}})
    folder = OutputFolder(tmp_path)
    result = await replace_files(["text", {"image": gone}, File(b"x", name="a.txt")], folder)
    assert result == ["text", {"image": "gone.png"}, str(tmp_path / "a.txt")]
    assert folder.report_failures() == 2
    assert "gone.png was not saved: '/x/gone.png' is on the server" in capsys.readouterr().err


def test_a_file_comes_from_stdin(cli: Cli, protocol_app: AppServer) -> None:
    done = cli(
        *("call", protocol_app.url, "/files", "--files", "-", "--out", "got"), stdin=b"\0bytes"
    )
    (path,) = json.loads(done.out)
    assert Path(path).read_bytes() == b"\0bytes"


def test_no_output_prints_nothing(cli: Cli, protocol_app: AppServer) -> None:
    done = cli("call", protocol_app.url, "/nothing", "--text", "hi")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_undocumented_endpoints_can_be_called(cli: Cli, protocol_app: AppServer) -> None:
    listed = json.loads(cli("inspect", protocol_app.url, "--all", "--json").out)["endpoints"]
    names = [
        endpoint["name"]
        for endpoint in listed
        if endpoint["visibility"] == "undocumented"
        and [parameter["name"] for parameter in endpoint["parameters"]] == ["x"]
        and endpoint["parameters"][0]["component"] == "textbox"
    ]
    assert cli("call", protocol_app.url, names[0], "--x", "hi").out == "hi\n"


def test_messages_of_the_app_go_to_stderr(cli: Cli, protocol_app: AppServer) -> None:
    done = cli("call", protocol_app.url, "/progress", "--n", "1")
    assert done.out == "done 1\n"
    assert done.err.splitlines() == [
        "info: a Info message",
        "warning: a Warning message",
        "success: T: a Success message",
    ]
    assert cli("call", protocol_app.url, "/progress", "--n", "1", "--quiet").err == ""


def test_help_tells_of_the_apps_own_parameters(cli: Cli, protocol_app: AppServer) -> None:
    done = cli("call", protocol_app.url, "/widgets", "--help")
    assert done.code == 0
    assert '  --dd CHOICE      "x" | "y" | "z"; default "x"\n' in done.out
    assert "  --slider NUMBER  from 2 to 20 in steps of 2; default 4\n" in done.out
    assert "  --cb/--no-cb     default false\n" in done.out
    assert "--radio CHOICE" in done.out.splitlines()[0]
    assert max(map(len, done.out.splitlines())) <= 80
    streaming = cli("call", protocol_app.url, "--help", "/stream_text")
    assert "\n  streams\n" in streaming.out
    assert "--text TEXT" in streaming.out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["/ech"], 2, "did you mean /echo"),
        (["/echo", "--txt", "x"], 2, "unknown flag --txt; did you mean --text?"),
        (["/echo"], 2, "--text is missing; see spacecall call"),
        (["/echo", "hi"], 2, "unexpected argument 'hi': use flags; the endpoint has --text"),
        (["/echo", "--json", '{"tex": "x", "text": "y"}'], 2, "tex is not a parameter; did you"),
        (["/echo", "--json", "[1]"], 2, "--json must be a JSON object"),
        (["/echo", "--json", "{"], 2, "--json is not valid JSON"),
        (["/echo", "--json", '{"text": "x", "text": "y"}'], 2, "the key 'text' twice"),
        (["/echo", "--text", "@none"], 2, "--text: cannot read 'none'"),
        (["/echo", "--text=x", "-H", "nocolon"], 2, "--header must be 'Name: value'"),
        (["/echo", "--text=x", "-H", "two words: x"], 2, "'two words' is not a valid header name"),
        (
            ["/echo", "--text=x", "-H", "content-type: x/y"],
            2,
            "'content-type' is set by each request",
        ),
        (["/echo", "--text=x", "--token", "two\nlines"], 2, "the token of --token has a line end"),
        (["/echo", "--text=x", "--timeout", "0"], 2, "--timeout must be more than 0"),
        (["/echo", "--text=x", "--timeout", "soon"], 2, "--timeout"),
        (["/echo", "--jsonl", "--stream"], 2, "remove --stream"),
        (["/add", "--a", "many"], 2, "a: expected a number"),
        (["/widgets", "--radio=three", "--js=1"], 2, "'three' is not one of 'one', 'two'"),
        (["/validated", "--text", "bad"], 2, "must not be bad"),
        (["/fail", "--text", "x"], 1, "the app failed: boom\n"),
        (["/crash", "--text", "x"], 1, "the app failed: "),
        (["/slow", "--seconds", "20", "--timeout", "0.5"], 5, "did not end within 0.5 s"),
    ],
)
def test_an_error_is_one_line_with_its_exit_code(
    cli: Cli, protocol_app: AppServer, arguments: list[str], code: int, message: str
) -> None:
    done = cli("call", protocol_app.url, *arguments)
    assert (done.code, done.out) == (code, "")
    assert message in done.err
    assert "Traceback" not in done.err
    if not done.err.startswith("Usage"):
        assert len(done.err.splitlines()) == 1


def test_without_the_check_the_app_decides(cli: Cli, protocol_app: AppServer) -> None:
    arguments = ["/widgets", "--json", '{"radio": "one", "js": null, "cb": "maybe"}']
    refused = cli("call", protocol_app.url, *arguments)
    assert (refused.code, refused.out) == (2, "")
    assert "cb: expected a bool, got str 'maybe'" in refused.err
    sent = cli("call", protocol_app.url, *arguments, "--no-check")
    assert sent.code == 0
    assert "'maybe'" in sent.out


def test_headers_reach_the_app(cli: Cli, protocol_app: AppServer) -> None:
    done = cli("call", protocol_app.url, "/whoami", "--text", "x", "-H", "X-Test: from the shell")
    assert json.loads(done.out)["hdr"] == "from the shell"


@pytest.mark.parametrize("source", ["http://127.0.0.1:9", "nowhere", "nobody/nothing"])
def test_an_app_that_cannot_be_reached_is_told(
    cli: Cli, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    done = cli("call", source, "/echo", "--text", "x")
    assert (done.code, done.out) == (2 if source == "nowhere" else 3, "")
    assert len(done.err.splitlines()) == 1


def test_saved_files_cannot_be_called(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"config": {}, "info": {}}', encoding="utf-8")
    done = cli("call", tmp_path / "a.json", "/echo")
    assert done.code == 2
    assert "is a saved app without an address: use the app's address as SOURCE" in done.err


def test_a_login_comes_from_the_environment(
    cli: Cli, locked_app: AppServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = ("call", locked_app.url, "/whoami", "--text", "x")
    without = cli(*call)
    assert without.code == 4
    assert "SPACECALL_USERNAME and SPACECALL_PASSWORD" in without.err
    assert "auth=" not in without.err
    monkeypatch.setenv("SPACECALL_PASSWORD", "lace")
    assert json.loads(cli(*call, "--user", "ada").out)["username"] == "ada"
    monkeypatch.setenv("SPACECALL_USERNAME", "ada")
    assert json.loads(cli(*call).out)["username"] == "ada"
    assert cli("inspect", locked_app.url, "/echo").code == 0
    monkeypatch.setenv("SPACECALL_PASSWORD", "wrong")
    wrong = cli(*call)
    assert wrong.code == 4
    assert "wrong username or password" in wrong.err


@pytest.mark.parametrize("arguments", [["call", "/predict", "--x=hi"], ["inspect"]])
def test_the_timeout_covers_an_app_that_drips(cli: Cli, arguments: list[str]) -> None:
    command, *options = arguments
    with HostileServer(routes={"/config": drip}) as server:
        done = cli(command, server.url, *options, "--timeout", "1")
    assert (done.code, done.out) == (5, "")
    assert "the app did not open within 1 s" in done.err


@pytest.mark.parametrize("name", ["//twice", "/twice", "twice", "/a/b", "with space", "/h#ash"])
def test_endpoints_with_unusual_names_are_called(
    cli: Cli, app_server: ServerPool, name: str
) -> None:
    app = app_server("named_app.py", GRADIO_6)
    done = cli("call", app.url, name, "--x", "hi")
    api_name = "//twice" if "twice" in name else name.removeprefix("/")
    assert (done.code, done.out, done.err) == (0, f"{api_name}|hi\n", "")


def test_help_and_errors_quote_an_endpoint_for_the_shell(cli: Cli, app_server: ServerPool) -> None:
    app = app_server("named_app.py", GRADIO_6)
    command = f"spacecall call {app.url} '/a;b+c&d'"
    assert cli("call", app.url, "/a;b+c&d", "--help").out.startswith(f"Usage: {command} --x")
    assert f"see {command} --help" in cli("call", app.url, "a;b+c&d").err
    assert "\nbreak" not in cli("call", app.url, "/line\nbreak", "--help").out
    assert "\nbreak" not in cli("inspect", app.url).out


def test_add_takes_endpoints_with_unusual_names(cli: Cli, app_server: ServerPool) -> None:
    app = app_server("named_app.py", GRADIO_6)
    names = ["//predict", "/predict", "///twice", "/with space"]
    assert cli("add", app.url, "--endpoints", "/predict,//predict, twice,with space").code == 0
    (path,) = Path("schemas/spaces").glob("*/space.lock.json")
    lock = json.loads(path.read_text("utf-8"))
    assert sorted(lock["endpoints"]) == sorted(names)
    Path("pyproject.toml").write_text(
        f'[tool.spacecall.spaces.{lock["name"]}]\nendpoints = ["twice", "with space"]\n',
        encoding="utf-8",
    )
    assert cli("generate").code == 0
    assert cli("check").code == 0
    assert cli("refresh").code == 0
    lock = json.loads(path.read_text("utf-8"))
    assert lock["endpoints"] == ["///twice", "/with space"]
