"""Messages as they come over the wire and jobs that get them, for the tests of what reads them."""

from __future__ import annotations

import json
from typing import Any

from spacecall._core.jobs import Job
from spacecall._core.message_routing import Demultiplexer
from spacecall._core.queue_messages import Message, parse_message
from spacecall.options import Limits


def message(msg: str, event_id: str | None = None, **fields: Any) -> Message:
    """A message of the kind `msg`, parsed from its text as a stream's are."""
    return parse_message(json.dumps({"msg": msg, "event_id": event_id, **fields}))


def generating(data: list[Any], event_id: str | None = None) -> Message:
    """A value of a generator, or the edits of one."""
    return message("process_generating", event_id, output={"data": data, "is_generating": True})


def completed(data: list[Any], event_id: str | None = None) -> Message:
    """The end of a job that went well, 1.5 s long."""
    return message("process_completed", event_id, output={"data": data, "duration": 1.5})


def failed(error: object, event_id: str | None = None, **fields: Any) -> Message:
    """The end of a job whose function raised."""
    return message("process_completed", event_id, output={"error": error, **fields}, success=False)


def cancelled(event_id: str | None = None) -> Message:
    """The end of a job that was cancelled."""
    return message("process_completed", event_id, output={}, success=True)


def a_job(fn_index: int = 0, *, follow: bool = False) -> Job:
    """A job that has not been sent."""
    return Job(fn_index, follow=follow, limits=Limits(max_buffered_events=50), notify=lambda: None)


def joined(demux: Demultiplexer, event_id: str, fn_index: int = 0, *, follow: bool = False) -> Job:
    """A job whose join has been answered."""
    job = a_job(fn_index, follow=follow)
    demux.reserve(job)
    demux.begin_join(job)
    demux.accept(job, event_id)
    demux.end_join(job)
    return job
