"""An old recording and a new one of the same cassette."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import compress

from spacecall.cassettes._engine.request_key import Meaning, app_hosts, meaning
from spacecall.cassettes._format.exchange import Exchange
from spacecall.cassettes._format.job_recordings import is_join, is_stream


def merged(old: Sequence[Exchange], new: Sequence[Exchange]) -> list[Exchange]:
    """The old exchanges that were not recorded anew, with their streams, and then the new ones."""
    again = set(_meanings(new))
    streams = [is_stream(one.method, one.url) for one in old]
    missing = [
        not stream and meant not in again
        for stream, meant in zip(streams, _meanings(old), strict=True)
    ]
    if any(is_join(one.method, one.url) for one in compress(old, missing)):
        missing = [stream or absent for stream, absent in zip(streams, missing, strict=True)]
    kept = [*compress(old, missing)]
    since = max((one.ended for one in kept), default=0.0)
    return [*kept, *(later(one, since) for one in new)]


def later(exchange: Exchange, seconds: float) -> Exchange:
    """The same exchange, so many seconds later."""
    events = exchange.events
    return replace(
        exchange,
        began=exchange.began + seconds,
        answered=exchange.answered + seconds,
        ended=exchange.ended + seconds,
        events=None if events is None else [(at + seconds, event) for at, event in events],
    )


def _meanings(exchanges: Sequence[Exchange]) -> list[Meaning]:
    hosts = app_hosts(one.url for one in exchanges)
    return [meaning(one.method, one.url, one.request_body, hosts) for one in exchanges]
