"""Share channels between the calls that need no State."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final
from weakref import WeakSet

from spacecall._client.streams.channel import Channel

_JOBS_PER_STREAM: Final = 4
"""Short jobs that share a stream: a broken one loses no more of them."""
_STREAM_SECONDS: Final = 30.0
"""Seconds after which a shared stream takes no further jobs, so that it ends with its last one."""


class ChannelPool:
    """A pool of channels, each with its own stream while it has jobs.

    While the pool has fewer than `limit` channels, each job gets a channel without other jobs, so
    that a broken stream or a cancel affects that job only. Beyond `limit`, jobs share the channel
    with the fewest jobs, so that many calls need no more than `limit` streams.

    Short jobs may share channels earlier, see `acquire`: opening a stream takes as long as such a
    job.

    Args:
        limit: the number of channels from which on jobs share them.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._channels: list[Channel] = []
        self._shared = WeakSet[Channel]()

    def acquire(self, open_channel: Callable[[], Channel], *, shares: bool = False) -> Channel:
        """Return a channel for one more job.

        Args:
            open_channel: makes a channel with a new session, if one is necessary.
            shares: whether the job may share its stream with a few others that may do so too.
        """
        self._channels = [channel for channel in self._channels if not channel.is_retired]
        available = [channel for channel in self._channels if channel.is_available]
        channel = self._most_loaded(available) if shares else None
        if channel is None:
            channel = self._least_loaded(available, open_channel)
        if shares:
            self._shared.add(channel)
        else:
            self._shared.discard(channel)
        return channel

    def _most_loaded(self, available: Sequence[Channel]) -> Channel | None:
        """Return the shared channel with the most jobs that takes another one.

        Its stream is not open for long: many proxies end a response after some minutes.
        """
        shared = (
            channel
            for channel in available
            if channel in self._shared
            and channel.active_jobs < _JOBS_PER_STREAM
            and channel.stream_seconds < _STREAM_SECONDS
        )
        return max(shared, key=lambda channel: channel.active_jobs, default=None)

    def _least_loaded(
        self, available: Sequence[Channel], open_channel: Callable[[], Channel]
    ) -> Channel:
        least_loaded = min(available, key=lambda channel: channel.active_jobs, default=None)
        if least_loaded is not None and (
            least_loaded.active_jobs == 0 or len(self._channels) >= self._limit
        ):
            return least_loaded
        channel = open_channel()
        self._channels.append(channel)
        return channel
