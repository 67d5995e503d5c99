"""The bound on opening an app."""

from __future__ import annotations

import math
from collections.abc import Generator
from contextlib import contextmanager

import anyio

from spacecall._io.credentials import address
from spacecall.errors import DeadlineError, Phase
from spacecall.options import Timeouts


class OpenDeadline:
    """An app that is being opened: however many answers that takes, and however they come.

    Args:
        timeouts: of which the shorter of `open` and `total` holds for all of it, from now on.

    Attributes:
        url: where the answer that is waited for comes from.
    """

    def __init__(self, timeouts: Timeouts) -> None:
        self.url = ""
        opening, total = (
            math.inf if seconds is None else seconds for seconds in (timeouts.open, timeouts.total)
        )
        self._seconds = min(opening, total)
        self._phase: Phase = "open" if opening <= total else "total"
        self._deadline = anyio.current_time() + self._seconds

    @contextmanager
    def bounded(self) -> Generator[None]:
        """Run a part of it in the time that is left.

        Raises:
            DeadlineError: the time is over; the message says what was waited for.
        """
        with anyio.CancelScope(deadline=self._deadline) as scope:
            yield
        if scope.cancelled_caught:
            raise DeadlineError(
                f"the app did not open within {self._seconds:g} s (Timeouts.{self._phase}): "
                f"waiting for {address(self.url)}",
                phase=self._phase,
            )
