"""A recording as a timeline, and as a page in a real browser."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spacecall.cassettes._format.exchange import Exchange
from spacecall.cassettes._inspect.recording import Recording, read_recording
from spacecall.cassettes._inspect.timeline import Outcome, Row, Timeline, read_timeline
from spacecall.cassettes._inspect.timeline_page import page
from tests.cassettes.browser import chromium
from tests.cassettes.script import Outcome as Found

HOSTILE = "</script><script>document.title='owned'</script><img src=x onerror=alert(1)>"


@pytest.fixture
def recording(recorded: tuple[Path, Found]) -> Recording:
    return read_recording(recorded[0])


@pytest.fixture
def timeline(recording: Recording) -> Timeline:
    return read_timeline(recording.exchanges, recording.apps)


def row(timeline: Timeline, name: str) -> Row:
    (found,) = (one for one in timeline.rows if one.name == name)
    return found


def test_each_job_is_a_row_with_its_end(timeline: Timeline) -> None:
    stream = row(timeline, "/stream_text")
    assert stream.outcome is Outcome.DONE
    assert stream.started is not None
    assert stream.began <= stream.started <= min(stream.outputs) <= stream.ended
    failed = row(timeline, "/fail2")
    assert (failed.outcome, failed.remark) == (Outcome.FAILED, "boom2")
    assert row(timeline, "/slow_stream").outcome is Outcome.CANCELLED
    assert [one.name for one in timeline.rows if one.job].count("/echo") == 20


def test_requests_that_are_no_jobs_are_rows_too(timeline: Timeline) -> None:
    others = [one for one in timeline.rows if not one.job]
    assert [one.name.partition("=")[0] for one in others] == [
        "GET /config",
        "GET /gradio_api/info",
        "POST /gradio_api/upload",
        "GET /gradio_api/file",
    ]
    assert {one.remark for one in others} == {"200"}


def test_what_happened_is_in_the_order_of_time(timeline: Timeline) -> None:
    begins = [one.began for one in timeline.rows]
    assert begins == sorted(begins)
    assert all(timeline.began <= one.began <= one.ended for one in timeline.rows)
    for one in timeline.rows:
        times = [moment.at for moment in one.moments]
        assert times == sorted(times)


def test_a_request_without_an_answer_is_lost() -> None:
    lost = Exchange("GET", "http://app/config", began=1.0, ended=2.0, end="ConnectError")
    (found,) = read_timeline([lost], {}).rows
    assert (found.outcome, found.remark) == (Outcome.LOST, "ConnectError")
    assert read_timeline([], {}).rows == []


def test_the_page_shows_the_events_of_a_job_on_click(
    recording: Recording, timeline: Timeline, tmp_path: Path
) -> None:
    file = tmp_path / "page.html"
    file.write_text(page("all.json", recording.apps, timeline), encoding="utf-8")
    number = [one.name for one in timeline.rows].index("/stream_text") + 1
    with chromium() as browser:
        browser.open(file.as_uri())
        drawn = browser.script("return document.querySelectorAll('.row svg rect').length")
        assert drawn >= len(timeline.rows)
        assert browser.script("return document.querySelectorAll('.events').length") == 0
        browser.click(f"#row-{number}")
        told = browser.script(
            "return [...document.querySelectorAll('summary')].map(e => e.innerText)"
        )
        assert [one.split()[-1] for one in told][:3] == ["request", "estimation", "process_starts"]
        browser.click(".events details:nth-of-type(3) summary")
        event = browser.script("return document.querySelector('details[open] pre').innerText")
        assert json.loads(event)["msg"] == "process_starts"
        browser.click(f"#row-{number}")
        assert browser.script("return document.querySelectorAll('.events').length") == 0
        assert browser.complaints() == []


def test_what_was_recorded_is_text_in_the_page_and_never_code(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    exchange = Exchange(
        "GET", f"http://app/{HOSTILE}", status=500, body={"json": {HOSTILE: HOSTILE}}, ended=1.0
    )
    file.write_text(page(f"{HOSTILE}@SCRIPT@", {}, read_timeline([exchange], {})), encoding="utf-8")
    with chromium() as browser:
        browser.open(file.as_uri())
        browser.click("#row-1")
        assert browser.script("return document.title") == f"{HOSTILE}@SCRIPT@"
        assert browser.script("return document.querySelectorAll('img').length") == 0
        assert HOSTILE in browser.script("return document.querySelector('.row').innerText")
        assert browser.complaints() == []
