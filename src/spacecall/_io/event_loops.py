"""The event loop to which an open object belongs."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast


def running_loop() -> object | None:
    """Return an object that identifies the running event loop; None if no loop is running."""
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


def call_soon(loop: object, function: Callable[[], object]) -> None:
    """Call `function` in a loop of `running_loop`, without waiting; any thread may do this.

    A loop that has ended does not call it.
    """
    schedule = getattr(loop, "call_soon_threadsafe", None) or cast("Any", loop).run_sync_soon
    trio = sys.modules.get("trio")
    # of asyncio, and of trio, for a loop that has ended
    errors = (RuntimeError,) if trio is None else (RuntimeError, trio.RunFinishedError)
    with suppress(*errors):
        schedule(function)


def call_at(deadline: float, function: Callable[[], object]) -> asyncio.TimerHandle | None:
    """Call `function` in the running event loop at `deadline`, a time of anyio's clock.

    Returns:
        What cancels the call; None in a loop that has no such calls (trio).
    """
    try:
        return asyncio.get_running_loop().call_at(deadline, function)
    except RuntimeError:
        return None


class EventLoopGuard:
    """Remembers the event loop in which it was created, for objects that only work in that loop."""

    __slots__ = ("_loop",)

    def __init__(self) -> None:
        self._loop = running_loop()

    def check(self) -> None:
        """Raise RuntimeError in another event loop, where waiting would never end.

        Outside of any loop it passes: code there can prepare calls, but cannot await them.
        """
        loop = running_loop()
        if loop is not self._loop and loop is not None and self._loop is not None:
            raise RuntimeError(
                "this object was opened in another event loop: use it there, or open a new one here"
            )
