"""The body of an answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import httpx

from spacecall.errors import ProtocolError
from spacecall.options import Limits


async def read(response: httpx.Response, limits: Limits, space: str) -> bytes:
    """The whole body, at most `Limits.body` bytes of it."""
    length = int(response.headers.get("content-length") or -1)
    body = bytearray()
    async with aclosing(byte_chunks(response)) as chunks:
        async for chunk in chunks:
            body += chunk
            if len(body) > limits.body:
                raise ProtocolError(f"an answer of more than {limits.body} bytes", space=space)
            # Gradio closes a connection after a 500 without saying so. Leaving before the end is
            # read makes the pool close it too, so that no later request is sent into the void.
            if response.status_code >= 500 and response.num_bytes_downloaded == length:
                break
    return bytes(body)


async def byte_chunks(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    """The body as it comes, to be closed by `aclosing` where it may be left early."""
    async for chunk in response.aiter_bytes():
        yield chunk
