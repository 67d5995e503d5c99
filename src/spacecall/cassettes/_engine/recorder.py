"""Recording: every exchange is copied while it passes by unchanged."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from tempfile import SpooledTemporaryFile
from typing import IO
from urllib.parse import unquote

from spacecall._io.event_stream import event_splitter
from spacecall._io.interceptor import (
    Forward,
    InterceptedRequest,
    InterceptedResponse,
    NetworkError,
    ResponseBody,
)
from spacecall.cassettes._format.bodies import RequestBodyRecorder, StoredBody
from spacecall.cassettes._format.exchange import COMPLETE, Exchange, Headers, get_header
from spacecall.cassettes._format.scrubber import Scrubber
from spacecall.cassettes._format.secret_formats import PLACEHOLDER
from spacecall.cassettes._format.server_sent_event import ServerSentEvent

IN_MEMORY = 2**20
"""Bytes of a body that are held in memory; a larger body is held in a temporary file."""
_MIN_COOKIE = 12
"""Characters of a cookie that may let somebody in: a shorter one may be a word, as of a theme."""

StoreBody = Callable[[IO[bytes], str], StoredBody]
"""Return the stored form of a response's body, from its bytes and its content type."""


class Recorder:
    """Records every exchange that passes by.

    Args:
        store_body: makes the stored form of a response's body.
        scrubber: learns which values are secret.
        add: called with each exchange when its request is sent; the exchange is completed later.
        clock: returns seconds.
        offset: the time at which the recording begins, in seconds.
    """

    def __init__(
        self,
        store_body: StoreBody,
        scrubber: Scrubber,
        add: Callable[[Exchange], None],
        clock: Callable[[], float],
        *,
        offset: float = 0.0,
    ) -> None:
        self._store_body = store_body
        self._scrubber = scrubber
        self._add = add
        self._clock = clock
        self._zero = clock() - offset

    def now(self) -> float:
        """Return the seconds since the recording began."""
        return self._clock() - self._zero

    @property
    def recording(self) -> str:
        """An empty text: the app is live."""
        return ""

    def reports_drift(self, endpoint: str, pinned: str, live: str) -> bool:  # noqa: ARG002
        """Return False: the app is live."""
        return False

    async def answer(self, request: InterceptedRequest, forward: Forward) -> InterceptedResponse:
        """Forward a request; record it, its response, and how the response ended.

        A request that an error other than the network's stopped is marked as not sent: a replay
        makes the same error before it needs a response.

        A HEAD request is not recorded: clients send it to follow an upload, and its response says
        nothing about the app.
        """
        if request.method == "HEAD":
            return await forward(request.body)
        self._scrubber.add_secrets(request.url, request.secrets.values)
        headers = tuple(
            (name, PLACEHOLDER if name in request.secrets.headers else value)
            for name, value in request.headers
        )
        exchange = Exchange(request.method, request.url, headers, started_at=self.now())
        self._add(exchange)
        request_body = RequestBodyRecorder(get_header(request.headers, "content-type"))
        try:
            response = await forward(_copy_chunks(request.body, request_body))
        except NetworkError as failure:
            exchange.end_reason = failure.kind
            raise
        except Exception:  # such as a file that cannot be read, or a restarted app
            exchange.sent = False
            raise
        finally:
            exchange.ended_at = self.now()
            exchange.request_body = request_body.to_stored()
        self._scrubber.add_secrets(request.url, _cookies(response.headers))
        exchange.status, exchange.headers = response.status, response.headers
        exchange.answered_at = self.now()
        body = _RecordingBody(response, exchange, self._store_body, self.now)
        return replace(response, body=body)


class _RecordingBody:
    """The body of a response, recorded while it is read."""

    def __init__(
        self,
        response: InterceptedResponse,
        exchange: Exchange,
        store_body: StoreBody,
        now: Callable[[], float],
    ) -> None:
        self._chunks: ResponseBody = response.body
        self._exchange = exchange
        self._store_body = store_body
        self._now = now
        self._content_type = get_header(response.headers, "content-type")
        self._copy: IO[bytes] = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115
        self._splitter = event_splitter(sys.maxsize)
        if self._content_type.startswith("text/event-stream"):
            exchange.events = []
        self._closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._chunks:
                if self._exchange.events is None:
                    self._copy.write(chunk)
                else:
                    self._record_events(self._exchange.events, chunk)
                yield chunk
            self._exchange.end_reason = COMPLETE
        except NetworkError as failure:
            self._exchange.end_reason = failure.kind
            raise

    async def aclose(self) -> None:
        try:
            await self._chunks.aclose()
        finally:
            if not self._closed:
                self._closed = True
                self._exchange.ended_at = self._now()
                with self._copy as file:
                    file.seek(0)
                    self._exchange.body = self._store_body(file, self._content_type)

    def _record_events(self, events: list[tuple[float, ServerSentEvent]], chunk: bytes) -> None:
        now = self._now()
        new_events = [ServerSentEvent(name, data) for name, data in self._splitter.feed(chunk)]
        events += [(now, event) for event in new_events if not _is_heartbeat(event)]


async def _copy_chunks(
    chunks: AsyncIterator[bytes], body: RequestBodyRecorder
) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        body.feed(chunk)
        yield chunk


def _cookies(headers: Headers) -> set[str]:
    """Return the values of the cookies that a response sets, as an app may repeat them."""
    values: set[str] = set()
    for name, header in headers:
        if name.lower() == "set-cookie":
            value = header.partition(";")[0].partition("=")[2].strip().strip('"')
            values |= {value, unquote(value)}
    return {value for value in values if len(value) >= _MIN_COOKIE}


def _is_heartbeat(event: ServerSentEvent) -> bool:
    # Only short data with that word is parsed: parsing every message twice would cost too much.
    may_be = len(event.data) < 200 and "heartbeat" in event.data
    return event.name == "heartbeat" or (may_be and event.as_object().get("msg") == "heartbeat")
