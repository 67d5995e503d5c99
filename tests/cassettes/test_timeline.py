"""A recording as a timeline, and as a page in a real browser."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spacecall.cassettes._format.exchange import Exchange
from spacecall.cassettes._inspect.recording import Recording, read_recording
from spacecall.cassettes._inspect.timeline import Outcome, Row, Timeline, read_timeline
from spacecall.cassettes._inspect.timeline_page import render_page
from tests.cassettes.browser import chromium
from tests.cassettes.scripted_calls import Results

HOSTILE = "</script><script>document.title='owned'</script><img src=x onerror=alert(1)>"


@pytest.fixture
def recording(recorded: tuple[Path, Results]) -> Recording:
    return read_recording(recorded[0])


@pytest.fixture
def timeline(recording: Recording) -> Timeline:
    return read_timeline(recording.exchanges, recording.apps)


def find_row(timeline: Timeline, name: str) -> Row:
    (row,) = (row for row in timeline.rows if row.name == name)
    return row


def test_each_job_is_a_row_with_its_end(timeline: Timeline) -> None:
    stream = find_row(timeline, "/stream_text")
    assert stream.outcome is Outcome.DONE
    assert stream.processing_at is not None
    first = min(stream.partial_results)
    assert stream.started_at <= stream.processing_at <= first <= stream.ended_at
    failed = find_row(timeline, "/fail2")
    assert (failed.outcome, failed.remark) == (Outcome.FAILED, "boom2")
    assert find_row(timeline, "/slow_stream").outcome is Outcome.CANCELLED
    assert [row.name for row in timeline.rows if row.is_job].count("/echo") == 20


def test_requests_outside_of_jobs_are_rows_too(timeline: Timeline) -> None:
    requests = [row for row in timeline.rows if not row.is_job]
    assert [row.name.partition("=")[0] for row in requests] == [
        "GET /config",
        "GET /gradio_api/info",
        "POST /gradio_api/upload",
        "GET /gradio_api/file",
    ]
    assert {row.remark for row in requests} == {"200"}


def test_rows_and_events_are_in_the_order_of_time(timeline: Timeline) -> None:
    starts = [row.started_at for row in timeline.rows]
    assert starts == sorted(starts)
    assert all(timeline.started_at <= row.started_at <= row.ended_at for row in timeline.rows)
    for row in timeline.rows:
        times = [event.seconds for event in row.events]
        assert times == sorted(times)


def test_a_request_without_a_response_is_lost() -> None:
    exchange = Exchange(
        "GET", "http://app/config", started_at=1.0, ended_at=2.0, end_reason="ConnectError"
    )
    (row,) = read_timeline([exchange], {}).rows
    assert (row.outcome, row.remark) == (Outcome.LOST, "ConnectError")
    assert read_timeline([], {}).rows == []


@pytest.mark.requires("chromedriver")
def test_the_page_shows_the_events_of_a_job_on_click(
    recording: Recording, timeline: Timeline, tmp_path: Path
) -> None:
    file = tmp_path / "page.html"
    file.write_text(render_page("all.json", recording.apps, timeline), encoding="utf-8")
    number = [row.name for row in timeline.rows].index("/stream_text") + 1
    with chromium() as browser:
        browser.open(file.as_uri())
        bars = browser.script("return document.querySelectorAll('.row svg rect').length")
        assert bars >= len(timeline.rows)
        assert browser.script("return document.querySelectorAll('.events').length") == 0
        browser.click(f"#row-{number}")
        lines = browser.script(
            "return [...document.querySelectorAll('summary')].map(e => e.innerText)"
        )
        kinds = [line.split()[-1] for line in lines]
        assert kinds[:3] == ["request", "estimation", "process_starts"]
        browser.click(".events details:nth-of-type(3) summary")
        event = browser.script("return document.querySelector('details[open] pre').innerText")
        assert json.loads(event)["msg"] == "process_starts"
        browser.click(f"#row-{number}")
        assert browser.script("return document.querySelectorAll('.events').length") == 0
        assert browser.errors() == []


@pytest.mark.requires("chromedriver")
def test_recorded_content_is_text_in_the_page_and_never_code(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    body = {"json": {HOSTILE: HOSTILE}}
    exchange = Exchange("GET", f"http://app/{HOSTILE}", status=500, body=body, ended_at=1.0)
    page = render_page(f"{HOSTILE}@SCRIPT@", {}, read_timeline([exchange], {}))
    file.write_text(page, encoding="utf-8")
    with chromium() as browser:
        browser.open(file.as_uri())
        browser.click("#row-1")
        assert browser.script("return document.title") == f"{HOSTILE}@SCRIPT@"
        assert browser.script("return document.querySelectorAll('img').length") == 0
        assert HOSTILE in browser.script("return document.querySelector('.row').innerText")
        assert browser.errors() == []
