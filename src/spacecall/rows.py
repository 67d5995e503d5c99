"""The outcomes of calls over many rows: `Space.map` gives a `RowOutcome` for each row."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from dataclasses import dataclass
from typing import Generic, Literal, TypeAlias, TypeVar, cast

__all__ = ["Concurrency", "OnQuota", "RowOutcome", "Rows"]

R = TypeVar("R")
T = TypeVar("T")

Rows: TypeAlias = Iterable[R] | AsyncIterable[R]
"""Rows that are read one by one, when there is room for another call."""

Concurrency: TypeAlias = int | Literal["auto"]
"""How many calls run at once: a number, or as many as the app takes."""

OnQuota: TypeAlias = Literal["wait", "stop"]
"""What happens if the ZeroGPU quota is used up: calls wait for its reset, or no more are made."""


@dataclass(frozen=True, slots=True)
class RowOutcome(Generic[R, T]):
    """What became of a row.

    Attributes:
        index: the row's position in the input, from 0.
        row: the row, as it was read.
        value: the result of its call; None if the call failed.
        error: why the call failed; None if it has a result. An `InvalidInputError` without a
            status was raised before anything was sent.
        attempts: how often the call was made.
        duration: seconds of the last attempt, with its time in the app's queue.
        source: the address of the app.
    """

    index: int
    row: R
    value: T | None
    error: Exception | None
    attempts: int
    duration: float
    source: str

    def result(self) -> T:
        """Return the value, or raise the error."""
        if self.error is not None:
            raise self.error
        return cast("T", self.value)
