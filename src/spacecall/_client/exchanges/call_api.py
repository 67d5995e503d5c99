"""Jobs over the simple call API: a request that joins, and a stream of the job's own."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack, aclosing
from typing import Any

import anyio

from spacecall._client.concurrency.task_errors import suppress_cancel_errors
from spacecall._client.streams.channel import CANCEL_REPEAT_DELAY, Channel
from spacecall._core import gradio_requests
from spacecall._core.app_config import Dependency
from spacecall._core.call_api_events import receive
from spacecall._core.job_state import State
from spacecall._core.jobs import Job
from spacecall._io.event_stream import named_events
from spacecall._io.request_settings import Settings
from spacecall._io.retrying import retrying
from spacecall._wire.call import CallResponse
from spacecall.errors import (
    JobLostError,
    NotFoundError,
    ProtocolError,
    StatusError,
    TransportError,
)


async def submit(
    job: Job, endpoint: Dependency, data: Sequence[Any], channel: Channel, settings: Settings
) -> None:
    """POST /call/{name}, and end `job` with what its stream tells.

    The job runs in a session that is called as its event id. A job that is ended meanwhile (its
    caller was cancelled) leaves the queue with its stream, and ends by /cancel if it runs: each
    alone is not enough (a /cancel lets a waiting job run later before 6.14, and a function that
    gives one value does not notice that its stream is gone).

    Raises:
        SpaceError: the server did not accept the job, or its stream broke.
    """
    job.advance(State.JOINING)
    event_id = await _join(job, endpoint, data, channel, settings)
    job.event_id = event_id
    told = False
    try:
        told = await _follow(job, endpoint, event_id, channel, settings)
    except (TransportError, StatusError) as error:
        raise JobLostError(f"the job was lost: {error.message}") from error
    finally:
        if job.ended and not told:
            with anyio.move_on_after(settings.timeouts.cancel, shield=True):
                await _cancel(job, event_id, channel, settings)
    if not told:
        raise JobLostError("the job was lost: the server ended the stream")


async def _join(
    job: Job, endpoint: Dependency, data: Sequence[Any], channel: Channel, settings: Settings
) -> str:
    request = gradio_requests.call(channel.app, endpoint, data)
    headers = settings.join_headers()
    try:
        answer = await channel.link.fetch(request, settings, headers=headers, sending=job.sending)
    except NotFoundError as error:
        text = f"the app's Gradio {channel.app.version} has no simple call API"
        raise NotFoundError(text, status=error.status, body=error.body) from error
    try:
        return CallResponse.model_validate_json(answer.body).event_id
    except ValueError as error:
        raise ProtocolError("the answer to the call has no event_id") from error


async def _follow(
    job: Job, endpoint: Dependency, event_id: str, channel: Channel, settings: Settings
) -> bool:
    """Read the job's stream until its end; whether the server told how it ended."""
    request = gradio_requests.call_stream(channel.app, endpoint, event_id)
    async with AsyncExitStack() as stack:
        response = await retrying(
            lambda: stack.enter_async_context(channel.link.open(request, settings)),
            settings.retry,
            idempotent=False,  # the job leaves the queue with a stream that broke
            on_retry=channel.link.on_retry(request, settings),
        )
        job.advance(State.RUNNING)
        if job.ended:
            return False
        events = named_events(response, limit=settings.limits.max_event_bytes)
        async for event, text in await stack.enter_async_context(aclosing(events)):
            if receive(job, event, text):
                return True
    return False


async def _cancel(job: Job, event_id: str, channel: Channel, settings: Settings) -> None:
    """Cancel what runs, and what was about to; nobody waits to hear of it."""
    request = gradio_requests.cancel(channel.app, job.fn_index, event_id, event_id)
    for pause in (0, CANCEL_REPEAT_DELAY):
        await anyio.sleep(pause)
        with suppress_cancel_errors(event_id):
            await channel.link.fetch(request, settings)
