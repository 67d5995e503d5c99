"""Cassettes recorded on real Gradio 6.31 and 5.50, replayed with the app out of reach."""

from __future__ import annotations

import json
import shutil
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest

from spacecall import DeadlineError, Space, SyncSpace, Timeouts
from spacecall.cassettes import (
    CassetteError,
    CassetteMissError,
    UnusedRequestsError,
    use_cassette,
)
from spacecall.cassettes._format.cassette_file import SHARED_FOLDER
from tests.cassettes.scripted_calls import Results, make_calls_from_threads, play
from tests.servers import AppServer

NOWHERE = "http://127.0.0.1:9"


Recorded = tuple[Path, Results]


async def echo(address: str, *texts: str) -> None:
    async with Space(address) as space:
        for text in texts:
            assert await space.call("/echo", text=text) == text


async def open_space(address: str) -> None:
    async with Space(address, describe=False):
        pass


async def test_head_requests_of_an_upload_are_not_recorded(
    protocol_app_5: AppServer, tmp_path: Path
) -> None:
    path = tmp_path / "upload.json"

    async def send(address: str) -> None:
        async with Space(address) as space:
            (file,) = await space.call("/files", files=[bytes(2**20)])
            assert file.size == 2**20

    with use_cassette(path, mode="rewrite"):
        await send(protocol_app_5.url)
    text = path.read_text(encoding="utf-8")
    assert '"POST"' in text
    assert '"HEAD"' not in text
    await replay(path, send(NOWHERE))


async def replay(path: Path, work: Awaitable[object], **options: Any) -> None:
    with use_cassette(path, **options):
        await work


@pytest.mark.parametrize("shuffle", [None, 1, 2])
async def test_a_replay_returns_the_live_results(recorded: Recorded, shuffle: int | None) -> None:
    """On another host, in any order of completion, again and again."""
    path, live = recorded
    for _ in range(3):
        with use_cassette(path, shuffle=shuffle), anyio.fail_after(60):
            assert await play(NOWHERE) == live


def test_without_async_too(recorded: Recorded) -> None:
    path, live = recorded
    with use_cassette(path, assert_all_used=False), SyncSpace(NOWHERE) as space:
        with space.call("/stream_text", text="a", n=3) as job:
            assert list(job.outputs) == live["stream"]
        results = make_calls_from_threads(space)
    assert results == live["many"]


@pytest.mark.parametrize("speed", [100, 1e6])
async def test_it_is_replayed_with_the_recorded_delays_too(
    recorded: Recorded, speed: float
) -> None:
    path, live = recorded
    with use_cassette(path, speed=speed, assert_all_used=False), anyio.fail_after(60):
        async with Space(NOWHERE) as space, space.call("/stream_text", text="a", n=3) as job:
            assert [value async for value in job.outputs] == live["stream"]


async def test_a_missing_request_fails_with_the_nearest_one_and_the_differences(
    recorded: Recorded,
) -> None:
    path, _ = recorded
    with pytest.raises(CassetteMissError, match=r"POST .*/queue/join") as caught:
        await replay(path, echo(NOWHERE, "never said"), assert_all_used=False)
    assert any('"never said" (recorded: ' in line for line in caught.value.differences)


async def test_an_edited_field_is_the_only_difference(recorded: Recorded, tmp_path: Path) -> None:
    path, _ = recorded
    edited = json.loads(path.read_text())
    for interaction in edited["interactions"]:
        body = interaction["request"]["body"].get("json")
        if body and body.get("data") == ["call 7"]:
            body["data"] = ["call seven"]
    (tmp_path / "all.json").write_text(json.dumps(edited))
    shutil.copytree(path.parent / SHARED_FOLDER, tmp_path / SHARED_FOLDER)
    with pytest.raises(CassetteMissError) as caught:
        await replay(tmp_path / "all.json", echo(NOWHERE, "call 7"), assert_all_used=False)
    assert 'body.data[0]: "call 7" (recorded: ' in "\n".join(caught.value.differences)


async def test_recorded_requests_that_are_not_made_are_an_error(recorded: Recorded) -> None:
    path, _ = recorded
    with pytest.raises(UnusedRequestsError, match="queue/join") as caught, use_cassette(path):
        async with Space(NOWHERE):
            pass
    assert len(caught.value.requests) > 20


async def test_leaving_early_and_time_limits_are_as_live(
    protocol_app: AppServer, tmp_path: Path
) -> None:
    path = tmp_path / "slow.json"

    async def call_with_limit(address: str) -> None:
        async with Space(address) as space:
            call = space.call("/slow_async", seconds=30)
            with pytest.raises(DeadlineError, match=r"within 0\.5 s"):
                await call.with_options(timeouts=Timeouts(run=0.5))

    with use_cassette(path, mode="once"):
        await call_with_limit(protocol_app.url)
    with use_cassette(path), anyio.fail_after(30):
        await call_with_limit(NOWHERE)


