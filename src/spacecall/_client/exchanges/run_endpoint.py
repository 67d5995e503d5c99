"""Run functions that do not use the queue: one request, one response."""

from __future__ import annotations

from dataclasses import replace

from spacecall._client.streams.channel import Channel
from spacecall._core import gradio_requests
from spacecall._core.app_functions import Dependency
from spacecall._core.gradio_requests import JobInputs
from spacecall._core.job_outcomes import read_app_error
from spacecall._core.job_state import JobStatus
from spacecall._core.jobs import Job
from spacecall._core.json_values import parse_json
from spacecall._io.request_settings import JOIN_HEADERS, Settings
from spacecall._wire.errors import AppErrorBody
from spacecall._wire.run import RunResponse
from spacecall.errors import ProtocolError, SpaceError, StatusError
from spacecall.events import Started


async def submit(
    job: Job, endpoint: Dependency, inputs: JobInputs, channel: Channel, settings: Settings
) -> None:
    """Send POST /run/{name}, and end `job` with the response.

    Raises:
        SpaceError: the function failed, or the app did not answer.
    """
    job.advance(JobStatus.RUNNING)
    job.emit(Started(None))
    request = gradio_requests.run(channel.app, endpoint, inputs, channel.session_hash)
    try:
        answer = await channel.app_client.fetch(
            request, without_silence_limit(settings), headers=JOIN_HEADERS, is_limited=False
        )
    except StatusError as error:
        raise _app_error(error) from error
    try:
        output = RunResponse.model_validate(parse_json(answer.body))
    except (ValueError, RecursionError) as error:
        raise ProtocolError(
            f"the response of {endpoint.name} is not an output of Gradio"
        ) from error
    except MemoryError as error:
        raise ProtocolError(
            f"the response of {endpoint.name} is too large for the memory"
        ) from error
    job.succeed(output.data, output.duration)


def without_silence_limit(settings: Settings) -> Settings:
    """Return the settings for a response that comes when a function returns, and not before."""
    seconds = settings.timeouts.run
    return replace(settings, timeouts=replace(settings.timeouts, idle=seconds, request=seconds))


def _app_error(error: StatusError) -> SpaceError:
    """Return the app's own error, the body of a 500; or `error` if there is none."""
    if error.status != 500:
        return error
    try:
        body = AppErrorBody.model_validate_json(error.body)
    except ValueError:
        return error
    return read_app_error(body.error, title=body.title, duration=body.duration)
