"""What each generation of the protocol does otherwise than the newest."""

from __future__ import annotations

from typing import Any

import pytest

from spacecall._core.job_state import JobStatus
from spacecall._core.jobs import Job
from spacecall._core.protocol_versions import NEWEST, SUPPORTED, find_protocol_version
from spacecall._core.queue_messages import parse_message
from spacecall.events import Output
from spacecall.options import Limits


def outputs(edits: bool, *data: Any) -> list[Any]:
    job = Job(
        0, sends_diffs=edits, follow=True, limits=Limits(max_buffered_events=9), notify=lambda: None
    )
    job.advance(JobStatus.QUEUED)
    for value in data:
        text = parse_message(
            b'{"msg": "process_generating", "success": true, "output": {"data": %s}}'
            % value.encode()
        )
        job.receive(text)
    assert job.error is None
    events: list[Any] = []
    while (event := job.buffer.pop()) is not None:
        if isinstance(event, Output):
            events.append(event.value)
    return events


def test_values_are_whole_in_sse_v1_and_edits_from_sse_v2_on() -> None:
    assert outputs(False, '["a"]', '["a b"]')[-1] == ["a b"]
    assert outputs(True, '["a"]', '[[["append", [], " b"]]]')[-1] == ["a b"]


@pytest.mark.parametrize("name", SUPPORTED)
def test_a_known_one_is_found_by_its_name(name: str) -> None:
    assert find_protocol_version(name).name == name


def test_an_unknown_one_is_tried_as_the_newest() -> None:
    assert find_protocol_version("sse_v9") is NEWEST


def test_only_the_newest_says_that_it_closes_a_stream() -> None:
    assert [version.name for version in SUPPORTED.values() if version.announces_close] == ["sse_v3"]
    assert [version.name for version in SUPPORTED.values() if not version.sends_diffs] == [
        "ws",
        "sse",
        "sse_v1",
    ]
