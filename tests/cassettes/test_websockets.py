"""Websockets of Gradio 3, recorded and replayed. Real servers of it are in tests/matrix."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from spacecall import JobLostError, Limits, ProtocolError, Space, Timeouts
from spacecall.cassettes import CassetteMissError, use_cassette
from spacecall.cassettes._format.exchange import Exchange
from spacecall.cassettes._inspect.recording import read_recording
from tests.client.tools import until
from tests.faults.exchanges import serving
from tests.faults.old_app import QUEUED, SOUND, STARTED, WANTED, App

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def cassette(tmp_path: Path) -> Path:
    return tmp_path / "cassette.json"


def streams(cassette: Path) -> list[Exchange]:
    """Return the recorded event streams."""
    exchanges = read_recording(cassette).exchanges
    return [exchange for exchange in exchanges if exchange.events is not None]


async def echo(url: str, text: str = "hi") -> str:
    async with Space(url, timeouts=Timeouts(total=20)) as space:
        return str(await space.call("/echo", text=text))


async def test_a_conversation_is_a_request_with_its_arguments_and_a_stream_of_events(
    cassette: Path,
) -> None:
    with use_cassette(cassette, mode="all"):
        async with serving(App("ws", (SOUND, "closed"))) as url:
            assert await echo(url) == "hi"
    (exchange,) = streams(cassette)
    assert exchange.request_body["json"]["data"] == ["hi"]
    kinds = [event.as_object()["msg"] for _, event in exchange.events or ()]
    assert kinds == ["estimation", "process_starts", "process_generating", "process_completed"]
    with use_cassette(cassette, mode="none"):
        assert await echo(NOWHERE) == "hi"


async def test_other_arguments_are_not_in_the_cassette(cassette: Path) -> None:
    with use_cassette(cassette, mode="all"):
        async with serving(App("ws", (SOUND, "closed"))) as url:
            await echo(url)
    with (
        pytest.raises(CassetteMissError, match=r"body\.data\[0\]"),
        use_cassette(cassette, mode="none"),
    ):
        await echo(NOWHERE, "another")


async def test_a_message_over_the_limit_is_recorded_in_part_only(cassette: Path) -> None:
    large = {"msg": "log", "log": "x" * 5000}
    with use_cassette(cassette, mode="all"):
        async with (
            serving(App("ws", ((QUEUED, WANTED, STARTED, large), "silent"))) as url,
            Space(url, timeouts=Timeouts(total=20), limits=Limits(max_event_bytes=1000)) as space,
        ):
            with pytest.raises(ProtocolError, match=r"more than 1000 bytes"):
                await space.call("/echo", text="hi")
    (exchange,) = streams(cassette)
    assert max(len(event.data) for _, event in exchange.events or ()) < 1000


async def test_a_websocket_that_broke_breaks_again(cassette: Path) -> None:
    with use_cassette(cassette, mode="all"):
        async with serving(App("ws", ((QUEUED, WANTED, STARTED), "cut"))) as url:
            with pytest.raises(JobLostError):
                await echo(url)
    with use_cassette(cassette, mode="none"), pytest.raises(JobLostError):
        await echo(NOWHERE)


async def test_a_job_that_is_left_closes_its_websocket_while_it_is_recorded(
    cassette: Path,
) -> None:
    app = App("ws", ((QUEUED, WANTED, STARTED), "silent"))
    with use_cassette(cassette, mode="all"), anyio.fail_after(20):
        async with serving(app) as url, Space(url) as space:
            async with space.call("/echo", text="hi"):
                await until(lambda: any("data" in message for message in app.told))
            await until(lambda: app.left == 1)
