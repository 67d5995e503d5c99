"""The simple call API: what the events of a job's own stream mean.

Seen on 4.44, 5.50 and 6.31: values are always whole, the end of a cancelled job is a `complete`
without data, and what the app raised is told by 6.x alone.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from spacecall._core.job_outcomes import make_app_error
from spacecall._core.jobs import Job
from spacecall._core.json_values import parse_json
from spacecall._core.queue_messages import wire_size
from spacecall._wire.call import CallComplete, CallError, CallEvent, CallGenerating
from spacecall._wire.errors import AppErrorBody
from spacecall.errors import AppError, JobCancelledError, JobLostError, ProtocolError, SpaceError
from spacecall.events import Output

__all__ = ["HIDDEN_ERROR", "parse_event", "receive"]

HIDDEN_ERROR = (
    "the app raised an error and does not say which "
    "(the simple call API tells errors from Gradio 6 on; a call without call_api=True tells more)"
)
_ADAPTER: Final[TypeAdapter[CallEvent]] = TypeAdapter(CallEvent)
_KINDS: Final = frozenset({"generating", "complete", "error", "heartbeat"})


def parse_event(event: str, data: str) -> CallEvent | None:
    """An event of the stream; None for one of a name that is not known.

    Raises:
        ProtocolError: it does not fit its kind.
    """
    if event not in _KINDS:
        return None
    try:
        return _ADAPTER.validate_python({"event": event, "data": parse_json(data)})
    except ValidationError as error:
        raise ProtocolError(f"the data of a {event!r} event do not fit it") from error
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"the data of a {event!r} event are not JSON") from error
    except MemoryError as error:
        raise ProtocolError(f"no memory for a {event!r} event of {len(data)} bytes") from error


def receive(job: Job, event: str, data: str) -> bool:
    """Take the next event of the stream; whether it was the last.

    Args:
        job: of which it tells.
        event: its name; an unknown one is passed over.
        data: its text.

    Raises:
        ProtocolError: it does not fit its kind.
    """
    if event == "generating" and not job.follow:
        return False
    message = parse_event(event, data)
    match message:
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
    """A text for a job that the server does not have, null, or the app's error (6.x)."""
    if isinstance(data, str):
        return JobLostError(f"the job was lost: the server says {data[:200]!r}")
    if data is None:
        return AppError(HIDDEN_ERROR)
    try:
        body = AppErrorBody.model_validate(data)
    except ValidationError as error:
        raise ProtocolError("an error event of the app is no error of Gradio's") from error
    return make_app_error(body.error, title=body.title, duration=body.duration)