async def test_modes(protocol_app: AppServer, tmp_path: Path) -> None:
    path = tmp_path / "modes.json"

    with pytest.raises(CassetteMissError, match="or mode='once'"), use_cassette(path):
        await echo(NOWHERE, "one")
    with use_cassette(path, mode="once"):
        await echo(protocol_app.url, "one")
    with use_cassette(path, mode="once") as cassette:
        await echo(NOWHERE, "one")
        assert not cassette.recording
    with use_cassette(path, mode="new_episodes"):
        await echo(protocol_app.url, "one", "two")
    with use_cassette(path):
        await echo(NOWHERE, "one", "two")
    with use_cassette(path, mode="all"):
        await echo(protocol_app.url, "three")
    with use_cassette(path):
        await echo(NOWHERE, "one", "two", "three")
    with use_cassette(path, mode="rewrite"):
        await echo(protocol_app.url, "four")
    with use_cassette(path):
        await echo(NOWHERE, "four")


async def test_matchers_of_the_caller_decide_too(recorded: Recorded) -> None:
    path, _ = recorded
    request_types: list[str] = []

    def never(request: object, recorded: object) -> None:
        request_types.append(type(request).__name__)
        raise AssertionError

    with pytest.raises(CassetteMissError, match="/config"):
        await replay(path, open_space(NOWHERE), matchers=[never], assert_all_used=False)
    assert request_types


async def test_a_response_streams_while_it_is_recorded(
    protocol_app: AppServer, tmp_path: Path
) -> None:
    """The first value arrives before the last; leaving then still writes a valid cassette."""
    path = tmp_path / "stream.json"

    async def first(address: str) -> str:
        with anyio.fail_after(25):
            async with Space(address) as space, space.call("/slow_stream", seconds=60) as job:
                return str(await anext(aiter(job.outputs)))

    with use_cassette(path, mode="once"):
        live = await first(protocol_app.url)
    with use_cassette(path):
        assert await first(NOWHERE) == live


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "it has no list of interactions"),
        ("nonsense", "invalid JSON"),
        (
            '{"version": 1, "interactions": [{"request": {}}]}',
            "interaction 1 is not a request/response pair",
        ),
        (
            '{"version": 1, "interactions": [{"request": {"method": "GET", "uri": "http://a/config",'
            ' "headers": {}, "body": {}}, "response": {"times": [0, 0, 0], "end": "odd"}}]}',
            "unknown end 'odd': must be complete, closed or one of ConnectError, ",
        ),
    ],
    ids=["list", "text", "request", "end"],
)
def test_a_cassette_of_a_stranger_is_data_and_checked(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "strange.json"
    path.write_text(text)
    with pytest.raises(CassetteError, match=message), use_cassette(path):
        pass


async def test_an_external_body_is_named_by_its_hash_and_verified(
    protocol_app: AppServer, tmp_path: Path
) -> None:
    path = tmp_path / "big.json"

    with use_cassette(path, mode="once"):
        await open_space(protocol_app.url)
    (body,) = (tmp_path / SHARED_FOLDER).iterdir()
    body.write_bytes(body.read_bytes().replace(b"version", b"VERSION"))
    with (
        pytest.raises(CassetteError, match="has changed since it was recorded"),
        use_cassette(path),
    ):
        await open_space(NOWHERE)
    raw = path.read_text()
    path.write_text(raw.replace(body.stem, "../../secret"))
    with pytest.raises(CassetteError, match="must be 64 hexadecimal digits"), use_cassette(path):
        await open_space(NOWHERE)


async def test_a_space_uses_the_innermost_cassette(recorded: Recorded, tmp_path: Path) -> None:
    path, _ = recorded
    inner = tmp_path / "inner.json"
    with use_cassette(path, assert_all_used=False):
        with pytest.raises(CassetteMissError, match=r"inner\.json"):
            await replay(inner, open_space(NOWHERE))
        async with Space(NOWHERE) as space:
            with use_cassette(inner):
                assert await space.call("/echo", text="call 4") == "call 4"
            assert await space.call("/echo", text="call 3") == "call 3"


async def test_two_threads_cannot_use_cassettes_at_once(recorded: Recorded) -> None:
    path, _ = recorded

    def use() -> None:
        with use_cassette(path, assert_all_used=False):
            pass

    with (
        use_cassette(path, assert_all_used=False),
        pytest.raises(RuntimeError, match="another thread uses a cassette"),
    ):
        await anyio.to_thread.run_sync(use)
    await anyio.to_thread.run_sync(use)


async def test_requests_are_repeated_only_if_that_is_allowed(recorded: Recorded) -> None:
    path, _ = recorded
    with pytest.raises(CassetteMissError, match="allow_playback_repeats=True"):
        await replay(path, echo(NOWHERE, "call 3", "call 3"), assert_all_used=False)
    repeats: dict[str, Any] = {"assert_all_used": False, "allow_playback_repeats": True}
    with anyio.fail_after(30):
        await replay(path, echo(NOWHERE, *["call 3"] * 5, "call 4"), **repeats)
        with use_cassette(path, **repeats):
            async with Space(NOWHERE) as space, Space(NOWHERE) as other:
                results: list[str] = []

                async def call(caller: Space) -> None:
                    results.append(await caller.call("/echo", text="call 3"))

                async with anyio.create_task_group() as group:
                    for caller in (space, other, space, other):
                        group.start_soon(call, caller)
                assert results == ["call 3"] * 4


@pytest.mark.parametrize("speed", [0, -1, float("nan"), "slow"])
def test_an_invalid_speed_is_refused(speed: Any, tmp_path: Path) -> None:
    with (
        pytest.raises(ValueError, match="speed must be 'instant', 'recorded' or a number above 0"),
        use_cassette(tmp_path / "a.json", speed=speed),
    ):
        pass
