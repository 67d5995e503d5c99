"""The demultiplexer under any order of joins, answers, messages, losses and departures.

The model is the server: it knows which messages it has sent for which job, and so what each job
must have got. What must hold after every step is written down in the invariants.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import settings
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
)
from hypothesis.strategies import booleans, integers, sampled_from

from spacecall._core.job_state import JobStatus
from spacecall._core.jobs import Job
from spacecall._core.message_routing import Demultiplexer, FeedResult
from spacecall._core.queue_messages import Message, UnknownMessage
from spacecall.errors import JobCancelledError, JobLostError, ProtocolError, SpaceError
from spacecall.events import Output
from spacecall.options import Limits
from tests.core.wire import cancelled, completed, failed, generating, message


@dataclass(eq=False)
class Tracked:
    """One job, and what the server has done for it."""

    job: Job
    event_id: str
    accepted: bool = False
    known: bool = False
    sent: list[str] = field(default_factory=list[str])
    got: list[str] = field(default_factory=list[str])
    first_end: tuple[Any, Any] | None = None


class Sessions(RuleBasedStateMachine):
    """One session; `jobs` are those that it has begun, `joins` wait for their answers."""

    jobs: Bundle[Tracked] = Bundle("jobs")
    expected: Bundle[Tracked] = Bundle("expected")
    joins: Bundle[Tracked] = Bundle("joins")

    @initialize(parked=integers(1, 6))
    def open_the_session(self, parked: int) -> None:
        self.parked_limit = parked
        self.all: list[Tracked] = []
        self.count = 0
        self.demux = Demultiplexer(Limits(max_early_messages=parked))

    @rule(target=expected, fn_index=integers(0, 2), follow=booleans())
    def expect_a_job(self, fn_index: int, follow: bool) -> Any:
        self.count += 1
        tracked = Tracked(
            Job(
                fn_index,
                follow=follow,
                limits=Limits(max_buffered_events=1000),
                notify=lambda: None,
            ),
            f"e{self.count}",
        )
        tracked.job.advance(JobStatus.JOINING)
        self.all.append(tracked)
        self.demux.reserve(tracked.job)
        return tracked

    @rule(target=joins, tracked=consumes(expected))
    def send_a_join(self, tracked: Tracked) -> Any:
        self.demux.begin_join(tracked.job)
        return tracked

    @rule(target=jobs, tracked=consumes(joins))
    def answer_the_join(self, tracked: Tracked) -> Any:
        self.demux.accept(tracked.job, tracked.event_id)
        self.demux.end_join(tracked.job)
        tracked.accepted = True
        return tracked

    @rule(tracked=consumes(joins) | consumes(expected))
    def refuse_the_join(self, tracked: Tracked) -> None:
        tracked.job.fail(JobCancelledError("refused"))
        self.demux.end_join(tracked.job)

    @rule(
        tracked=jobs | joins,
        kind=sampled_from(["start", "value", "end", "fail", "cancel", "unknown", "heartbeat"]),
    )
    def send_a_message(self, tracked: Tracked, kind: str) -> None:
        self._send(tracked, kind)

    @rule(tracked=jobs, kind=sampled_from(["end", "fail", "cancel"]))
    def end_a_job_twice(self, tracked: Tracked, kind: str) -> None:
        self._send(tracked, "end")
        self._send(tracked, kind)

    def _send(self, tracked: Tracked, kind: str) -> None:
        event_id = tracked.event_id
        text = f"{event_id}.{len(tracked.sent)}"
        tracked.sent.append(text)
        self._feed(_message(kind, event_id, text))

    @rule()
    def send_a_foreign_message(self) -> None:
        self._feed(generating(["foreign"], "nobody's"))

    def _feed(self, new_message: Message) -> None:
        try:
            assert self.demux.feed(new_message) is FeedResult.CONTINUES
        except ProtocolError as error:
            # No more may be parked: the client then gives up the stream.
            if "more than" not in error.message or not self.demux._joining:
                raise
            self.lose_the_stream()

    @rule()
    def open_a_stream(self) -> None:
        self.demux.begin_stream()
        for tracked in self.all:
            tracked.known |= tracked.accepted

    @rule()
    def close_the_stream(self) -> None:
        waiting = [t for t in self.all if t.accepted and not t.job.ended]
        new = [t for t in waiting if not t.job.has_messages and not t.known]
        assert self.demux.feed(message("close_stream")) is FeedResult.CLOSES
        assert all(tracked.job.ended == (tracked not in new) for tracked in waiting)

    @rule()
    def lose_the_stream(self) -> None:
        self.demux.fail_all(lambda: JobLostError("cut"))
        assert not self.demux.has_jobs
        assert all(tracked.job.ended for tracked in self.all if tracked.accepted)

    @rule(tracked=jobs)
    def the_server_gives_up_a_job(self, tracked: Tracked) -> None:
        try:
            self.demux.feed(message("unexpected_error", tracked.event_id))
        except JobLostError:
            self.lose_the_stream()
        assert tracked.job.ended

    @rule(tracked=jobs | joins | expected)
    def the_caller_leaves(self, tracked: Tracked) -> None:
        tracked.job.fail(JobCancelledError("left"))

    @invariant()
    def a_job_ends_once_and_stays_so(self) -> None:
        for tracked in self.all:
            job = tracked.job
            end = (job.values, job.error)
            assert job.ended == (end != (None, None))
            assert None in end
            if tracked.first_end is not None:
                assert job.status is JobStatus.ENDED
                assert end == tracked.first_end
            elif job.ended:
                tracked.first_end = end

    @invariant()
    def no_message_reaches_another_job(self) -> None:
        for tracked in self.all:
            job, mine = tracked.job, f"{tracked.event_id}."
            while (event := job.buffer.pop()) is not None:
                value = getattr(event, "value", None)
                if value is not None:
                    assert value[0].startswith(mine)
                if isinstance(event, Output):
                    tracked.got.append(event.value[0])
            if job.values is not None:
                assert job.values[0].startswith(mine)
            if isinstance(job.error, SpaceError) and job.error.event_id is not None:
                assert job.error.event_id == tracked.event_id
            # In the order they were sent, none twice.
            numbers = [int(text.partition(".")[2]) for text in tracked.got]
            assert numbers == sorted(set(numbers))

    @invariant()
    def parked_messages_are_bounded_and_only_for_joins_under_way(self) -> None:
        parked = self.demux._early
        count = sum(len(messages) for messages in parked.values())
        assert count == self.demux._early_count <= self.parked_limit
        if not self.demux._joining:
            assert not parked

    @invariant()
    def what_is_wanted_is_pending_or_expected(self) -> None:
        waiting = [t for t in self.all if t.accepted and not t.job.ended]
        assert all(self.demux._jobs[tracked.event_id] is tracked.job for tracked in waiting)
        assert self.demux.has_waiters == bool(waiting or self.demux._reserved)
        assert self.demux.active_jobs == len(self.demux._jobs) + len(self.demux._reserved)


def _message(kind: str, event_id: str, text: str) -> Message:
    match kind:
        case "start":
            return message("process_starts", event_id)
        case "value":
            return message("process_streaming", event_id, output={"data": [text]})
        case "end":
            return completed([text], event_id)
        case "fail":
            return failed(text, event_id)
        case "cancel":
            return cancelled(event_id)
        case "heartbeat":
            return message("heartbeat", event_id)
        case _:
            return UnknownMessage(kind, event_id)


TestSessions = Sessions.TestCase
TestSessions.settings = settings(max_examples=150, stateful_step_count=40)
