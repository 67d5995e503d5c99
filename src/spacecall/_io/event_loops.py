"""The event loop that something is open in."""

from __future__ import annotations

import asyncio
import sys


def running_loop() -> object | None:
    """Return what identifies the event loop that runs in this thread; None if none runs."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        pass
    trio = sys.modules.get("trio")
    if trio is not None:
        try:
            token: object = trio.lowlevel.current_trio_token()
            return token
        except RuntimeError:
            pass
    return None


class EventLoopGuard:
    """The event loop in which this object was made; what lives there is for no other loop."""

    __slots__ = ("_loop",)

    def __init__(self) -> None:
        self._loop = running_loop()

    def check(self) -> None:
        """Raise RuntimeError in another event loop, where waiting would never end.

        Code outside of every loop passes: it can prepare calls, not wait for them.
        """
        loop = running_loop()
        if loop is not self._loop and loop is not None and self._loop is not None:
            raise RuntimeError(
                "this was opened in another event loop: use it there, or open another one here"
            )
