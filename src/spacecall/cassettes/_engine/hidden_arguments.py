"""Arguments that a recording hides: there, any argument of a call matches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

from spacecall._core.json_values import as_dict, is_array
from spacecall.cassettes._format.exchange import Exchange
from spacecall.cassettes._format.secret_formats import PLACEHOLDER

__all__ = ["HiddenArguments"]

_MAX_VARIANTS: Final = 32
"""Sets of hidden arguments of one function that are tried."""

_Function: TypeAlias = tuple[str, str, Any]


class HiddenArguments:
    """The positions of hidden arguments in recorded calls.

    Args:
        exchanges: of a recording.
    """

    def __init__(self, exchanges: Iterable[Exchange]) -> None:
        positions: defaultdict[_Function, dict[tuple[int, ...], None]] = defaultdict(dict)
        for exchange in exchanges:
            data = as_dict(exchange.request_body.get("json")).get("data")
            if is_array(data) and PLACEHOLDER in data:
                hidden = tuple(index for index, value in enumerate(data) if value == PLACEHOLDER)
                variants = positions[_function_of(exchange)]
                if len(variants) < _MAX_VARIANTS:
                    variants[hidden] = None
        self._positions = positions

    def variants(self, exchange: Exchange) -> Iterator[Exchange]:
        """Yield a request, then the same request with arguments hidden as in recorded calls."""
        yield exchange
        body = as_dict(exchange.request_body.get("json"))
        for positions in self._positions.get(_function_of(exchange), ()):
            data = list(body["data"]) if is_array(body.get("data")) else []
            if positions[-1] < len(data):
                for index in positions:
                    data[index] = PLACEHOLDER
                yield replace(exchange, request_body={"json": {**body, "data": data}})


def _function_of(exchange: Exchange) -> _Function:
    body = as_dict(exchange.request_body.get("json"))
    fn_index = body.get("fn_index")
    path = urlsplit(exchange.url).path
    return exchange.method, path, fn_index if isinstance(fn_index, int) else None
