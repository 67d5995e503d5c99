"""`Pool` and `SyncPool`: copies of an app, among which the rows of a map are distributed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from spacecall._client.calls.row_sources import RowOptions
from spacecall._client.calls.sync_row_calls import SyncRowCalls
from spacecall._client.concurrency.portal import Portal, SyncOpenable, hold_open
from spacecall._client.space import Space
from spacecall._client.space_pool import Pool
from spacecall._option_checks import checked_call
from spacecall.hooks import Hooks
from spacecall.options import Auth, Limits, OnNewer, Retry, Timeouts
from spacecall.rows import Concurrency, OnQuota
from spacecall.sync import SyncSpace

__all__ = ["Pool", "SyncPool"]

R = TypeVar("R", bound=Mapping[str, Any])


class SyncPool(SyncOpenable):
    """Several copies of an app, for `with SyncPool(["owner/a", "owner/a-copy"]) as pool`.

    See `Pool` for the arguments; a source with options of its own is a `SyncSpace`.
    """

    @checked_call
    def __init__(
        self,
        sources: Sequence[str | SyncSpace],
        *,
        auth: Auth | None = None,
        timeouts: Timeouts | None = None,
        retry: Retry | None = None,
        limits: Limits | None = None,
        proxy: str | None = None,
        hooks: Hooks | None = None,
        on_newer: OnNewer = "warn",
    ) -> None:
        self._pool = Pool(
            sources if isinstance(sources, str) else [_unwrap_space(item) for item in sources],
            auth=auth,
            timeouts=timeouts,
            retry=retry,
            limits=limits,
            proxy=proxy,
            hooks=hooks,
            on_newer=on_newer,
        )
        self._cancel = (timeouts or Timeouts()).cancel

    def _hold_open(self) -> Portal:
        portal, _ = hold_open(self._pool, repr(self._pool), cancel=self._cancel)
        return portal

    @checked_call
    def map(
        self,
        endpoint: str,
        rows: Iterable[R],
        *,
        concurrency: Concurrency = "auto",
        ordered: bool = False,
        rate: float | None = None,
        on_quota: OnQuota = "wait",
    ) -> SyncRowCalls[R, Any]:
        """Call an endpoint for each row, each at one of the sources; see `Pool.map`."""
        options = RowOptions(concurrency=concurrency, ordered=ordered, rate=rate, on_quota=on_quota)
        portal = self._portal
        engine = portal.call(lambda: self._pool._row_engine(endpoint, options))  # pyright: ignore[reportPrivateUsage]
        return SyncRowCalls(portal, engine, rows)

    def __repr__(self) -> str:
        return repr(self._pool)


def _unwrap_space(source: str | SyncSpace) -> str | Space:
    return source._space if isinstance(source, SyncSpace) else source  # pyright: ignore[reportPrivateUsage]
