"""Blocks that must end in time."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

import anyio

from spacecall.errors import DeadlineError


@contextmanager
def within(seconds: float | None, late: Callable[[], DeadlineError]) -> Generator[None]:
    """Run a block for at most `seconds`; None for no limit.

    Raises:
        DeadlineError: what `late` gives, if the block took longer.
    """
    with anyio.move_on_after(seconds) as scope:
        yield
    if scope.cancelled_caught:
        raise late()
