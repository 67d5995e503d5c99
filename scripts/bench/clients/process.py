"""What a process takes: processor time, and memory as the operating system tells it."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

Numbers: TypeAlias = dict[str, float]
"""What a workload measured."""


def memory() -> int:
    """Bytes of this process in memory now."""
    return _status("VmRSS:")


def own_memory() -> int:
    """Return the bytes that only this process has, in memory or swapped.

    Of libraries the system may drop pages, which would hide that a process grows.
    """
    return _status("RssAnon:") + _status("VmSwap:")


def peak() -> int:
    """Return the peak memory of this process in bytes since `forget_peak`."""
    return _status("VmHWM:")


def forget_peak() -> None:
    """Let the peak be what is in memory now."""
    Path("/proc/self/clear_refs").write_text("5")


def _status(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    raise LookupError(name)


class Spent:
    """Processor and wall-clock seconds between two moments."""

    def __init__(self) -> None:
        self._began = time.perf_counter(), time.process_time()

    def numbers(self, per: int = 1) -> Numbers:
        """Both since this was made, for each of `per`."""
        wall, cpu = self._began
        return {
            "seconds": (time.perf_counter() - wall) / per,
            "cpu": (time.process_time() - cpu) / per,
        }


def latencies(taken: list[float]) -> Numbers:
    """Return the median and the 99th percentile of the seconds that updates were on their way."""
    ordered = sorted(taken)
    return {"p50": ordered[len(ordered) // 2], "p99": ordered[len(ordered) * 99 // 100]}


def main(workloads: Mapping[str, Callable[..., Numbers]]) -> None:
    """Run the workload that the command line names, with its arguments as JSON."""
    name, arguments = sys.argv[1], json.loads(sys.argv[2])
    workload_arguments: dict[str, Any] = arguments
    print(json.dumps(workloads[name](**workload_arguments)))
