"""A call under way: its outputs to stdout as they come, what else happens to stderr."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from spacecall._client.calls.call import Call
from spacecall.cli._outputs.call_status import Feedback
from spacecall.cli._outputs.stream_printer import Snapshots
from spacecall.cli._outputs.terminal import stdout_is_terminal
from spacecall.events import Completed, Event, Log, Output

__all__ = ["follow", "shown"]

T = TypeVar("T")


async def follow(call: Call[T], tell: Callable[[Event[T]], None], stream: Snapshots) -> T | None:
    """Make a call, and give its events to whoever shows them: its value."""
    value = None
    async with call as job:
        async for event in job:
            tell(event)
            if isinstance(event, Output):
                await stream.show(event.value)
            elif isinstance(event, Completed):
                value = event.value
                await stream.finish(value)
    return value


def shown(feedback: Feedback, stream: Snapshots) -> Callable[[Event[Any]], None]:
    """What shows events on stderr, which may be the same terminal that `stream` writes to."""

    def show(event: Event[Any]) -> None:
        if isinstance(event, Output) and stream.prints:
            feedback.clear()
        if isinstance(event, Log) and stdout_is_terminal():
            stream.pause()
        feedback.show(event)

    return show
