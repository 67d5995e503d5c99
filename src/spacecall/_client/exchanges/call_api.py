"""Run jobs over the simple call API: POST /call/{name}, then a stream for that job."""

from __future__ import annotations

from contextlib import AsyncExitStack, aclosing

import anyio

from spacecall._client.concurrency.task_errors import suppress_cancel_errors
from spacecall._client.streams.channel import CANCEL_REPEAT_DELAY, Channel
from spacecall._core import gradio_requests
from spacecall._core.app_functions import Dependency
from spacecall._core.call_api_events import receive
from spacecall._core.gradio_requests import JobInputs
from spacecall._core.job_state import JobStatus
from spacecall._core.jobs import Job
from spacecall._io.event_stream import iterate_events
from spacecall._io.request_settings import Settings
from spacecall._io.retrying import run_with_retries
from spacecall._wire.call import CallResponse
from spacecall.errors import (
    JobLostError,
    NotFoundError,
    ProtocolError,
    StatusError,
    TransportError,
)


async def submit(
    job: Job, endpoint: Dependency, inputs: JobInputs, channel: Channel, settings: Settings
) -> None:
    """Send POST /call/{name}, and end `job` with what its stream reports.

    The server runs the job in a session whose hash is the event id. If the job ends meanwhile
    because its caller was cancelled, its stream is closed, which takes it out of the queue, and it
    is cancelled by /cancel, which ends it if it runs. Both are necessary: before Gradio 6.14 a
    waiting job runs later in spite of a /cancel, and a function that returns one value does not
    notice that its stream was closed.

    Raises:
        SpaceError: the server did not accept the job, or its stream broke.
    """
    job.advance(JobStatus.JOINING)
    event_id = await _join(job, endpoint, inputs, channel, settings)
    job.event_id = event_id
    completed = False
    try:
        completed = await _follow(job, endpoint, event_id, channel, settings)
    except (TransportError, StatusError) as error:
        raise JobLostError(f"the job was lost: {error.message}") from error
    finally:
        if job.ended and not completed:
            with anyio.move_on_after(settings.timeouts.cancel, shield=True):
                await _cancel(job, event_id, channel, settings)
    if not completed:
        raise JobLostError("the job was lost: the server ended the stream before the result")


async def _join(
    job: Job, endpoint: Dependency, inputs: JobInputs, channel: Channel, settings: Settings
) -> str:
    request = gradio_requests.call(channel.app, endpoint, inputs)
    headers = settings.join_headers()
    try:
        answer = await channel.app_client.fetch(
            request, settings, headers=headers, around_attempt=job.submission
        )
    except NotFoundError as error:
        text = f"Gradio {channel.app.version} has no simple call API: call without call_api=True"
        raise NotFoundError(text, status=error.status, body=error.body) from error
    try:
        return CallResponse.model_validate_json(answer.body).event_id
    except ValueError as error:
        raise ProtocolError("the response to POST /call has no event_id") from error


async def _follow(
    job: Job, endpoint: Dependency, event_id: str, channel: Channel, settings: Settings
) -> bool:
    """Read the job's stream; return whether the server reported how the job ended."""
    request = gradio_requests.call_stream(channel.app, endpoint, event_id)
    async with AsyncExitStack() as stack:
        response = await run_with_retries(
            lambda: stack.enter_async_context(channel.app_client.open(request, settings)),
            settings.retry,
            idempotent=False,  # the job leaves the queue with a stream that broke
            on_retry=channel.app_client.on_retry(request, settings),
        )
        job.advance(JobStatus.RUNNING)
        if job.ended:
            return False
        events = iterate_events(response, limit=settings.limits.max_event_bytes)
        async for event, text in await stack.enter_async_context(aclosing(events)):
            if receive(job, event, text):
                return True
            if job.ended:
                return False
    return False


async def _cancel(job: Job, event_id: str, channel: Channel, settings: Settings) -> None:
    """Cancel the job, and once more in case it was about to start. Ignore errors."""
    request = gradio_requests.cancel(channel.app, job.fn_index, event_id, event_id)
    for pause in (0, CANCEL_REPEAT_DELAY):
        await anyio.sleep(pause)
        with suppress_cancel_errors(channel.app_client.observer(settings), event_id):
            await channel.app_client.fetch(request, settings)
