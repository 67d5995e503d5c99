"""Cassettes: what a stranger's costs grows with its size, and not faster."""

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

from spacecall._core.loose import items
from spacecall._io.intercept import Received, Sent
from spacecall.cassettes import use_cassette
from spacecall.cassettes._engine.merging import merged
from spacecall.cassettes._engine.player import Player
from spacecall.cassettes._format.cassette_file import load, save
from spacecall.cassettes._format.exchange import Exchange
from spacecall.cassettes._format.job_recordings import Reel, read_reels
from spacecall.cassettes._format.recorded_apps import apps_of
from spacecall.cassettes._inspect.recording import read_recording
from spacecall.cassettes._inspect.timeline import read_timeline
from spacecall.cassettes._inspect.validation import validate
from tests.core.cost import calls, steps
from tests.hostile.server import app_config, app_info
from tests.hostile.test_cassettes import APP, Interaction, interaction, write_cassette

Maker: TypeAlias = Callable[[int], list[Interaction]]
Action: TypeAlias = Callable[[Path], object]
JOIN = "/gradio_api/queue/join"
STREAM = "/gradio_api/queue/data?session_hash="


def join(name: str, session: str = "s", function: int = 0, at: float = 0) -> Interaction:
    sent = {"json": {"data": ["x"], "fn_index": function, "session_hash": session}}
    times = [at, at, at]
    return interaction(JOIN, "POST", sent=sent, body={"json": {"event_id": name}}, times=times)


def stream(*messages: object, session: str = "s", at: float = 0, **changes: Any) -> Interaction:
    events = [{"at": at, "json": message} for message in messages]
    times = [at, at, at + 1]
    return interaction(STREAM + session, body={}, events=events, times=times, **changes)


def cancel(at: float) -> Interaction:
    sent = {"json": {"fn_index": 0, "session_hash": "s"}}
    return interaction("/gradio_api/cancel", "POST", sent=sent, body={}, times=[at, at, at])


def message(name: str | None, kind: str, **changes: object) -> dict[str, object]:
    return {"msg": kind, "event_id": name, **changes}


def elsewhere(interaction: Interaction, place: str) -> Interaction:
    request = interaction["request"]
    uri = request["uri"].replace(APP, APP + place)
    return {**interaction, "request": {**request, "uri": uri}}


def with_functions(count: int) -> list[Interaction]:
    """An app of many functions."""
    config = app_config()
    (function,) = items(config["dependencies"])
    config["dependencies"] = [
        {**function, "id": number, "api_name": f"f{number}"} for number in range(count)
    ]
    return [
        interaction(body={"json": config}),
        interaction("/gradio_api/info", body={"json": app_info()}),
    ]


def edits(count: int) -> list[Interaction]:
    """A job that edits a long list again and again."""
    first = message("e", "process_generating", output={"data": [["x"] * count]})
    edit = {"data": [[["replace", [0], "y"]]]}
    later = [message("e", "process_generating", output=edit)] * count
    info = interaction("/gradio_api/info", body={"json": app_info()})
    return [interaction(), info, join("e"), stream(first, *later)]


MAKERS: dict[str, Maker] = {
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
        *(elsewhere(interaction(), f"/{number}") for number in range(n)),
        *(
            elsewhere(interaction("/gradio_api/info", body={"json": app_info()}), f"/{number}")
            for number in range(n)
        ),
        *(elsewhere(join(f"e{number}"), f"/{number}") for number in range(n)),
    ],
    "one app again and again": lambda n: [interaction() for _ in range(n)],
    "addresses of many parts": lambda n: [
        elsewhere(interaction(), "/" * 300 + str(number)) for number in range(n)
    ],
    "edits of a long list": lambda n: edits(4 * n),
}


def show(path: Path) -> None:
    recording = read_recording(path)
    read_timeline(recording.exchanges, recording.apps)


def check(path: Path) -> None:
    recording = read_recording(path)
    validate(recording.exchanges, recording.apps, recording.read)


def replay(path: Path) -> None:
    with use_cassette(path, strict=False):
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
        first, half, whole = costs
        assert whole - first < 2.4 * (half - first)


def reels(*interactions: Interaction, folder: Path) -> dict[str, Reel]:
    return read_reels(read_recording(write_cassette(folder, [*interactions])).exchanges)


