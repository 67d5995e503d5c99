"""Time limits of blocks and of requests."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

import anyio

from spacecall.errors import DeadlineError
from spacecall.options import Timeouts


@contextmanager
def deadline(seconds: float | None, late: Callable[[], DeadlineError]) -> Generator[None]:
    """Run a block for at most `seconds`; None for no limit.

    Args:
        late: returns the error.

    Raises:
        DeadlineError: the block took longer.
    """
    with anyio.move_on_after(seconds) as scope:
        yield
    if scope.cancelled_caught:
        raise late()


def timeout_extension(timeouts: Timeouts) -> dict[str, float | None]:
    """Return the extension `timeout` of a request, as httpx and httpx2 define it."""
    idle = timeouts.idle
    return {"connect": timeouts.connect, "read": idle, "write": idle, "pool": None}
