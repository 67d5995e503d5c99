from __future__ import annotations

import json
import threading
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from pathlib import Path

import pytest

from spacecall.cli._commands import doctor
from tests.cli.conftest import Cli
from tests.cli.tools import ROOT

TOKEN = "hf_0123456789abcdef"
NOWHERE = "http://127.0.0.1:9"


@dataclass
class Hub:
    """A Hub that knows one token.

    Attributes:
        seen: the paths that were asked for, with the token they came with.
    """

    url: str = ""
    seen: list[tuple[str, str | None]] = field(default_factory=list[tuple[str, str | None]])


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    found = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            token = self.headers.get("authorization")
            found.seen.append((self.path, token))
            self.send_response(200 if token == f"Bearer {TOKEN}" else 401)
            self.end_headers()
            self.wfile.write(b'{"name": "ada"}')

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.url = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("HF_ENDPOINT", found.url)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield found
        server.shutdown()
        thread.join()


def findings(cli: Cli, *arguments: str) -> dict[str, tuple[str, str]]:
    done = cli("doctor", "--json", *arguments)
    assert (done.code, done.err) == (0, "")
    assert TOKEN not in done.out
    found = json.loads(done.out)["findings"]
    return {one["about"]: (one["verdict"], one["said"]) for one in found}


def test_it_tells_what_is_installed(cli: Cli, hub: Hub) -> None:
    found = findings(cli)
    assert found["httpx"] == ("ok", metadata.version("httpx"))
    assert found["pydantic"] == ("ok", metadata.version("pydantic"))
    assert found["extra cli"][0] == "ok"
    assert f"typer {metadata.version('typer')}" in found["extra cli"][1]
    assert found["Python"][0] == "ok"
    assert set(found) >= {"spacecall", "Hub", "token"}


def test_what_is_missing_is_told_with_the_way_to_get_it(
    cli: Cli, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(doctor.EXTRAS, "codegen", ("no-such-thing", "typer"))
    found = findings(cli)
    expected = "no no-such-thing: pip install 'spacecall[codegen]'"
    assert found["extra codegen"] == ("missing", expected)


def test_its_list_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    def names(lines: list[str]) -> list[str]:
        found = [line.partition("[")[0] if "[" in line else line for line in lines]
        return [name for one in found if (name := one.rstrip("0123456789.,<>=! ")) != "spacecall"]

    assert names(project["dependencies"]) == list(doctor.NEEDED)
    extras = {name: names(lines) for name, lines in project["optional-dependencies"].items()}
    for extra, brought in doctor.EXTRAS.items():
        assert extras[extra] == list(brought)


def test_a_hub_that_cannot_be_reached_is_a_finding(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", NOWHERE)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    found = findings(cli)
    assert found["Hub"][0] == "failed"
    assert found["Hub"][1].startswith(f"{NOWHERE}: cannot connect")
    assert found["token"] == ("ok", "from HF_TOKEN; not tried, since the Hub is away")
    page = cli("doctor")
    assert (page.code, page.err) == (0, "")
    assert max(map(len, page.out.splitlines())) <= 80
    assert TOKEN not in page.out


def test_a_hub_that_answers_is_told(cli: Cli, hub: Hub) -> None:
    found = findings(cli)
    assert found["Hub"][0] == "ok"
    assert found["Hub"][1].startswith(f"{hub.url} answers, in ")
    assert found["token"][0] == "missing"
    assert hub.seen == [("/api/whoami-v2", None)]


def test_the_token_is_found_where_it_may_be(
    cli: Cli, hub: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert findings(cli, "--token", "hf_wrong")["token"] == (
        "failed",
        "from --token; the Hub refuses it",
    )
    saved = tmp_path / "home" / ".cache" / "huggingface" / "token"
    saved.parent.mkdir(parents=True)
    saved.write_text(f"{TOKEN}\n", encoding="utf-8")
    assert findings(cli)["token"] == ("ok", f"from {saved}; the Hub accepts it")
    monkeypatch.setenv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")
    assert findings(cli)["token"][0] == "missing"
    monkeypatch.delenv("HF_HUB_DISABLE_IMPLICIT_TOKEN")
    other = tmp_path / "other"
    other.write_text("hf_wrong", encoding="utf-8")
    monkeypatch.setenv("HF_TOKEN_PATH", str(other))
    assert findings(cli)["token"] == ("failed", f"from {other} (HF_TOKEN_PATH); the Hub refuses it")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert findings(cli)["token"] == ("ok", "from HF_TOKEN; the Hub accepts it")


def test_a_token_does_not_reach_an_app_that_is_not_of_hugging_face(
    cli: Cli, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = hub.url
    monkeypatch.setenv("HF_ENDPOINT", NOWHERE)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert cli("inspect", elsewhere).code == 4
    assert cli("call", elsewhere, "/x", "--token", TOKEN).code == 4
    assert {token for _, token in hub.seen} == {None}


def test_a_folder_of_the_name_of_the_token_file_is_no_token(
    cli: Cli, hub: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HF_TOKEN_PATH", str(tmp_path))
    assert findings(cli)["token"][0] == "missing"


@pytest.mark.parametrize(
    ("variable", "value"), [("HF_ENDPOINT", "hf.co"), ("HF_TOKEN", "two\nlines")]
)
def test_a_variable_that_cannot_be_used_is_a_finding(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, hub: Hub, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    verdict, said = findings(cli)["Hub"]
    assert verdict == "failed"
    assert variable in said or "Auth.token has a line end" in said
    assert "two" not in said
