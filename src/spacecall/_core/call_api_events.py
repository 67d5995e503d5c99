"""Process the events of a job of Gradio's /call API.

Measured on 4.44, 5.50 and 6.31: values are always complete, a cancelled job ends with a `complete`
event without data, and only 6.x sends the text of the app's errors.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic import ConfigDict, TypeAdapter, ValidationError

from spacecall._core.job_outcomes import read_app_error
from spacecall._core.jobs import Job
from spacecall._core.json_values import parse_json
from spacecall._core.queue_messages import wire_size
from spacecall._wire.call import CallComplete, CallError, CallEvent, CallGenerating
from spacecall._wire.errors import AppErrorBody
from spacecall.errors import AppError, JobCancelledError, JobLostError, ProtocolError, SpaceError
from spacecall.events import Output

__all__ = ["HIDDEN_ERROR", "parse_event", "receive"]

HIDDEN_ERROR = (
    "the app raised an error and hides its message "
    "(Gradio's /call API sends errors since Gradio 6): call without call_api=True"
)
_ADAPTER: Final[TypeAdapter[CallEvent]] = TypeAdapter(
    CallEvent, config=ConfigDict(defer_build=True)
)
_KINDS: Final = frozenset({"generating", "complete", "error", "heartbeat"})


def parse_event(event: str, data: str) -> CallEvent | None:
    """Parse an event of the stream; return None for an unknown event name.

    Raises:
        ProtocolError: the data does not fit the event.
    """
    if event not in _KINDS:
        return None
    try:
        return _ADAPTER.validate_python({"event": event, "data": parse_json(data)})
    except ValidationError as error:
        raise ProtocolError(f"invalid data of a {event!r} event from the server") from error
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"the data of a {event!r} event from the server is not JSON") from error
    except MemoryError as error:
        raise ProtocolError(
            f"not enough memory for a {event!r} event of {len(data)} bytes"
        ) from error


def receive(job: Job, event: str, data: str) -> bool:
    """Process the next event of the stream; return whether it is the last one.

    Args:
        job: the job of the stream.
        event: the name of the event; an unknown one is ignored.
        data: the text of the event.

    Raises:
        ProtocolError: the data does not fit the event.
    """
    if event == "generating" and not (job.follow or job.ends_at_output):
        return False
    message = parse_event(event, data)
    match message:
        case CallGenerating() if job.ends_at_output:
            job.succeed(message.data or [], size=wire_size(data))
        case CallGenerating():
            job.emit(Output(message.data), wire_size(data))
        case CallComplete(data=None):
            job.fail(JobCancelledError("the job was cancelled on the server"))
        case CallComplete(data=list(values)):
            job.succeed(values, size=wire_size(data))
        case CallError():
            job.fail(_error(message.data))
        case _:
            return False
    return event != "generating"


def _error(data: Any) -> SpaceError:
    """Return the error of the data: a string for an unknown job, null, or the app's error (6.x)."""
    if isinstance(data, str):
        return JobLostError(f"the job was lost: the server says {data[:200]!r}")
    if data is None:
        return AppError(HIDDEN_ERROR)
    try:
        body = AppErrorBody.model_validate(data)
    except ValidationError as error:
        raise ProtocolError("invalid error event from the server") from error
    return read_app_error(body.error, title=body.title, duration=body.duration)
