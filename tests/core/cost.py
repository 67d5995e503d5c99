"""What something costs, counted: calls of functions, in Python and in C, never seconds."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def calls(action: Callable[[], Any], *, at_most: int | None = None) -> int:
    """Run `action` and return how many functions it called.

    Args:
        at_most: calls after which it is stopped with an `AssertionError`, so that a test of what
            would take hours fails in a moment.
    """
    count = 0

    def profile(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        if event in ("call", "c_call"):
            count += 1
            if at_most is not None and count > at_most:
                sys.setprofile(previous)
                raise AssertionError(f"more than {at_most} calls")

    previous = sys.getprofile()
    sys.setprofile(profile)
    try:
        action()
    finally:
        sys.setprofile(previous)
    return count
