"""What something costs, counted: calls of functions, in Python and in C, or instructions of
Python's; never seconds.
"""

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


def steps(action: Callable[[], Any], part: str) -> int:
    """Run `action` and return how many instructions of Python's it took in files of `part`.

    Args:
        part: what their paths have in them, such as `spacecall/cassettes/`; loops without calls
            count there too.
    """
    count = 0

    def local(_frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal count
        count += event == "opcode"
        return local

    def trace(frame: FrameType, _event: str, _argument: object) -> Any:
        if part not in frame.f_code.co_filename.replace("\\", "/"):
            return None
        frame.f_trace_opcodes = True
        return local

    previous = sys.gettrace()
    sys.settrace(trace)
    try:
        action()
    finally:
        sys.settrace(previous)
    return count
