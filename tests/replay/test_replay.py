"""Every facade and every generation, replayed from recordings of real Gradio servers."""

from __future__ import annotations

import anyio
import pytest

from spacecall import SyncSpace
from spacecall.cassettes import use_cassette
from spacecall.cassettes._inspect.recording import read_recording
from spacecall.cassettes._inspect.validation import find_problems
from tests.cassettes.scripted_calls import Results, make_calls_from_threads, play
from tests.replay.record import CASSETTES
from tests.replay.scenes import SCENES, everything

NOWHERE = "http://127.0.0.1:9"
GENERATIONS = [name for name, scene in SCENES.items() if scene.play is everything]
ROUNDS = 30


@pytest.mark.parametrize("name", SCENES)
async def test_a_replay_passes_the_assertions_of_the_live_scene(name: str) -> None:
    with use_cassette(CASSETTES / f"{name}.json"), anyio.fail_after(60):
        await SCENES[name].play(NOWHERE)


@pytest.mark.parametrize("name", SCENES)
def test_recordings_fit_the_protocol_and_the_schemas(name: str) -> None:
    recording = read_recording(CASSETTES / f"{name}.json")
    assert recording.apps
    assert find_problems(recording.exchanges, recording.apps, recording.read_body) == []


@pytest.mark.parametrize("shuffled", [False, True], ids=["in-order", "shuffled"])
async def test_thirty_times_in_a_row_it_is_the_same(shuffled: bool) -> None:
    """A stream, an upload, a download, a cancel, an error, twenty jobs at once."""
    first: dict[str, Results] = {}
    for turn in range(ROUNDS):
        name = GENERATIONS[turn % len(GENERATIONS)]
        seed = turn if shuffled else None
        with use_cassette(CASSETTES / f"{name}.json", shuffle=seed), anyio.fail_after(60):
            results = await play(NOWHERE)
        assert results == first.setdefault(name, results)


@pytest.mark.parametrize("name", GENERATIONS)
def test_without_async_and_from_threads_too(name: str) -> None:
    with (
        use_cassette(CASSETTES / f"{name}.json", assert_all_used=False),
        SyncSpace(NOWHERE) as space,
    ):
        results = make_calls_from_threads(space)
    assert results == {number: f"call {number}" for number in range(20)}


def test_every_cassette_is_of_a_scene() -> None:
    assert {path.stem for path in CASSETTES.glob("*.json")} == set(SCENES)
    assert {path.stem for path in CASSETTES.glob("*.bodies")} <= set(SCENES)
