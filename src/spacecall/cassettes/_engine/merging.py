"""Merging an older recording of a cassette with a new one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import compress

from spacecall.cassettes._engine.request_key import RequestKey, app_hosts, make_request_key
from spacecall.cassettes._format.exchange import Exchange
from spacecall.cassettes._format.job_recordings import is_join, is_stream


def merge_recordings(old: Sequence[Exchange], new: Sequence[Exchange]) -> list[Exchange]:
    """Return the old exchanges that were not recorded again, with their streams, then the new."""
    new_keys = set(_request_keys(new))
    streams = [is_stream(exchange.method, exchange.url) for exchange in old]
    keep_flags = [
        not stream and key not in new_keys
        for stream, key in zip(streams, _request_keys(old), strict=True)
    ]
    if any(is_join(exchange.method, exchange.url) for exchange in compress(old, keep_flags)):
        keep_flags = [stream or keep for stream, keep in zip(streams, keep_flags, strict=True)]
    older = [*compress(old, keep_flags)]
    offset = max((exchange.ended_at for exchange in older), default=0.0)
    return [*older, *(shift_times(exchange, offset) for exchange in new)]


def shift_times(exchange: Exchange, seconds: float) -> Exchange:
    """Return the same exchange, later by `seconds`."""
    events = exchange.events
    return replace(
        exchange,
        started_at=exchange.started_at + seconds,
        answered_at=exchange.answered_at + seconds,
        ended_at=exchange.ended_at + seconds,
        events=None
        if events is None
        else [(event_time + seconds, event) for event_time, event in events],
    )


def _request_keys(exchanges: Sequence[Exchange]) -> list[RequestKey]:
    hosts = app_hosts(exchange.url for exchange in exchanges)
    return [
        make_request_key(exchange.method, exchange.url, exchange.request_body, hosts)
        for exchange in exchanges
    ]
