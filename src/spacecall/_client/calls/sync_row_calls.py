"""Calls over many rows without async."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Generic, Literal, Self, TypeVar

from spacecall._client.calls.row_engine import NEEDS_ROW, NeedsRow, RowEngine
from spacecall._client.concurrency.portal import Portal, wait
from spacecall.rows import RowOutcome

R = TypeVar("R")
T = TypeVar("T")


class SyncRowCalls(Iterator[RowOutcome[R, T]], Generic[R, T]):
    """The calls of a map: iterate over their outcomes; see `RowCalls`.

    Rows are read in your thread, whenever you ask for an outcome and there is room for a call.
    """

    def __init__(self, portal: Portal, engine: RowEngine[R, T], rows: Iterable[R]) -> None:
        self._portal = portal
        self._engine = engine
        self._rows = rows
        self._iterator: Iterator[R] | None = None
        self._error: BaseException | None = None

    @property
    def concurrency(self) -> int:
        """How many calls may run at once now."""
        return self._engine.concurrency

    @property
    def running(self) -> int:
        """How many calls run now."""
        return self._engine.running

    def __next__(self) -> RowOutcome[R, T]:
        """Return the next outcome. Errors: see `RowCalls`.

        Raises:
            KeyboardInterrupt: also while rows are read, at once.
        """
        try:
            outcome = self._next_outcome()
            if outcome is None and self._error is not None:
                raise self._error
        except BaseException:
            self._error = None
            self._engine.close_soon()
            raise
        if outcome is None:
            raise StopIteration
        return outcome

    def _next_outcome(self) -> RowOutcome[R, T] | None:
        if self._iterator is None:
            try:
                self._iterator = iter(self._rows)
            except StopIteration as error:  # it would look like the end of the outcomes
                raise RuntimeError("iter() of the rows raised StopIteration") from error
            self._portal.call(self._engine.start)
        step = wait(self._portal, lambda: self._engine.next_step(takes_row=True))
        while step is NEEDS_ROW:
            step = self._put_row(self._iterator)
        return step

    def _put_row(
        self, iterator: Iterator[R]
    ) -> RowOutcome[R, T] | Literal[NeedsRow.NEEDS_ROW] | None:
        try:
            row = next(iterator)
        except StopIteration:
            self._portal.call(self._engine.finish)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - raised after the outcomes of the rows before
            self._error = error  # in the event loop, SystemExit would end it
            self._portal.call(self._engine.finish)
        else:
            return wait(self._portal, lambda: self._engine.put(row))
        return wait(self._portal, lambda: self._engine.next_step(takes_row=False))

    def close(self) -> None:
        """Cancel the calls that run, here and on the server. Closing twice does nothing."""
        self._error = None
        if not self._portal.closed:
            wait(self._portal, self._engine.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self._engine.close_soon()
