"""The ticks of a time axis: round numbers, in the unit that suits them."""

from __future__ import annotations

from typing import Final, NamedTuple

from spacecall.cassettes._format.cassette_json import MAX_SECONDS

__all__ = ["Tick", "choose_ticks"]

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_UNITS: Final = ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min"))
_STEPS: Final = (
    *(digit * 10.0**exponent for exponent in range(-4, 1) for digit in (1, 2, 5)),
    *(10, 20, 30, _MINUTE, 2 * _MINUTE, 5 * _MINUTE, 10 * _MINUTE, 20 * _MINUTE, 30 * _MINUTE),
    *(_HOUR, 2 * _HOUR, 6 * _HOUR, 12 * _HOUR),
    *(digit * 10**exponent * _DAY for exponent in range(5) for digit in (1, 2, 5)),
)
"""Seconds between two ticks; the shortest is the precision of a cassette's times."""


class Tick(NamedTuple):
    """A time on the axis, with its label."""

    seconds: float
    label: str


def choose_ticks(duration: float, max_count: int) -> list[Tick]:
    """Return the ticks of an axis from 0 to `duration` seconds, 0 included.

    Args:
        duration: at most `MAX_SECONDS`.
        max_count: how many labels have room beside each other.
    """
    longest = min(duration, MAX_SECONDS)
    step = next(step for step in _STEPS if longest < step * max_count or step == _STEPS[-1])
    numbers = range(1, min(max_count, int(longest / step + 1e-9) + 1))
    return [
        Tick(0.0, "0"),
        *(Tick(number * step, _label(number * step, step)) for number in numbers),
    ]


def _label(seconds: float, step: float) -> str:
    for unit, name in _UNITS:
        if step >= unit:
            return f"{seconds / unit:.0f} {name}"
    decimals = next((digits for digits in range(4) if step >= 10**-digits), 4)
    return f"{seconds:.{decimals}f} s"
