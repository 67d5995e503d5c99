"""Hidden texts of recorded calls: there, any text of a call matches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

from spacecall._core.json_values import as_dict, is_array, is_object
from spacecall.cassettes._format.exchange import Exchange
from spacecall.cassettes._format.secret_formats import PLACEHOLDER

__all__ = ["HiddenArguments"]

_MAX_TEMPLATES: Final = 64
"""Templates of one function that are tried."""

_Function: TypeAlias = tuple[str, str, Any]
_Path: TypeAlias = tuple[str | int, ...]
_Template: TypeAlias = tuple[tuple[_Path, str], ...]
"""The texts with a hidden part in the data of a recorded call, each with its path."""


class HiddenArguments:
    """The hidden arguments, and hidden parts of arguments, in recorded calls.

    A secret argument is hidden whole; another argument that contains the secret, in part.

    Args:
        exchanges: of a recording.
    """

    def __init__(self, exchanges: Iterable[Exchange]) -> None:
        self._templates: defaultdict[_Function, dict[_Template, None]] = defaultdict(dict)
        for exchange in exchanges:
            data = as_dict(exchange.request_body.get("json")).get("data")
            if is_array(data) and (template := tuple(_find_hidden(data, ()))):
                templates = self._templates[_function_of(exchange)]
                if len(templates) < _MAX_TEMPLATES:
                    templates[template] = None

    def variants(self, exchange: Exchange) -> Iterator[Exchange]:
        """Yield a request, then the same request with texts hidden as in recorded calls."""
        yield exchange
        body = as_dict(exchange.request_body.get("json"))
        for template in self._templates.get(_function_of(exchange), ()):
            data: Any = body.get("data")
            for path, text in template:
                data = _hide(data, path, text)
            if data is not body.get("data"):
                yield replace(exchange, request_body={"json": {**body, "data": data}})


def _find_hidden(value: Any, path: _Path) -> Iterator[tuple[_Path, str]]:
    """Yield the path and the text of each text with a hidden part."""
    if isinstance(value, str):
        if PLACEHOLDER in value:
            yield path, value
    elif is_object(value):
        for name, inner in value.items():
            yield from _find_hidden(inner, (*path, name))
    elif is_array(value):
        for index, inner in enumerate(value):
            yield from _find_hidden(inner, (*path, index))


def _hide(value: Any, path: _Path, text: str) -> Any:
    """Return a value with `text` at a path, if what is there fits; otherwise the value itself."""
    if not path:
        fits = text == PLACEHOLDER or (isinstance(value, str) and _fits(value, text))
        return text if fits else value
    key, inner_path = path[0], path[1:]
    if is_object(value) and isinstance(key, str) and key in value:
        inner = _hide(value[key], inner_path, text)
        return value if inner is value[key] else {**value, key: inner}
    if is_array(value) and isinstance(key, int) and key < len(value):
        inner = _hide(value[key], inner_path, text)
        return value if inner is value[key] else [*value[:key], inner, *value[key + 1 :]]
    return value


def _fits(text: str, recorded: str) -> bool:
    """Return whether a text is the recorded one with other texts in place of hidden parts."""
    first, *middle, last = recorded.split(PLACEHOLDER)
    end = len(text) - len(last)
    if end < len(first) or not (text.startswith(first) and text.endswith(last)):
        return False
    position = len(first)
    for part in middle:
        position = text.find(part, position, end)
        if position < 0:
            return False
        position += len(part)
    return True


def _function_of(exchange: Exchange) -> _Function:
    body = as_dict(exchange.request_body.get("json"))
    fn_index = body.get("fn_index")
    path = urlsplit(exchange.url).path
    return exchange.method, path, fn_index if isinstance(fn_index, int) else None
