"""Make a call: print its outputs to stdout, and show its other events on stderr."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from spacecall._client.calls.call import Call
from spacecall.cli._outputs.call_status import CallStatus
from spacecall.cli._outputs.stream_printer import StreamPrinter
from spacecall.cli._outputs.terminal import stdout_is_terminal
from spacecall.events import Completed, Event, Log, Output

__all__ = ["create_event_handler", "run_call"]

T = TypeVar("T")


async def run_call(
    call: Call[T], on_event: Callable[[Event[T]], None], printer: StreamPrinter
) -> T | None:
    """Make a call and return its value.

    Args:
        call: the call to make.
        on_event: called with each event.
        printer: prints the outputs.
    """
    value = None
    async with call as job:
        async for event in job:
            on_event(event)
            if isinstance(event, Output):
                await printer.print_output(event.value)
            elif isinstance(event, Completed):
                value = event.value
                await printer.print_result(value)
    return value


def create_event_handler(
    status: CallStatus, printer: StreamPrinter
) -> Callable[[Event[Any]], None]:
    """Return a function that shows events on stderr, even if `printer` uses the same terminal."""

    def show_event(event: Event[Any]) -> None:
        if isinstance(event, Output) and printer.prints_outputs:
            status.clear()
        if isinstance(event, Log) and stdout_is_terminal():
            printer.end_line()
        status.show(event)

    return show_event
