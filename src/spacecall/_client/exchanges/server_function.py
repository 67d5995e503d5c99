"""Run server functions of components: one request, one response, without the queue."""

from __future__ import annotations

from spacecall._client.exchanges.run_endpoint import without_silence_limit
from spacecall._client.streams.channel import Channel
from spacecall._core import gradio_requests
from spacecall._core.app_functions import Dependency
from spacecall._core.gradio_requests import JobInputs
from spacecall._core.job_state import JobStatus
from spacecall._core.jobs import Job
from spacecall._core.json_values import parse_json
from spacecall._io.request_settings import JOIN_HEADERS, Settings
from spacecall.errors import ProtocolError
from spacecall.events import Started


async def submit(
    job: Job, endpoint: Dependency, inputs: JobInputs, channel: Channel, settings: Settings
) -> None:
    """Send POST /component_server, and end `job` with the response.

    Raises:
        SpaceError: the function failed, or the app did not answer.
    """
    job.advance(JobStatus.RUNNING)
    job.emit(Started(None))
    request = gradio_requests.component_server(channel.app, endpoint, inputs, channel.session_hash)
    answer = await channel.app_client.fetch(
        request, without_silence_limit(settings), headers=JOIN_HEADERS, is_limited=False
    )
    try:
        value = parse_json(answer.body)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(
            f"the response of the server function {endpoint.server_function} is not JSON"
        ) from error
    job.succeed([value])
