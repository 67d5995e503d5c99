"""The requests, as values."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NoReturn

import pytest

from spacecall._core import gradio_requests
from spacecall._core.app_config import AppConfig
from spacecall._core.gradio_requests import JobInputs, Request
from spacecall.errors import InvalidInputError
from tests.core.apps import dependency, protocol_app

PREFIXES = {"4.44.1": "", "5.50.0": "/gradio_api", "6.31.0": "/gradio_api"}


@pytest.fixture(params=PREFIXES)
def app(request: pytest.FixtureRequest) -> AppConfig:
    config, _ = protocol_app(request.param)
    return config


@pytest.fixture
def prefix(app: AppConfig) -> str:
    return PREFIXES[app.version]


def test_config_and_login_stay_at_the_root() -> None:
    config = gradio_requests.CONFIG
    assert config == Request("GET", "/config")
    login = gradio_requests.login("me", "secret")
    assert (login.method, login.path) == ("POST", "/login")
    assert login.form == {"username": "me", "password": "secret"}
    assert login.json is None


def test_a_login_does_not_show_its_password() -> None:
    assert "secret" not in repr(gradio_requests.login("me", "secret"))


def test_info_may_ask_for_undocumented_endpoints(app: AppConfig, prefix: str) -> None:
    assert gradio_requests.info(app) == Request("GET", f"{prefix}/info")
    everything = gradio_requests.info(app, all_endpoints=True)
    assert everything == Request("GET", f"{prefix}/info", {"all_endpoints": "true"})


def test_a_join_carries_the_data_the_function_and_the_session(app: AppConfig, prefix: str) -> None:
    echo = dependency(app, "/echo")
    join = gradio_requests.join(app, echo, JobInputs(("hi", None)), "s1")
    assert join == Request(
        "POST",
        f"{prefix}/queue/join",
        json={"data": ["hi", None], "fn_index": echo.fn_index, "session_hash": "s1"},
    )


def test_a_join_carries_the_details_of_an_event_and_the_token_of_a_user(app: AppConfig) -> None:
    inputs = JobInputs([], {"index": 1}, 7, "hf_x", {"lang": "en"})
    echo = dependency(app, "/echo")
    for request in (
        gradio_requests.join(app, echo, inputs, "s1"),
        gradio_requests.run(app, echo, inputs, "s1"),
    ):
        assert request.query == {"lang": "en"}
        assert request.json == {
            "data": [],
            "fn_index": echo.fn_index,
            "session_hash": "s1",
            "event_data": {"index": 1},
            "trigger_id": 7,
            "oauth_token": "hf_x",
        }
        assert "hf_x" not in repr(request) + repr(inputs)


def test_the_call_api_carries_a_token_and_no_event(app: AppConfig) -> None:
    echo = dependency(app, "/echo")
    request = gradio_requests.call(app, echo, JobInputs([], oauth_token="hf_x"))
    assert request.json == {"data": [], "oauth_token": "hf_x"}
    with pytest.raises(InvalidInputError, match="call without call_api=True"):
        gradio_requests.call(app, echo, JobInputs([], event_data={}))


def test_a_function_without_queue_is_run_by_name(app: AppConfig, prefix: str) -> None:
    noqueue = dependency(app, "/noqueue")
    run = gradio_requests.run(app, noqueue, JobInputs(["hi"]), "s1")
    assert run == Request(
        "POST",
        f"{prefix}/run/noqueue",
        json={"data": ["hi"], "fn_index": noqueue.fn_index, "session_hash": "s1"},
    )


def test_a_function_without_a_name_is_run_by_its_index(app: AppConfig, prefix: str) -> None:
    unnamed = next(function for function in app.dependencies if function.api_name is None)
    assert gradio_requests.run(app, unnamed, JobInputs([]), "s").path == f"{prefix}/run/predict"


def test_stream_cancel_reset_and_upload(app: AppConfig, prefix: str) -> None:
    assert gradio_requests.stream(app, "s1") == Request(
        "GET", f"{prefix}/queue/data", {"session_hash": "s1"}
    )
    assert gradio_requests.cancel(app, 7, "s1", "e1") == Request(
        "POST",
        f"{prefix}/cancel",
        json={"session_hash": "s1", "fn_index": 7, "event_id": "e1"},
    )
    assert gradio_requests.reset(app, "e1") == Request(
        "POST", f"{prefix}/reset", json={"event_id": "e1"}
    )
    assert gradio_requests.upload(app, "u1") == Request(
        "POST", f"{prefix}/upload", {"upload_id": "u1"}
    )
    assert gradio_requests.streamed_media(app, "h/1/a b.m3u8") == Request(
        "GET", f"{prefix}/stream/h/1/a%20b.m3u8"
    )
    assert gradio_requests.file_size(app, "/srv/a b") == Request(
        "HEAD", f"{prefix}/file=/srv/a%20b"
    )


def test_a_heartbeat_names_its_session(app: AppConfig, prefix: str) -> None:
    heartbeat = gradio_requests.heartbeat(app, "s/1")
    assert (heartbeat.method, heartbeat.path) == ("GET", f"{prefix}/heartbeat/s%2F1")


def test_a_stream_of_inputs_names_its_job(app: AppConfig, prefix: str) -> None:
    echo = dependency(app, "/echo")
    sent = gradio_requests.send_input(app, echo, JobInputs(["hi"], query={"a": "b"}), "s1", "e/1")
    assert sent == Request(
        "POST",
        f"{prefix}/stream/e%2F1",
        {"a": "b"},
        json={"data": ["hi"], "fn_index": echo.fn_index, "session_hash": "s1"},
    )
    closed = gradio_requests.close_input(app, "e/1")
    assert closed == Request("POST", f"{prefix}/stream/e%2F1/close", json={})


@pytest.mark.parametrize(
    ("path", "quoted"),
    [
        ("/var/a b.txt", "/var/a%20b.txt"),
        ("/var/hello wörld #1?.txt", "/var/hello%20w%C3%B6rld%20%231%3F.txt"),
        ("/var/100%.txt", "/var/100%25.txt"),
        ("/var/half \ud83d a pair", "/var/half%20%3F%20a%20pair"),
        (r"C:\tmp\a.txt", "C:%5Ctmp%5Ca.txt"),
    ],
)
def test_a_file_is_fetched_by_its_path_percent_encoded(
    app: AppConfig, prefix: str, path: str, quoted: str
) -> None:
    assert gradio_requests.file(app, path) == Request("GET", f"{prefix}/file={quoted}")


def test_a_body_is_encoded_as_compact_json_in_utf_8() -> None:
    assert Request("GET", "/a").encoded() is None
    request = Request("POST", "/a", json={"data": ["é", 1.5, None, True], "n": {}})
    assert request.encoded() == '{"data":["é",1.5,null,true],"n":{}}'.encode()


def test_what_is_no_json_is_invalid_input() -> None:
    cycle: list[object] = []
    cycle.append(cycle)
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    bad: list[object] = [
        object(),
        {1},
        b"x",
        {(1, 2): 3},
        math.nan,
        math.inf,
        "\ud800",
        cycle,
        deep,
    ]
    for value in bad:
        with pytest.raises(InvalidInputError, match="an argument cannot be sent as JSON"):
            Request("POST", "/a", json=[value]).encoded()


def test_the_simple_call_api_names_the_function_and_then_the_job(
    app: AppConfig, prefix: str
) -> None:
    echo = dependency(app, "/echo")
    call = gradio_requests.call(app, echo, JobInputs(("hi",)))
    assert call == Request("POST", f"{prefix}/call/echo", json={"data": ["hi"]})
    assert gradio_requests.call_stream(app, echo, "a/b") == Request(
        "GET", f"{prefix}/call/echo/a%2Fb"
    )


@pytest.mark.parametrize("api_name", ["/predict", "a/b", "", "..", "a\nb"])
def test_a_name_that_a_url_cannot_carry_is_run_by_its_index(
    app: AppConfig, prefix: str, api_name: str
) -> None:
    endpoint = replace(dependency(app, "/echo"), api_name=api_name)
    run = gradio_requests.run(app, endpoint, JobInputs(["hi"]), "s1")
    assert run.path == f"{prefix}/run/predict"
    assert run.json["fn_index"] == endpoint.fn_index
    with pytest.raises(InvalidInputError, match="a URL cannot contain") as raised:
        gradio_requests.call(app, endpoint, JobInputs(["hi"]))
    assert raised.value.endpoint == f"/{api_name}"


def test_other_names_are_quoted(app: AppConfig, prefix: str) -> None:
    endpoint = replace(dependency(app, "/echo"), api_name="with space?")
    assert (
        gradio_requests.run(app, endpoint, JobInputs([]), "s1").path
        == f"{prefix}/run/with%20space%3F"
    )
    assert (
        gradio_requests.call(app, endpoint, JobInputs([])).path == f"{prefix}/call/with%20space%3F"
    )


def test_a_reset_names_the_job(app: AppConfig, prefix: str) -> None:
    assert gradio_requests.reset(app, "e1") == Request(
        "POST", f"{prefix}/reset", json={"event_id": "e1"}
    )


def test_a_stream_of_a_jobs_own_names_the_function_or_is_a_websocket() -> None:
    old, _ = protocol_app("4.0.2")
    request = gradio_requests.job_stream(old, dependency(old, "/echo"), "hash", websocket=False)
    assert request == Request("GET", "/queue/join", {"fn_index": "0", "session_hash": "hash"})
    socket = gradio_requests.job_stream(old, dependency(old, "/echo"), "hash", websocket=True)
    assert socket == Request("GET", "/queue/join")
    body = {"data": ["a"], "event_id": "e"}
    assert gradio_requests.arguments(old, body) == Request("POST", "/queue/data", json=body)


class Treacherous(dict[str, object]):
    """A dict whose content cannot be read, nor its error."""

    def items(self) -> NoReturn:
        raise UnspeakableError


class UnspeakableError(Exception):
    """An error that raises when it is shown."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


def test_a_dict_that_raises_is_invalid_input_that_names_the_error() -> None:
    with pytest.raises(InvalidInputError, match="cannot be sent as JSON: UnspeakableError"):
        Request("POST", "/a", json=[Treacherous(a=1)]).encoded()
