"""The messages of one session's stream, each to its own job."""

from __future__ import annotations

import pytest

from spacecall._core.job_state import JobStatus
from spacecall._core.jobs import Job
from spacecall._core.message_routing import Demultiplexer, FeedResult
from spacecall._core.queue_messages import MalformedMessage, UnknownMessage
from spacecall.errors import (
    JobCancelledError,
    JobLostError,
    ProtocolError,
    TransportError,
)
from spacecall.options import Limits
from tests.core.wire import a_job, cancelled, completed, failed, generating, joined, message


@pytest.fixture
def demux() -> Demultiplexer:
    return Demultiplexer(Limits(max_early_messages=3))


def test_a_join_is_expected_until_it_is_over(demux: Demultiplexer) -> None:
    job = a_job()
    demux.reserve(job)
    assert demux.has_reserved
    demux.end_join(job)
    assert not demux.has_reserved


def test_an_accepted_job_is_queued_under_its_id(demux: Demultiplexer) -> None:
    job = joined(demux, "a")
    assert (job.event_id, job.status) == ("a", JobStatus.QUEUED)
    assert (demux.has_jobs, demux.has_waiters, demux.active_jobs) == (True, True, 1)


def test_each_message_goes_to_the_job_of_its_id(demux: Demultiplexer) -> None:
    job_a, job_b = joined(demux, "a"), joined(demux, "b")
    assert demux.feed(completed(["for b"], "b")) is FeedResult.CONTINUES
    assert (job_a.ended, job_b.values) == (False, ["for b"])
    demux.feed(completed(["for a"], "a"))
    assert job_a.values == ["for a"]
    assert (demux.has_jobs, demux.has_waiters, demux.active_jobs) == (False, False, 0)


@pytest.mark.parametrize(
    "stray",
    [
        completed(["x"], "another's"),
        generating(["x"], None),
        message("heartbeat"),
        message("heartbeat", "a"),
        UnknownMessage("new_kind", None),
        UnknownMessage("new_kind", "another's"),
    ],
    ids=["foreign", "no id", "heartbeat", "heartbeat with id", "unknown", "unknown foreign"],
)
def test_a_message_of_nobody_here_changes_nothing(
    demux: Demultiplexer, stray: UnknownMessage
) -> None:
    job = joined(demux, "a")
    assert demux.feed(stray) is FeedResult.CONTINUES
    assert (job.status, job.has_messages) == (JobStatus.QUEUED, False)


def test_an_unknown_message_of_a_job_is_heard_and_passed_over(demux: Demultiplexer) -> None:
    job = joined(demux, "a")
    demux.feed(UnknownMessage("new_kind", "a"))
    assert (job.status, job.has_messages) == (JobStatus.QUEUED, True)


def test_a_second_completion_is_nobodys(demux: Demultiplexer) -> None:
    job = joined(demux, "a")
    demux.feed(completed(["first"], "a"))
    demux.feed(completed(["second"], "a"))
    demux.feed(failed("late", "a"))
    assert (job.values, job.error) == (["first"], None)


def test_a_cancelled_completion_ends_the_job_with_its_error(demux: Demultiplexer) -> None:
    job = joined(demux, "a")
    demux.feed(cancelled("a"))
    assert isinstance(job.error, JobCancelledError)
    assert not demux.has_jobs


class TestCloseStream:
    """The server has no job of the session left."""

    def test_after_the_last_result_ends_it_all(self, demux: Demultiplexer) -> None:
        job = joined(demux, "a")
        demux.feed(completed(["x"], "a"))
        assert demux.feed(message("close_stream")) is FeedResult.CLOSES
        assert (job.values, demux.has_jobs) == (["x"], False)

    def test_ends_a_job_that_it_had_spoken_of(self, demux: Demultiplexer) -> None:
        job = joined(demux, "a")
        demux.feed(message("process_starts", "a"))
        assert demux.feed(message("close_stream")) is FeedResult.CLOSES
        assert isinstance(job.error, JobLostError)
        assert job.error.event_id == "a"
        assert job.error.sent
        assert not demux.has_jobs

    def test_ends_a_job_that_was_there_when_it_was_opened(self, demux: Demultiplexer) -> None:
        job = joined(demux, "a")
        demux.begin_stream()
        demux.feed(message("close_stream"))
        assert isinstance(job.error, JobLostError)
        assert not demux.has_jobs

    def test_leaves_a_job_that_it_may_not_have_known(self, demux: Demultiplexer) -> None:
        job = joined(demux, "a")
        assert demux.feed(message("close_stream")) is FeedResult.CLOSES
        assert not job.ended
        assert (demux.has_jobs, demux.has_waiters) == (True, True)
        demux.feed(completed(["x"], "a"))
        assert job.values == ["x"]


