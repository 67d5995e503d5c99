"""`spacecall call` with the details of an event, a query and the token of a user."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Cli
from tests.conftest import ServerPool
from tests.servers import GRADIO_6, AppServer


@pytest.fixture
def joins_app(app_server: ServerPool) -> AppServer:
    return app_server("joins_app.py", GRADIO_6)


def test_an_event_and_a_query_reach_the_app(cli: Cli, joins_app: AppServer) -> None:
    event = '{"index": 1, "value": "b"}'
    done = cli("call", joins_app.url, "/pick", "--text", "x", "--event-data", event)
    assert (done.code, json.loads(done.out)) == (0, ["x", 1, "b", True, "row"])
    done = cli("call", joins_app.url, "/query", "--query-param", "a=1=2", "--query-param", "b=")
    assert (done.code, json.loads(done.out)) == (0, {"a": "1=2", "b": ""})


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--event-data", "[1]"], "--event-data must be a JSON object"),
        (["--event-data", "{"], "--event-data is not valid JSON"),
        (["--event-data", "-"], "--event-data: write the object itself, or @file: stdin"),
        (["--query-param", "a"], "--query-param must be NAME=VALUE, got 'a'"),
    ],
)
def test_an_invalid_extra_is_a_usage_error(
    cli: Cli, joins_app: AppServer, options: list[str], problem: str
) -> None:
    done = cli("call", joins_app.url, "/click", *options)
    assert (done.code, done.out) == (2, "")
    assert problem in done.err


def test_a_token_reaches_an_endpoint_that_asks_for_one(
    cli: Cli, joins_app: AppServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = ("call", joins_app.url, "/whoami", "--text", "hi")
    assert cli(*call, "--oauth-token", "hf_x").out == "hi hf_x\n"
    monkeypatch.setenv("SPACECALL_OAUTH_TOKEN", "hf_y")
    assert cli(*call).out == "hi hf_y\n"
    monkeypatch.setenv("SPACECALL_FOR", "another.example")
    done = cli(*call)
    assert (done.code, done.out) != (0, "hi hf_y\n")
    assert "SPACECALL_OAUTH_TOKEN" in done.err


def test_inspect_shows_which_endpoints_take_a_token(cli: Cli, joins_app: AppServer) -> None:
    assert "requires a user's token" in cli("inspect", joins_app.url, "/whoami").out
    described = json.loads(cli("inspect", joins_app.url, "--json").out)
    oauth = {endpoint["name"]: endpoint["oauth"] for endpoint in described["endpoints"]}
    assert (oauth["/whoami"], oauth["/maybe"], oauth["/plain"]) == ("required", "optional", None)


def test_each_streamed_output_has_a_line(cli: Cli, app_server: ServerPool) -> None:
    page_app = app_server("page_app.py", GRADIO_6)
    done = cli("call", page_app.url, "/many", "--count", "400", "--stream")
    assert done.code == 0
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert list(dict.fromkeys(lines)) == list(range(400))
