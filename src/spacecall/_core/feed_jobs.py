"""The state of a job that takes a stream of inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spacecall._core.event_buffer import EventBuffer
from spacecall._core.jobs import Job
from spacecall._core.messages import ProcessCompleted
from spacecall._core.queue_messages import Message
from spacecall.events import Output, UsedCache
from spacecall.options import Limits


class FeedJob(Job):
    """The state of one job of a feed. A feed has several jobs, one after another.

    The only events are outputs. At its time limit the server ends a job that waits for input by
    sending the last value again, still marked as `is_generating`, which is not one more output. If
    an input is on its way then, the server takes it and does not run it (5.0 to 6.31).

    Args:
        outputs: the buffer of the feed.
        fn_index, sends_diffs, limits, notify, on_values, trace: see `Job`.
    """

    __slots__ = ("_is_follow_up", "_is_repeat", "_is_sending", "_is_unanswered", "_last")

    def __init__(
        self,
        outputs: EventBuffer,
        fn_index: int,
        *,
        sends_diffs: bool,
        limits: Limits,
        notify: Callable[[], None],
        on_values: Callable[[list[Any]], None] | None = None,
        trace: object = None,
    ) -> None:
        super().__init__(
            fn_index,
            sends_diffs=sends_diffs,
            follow=True,
            limits=limits,
            notify=notify,
            on_values=on_values,
            trace=trace,
        )
        self.buffer = outputs
        self._is_follow_up = False
        self._is_repeat = False
        self._is_sending = False
        self._is_unanswered = False
        self._last: tuple[list[Any], int] | None = None

    @property
    def is_ready(self) -> bool:
        """Whether the values of all inputs have arrived: the next input may be sent."""
        return self.awaits_input or (self.ended and not self._is_unanswered)

    @property
    def needs_resubmit(self) -> bool:
        """Whether the server took the last input and ended without running it."""
        return self._is_unanswered and not self._is_sending

    def begin_input(self) -> None:
        """Note that the next input is being sent."""
        self.awaits_input = False
        self._is_sending = True
        self._is_follow_up = True

    def end_input(self, *, accepted: bool) -> None:
        """Note whether the server took the input.

        A job that ended meanwhile did so with the value of this input, or before it came.
        """
        self._is_sending = False
        self._is_unanswered = self._is_unanswered and accepted
        if accepted and self._last is not None:
            self._push(Output(self._last[0]), self._last[1])
        self._last = None
        self.awaits_input = self.awaits_input or not accepted
        self._notify()

    def emit(self, event: Any, size: int = 0) -> None:
        """Drop an event of the client's own, such as the progress of an upload."""

    def succeed(
        self,
        values: list[Any],
        duration: float | None = None,  # noqa: ARG002 - of the base class
        size: int = 0,
        used_cache: UsedCache | None = None,  # noqa: ARG002 - of the base class
    ) -> None:
        """End. The values are an output if they answer an input."""
        if self.ended:
            return
        self.values = values
        if self._is_repeat and not self.awaits_input:
            self._is_unanswered = True
        elif self._is_sending and not self.awaits_input:
            self._last = values, size
        elif not self.awaits_input:
            self._push(Output(values), size)
        self._end()

    def release(self) -> None:
        """End without an output, when no further input follows."""
        if not self.ended:
            self._end()

    def _complete(self, message: ProcessCompleted, size: int) -> None:
        is_repeat = message.output is not None and bool(message.output.is_generating)
        self._is_repeat = is_repeat and self._is_follow_up
        super()._complete(message, size)

    def _add_event(self, message: Message, size: int) -> None:
        """Drop an event that is not an output."""
