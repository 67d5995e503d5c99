"""The cost of a stranger's cassette grows with its size, and not faster."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias, cast

import anyio
import pytest
from vcr.serialize import deserialize  # type: ignore[import-untyped]
from vcr.serializers import jsonserializer  # type: ignore[import-untyped]

from spacecall._core.json_values import as_list
from spacecall._io.interceptor import InterceptedRequest, InterceptedResponse
from spacecall.cassettes import use_cassette
from spacecall.cassettes._engine.merging import find_remaining
from spacecall.cassettes._engine.player import Player
from spacecall.cassettes._format.cassette_file import BodyFiles, load_cassette, save_cassette
from spacecall.cassettes._format.exchange import Exchange
from spacecall.cassettes._format.job_recordings import JobRecording, read_job_recordings
from spacecall.cassettes._format.recorded_apps import read_recorded_apps
from spacecall.cassettes._inspect.recording import read_recording
from spacecall.cassettes._inspect.timeline import read_timeline
from spacecall.cassettes._inspect.timeline_page import render_page
from spacecall.cassettes._inspect.validation import find_problems
from tests.core.cost import calls, steps
from tests.hostile.server import app_config, app_info
from tests.hostile.test_cassettes import APP, Interaction, interaction, write_cassette

MakeInteractions: TypeAlias = Callable[[int], list[Interaction]]
Action: TypeAlias = Callable[[Path], object]
JOIN = "/gradio_api/queue/join"
STREAM = "/gradio_api/queue/data?session_hash="


def join(name: str, session: str = "s", function: int = 0, at: float = 0) -> Interaction:
    body = {"json": {"data": ["x"], "fn_index": function, "session_hash": session}}
    times = [at, at, at]
    return interaction(
        JOIN, "POST", request_body=body, body={"json": {"event_id": name}}, times=times
    )


def stream(*messages: object, session: str = "s", at: float = 0, **changes: Any) -> Interaction:
    events = [{"at": at, "json": message} for message in messages]
    times = [at, at, at + 1]
    return interaction(STREAM + session, body={}, events=events, times=times, **changes)


def cancel(at: float) -> Interaction:
    body = {"json": {"fn_index": 0, "session_hash": "s"}}
    return interaction("/gradio_api/cancel", "POST", request_body=body, body={}, times=[at, at, at])


def message(name: str | None, kind: str, **changes: object) -> dict[str, object]:
    return {"msg": kind, "event_id": name, **changes}


def move(interaction: Interaction, path: str) -> Interaction:
    """Return the interaction of an app that is mounted at `path`."""
    request = interaction["request"]
    uri = request["uri"].replace(APP, APP + path)
    return {**interaction, "request": {**request, "uri": uri}}


def with_functions(count: int) -> list[Interaction]:
    """Return the /config and /info of an app with many functions."""
    config = app_config()
    (function,) = as_list(config["dependencies"])
    config["dependencies"] = [
        {**function, "id": number, "api_name": f"f{number}"} for number in range(count)
    ]
    return [
        interaction(body={"json": config}),
        interaction("/gradio_api/info", body={"json": app_info()}),
    ]


def edits(count: int) -> list[Interaction]:
    """Return a job that edits a long list `count` times."""
    first = message("e", "process_generating", output={"data": [["x"] * count]})
    edit = {"data": [[["replace", [0], "y"]]]}
    later = [message("e", "process_generating", output=edit)] * count
    info = interaction("/gradio_api/info", body={"json": app_info()})
    return [interaction(), info, join("e"), stream(first, *later)]


MAKERS: dict[str, MakeInteractions] = {
    "streams and jobs of a session": lambda n: [
        *(join(f"e{number}") for number in range(n)),
        *(stream() for _ in range(n)),
    ],
    "streams and jobs of many sessions": lambda n: [
        *(join(f"e{number}", session=str(number)) for number in range(n)),
        *(stream(session=str(number)) for number in range(n)),
    ],
    "jobs and messages to all": lambda n: [
        *(join(f"e{number}") for number in range(n)),
        stream(*[message(None, "unexpected_error"), {}, message(None, "log")] * n),
    ],
    "jobs and cancels": lambda n: [
        *(join(f"e{number}", at=2) for number in range(n)),
        *(cancel(1) for _ in range(n)),
        *(cancel(3) for _ in range(n)),
    ],
    "jobs and functions": lambda n: [
        *with_functions(n),
        *(join(f"e{number}", function=number) for number in range(n)),
    ],
    "jobs and apps": lambda n: [
        *(move(interaction(), f"/{number}") for number in range(n)),
        *(
            move(interaction("/gradio_api/info", body={"json": app_info()}), f"/{number}")
            for number in range(n)
        ),
        *(move(join(f"e{number}"), f"/{number}") for number in range(n)),
    ],
    "one app again and again": lambda n: [interaction() for _ in range(n)],
    "addresses of many parts": lambda n: [
        move(interaction(), "/" * 300 + str(number)) for number in range(n)
    ],
    "edits of a long list": lambda n: edits(4 * n),
}


def show(path: Path) -> None:
    recording = read_recording(path)
    timeline = read_timeline(recording.exchanges, recording.apps)
    assert render_page("costs", recording.apps, timeline)


def check(path: Path) -> None:
    recording = read_recording(path)
    find_problems(recording.exchanges, recording.apps, recording.read_body)


def replay(path: Path) -> None:
    with use_cassette(path, assert_all_used=False):
        pass


IN_CASSETTES = partial(steps, part="spacecall/cassettes/")
ACTIONS: dict[str, Action] = {"show": show, "validate": check, "replay": replay}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("maker", MAKERS)
def test_twice_the_cassette_costs_twice_as_much(maker: str, action: str, tmp_path: Path) -> None:
    for cost in (calls, IN_CASSETTES):
        costs: list[int] = []
        for count in (1, 100, 200):
            path = write_cassette(tmp_path, MAKERS[maker](count))
            costs.append(cost(partial(ACTIONS[action], path)))
        first, half, full = costs
        assert full - first < 2.4 * (half - first)


def read_jobs(*interactions: Interaction, folder: Path) -> dict[str, JobRecording]:
    return read_job_recordings(read_recording(write_cassette(folder, [*interactions])).exchanges)


def test_an_event_for_all_jobs_reaches_each_once(tmp_path: Path) -> None:
    error = message(None, "unexpected_error")
    start = message("a", "process_starts")
    events = stream(error, error, start, error, error)
    jobs = read_jobs(join("a"), join("b"), events, folder=tmp_path)
    kinds = {
        name: [event.as_object()["msg"] for _, event in job.events] for name, job in jobs.items()
    }
    assert kinds["a"] == ["unexpected_error", "process_starts", "unexpected_error"]
    assert kinds["b"] == ["unexpected_error"]


def test_a_job_ends_as_the_last_stream_that_it_was_on(tmp_path: Path) -> None:
    jobs = read_jobs(
        join("a"),
        stream(end="closed"),
        join("b", at=5),
        stream(at=9, end="ReadError"),
        join("c", at=20),
        stream(session="another", at=30, end="closed"),
        folder=tmp_path,
    )
    assert {name: job.end_reason for name, job in jobs.items()} == {
        "a": "ReadError",
        "b": "ReadError",
        "c": "complete",
    }


def test_a_job_has_the_first_cancel_after_its_join(tmp_path: Path) -> None:
    done = message("a", "process_completed", success=True, output={})
    jobs = read_jobs(
        join("a", at=2), join("b", at=2), join("c", at=9), stream(done, at=3),
        *(cancel(at) for at in (8, 1, 4)), folder=tmp_path,
    )  # fmt: skip
    assert [jobs[name].cancelled_at for name in "abc"] == [None, 4, None]


def test_old_recordings_are_merged_in_linear_work() -> None:
    def old(count: int) -> list[Exchange]:
        urls = [f"{APP}{JOIN}?{number}" for number in range(count)]
        body = {"json": {"session_hash": "s"}}
        return [Exchange("POST", url, request_body=body) for url in urls] + [
            Exchange("GET", APP + STREAM + "s") for _ in range(count)
        ]

    half, full = (calls(partial(find_remaining, old(count), [])) for count in (200, 400))
    assert full < 2.4 * half
    assert find_remaining(old(3), []) == old(3)


def test_an_external_body_is_read_once(tmp_path: Path) -> None:
    body = json.dumps(app_config()).encode()
    digest = hashlib.sha256(body).hexdigest()
    (tmp_path / "c.bodies").mkdir()
    (tmp_path / "c.bodies" / f"{digest}.bin").write_bytes(body)
    stored = {"sha256": digest, "size": len(body)}
    configs = [move(interaction(body=stored), f"/{number}") for number in range(20)]
    runs = [interaction("/gradio_api/run/f", "POST", body=stored) for _ in range(20)]
    recording = read_recording(write_cassette(tmp_path, [*configs, *runs]))
    reads: list[object] = []

    def read_body(body: dict[str, Any]) -> bytes:
        reads.append(body)
        return recording.read_body(body)

    apps = read_recorded_apps(recording.exchanges, read_body)
    assert len(apps) == 20
    assert len(reads) == 1
    assert len(find_problems(recording.exchanges, apps, read_body)) >= 20
    assert len(reads) == 2


async def nothing() -> AsyncIterator[bytes]:
    yield b""


async def refuse(_body: AsyncIterator[bytes]) -> InterceptedResponse:
    raise AssertionError("a request was sent to the network")


@pytest.mark.parametrize("sessions", [0, 1, 50])
def test_twice_the_responses_are_found_in_twice_the_work(sessions: int, tmp_path: Path) -> None:
    def make_path(number: int) -> str:
        return f"/file?session_hash={number % sessions}" if sessions else "/file"

    def replay_requests(count: int) -> None:
        path = write_cassette(tmp_path, [interaction(make_path(number)) for number in range(count)])

        async def play(player: Player) -> None:
            for number in range(count):
                await player.answer(
                    InterceptedRequest("GET", APP + make_path(number), (), nothing()), refuse
                )

        with use_cassette(path) as cassette:
            player = cassette._player  # pyright: ignore[reportPrivateUsage]
            assert player is not None
            anyio.run(play, player)

    half, full = (IN_CASSETTES(partial(replay_requests, count)) for count in (100, 200))
    assert full < 2.4 * half


def test_vcrpy_can_read_a_cassette(tmp_path: Path) -> None:
    exchange = Exchange("POST", f"{APP}/a", (("x", "1"),), {"json": {"a": 1}}, 200, (("y", "2"),))
    path = tmp_path / "a.json"
    save_cassette(path, [exchange], {"recorded": "today"}, BodyFiles(path))
    text = (tmp_path / "a.json").read_text()
    (request,), (response,), metadata = cast("Any", deserialize(text, jsonserializer))
    assert (request.method, request.uri, request.headers["x"]) == ("POST", f"{APP}/a", "1")
    assert response["status"]["code"] == 200
    assert metadata == {"recorded": "today"}
    assert load_cassette(tmp_path / "a.json") == ([exchange], {"recorded": "today"})
