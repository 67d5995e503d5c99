"""Messages that come before the answer to the join that they belong to."""

from __future__ import annotations

import pytest

from spacecall._core.message_routing import Demultiplexer
from spacecall.errors import JobLostError, ProtocolError
from spacecall.events import Queued
from spacecall.options import Limits
from tests.core.wire import a_job, completed, joined, message


@pytest.fixture
def demux() -> Demultiplexer:
    return Demultiplexer(Limits(max_early_messages=3))


def test_messages_of_jobs_nobody_knows_are_not_kept_for_one_that_still_uploads(
    demux: Demultiplexer,
) -> None:
    job = a_job()
    demux.reserve(job)
    for _ in range(9):
        demux.feed(message("process_generating", "of an earlier process"))
    demux.begin_join(job)
    demux.feed(completed(["early"], "a"))
    demux.accept(job, "a")
    assert job.values == ["early"]


def test_early_messages_are_handed_over_in_order(demux: Demultiplexer) -> None:
    job = a_job(follow=True)
    demux.begin_join(job)
    for rank in (2, 1):
        demux.feed(message("estimation", "a", rank=rank))
    demux.feed(completed(["done"], "a"))
    assert not job.has_messages
    demux.accept(job, "a")
    assert job.values == ["done"]
    assert [job.buffer.pop() for _ in range(2)] == [
        Queued(2, None, None),
        Queued(1, None, None),
    ]
    assert not demux.has_jobs, "a job that was done before it was accepted is not waited for"


def test_early_messages_go_to_their_own_job(demux: Demultiplexer) -> None:
    job_a, job_b = a_job(), a_job()
    demux.begin_join(job_a)
    demux.begin_join(job_b)
    demux.feed(completed(["for b"], "b"))
    demux.feed(completed(["for a"], "a"))
    demux.accept(job_a, "a")
    demux.accept(job_b, "b")
    assert (job_a.values, job_b.values) == (["for a"], ["for b"])


def test_early_messages_are_bounded(demux: Demultiplexer) -> None:
    demux.begin_join(a_job())
    for number in range(3):
        demux.feed(message("estimation", f"e{number}"))
    with pytest.raises(ProtocolError, match="more than 3 messages"):
        demux.feed(message("estimation", "e3"))


def test_early_messages_that_were_handed_over_make_room(demux: Demultiplexer) -> None:
    first, second = a_job(), a_job()
    demux.begin_join(first)
    demux.begin_join(second)
    for _ in range(3):
        demux.feed(message("estimation", "a"))
    demux.accept(first, "a")
    for _ in range(3):
        demux.feed(message("estimation", "b"))
    demux.accept(second, "b")
    assert second.has_messages


def test_early_messages_are_forgotten_when_no_join_is_under_way(demux: Demultiplexer) -> None:
    refused = a_job()
    demux.begin_join(refused)
    demux.feed(completed(["stale"], "a"))
    demux.end_join(refused)
    assert not joined(demux, "a").ended
    for number in range(9):
        demux.feed(message("estimation", f"e{number}"))


def test_early_messages_are_kept_while_another_join_is_under_way(demux: Demultiplexer) -> None:
    refused, slow = a_job(), a_job()
    demux.begin_join(refused)
    demux.begin_join(slow)
    demux.feed(completed(["early"], "a"))
    demux.end_join(refused)
    demux.accept(slow, "a")
    assert slow.values == ["early"]


def test_early_messages_of_a_lost_stream_are_forgotten(demux: Demultiplexer) -> None:
    job = a_job()
    demux.begin_join(job)
    for _ in range(3):
        demux.feed(completed(["stale"], "a"))
    demux.fail_all(JobLostError)
    for _ in range(3):
        demux.feed(message("estimation", "a"))
    demux.accept(job, "a")
    assert not job.ended
