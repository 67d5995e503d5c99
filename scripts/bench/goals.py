"""What a figure is: numbers of several clients, and what is to be reached."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

from scripts.bench.measuring import Bench, Run, Samples


@dataclass(frozen=True)
class Goal:
    """A number that is to be at most `limit`, or at least."""

    text: str
    got: float
    limit: float
    unit: str = "×"
    least: bool = False

    @property
    def met(self) -> bool:
        """Whether it is reached."""
        return self.got >= self.limit if self.least else self.got <= self.limit


@dataclass(frozen=True)
class Figure:
    """What was measured.

    Attributes:
        bars: a number of each client, for the plot.
    """

    title: str
    measured: dict[str, str]
    goals: list[Goal]
    bars: dict[str, float] = field(default_factory=dict[str, float])


Take: TypeAlias = Callable[[Bench], Figure]
CLIENTS = {
    "ours": "spacecall",
    "floor": "floor",
    "floor2": "floor on httpx2",
    "official": "gradio_client",
}


def process(bench: Bench, name: str, workload: str, **arguments: Any) -> Run:
    """Return a client process, to be started again and again."""
    return partial(bench.client, name, workload, **arguments)


def compared(
    title: str, samples: Samples, clients: list[str], number: str, unit: str, goals: list[Goal]
) -> Figure:
    """Return a figure with the median of the same number for each client."""
    factor = {"ms": 1e3, "µs": 1e6, "s": 1.0}[unit]
    bars = {CLIENTS[name]: samples.median(name, number) * factor for name in clients}
    measured = {
        name: f"{value:.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"
        for name, value in bars.items()
    }
    if (other := measured.pop(CLIENTS["floor2"], None)) is not None:
        measured["floor"] += f", httpx2 {other}"
    return Figure(title, measured, goals, bars)