def test_what_one_event_gives_to_all_is_given_once(tmp_path: Path) -> None:
    error = message(None, "unexpected_error")
    own = message("a", "process_starts")
    found = reels(join("a"), join("b"), stream(error, error, own, error, error), folder=tmp_path)
    kinds = {
        name: [event.value()["msg"] for _, event in reel.events] for name, reel in found.items()
    }
    assert kinds["a"] == ["unexpected_error", "process_starts", "unexpected_error"]
    assert kinds["b"] == ["unexpected_error"]


def test_a_job_ends_as_the_last_stream_that_it_was_on(tmp_path: Path) -> None:
    found = reels(
        join("a"),
        stream(end="closed"),
        join("b", at=5),
        stream(at=9, end="ReadError"),
        join("c", at=20),
        stream(session="another", at=30, end="closed"),
        folder=tmp_path,
    )
    assert {name: reel.end for name, reel in found.items()} == {
        "a": "ReadError",
        "b": "ReadError",
        "c": "complete",
    }


def test_a_job_has_the_first_cancel_after_its_join(tmp_path: Path) -> None:
    done = message("a", "process_completed", success=True, output={})
    found = reels(
        join("a", at=2), join("b", at=2), join("c", at=9), stream(done, at=3),
        *(cancel(at) for at in (8, 1, 4)), folder=tmp_path,
    )  # fmt: skip
    assert [found[name].cancelled for name in "abc"] == [None, 4, None]


def test_old_recordings_are_merged_in_linear_work() -> None:
    def old(count: int) -> list[Exchange]:
        urls = [f"{APP}{JOIN}?{number}" for number in range(count)]
        return [Exchange("POST", url) for url in urls] + [
            Exchange("GET", APP + STREAM + "s") for _ in range(count)
        ]

    half, whole = (calls(partial(merged, old(count), [])) for count in (200, 400))
    assert whole < 2.4 * half
    assert merged(old(3), []) == old(3)


def test_a_body_beside_a_cassette_is_read_once(tmp_path: Path) -> None:
    body = json.dumps(app_config()).encode()
    digest = hashlib.sha256(body).hexdigest()
    (tmp_path / "c.bodies").mkdir()
    (tmp_path / "c.bodies" / digest).write_bytes(body)
    stored = {"sha256": digest, "size": len(body)}
    configs = [elsewhere(interaction(body=stored), f"/{number}") for number in range(20)]
    answers = [interaction("/gradio_api/run/f", "POST", body=stored) for _ in range(20)]
    recording = read_recording(write_cassette(tmp_path, [*configs, *answers]))
    reads: list[object] = []

    def read(body: dict[str, Any]) -> bytes:
        reads.append(body)
        return recording.read(body)

    apps = apps_of(recording.exchanges, read)
    assert len(apps) == 20
    assert len(reads) == 1
    assert len(validate(recording.exchanges, apps, read)) >= 20
    assert len(reads) == 2


async def nothing() -> AsyncIterator[bytes]:
    yield b""


async def refuse(_body: AsyncIterator[bytes]) -> Received:
    raise AssertionError("the network is not asked")


@pytest.mark.parametrize("sessions", [0, 1, 50])
def test_twice_the_answers_are_found_in_twice_the_work(sessions: int, tmp_path: Path) -> None:
    def path_of(number: int) -> str:
        return f"/file?session_hash={number % sessions}" if sessions else "/file"

    def ask(count: int) -> None:
        path = write_cassette(tmp_path, [interaction(path_of(number)) for number in range(count)])

        async def play(player: Player) -> None:
            for number in range(count):
                await player.answer(Sent("GET", APP + path_of(number), (), nothing()), refuse)

        with use_cassette(path) as cassette:
            assert cassette.player is not None
            anyio.run(play, cassette.player)

    half, whole = (IN_CASSETTES(partial(ask, count)) for count in (100, 200))
    assert whole < 2.4 * half


def test_vcrpy_reads_what_is_written(tmp_path: Path) -> None:
    exchange = Exchange("POST", f"{APP}/a", (("x", "1"),), {"json": {"a": 1}}, 200, (("y", "2"),))
    save(tmp_path / "a.json", [exchange], {"recorded": "today"})
    text = (tmp_path / "a.json").read_text()
    (request,), (response,), metadata = cast("Any", deserialize(text, jsonserializer))
    assert (request.method, request.uri, request.headers["x"]) == ("POST", f"{APP}/a", "1")
    assert response["status"]["code"] == 200
    assert metadata == {"recorded": "today"}
    assert load(tmp_path / "a.json") == ([exchange], {"recorded": "today"})
