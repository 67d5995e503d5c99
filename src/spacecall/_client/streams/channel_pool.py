"""Channels for calls that need no State."""

from __future__ import annotations

from collections.abc import Callable

from spacecall._client.streams.channel import Channel


class ChannelPool:
    """A pool of at most `limit` channels, each with a stream of its own while it has jobs.

    A call takes a lane that has no job while there may be more lanes, and the least loaded one
    beyond. So few calls never share a fate, and many cost no more streams than `limit`.
    """

    def __init__(self, limit: int, open_channel: Callable[[], Channel]) -> None:
        self._limit = limit
        self._open_channel = open_channel
        self._channels: list[Channel] = []

    def lease(self) -> Channel:
        """A channel for one job."""
        self._channels = [channel for channel in self._channels if not channel.spent]
        available = [channel for channel in self._channels if channel.available]
        idlest = min(available, key=lambda channel: channel.load, default=None)
        if idlest is not None and (idlest.load == 0 or len(self._channels) >= self._limit):
            return idlest
        channel = self._open_channel()
        self._channels.append(channel)
        return channel
