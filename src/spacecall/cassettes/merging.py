"""An old recording and a new one of the same cassette."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from spacecall.cassettes.exchange import Exchange
from spacecall.cassettes.matching import Meaning, app_hosts, meaning
from spacecall.cassettes.reels import is_join, is_stream


def merged(old: Sequence[Exchange], new: Sequence[Exchange]) -> list[Exchange]:
    """The old exchanges that were not recorded anew, with their streams, and then the new ones."""
    again = set(_meanings(new))
    kept = [
        one
        for one, meant in zip(old, _meanings(old), strict=True)
        if meant not in again and not is_stream(one.method, one.url)
    ]
    if any(is_join(one.method, one.url) for one in kept):
        kept = [one for one in old if one in kept or is_stream(one.method, one.url)]
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
