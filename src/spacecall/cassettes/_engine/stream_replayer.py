"""The stream of one session as it is replayed: the jobs that joined it, told one by one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import anyio
import anyio.lowlevel

from spacecall._io.intercept import FAILURES, NetworkError, Received
from spacecall.cassettes._format.exchange import CLOSED
from spacecall.cassettes._format.job_recordings import Reel, close_stream
from spacecall.cassettes.errors import CassetteError

Pick: TypeAlias = Callable[[Sequence[float]], int]
"""Chooses which job is told next, given when each was, in the recording."""

_PATIENCE = 5.0
"""Seconds until a client that does not do what was recorded is told so."""


class Clock:
    """How fast a recording is replayed.

    Args:
        pace: seconds for each recorded second; 0 for at once.
    """

    def __init__(self, pace: float) -> None:
        self._pace = pace

    def now(self) -> float:
        """Seconds of this run."""
        return anyio.current_time()

    async def wait(self, seconds: float) -> None:
        """Let as much time pass as so many recorded seconds take."""
        if self._pace and seconds > 0:
            await anyio.sleep(seconds * self._pace)

    async def until(self, since: float, seconds: float) -> None:
        """Wait until so many recorded seconds have passed since the moment `since`."""
        if self._pace:
            await anyio.sleep_until(since + seconds * self._pace)


@dataclass(slots=True)
class _Told:
    """A job that joined, and how far it has been told."""

    reel: Reel
    joined: float
    next: int = 0
    cancelled: bool = False

    @property
    def at(self) -> float | None:
        """When the next event was, or None if it waits for a cancel, or there is none."""
        if self.next == len(self.reel.events):
            return None
        at = self.reel.events[self.next][0]
        waits = self.reel.cancelled is not None and at > self.reel.cancelled
        return None if waits and not self.cancelled else at

    @property
    def over(self) -> bool:
        """Whether the job has ended, as told."""
        return self.next == len(self.reel.events) and self.reel.end is None

    @property
    def broken(self) -> bool:
        """Whether its stream ended here without a word, and not by the client."""
        return self.next == len(self.reel.events) and self.reel.end not in (None, CLOSED)


class Stage:
    """What a session's stream has to tell.

    Args:
        clock: how fast.
        pick: in which order.
    """

    def __init__(self, clock: Clock, pick: Pick) -> None:
        self._clock = clock
        self._pick = pick
        self._jobs: list[_Told] = []
        self._changed = anyio.Event()
        self._joined_live = False
        self.live: Callable[[], Awaitable[Received]] | None = None
        """Opens the app's own stream of the session, where new episodes are recorded."""

    @property
    def tells_live(self) -> bool:
        """Whether jobs have joined on the app itself."""
        return self._joined_live

    def tell_live(self) -> None:
        """A job has joined on the app itself."""
        self._joined_live = True
        self._wake()

    def join(self, reel: Reel) -> None:
        """A job has joined the session."""
        self._jobs.append(_Told(reel, self._clock.now()))
        self._wake()

    def cancel(self, fn_index: int | None) -> None:
        """The running jobs of a function have been cancelled."""
        for job in self._jobs:
            if job.reel.fn_index == fn_index:
                job.cancelled = True
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            await anyio.lowlevel.checkpoint()
            ready = [(job, at) for job in self._jobs if (at := job.at) is not None]
            if ready:
                job, at = ready[self._pick([at for _, at in ready])]
                await self._clock.until(job.joined, at - job.reel.began)
                _, event = job.reel.events[job.next]
                job.next += 1
                yield event.encoded()
            elif broken := next((job for job in self._jobs if job.broken), None):
                end = broken.reel.end or ""
                self._jobs.clear()
                if end in FAILURES:
                    raise NetworkError(end)
                return
            elif self._joined_live and self.live is not None:
                # What joins meanwhile is told when this stream has ended.
                self._joined_live = False
                body = (await self.live()).body
                try:
                    async for chunk in body:
                        yield chunk
                finally:
                    await body.aclose()
                return
            elif all(job.over for job in self._jobs):
                self._jobs.clear()
                yield close_stream().encoded()
                return
            else:
                await self._more()

    async def _more(self) -> None:
        with anyio.move_on_after(_PATIENCE) as patience:
            await self._changed.wait()
        if patience.cancelled_caught:
            raise CassetteError(
                "the recording has no more to tell: the client was closed or cancelled its job "
                "here when it was recorded, and goes on waiting now"
            )

    async def aclose(self) -> None:
        """The client has gone: what it did not read is not told to another stream."""
        self._jobs.clear()
