"""Run jobs with one stream each, SSE or WebSocket, in the protocols before `sse_v1`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import replace
from typing import Any, TypeAlias

import anyio

from spacecall._client.concurrency.task_errors import suppress_cancel_errors
from spacecall._client.streams.channel import Channel
from spacecall._core import gradio_requests
from spacecall._core.app_functions import Dependency
from spacecall._core.gradio_requests import JobInputs
from spacecall._core.handshake import Handshake
from spacecall._core.job_state import JobStatus
from spacecall._core.jobs import Job
from spacecall._core.protocol_versions import StreamKind, find_protocol_version
from spacecall._core.queue_messages import parse_message, wire_size
from spacecall._io.event_stream import iterate_data
from spacecall._io.request_settings import Settings
from spacecall._io.retrying import run_with_retries
from spacecall.errors import DeadlineError, JobLostError, StatusError, TransportError

_Stream: TypeAlias = tuple[AsyncIterator[str], Callable[[Mapping[str, Any]], Awaitable[object]]]


async def submit(
    job: Job, endpoint: Dependency, inputs: JobInputs, channel: Channel, settings: Settings
) -> None:
    """Open a stream, send what the server requests on it, and end `job` with what it reports.

    If the job ends meanwhile because its caller was cancelled, its stream is closed: a waiting job
    never gets its arguments, a generator stops at its next value, another function runs on.

    Raises:
        SpaceError: the server did not accept the job, or its stream broke.
    """
    handshake = Handshake(job, inputs, channel.session_hash)
    try:
        async with AsyncExitStack() as stack:
            texts, send_reply = await run_with_retries(
                lambda: _open_stream(stack, endpoint, inputs.query, channel, settings),
                settings.retry,
                idempotent=True,  # nothing runs without the arguments
                on_retry=channel.app_client.observer(settings).on_retry("stream"),
            )
            job.advance(JobStatus.QUEUED)
            async for text in texts:
                reply = handshake.receive(parse_message(text), wire_size(text))
                if reply is not None:
                    await send_reply(reply)
                if handshake.complete or job.ended:
                    return
    except (TransportError, StatusError, DeadlineError) as error:
        if job.status is JobStatus.UPLOADING:
            if isinstance(error, TransportError):
                error.sent = False  # the app does not start without the arguments
            raise
        raise JobLostError(f"the job was lost: {error.message}", sent=handshake.sent) from error
    finally:
        if job.ended and job.event_id and not handshake.complete:
            await _reset(job.event_id, channel, settings)
    raise JobLostError(
        "the job was lost: the server ended the stream before the result", sent=handshake.sent
    )


async def _open_stream(
    stack: AsyncExitStack,
    endpoint: Dependency,
    query: Mapping[str, str],
    channel: Channel,
    settings: Settings,
) -> _Stream:
    """Open a stream in `stack`; return its messages, and the function that sends a reply."""
    idle = settings.timeouts.idle
    # Between two messages these servers send nothing, or one heartbeat.
    without_idle = replace(settings, timeouts=replace(settings.timeouts, idle=None))
    with anyio.move_on_after(idle):
        return await stack.enter_async_context(_stream(endpoint, query, channel, without_idle))
    raise DeadlineError(f"the server did not open a stream within {idle:g} s", phase="idle")


@asynccontextmanager
async def _stream(
    endpoint: Dependency, query: Mapping[str, str], channel: Channel, settings: Settings
) -> AsyncGenerator[_Stream, None]:
    app_client, app = channel.app_client, channel.app
    headers = settings.join_headers()
    uses_websocket = find_protocol_version(app.protocol).streams is StreamKind.WEBSOCKET
    request = gradio_requests.job_stream(
        app, endpoint, channel.session_hash, websocket=uses_websocket, query=query
    )
    if uses_websocket:
        from spacecall._io.ws.connect import open_websocket  # noqa: PLC0415 - an optional dependency

        async with open_websocket(app_client, request, settings, headers=headers) as socket:
            yield socket, socket.send
        return

    async def send_reply(body: Mapping[str, Any]) -> None:
        await app_client.fetch(gradio_requests.arguments(app, body), settings, headers=headers)

    async with (
        app_client.open(request, settings, headers=headers) as response,
        aclosing(iterate_data(response, limit=settings.limits.max_event_bytes)) as texts,
    ):
        yield texts, send_reply


async def _reset(event_id: str, channel: Channel, settings: Settings) -> None:
    """End the job on the server, which then ends its stream. Ignore errors."""
    with anyio.move_on_after(settings.timeouts.cancel, shield=True):
        with suppress_cancel_errors(channel.app_client.observer(settings), event_id):
            await channel.app_client.fetch(gradio_requests.reset(channel.app, event_id), settings)
