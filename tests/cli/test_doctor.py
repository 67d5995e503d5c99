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
from anyio.from_thread import start_blocking_portal

from spacecall.cli._commands import doctor
from tests.cli.conftest import Cli
from tests.cli.processes import ROOT
from tests.inference.stand_in import offer, standing_in

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
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            token = self.headers.get("authorization")
            hub.seen.append((self.path, token))
            self.send_response(200 if token == f"Bearer {TOKEN}" else 401)
            self.end_headers()
            self.wfile.write(b'{"name": "ada"}')

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        hub.url = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield hub
        server.shutdown()
        thread.join()


def run_doctor(cli: Cli, *arguments: str) -> dict[str, tuple[str, str]]:
    done = cli("doctor", "--json", *arguments)
    assert (done.code, done.err) == (0, "")
    assert TOKEN not in done.out
    results = json.loads(done.out)["checks"]
    return {result["name"]: (result["status"], result["detail"]) for result in results}


def test_it_tells_what_is_installed(cli: Cli, hub: Hub) -> None:
    results = run_doctor(cli)
    assert results["httpx"] == ("ok", metadata.version("httpx"))
    assert results["pydantic"] == ("ok", metadata.version("pydantic"))
    assert results["extra cli"][0] == "ok"
    assert f"typer {metadata.version('typer')}" in results["extra cli"][1]
    assert results["Python"][0] == "ok"
    assert set(results) >= {"spacecall", "Hub", "token"}


def test_what_is_missing_is_told_with_the_way_to_get_it(
    cli: Cli, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(doctor.EXTRAS, "codegen", ("no-such-thing", "typer"))
    results = run_doctor(cli)
    expected = "no-such-thing not installed: pip install 'spacecall[codegen]'"
    assert results["extra codegen"] == ("missing", expected)


def test_its_list_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    def names(lines: list[str]) -> list[str]:
        requirements = [line.partition("[")[0] if "[" in line else line for line in lines]
        packages = [requirement.rstrip("0123456789.,<>=! ") for requirement in requirements]
        return [package for package in packages if package != "spacecall"]

    assert names(project["dependencies"]) == list(doctor.REQUIREMENTS)
    extras = {name: names(lines) for name, lines in project["optional-dependencies"].items()}
    for extra, packages in doctor.EXTRAS.items():
        assert extras[extra] == list(packages)


def test_a_hub_that_cannot_be_reached_is_a_finding(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", NOWHERE)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    results = run_doctor(cli)
    assert results["Hub"][0] == "failed"
    assert results["Hub"][1].startswith(f"{NOWHERE}: cannot connect")
    assert results["token"] == ("ok", "from HF_TOKEN; not checked, since the Hub does not answer")
    page = cli("doctor")
    assert (page.code, page.err) == (0, "")
    assert max(map(len, page.out.splitlines())) <= 80
    assert TOKEN not in page.out


def test_a_hub_that_answers_is_told(cli: Cli, hub: Hub) -> None:
    results = run_doctor(cli)
    assert results["Hub"][0] == "ok"
    assert results["Hub"][1].startswith(f"{hub.url} answered in ")
    assert results["token"][0] == "missing"
    assert hub.seen == [("/api/whoami-v2", None)]


def test_the_token_is_found_where_it_may_be(
    cli: Cli, hub: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert run_doctor(cli, "--token", "hf_wrong")["token"] == (
        "failed",
        "from --token; the Hub rejects it",
    )
    saved = tmp_path / "home" / ".cache" / "huggingface" / "token"
    saved.parent.mkdir(parents=True)
    saved.write_text(f"{TOKEN}\n", encoding="utf-8")
    assert run_doctor(cli)["token"] == ("ok", f"from {saved}; the Hub accepts it")
    monkeypatch.setenv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")
    assert run_doctor(cli)["token"][0] == "missing"
    monkeypatch.delenv("HF_HUB_DISABLE_IMPLICIT_TOKEN")
    token_file = tmp_path / "other"
    token_file.write_text("hf_wrong", encoding="utf-8")
    monkeypatch.setenv("HF_TOKEN_PATH", str(token_file))
    assert run_doctor(cli)["token"] == (
        "failed",
        f"from {token_file} (HF_TOKEN_PATH); the Hub rejects it",
    )
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert run_doctor(cli)["token"] == ("ok", "from HF_TOKEN; the Hub accepts it")


def test_a_token_does_not_reach_an_app_that_is_not_of_hugging_face(
    cli: Cli, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = hub.url
    monkeypatch.setenv("HF_ENDPOINT", NOWHERE)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert cli("inspect", elsewhere).code == 4
    assert cli("call", elsewhere, "/x", "--token", TOKEN).code == 4
    assert {token for _, token in hub.seen} == {None}


def test_the_proxies_of_the_environment_are_shown_without_passwords(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", NOWHERE)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    assert run_doctor(cli)["proxy"] == ("ok", "none: HTTPS_PROXY and HTTP_PROXY are not set")
    monkeypatch.setenv("HTTPS_PROXY", "http://u:secret@proxy.example:3128")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:port")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,\x1b[2J")
    page = cli("doctor", "--json").out
    checks = [check for check in json.loads(page)["checks"] if check["name"] == "proxy"]
    assert [(check["status"], check["detail"]) for check in checks] == [
        ("failed", "HTTP_PROXY is not a proxy URL: use http://host:port"),
        ("ok", "http://proxy.example:3128 for https requests (HTTPS_PROXY)"),
        ("ok", r"none for 127.0.0.1,\x1b[2J (NO_PROXY)"),
    ]
    assert "secret" not in page


def test_a_folder_of_the_name_of_the_token_file_is_no_token(
    cli: Cli, hub: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HF_TOKEN_PATH", str(tmp_path))
    assert run_doctor(cli)["token"][0] == "missing"


@pytest.mark.parametrize(
    ("variable", "value"), [("HF_ENDPOINT", "hf.co"), ("HF_TOKEN", "two\nlines")]
)
def test_a_variable_that_cannot_be_used_is_a_finding(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, hub: Hub, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    status, detail = run_doctor(cli)["Hub"]
    assert status == "failed"
    assert variable in detail or "Auth.token has a line end" in detail
    assert "two" not in detail


def test_stale_names_of_models_are_told(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a stand-in that has two of the models, of which one provider is unknown."""
    llama, flux = "meta-llama/Llama-3.3-70B-Instruct", "black-forest-labs/FLUX.1-dev"
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(standing_in()) as service,
    ):
        monkeypatch.setenv("HF_ENDPOINT", service.url)
        service.mapping[llama] = {"together": offer("x")}
        service.mapping[flux] = {"newcomer": offer("x", "text-to-image")}
        done = cli("doctor", "--json", "--models")
    results = [(item["name"], item["detail"]) for item in json.loads(done.out)["checks"]]
    details = dict(results)
    assert "model llama-3" not in details
    assert "no provider runs Qwen/Qwen2.5-72B-Instruct" in details["model qwen-2.5-72b"]
    assert "the Hub does not have Qwen/QwQ-32B" in details["model qwq-32b"]
    assert details["provider"].startswith("newcomer: new since ")


def test_models_are_not_checked_without_a_hub(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", NOWHERE)
    results = run_doctor(cli, "--models")
    assert results["models"][0] == "failed"
    assert "not checked: " in results["models"][1]