class TestUnexpectedError:
    """The server gave up a job, or the whole stream."""

    def test_about_a_job_ends_that_job_alone(self, demux: Demultiplexer) -> None:
        job_a, job_b = joined(demux, "a"), joined(demux, "b")
        demux.feed(message("unexpected_error", "a", message="broken"))
        assert isinstance(job_a.error, JobLostError)
        assert job_a.error.message == "broken"
        assert not job_b.ended
        assert demux.active_jobs == 1

    @pytest.mark.parametrize("event_id", [None, "another's"])
    def test_about_no_job_here_is_about_the_stream(
        self, demux: Demultiplexer, event_id: str | None
    ) -> None:
        joined(demux, "a")
        with pytest.raises(JobLostError, match="Server stopped"):
            demux.feed(message("unexpected_error", event_id, message="Server stopped."))

    def test_without_a_text_says_what_it_means(self, demux: Demultiplexer) -> None:
        with pytest.raises(JobLostError, match="gave up the stream"):
            demux.feed(message("unexpected_error", None))


def test_a_lost_stream_gives_each_job_an_error_of_its_own(demux: Demultiplexer) -> None:
    done, job_a, job_b = joined(demux, "d"), joined(demux, "a"), joined(demux, "b")
    demux.feed(completed(["x"], "d"))
    demux.fail_all(lambda: JobLostError("cut"))
    assert done.values == ["x"]
    assert isinstance(job_a.error, JobLostError)
    assert isinstance(job_b.error, JobLostError)
    assert job_a.error is not job_b.error
    assert (job_a.error.event_id, job_b.error.event_id) == ("a", "b")
    assert (demux.has_jobs, demux.active_jobs) == (False, 0)


def test_a_join_under_way_survives_the_stream(demux: Demultiplexer) -> None:
    job = a_job()
    demux.reserve(job)
    demux.begin_join(job)
    demux.fail_all(lambda: TransportError("cut"))
    assert not job.ended
    assert (demux.has_jobs, demux.has_waiters, demux.active_jobs) == (False, True, 1)


def test_an_abandoned_job_is_pending_until_the_server_ends_it(demux: Demultiplexer) -> None:
    job = joined(demux, "a")
    job.fail(JobCancelledError("left"))
    assert (demux.has_jobs, demux.has_waiters) == (True, False)
    demux.feed(message("process_starts", "a"))
    demux.feed(completed(["unread"], "a"))
    assert isinstance(job.error, JobCancelledError)
    assert (demux.has_jobs, demux.active_jobs) == (False, 0)


def test_a_malformed_message_ends_the_job_that_it_names_alone(demux: Demultiplexer) -> None:
    job, neighbour = joined(demux, "a"), joined(demux, "b")
    assert demux.feed(message("estimation", "a", rank="first")) is FeedResult.CONTINUES
    assert isinstance(job.error, ProtocolError)
    assert job.error.event_id == "a"
    assert demux.event_ids_by_function == {0: ["a", "b"]}, "the server still has it"
    demux.feed(completed(["x"], "b"))
    assert neighbour.values == ["x"]


def test_a_malformed_completion_is_the_last_of_its_job(demux: Demultiplexer) -> None:
    job = joined(demux, "a")
    demux.feed(message("process_completed", "a", output=[1]))
    assert isinstance(job.error, ProtocolError)
    assert not demux.has_jobs


def test_a_malformed_message_that_comes_early_ends_its_job_too(demux: Demultiplexer) -> None:
    job = a_job()
    demux.reserve(job)
    demux.begin_join(job)
    assert isinstance(message("log", "a"), MalformedMessage)
    demux.feed(message("log", "a"))
    demux.accept(job, "a")
    assert isinstance(job.error, ProtocolError)


def test_two_jobs_with_one_id_both_end(demux: Demultiplexer) -> None:
    first, second = joined(demux, "a"), a_job()
    demux.begin_join(second)
    with pytest.raises(ProtocolError, match="gave two jobs of one session the same id 'a'"):
        demux.accept(second, "a")
    assert isinstance(first.error, ProtocolError)
    assert second.event_id is None
    demux.feed(completed(["whose?"], "a"))
    assert not demux.has_jobs


