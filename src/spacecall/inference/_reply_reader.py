"""Send requests for text, and read their replies, whole or streamed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import anyio
from anyio.lowlevel import checkpoint

from spacecall._client.exchanges.service_call import ProgressSink
from spacecall._core.gradio_requests import Request
from spacecall._core.queue_messages import wire_size
from spacecall._io.event_stream import event_splitter, iterate_data
from spacecall._io.request_settings import Settings
from spacecall._io.response_body import read_body
from spacecall.chat import ChatReply
from spacecall.errors import (
    DeadlineError,
    InvalidInputError,
    JobLostError,
    ProtocolError,
    SpaceError,
    TransportError,
)
from spacecall.inference._accumulators import Accumulator
from spacecall.inference._finish_reasons import check_reply
from spacecall.inference._router import RouterConnection
from spacecall.inference._text_requests import Sampling, with_usage
from spacecall.options import Limits

if TYPE_CHECKING:
    from spacecall._io._http import Response

__all__ = ["AUTO", "ROUTER_CHOICES", "ReplyReader", "TextCall", "partial_results"]

AUTO: Final = "auto"
"""The router's own choice of a provider, as without a suffix."""
ROUTER_CHOICES: Final = frozenset({"fastest", "cheapest", "preferred", AUTO})
"""Provider suffixes that let the router choose a provider."""
AFTER_ANSWER: Final = 3.0
"""Seconds to wait for the usage and the end of a stream after the end of the answer."""
_MARK: Final = b"\xef\xbb\xbf"
_EVENT_BEGINNINGS: Final = (b"data:", b"event:", b"id:", b": ")
EVENTS_AT_ONCE: Final = 64
"""Events of one chunk of a stream after which other tasks run."""


@dataclass(frozen=True, slots=True)
class TextCall:
    """A request for text, and what it fills and notifies.

    Attributes:
        build_request: builds the request with these options.
        on_change: called with the number of bytes received when the text has changed.
        build_reply: returns the reply as far as it came.
    """

    build_request: Callable[[Sampling], Request]
    reply: Accumulator
    settings: Settings
    on_change: Callable[[int], None]
    build_reply: Callable[[], ChatReply]


class ReplyReader:
    """Sends requests for text and reads their replies.

    Args:
        connection: to the router.
    """

    def __init__(self, connection: RouterConnection) -> None:
        self._connection = connection

    async def run(self, call: TextCall, sampling: Sampling) -> ChatReply:
        """Send a request and return its reply; errors get the endpoint and the address.

        The usage of a stream is requested. A service that refuses this is asked again without it.
        """
        options = with_usage(sampling)
        try:
            return await self._run(call, options)
        except InvalidInputError as error:
            is_requested = options == sampling or "stream_options" in sampling.extra_body
            if is_requested or "stream_options" not in error.body:
                raise
            return await self._run(call, sampling)

    async def _run(self, call: TextCall, sampling: Sampling) -> ChatReply:
        connection, request = self._connection, call.build_request(sampling)
        try:
            # An error inside a stream is typed and redacted like a refusal.
            with connection.typed_errors(request, call.reply.provider):
                if sampling.stream:
                    await self._stream(call, request)
                else:
                    await self._fetch(call, request)
            reply = call.build_reply()
            check_reply(reply)
        except SpaceError as error:
            error.endpoint, error.space = request.path, connection.router.base
            raise
        return reply

    async def _fetch(self, call: TextCall, request: Request) -> None:
        # No byte arrives before the whole response is ready.
        timeouts = replace(call.settings.timeouts, idle=call.settings.timeouts.run)
        settings = replace(call.settings, timeouts=timeouts)
        response = await self._connection.fetch(request, settings, provider=call.reply.provider)
        _read_provider(response.headers, call.reply)
        _read_whole(response.body, call.reply, call.settings.limits)

    async def _stream(self, call: TextCall, request: Request) -> None:
        connection, reply = self._connection, call.reply
        is_open = False
        try:
            opening = connection.open(request, call.settings, provider=reply.provider)
            async with opening as response:
                is_open = True
                _read_provider(response.headers, reply)
                if "event-stream" in response.headers.get("content-type", ""):
                    await _read_events(response, call)
                else:
                    limits = call.settings.limits
                    body = await read_body(response, limits, connection.router.base)
                    _read_whole(body, reply, limits)
        except (TransportError, DeadlineError) as error:
            if reply.has_finished:
                return
            if not is_open or isinstance(error, DeadlineError):
                raise
            raise JobLostError(f"the answer was cut off: {error.message}") from error
        reply.finish()


def _read_whole(body: bytes, reply: Accumulator, limits: Limits) -> None:
    """Read a response that is not declared as a stream; some services send events nevertheless."""
    if not body.removeprefix(_MARK).lstrip().startswith(_EVENT_BEGINNINGS):
        reply.read_body(body)
        return
    for _, data in event_splitter(limits.max_event_bytes).feed(body + b"\n\n"):
        reply.feed(data)
    reply.finish()


async def _read_events(response: Response, call: TextCall) -> None:
    """Feed the events of a stream to the reply until it is complete.

    Some services do not close the stream after an answer: that is waited for `AFTER_ANSWER` only.

    Raises:
        ProtocolError: the stream is larger than `Limits.max_body_bytes`.
    """
    limits, reply, received, count = call.settings.limits, call.reply, 0, 0
    with anyio.CancelScope() as scope:
        async with aclosing(iterate_data(response, limit=limits.max_event_bytes)) as stream:
            async for event in stream:
                received += wire_size(event)
                count += 1
                if count % EVENTS_AT_ONCE == 0:
                    await checkpoint()
                if received > limits.max_body_bytes:
                    raise ProtocolError(
                        f"the answer has more than {limits.max_body_bytes} bytes "
                        "(raise Limits.max_body_bytes)"
                    )
                if has_changed := reply.feed(event):
                    call.on_change(received)
                if reply.is_complete:
                    return
                if reply.has_finished:
                    deadline = anyio.current_time() + AFTER_ANSWER
                    scope.deadline = deadline if has_changed else min(scope.deadline, deadline)


def _read_provider(headers: Mapping[str, str], reply: Accumulator) -> None:
    """Read who answered."""
    reply.provider = headers.get("x-inference-provider") or reply.provider


def partial_results(
    report: ProgressSink[ChatReply], reply: Callable[[], ChatReply]
) -> Callable[[int], None]:
    """Return a callback that reports the reply so far, if the job is followed."""

    def on_change(size: int) -> None:
        if report.is_followed:
            report.output(reply(), size)

    return on_change
