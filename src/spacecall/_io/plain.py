"""Requests that a client of httpx has no part in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import httpx

__all__ = ["plain_request"]

_PLAIN = {"accept": "*/*", "connection": "keep-alive"}


def plain_request(
    method: str,
    url: str,
    *,
    params: Mapping[str, str] | None,
    data: Mapping[str, str] | None,
    content: bytes | AsyncIterator[bytes] | None,
    headers: Mapping[str, str],
) -> httpx.Request:
    """Return a request with nothing in it that a client adds by itself."""
    return httpx.Request(
        method,
        url,
        params=None if params is None else dict(params),
        data=data,
        content=content,
        headers={**_PLAIN, **headers},
    )
