"""Every order of events on one session of two jobs, up to a depth, and random orders beyond it.

Two jobs are expected. Then anything may happen in any order: their joins are sent and answered,
each message of the stream comes for each of them and for a job that is not of here, the stream ends
in all its ways, a caller leaves. After each step this must hold:

1. A job ends once: its outcome never changes, and nothing brings it back.
2. A completion is never dropped: a job that has been accepted ends as the first completion that
   was sent for it says, also if that came before the answer to the join, unless it ended before or
   the stream was lost meanwhile.
3. Snapshots never go back: each begins with the one before, and is longer.
4. No message reaches another job: values, errors and ids are the job's own.
5. Nothing is raised but `JobLostError` and `ProtocolError`, upon which the client gives up the
   stream.
6. Nobody waits for a stream that is gone: after a loss no accepted job is left, after a close only
   one that joined while the server closed.
7. The session wants the stream exactly while somebody waits for a job, or for one to join.
8. What comes for jobs that nobody knows is kept only while a join may make one known, and bounded.

Two worlds whose whole state is the same have the same future: it is explored once. So have two that
differ in the names of the jobs only: the first thing that happens to a job happens to `a`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import Any, TypeAlias, TypeVar

from hypothesis import given
from hypothesis.strategies import lists, sampled_from

from spacecall._core.demux import Demultiplexer
from spacecall._core.jobs import Job
from spacecall._core.messages import Message
from spacecall._core.work import State, Work
from spacecall.errors import AppError, JobCancelledError, JobLostError, ProtocolError
from spacecall.events import Completed, Log, Output, Progress
from tests.core.wire import cancelled, completed, failed, generating, message

T = TypeVar("T")
Action: TypeAlias = tuple[str, str]
"""What happens, and to which job; to the stream where it is none."""

NAMES = "ab"
DEPTH = 6
PARKED = 3
SAID = ["estimation", "process_starts", "generating", "completed", "failed", "unexpected_error"]
OF_A_JOB = ["joins", "accepted", *SAID, "unknown", "left"]
OF_THE_STREAM = ["foreign", "heartbeat", "unexpected_error", "close_stream", "opened", "lost"]
ALPHABET: list[Action] = [*product(OF_A_JOB, NAMES), *product(OF_THE_STREAM, [""])]
BEYOND = ["cancelled", "streaming", "log", "progress"]
WALK: list[Action] = [*product([*OF_A_JOB, *BEYOND], NAMES)] * 4 + ALPHABET
"""Most of what happens in a walk happens to a job: a stream that is lost ends all."""
COMPLETIONS = ("completed", "failed", "cancelled")


def twin(one: T) -> T:
    """Another object with the same attributes."""
    made: T = object.__new__(type(one))
    for name in ATTRIBUTES[type(one)]:
        setattr(made, name, getattr(one, name))
    return made


@cache
def said(kind: str, name: str, count: int) -> Message:
    """A message. A value is the `count`th, and longer than the one before: an edit, or whole."""
    match kind:
        case "generating":
            return generating([name if count == 1 else [["append", [], name]]], name)
        case "streaming":
            return message("process_streaming", name, output={"data": [name * count]})
        case "completed":
            return completed([f"{name} done"], name)
        case "failed":
            return failed(f"{name} failed", name)
        case "cancelled":
            return cancelled(name)
        case "log":
            return message(kind, name, log=name)
        case "progress":
            return message(kind, name, progress_data=[{"desc": name}])
        case "foreign":
            return completed(["foreign"], "x")
        case _:
            return message(kind, name or None)


def end_of(job: Job) -> str:
    """Which completion it ended with; empty if with none."""
    if job.values is not None:
        return "completed"
    kinds: dict[object, str] = {AppError: "failed", JobCancelledError: "cancelled"}
    return kinds.get(type(job.error), "")


class Tracked:
    """One job, and what has been sent for it."""

    __slots__ = ("accepted", "completion", "end", "job", "joins", "known", "last", "name", "values")

    def __init__(self, name: str) -> None:
        self.name = name
        self.job = Job(0, follow=True, backlog=50, notify=lambda: None)
        self.joins = False
        """Whether its join is sent, and not answered."""
        self.accepted = False
        self.known = False
        self.values = 0
        self.completion = ""
        """The first that was sent, which must be how the job ends."""
        self.end: tuple[Any, Any] | None = None
        self.last = ""

    def state(self) -> tuple[Any, ...]:
        """All that its future depends on."""
        job = self.job
        real = (job.state, job.values, repr(job.error), job.heard, job._snapshot, job.event_id)
        sent = (self.joins, self.accepted, self.known, self.values, self.completion)
        return (*real, *sent, self.last)

    def check(self) -> None:
        """Invariants 1 to 4."""
        job = self.job
        end = (job.values, job.error)
        assert job.ended == (job.values is not None or job.error is not None)
        if self.end is not None:
            assert (job.state, end) == (State.ENDED, self.end)
        elif job.ended:
            self.end = end
        if self.accepted and self.completion and str(job.error) != "left":
            assert end_of(job) == self.completion
        while (event := job.backlog.pop()) is not None:
            if isinstance(event, Output):
                (value,) = event.value
                assert set(value) == {self.name}
                assert value.startswith(self.last)
                assert len(value) > len(self.last)
                self.last = value
            elif isinstance(event, Completed):
                assert event.value == [f"{self.name} done"]
            elif isinstance(event, Log):
                assert event.message == self.name
            elif isinstance(event, Progress):
                assert [unit.description for unit in event.units] == [self.name]
        assert job.values in (None, [f"{self.name} done"])
        assert not isinstance(job.error, AppError) or str(job.error) == f"{self.name} failed"
        if job.error is not None and job.error.event_id is not None:
            assert job.error.event_id == self.name


class World:
    """One session."""

    __slots__ = ("demux", "jobs", "lost", "named")

    def __init__(self, sent: str = "") -> None:
        self.demux = Demultiplexer(PARKED)
        self.jobs = {name: Tracked(name) for name in NAMES}
        self.lost = False
        self.named = False
        """Whether something has happened to a job."""
        for tracked in self.jobs.values():
            tracked.job.advance(State.JOINING)
            self.demux.expect(tracked.job)
        for name in sent:
            self.step(("joins", name))
        self.named = len(sent) == 1

    def copy(self) -> World:
        """One that is the same and goes its own way."""
        world, old, new = twin(self), self.demux, twin(self.demux)
        world.demux = new
        world.jobs = {name: twin(tracked) for name, tracked in self.jobs.items()}
        for tracked in world.jobs.values():
            tracked.job = twin(tracked.job)
        new._jobs = {name: world.jobs[name].job for name in old._jobs}
        new._expected = {one.job for one in world.jobs.values() if not one.accepted}
        new._joining = {one.job for one in world.jobs.values() if one.joins}
        new._known = set(old._known)
        new._parked = {name: list(messages) for name, messages in old._parked.items()}
        return world

    def state(self) -> str:
        """All that the future depends on."""
        demux = self.demux
        real = (
            sorted(demux._jobs),
            sorted(demux._known),
            demux._parked,
            demux._parked_count,
            self.lost,
            self.named,
        )
        return repr((real, [tracked.state() for tracked in self.jobs.values()]))

    def possible(self, action: Action) -> bool:
        """A join is sent and answered once, and its job is told of after it was sent.

        Nothing comes on a stream that is lost.
        """
        kind, name = action
        if kind == "left":
            return True
        if kind == "accepted":
            return self.jobs[name].joins
        if kind == "joins":
            return not (self.lost or self.jobs[name].joins or self.jobs[name].accepted)
        return not self.lost and (not name or self.jobs[name].joins or self.jobs[name].accepted)

    def step(self, action: Action) -> None:
        """Let one thing happen, and check everything."""
        kind, name = action
        self.named |= bool(name)
        before = {tracked.job for tracked in self.jobs.values() if tracked.job.ended}
        match kind:
            case "joins":
                self.demux.joining(self.jobs[name].job)
                self.jobs[name].joins = True
            case "accepted":
                self._accept(self.jobs[name])
            case "left":
                self.jobs[name].job.fail(JobCancelledError("left"))
            case "opened":
                self.demux.opening()
                for tracked in self.jobs.values():
                    tracked.known = tracked.accepted and not tracked.job.ended
            case "lost":
                self._lose()
            case _:
                self._feed(action)
        for tracked in self.jobs.values():
            tracked.check()
        self._check(action, before)

    def _accept(self, tracked: Tracked) -> None:
        self.demux.accept(tracked.job, tracked.name)
        self.demux.joined(tracked.job)
        tracked.joins, tracked.accepted = False, True
        if self.lost:  # as the channel does
            tracked.job.fail(JobLostError("lost"))

    def _feed(self, action: Action) -> None:
        kind, name = action
        tracked = self.jobs.get(name)
        if tracked is not None and kind in ("generating", "streaming"):
            tracked.values += 1
        try:
            self.demux.feed(said(kind, name, tracked.values if tracked else 0))
        except (JobLostError, ProtocolError):
            self._lose()
        else:
            if tracked is not None and kind in COMPLETIONS and not tracked.job.ended:
                tracked.completion = tracked.completion or kind

    def _lose(self) -> None:
        self.lost = True
        self.demux.lose(lambda: JobLostError("lost"))
        for tracked in self.jobs.values():
            tracked.completion = ""

    def _check(self, action: Action, before: set[Job]) -> None:
        """Invariants 2, 6, 7 and 8."""
        kind, name = action
        waiting = [one for one in self.jobs.values() if one.accepted and not one.job.ended]
        if kind in COMPLETIONS and self.jobs[name].accepted and not self.lost:
            ended = self.jobs[name].job
            assert ended in before or end_of(ended) == kind
        if kind == "close_stream":
            assert not any(one.known or one.job.heard for one in waiting)
        assert not (self.lost and waiting)
        expected = [one for one in self.jobs.values() if not one.accepted]
        assert self.demux.wanted == bool(waiting or expected)
        joins = any(one.joins for one in expected)
        assert self.demux._parked_count <= (PARKED if joins else 0)


ATTRIBUTES: dict[type, tuple[str, ...]] = {
    Demultiplexer: Demultiplexer.__slots__,
    Job: (*Work.__slots__, *Job.__slots__),
    Tracked: Tracked.__slots__,
    World: World.__slots__,
}


def further(world: World) -> Iterator[World]:
    """Every world that is one step away."""
    alike = not world.named
    for action in ALPHABET:
        if world.possible(action) and not (alike and action[1] == "b"):
            one = world.copy()
            one.step(action)
            yield one


def test_every_order_of_six_events_keeps_the_invariants() -> None:
    beginnings = [World(), World("a"), World("ab")]
    worlds = {world.state(): world for world in beginnings}
    seen = set(worlds)
    for _ in range(DEPTH - 1):
        found = {one.state(): one for world in worlds.values() for one in further(world)}
        worlds = {state: one for state, one in found.items() if state not in seen}
        seen.update(worlds)
    for world in worlds.values():
        for _ in further(world):
            pass
    assert len(seen) > 10_000


@given(lists(sampled_from(WALK), min_size=DEPTH + 1, max_size=60))
def test_random_longer_orders_keep_them_too(path: list[Action]) -> None:
    world = World()
    for action in path:
        if world.possible(action):
            world.step(action)
