"""Calls of functions that do not use the queue: one request, one answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from spacecall._client.streams.channel import Channel
from spacecall._core import gradio_requests
from spacecall._core.app_config import Dependency
from spacecall._core.job_outcomes import app_error
from spacecall._core.job_state import State
from spacecall._core.jobs import Job
from spacecall._core.json_values import parse_values
from spacecall._io.request_settings import JOIN_HEADERS, Settings
from spacecall._wire.errors import AppErrorBody
from spacecall._wire.run import RunResponse
from spacecall.errors import ProtocolError, SpaceError, StatusError
from spacecall.events import Started


async def submit(
    job: Job, endpoint: Dependency, data: Sequence[Any], channel: Channel, settings: Settings
) -> None:
    """POST /run/{name} and end `job` with what it answers.

    Raises:
        SpaceError: the app failed, or could not be asked.
    """
    job.advance(State.RUNNING)
    job.emit(Started(None))
    # The answer comes when the function returns, and nothing comes before it.
    whole = settings.timeouts.run
    patient = replace(settings, timeouts=replace(settings.timeouts, idle=whole, request=whole))
    request = gradio_requests.run(channel.app, endpoint, data, channel.session_hash)
    try:
        answer = await channel.link.fetch(request, patient, headers=JOIN_HEADERS, gated=False)
    except StatusError as error:
        raise _app_error(error) from error
    try:
        output = RunResponse.model_validate(parse_values(answer.body))
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"the answer of {endpoint.name} is no output of Gradio's") from error
    except MemoryError as error:
        raise ProtocolError(f"no memory for the answer of {endpoint.name}") from error
    job.succeed(output.data, output.duration)


def _app_error(error: StatusError) -> SpaceError:
    """The app's own error, which comes as the body of a 500, or the status itself."""
    if error.status != 500:
        return error
    try:
        body = AppErrorBody.model_validate_json(error.body)
    except ValueError:
        return error
    return app_error(body.error, title=body.title, duration=body.duration)
