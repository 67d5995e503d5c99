"""Share channels between the calls that need no State."""

from __future__ import annotations

from collections.abc import Callable

from spacecall._client.streams.channel import Channel


class ChannelPool:
    """A pool of channels, each with its own stream while it has jobs.

    While the pool has fewer than `limit` channels, each job gets a channel without other jobs, so
    that a broken stream or a cancel affects that job only. Beyond `limit`, jobs share the channel
    with the fewest jobs, so that many calls need no more than `limit` streams.

    Args:
        limit: the number of channels from which on jobs share them.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._channels: list[Channel] = []

    def acquire(self, open_channel: Callable[[], Channel]) -> Channel:
        """Return a channel for one more job.

        Args:
            open_channel: makes a channel with a new session, if one is necessary.
        """
        self._channels = [channel for channel in self._channels if not channel.is_retired]
        available = [channel for channel in self._channels if channel.is_available]
        least_loaded = min(available, key=lambda channel: channel.active_jobs, default=None)
        if least_loaded is not None and (
            least_loaded.active_jobs == 0 or len(self._channels) >= self._limit
        ):
            return least_loaded
        channel = open_channel()
        self._channels.append(channel)
        return channel