def test_a_job_with_a_broken_message_does_not_end_the_others(demux: Demultiplexer) -> None:
    broken, sibling_job = joined(demux, "a", follow=True), joined(demux, "b")
    demux.feed(message("queue_full", "a"))
    assert isinstance(broken.error, ProtocolError)
    demux.feed(completed(["x"], "b"))
    assert sibling_job.values == ["x"]


def test_a_job_that_begins_although_nobody_waits_is_told_of_however_early_that_comes() -> None:
    unwanted: list[Job] = []
    demux = Demultiplexer(Limits(max_early_messages=3), unwanted.append)
    remaining, gone = joined(demux, "a"), joined(demux, "b")
    gone.fail(JobCancelledError("left"))
    late = a_job(0)
    demux.reserve(late)
    demux.begin_join(late)
    late.fail(JobCancelledError("left"))
    for event_id in ("a", "b", "c"):
        demux.feed(message("process_starts", event_id))
    assert unwanted == [gone]
    demux.accept(late, "c")
    assert unwanted == [gone, late]
    assert not remaining.ended


def test_the_functions_are_those_that_the_server_may_be_running(demux: Demultiplexer) -> None:
    joined(demux, "a", 1)
    gone = joined(demux, "b", 2)
    gone.fail(JobCancelledError("left"))
    joined(demux, "c", 1)
    demux.reserve(a_job(3))
    assert set(demux.event_ids_by_function) == {1, 2}
    demux.feed(cancelled("b"))
    assert set(demux.event_ids_by_function) == {1}


class TestSiblings:
    """Jobs of the same function on one session, which one cancel would kill together."""

    def test_are_those_that_run_or_join(self, demux: Demultiplexer) -> None:
        job = joined(demux, "a", 1)
        assert not demux.has_sibling(job)
        joined(demux, "b", 2)
        assert not demux.has_sibling(job), "another function"
        sibling = a_job(1)
        demux.reserve(sibling)
        assert demux.has_sibling(job)
        assert demux.has_sibling(sibling)

    def test_that_have_ended_need_no_care(self, demux: Demultiplexer) -> None:
        job, sibling_job = joined(demux, "a", 1), joined(demux, "b", 1)
        sibling_job.fail(JobCancelledError("left"))
        assert not demux.has_sibling(job)
        assert demux.has_sibling(sibling_job)


def test_the_server_may_run_the_functions_of_jobs_that_are_not_done(demux: Demultiplexer) -> None:
    joined(demux, "a", 4)
    joined(demux, "b", 5).fail(JobCancelledError("nobody waits"))
    assert set(demux.event_ids_by_function) == {4, 5}
    demux.feed(completed([1], "a"))
    assert set(demux.event_ids_by_function) == {5}


@pytest.mark.parametrize(
    ("value", "altered"),
    [
        ("x", False),
        ({"__type__": "update", "value": "x"}, False),
        ({"__type__": "update", "choices": ["x"]}, True),
        ({"choices": ["x"]}, False),
    ],
)
def test_a_change_of_a_component_is_remembered(
    demux: Demultiplexer, value: object, *, altered: bool
) -> None:
    joined(demux, "a")
    joined(demux, "b")
    demux.feed(completed([1, value], "a"))
    assert demux.components_changed == altered
    demux.feed(completed([1], "b"))
    assert demux.components_changed == altered


def test_a_job_that_waits_for_input_after_its_end_is_reported_as_abandoned() -> None:
    abandoned: list[Job] = []
    demux = Demultiplexer(Limits(), abandoned.append)
    job = joined(demux, "a")
    demux.feed(message("process_starts", "a"))
    job.fail(JobCancelledError("left"))
    assert not abandoned
    demux.feed(message("process_streaming", "a", output={"data": ["unread"]}))
    assert abandoned == [job]
    assert demux.has_jobs


def test_a_job_that_a_malformed_message_ends_is_reported_as_abandoned_once() -> None:
    abandoned: list[Job] = []
    demux = Demultiplexer(Limits(), abandoned.append)
    job = joined(demux, "a")
    for _ in range(2):
        demux.feed(message("process_streaming", "a", output=[1]))
    assert isinstance(job.error, ProtocolError)
    assert abandoned == [job]
    demux.feed(message("process_completed", "a", output=[1]))
    assert (abandoned, demux.has_jobs) == ([job], False)


def test_a_job_is_on_the_server_from_its_acceptance_to_its_completion(
    demux: Demultiplexer,
) -> None:
    job = a_job()
    assert not demux.has_job(job)
    demux.accept(job, "a")
    job.fail(JobCancelledError("left"))
    assert demux.has_job(job)
    demux.feed(completed(["x"], "a"))
    assert not demux.has_job(job)
