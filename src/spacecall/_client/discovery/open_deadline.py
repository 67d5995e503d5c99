"""The deadline for opening an app."""

from __future__ import annotations

import math
from collections.abc import Generator
from contextlib import contextmanager

import anyio

from spacecall._io.credentials import redacted_url
from spacecall.errors import DeadlineError, Phase
from spacecall.options import Timeouts


class OpenDeadline:
    """The deadline for all requests that open an app, from now on.

    Args:
        timeouts: the shorter of `open` and `total` holds.

    Attributes:
        url: of the request that is under way, for the error.
    """

    def __init__(self, timeouts: Timeouts) -> None:
        self.url = ""
        open_seconds, total_seconds = (
            math.inf if seconds is None else seconds for seconds in (timeouts.open, timeouts.total)
        )
        self._seconds = min(open_seconds, total_seconds)
        self._phase: Phase = "open" if open_seconds <= total_seconds else "total"
        self._deadline = anyio.current_time() + self._seconds

    @contextmanager
    def enforce(self) -> Generator[None]:
        """Cancel the block at the deadline.

        Raises:
            DeadlineError: the deadline has passed; the message names the last request.
        """
        with anyio.CancelScope(deadline=self._deadline) as scope:
            yield
        if scope.cancelled_caught:
            raise DeadlineError(
                f"the app did not open within {self._seconds:g} s (Timeouts.{self._phase}): "
                f"waiting for {redacted_url(self.url)}",
                phase=self._phase,
            )
