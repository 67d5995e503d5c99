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
from itertools import product
from typing import TypeAlias, TypeVar

import pytest
from hypothesis import given
from hypothesis.strategies import lists, sampled_from

from spacecall._core.job_state import JobState, JobStatus
from spacecall._core.jobs import Job
from spacecall._core.message_routing import Demultiplexer
from spacecall.errors import JobCancelledError, JobLostError, ProtocolError
from spacecall.options import Limits
from tests.core.tracked import Tracked, end_of, said

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


def twin(item: T) -> T:
    """Another object with the same attributes."""
    copied: T = object.__new__(type(item))
    for name in ATTRIBUTES[type(item)]:
        setattr(copied, name, getattr(item, name))
    return copied


class World:
    """One session."""

    __slots__ = ("demux", "jobs", "lost", "named")

    def __init__(self, *, joining: bool = False) -> None:
        self.demux = Demultiplexer(Limits(max_early_messages=PARKED))
        self.jobs = {name: Tracked(name) for name in NAMES}
        self.lost = False
        self.named = False
        """Whether something has happened to one job alone."""
        for tracked in self.jobs.values():
            tracked.job.advance(JobStatus.JOINING)
            self.demux.reserve(tracked.job)
        for name in NAMES if joining else "":
            self.step(("joins", name))
        self.named = False

    def copy(self) -> World:
        """One that is the same and goes its own way."""
        world, old, new = twin(self), self.demux, twin(self.demux)
        world.demux = new
        world.jobs = {name: twin(tracked) for name, tracked in self.jobs.items()}
        for tracked in world.jobs.values():
            tracked.job = twin(tracked.job)
        new._jobs = {name: world.jobs[name].job for name in old._jobs}
        new._reserved = {item.job for item in world.jobs.values() if not item.accepted}
        new._joining = {item.job for item in world.jobs.values() if item.joins}
        new._jobs_before_stream = set(old._jobs_before_stream)
        new._early = {name: list(messages) for name, messages in old._early.items()}
        return world

    def state(self) -> str:
        """All that the future depends on."""
        demux = self.demux
        real = (
            sorted(demux._jobs),
            sorted(demux._jobs_before_stream),
            demux._early,
            demux._early_count,
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
            return not (self.lost or self.jobs[name].sent)
        return not self.lost and (not name or self.jobs[name].sent)

    def step(self, action: Action) -> None:
        """Let one thing happen, and check everything."""
        kind, name = action
        self.named |= bool(name)
        before = {tracked.job for tracked in self.jobs.values() if tracked.job.ended}
        match kind:
            case "joins":
                self.demux.begin_join(self.jobs[name].job)
                self.jobs[name].sent = True
            case "accepted":
                self._accept(self.jobs[name])
            case "left":
                self.jobs[name].job.fail(JobCancelledError("left"))
            case "opened":
                self.demux.begin_stream()
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
        self.demux.end_join(tracked.job)
        tracked.accepted = True
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
        self.demux.fail_all(lambda: JobLostError("lost"))
        for tracked in self.jobs.values():
            tracked.completion = ""

    def _check(self, action: Action, before: set[Job]) -> None:
        """Invariants 2, 6, 7 and 8."""
        kind, name = action
        waiting = [item for item in self.jobs.values() if item.accepted and not item.job.ended]
        if kind in COMPLETIONS and self.jobs[name].accepted and not self.lost:
            ended = self.jobs[name].job
            assert ended in before or end_of(ended) == kind
        if kind == "close_stream":
            assert not any(item.known or item.job.has_messages for item in waiting)
        assert not (self.lost and waiting)
        expected = [item for item in self.jobs.values() if not item.accepted]
        assert self.demux.has_waiters == bool(waiting or expected)
        joins = any(item.joins for item in expected)
        assert self.demux._early_count <= (PARKED if joins else 0)


ATTRIBUTES: dict[type, tuple[str, ...]] = {
    Demultiplexer: Demultiplexer.__slots__,
    Job: (*JobState.__slots__, *Job.__slots__),
    Tracked: Tracked.__slots__,
    World: World.__slots__,
}


def further(world: World) -> Iterator[World]:
    """Every world that is one step away."""
    alike = not world.named
    for action in ALPHABET:
        if world.possible(action) and not (alike and action[1] == "b"):
            item = world.copy()
            item.step(action)
            yield item


@pytest.mark.timeout(360)  # on a busy machine two minutes pass
def test_every_order_of_six_events_keeps_the_invariants() -> None:
    beginnings = [World(), World(joining=True)]
    worlds = {world.state(): world for world in beginnings}
    seen = set(worlds)
    for _ in range(DEPTH - 1):
        reached = {item.state(): item for world in worlds.values() for item in further(world)}
        worlds = {state: item for state, item in reached.items() if state not in seen}
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
