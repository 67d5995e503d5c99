"""The typed Python SDK for every Gradio app and Hugging Face Space."""

from spacecall._client.call import Call
from spacecall._client.job import Job
from spacecall._client.space import Session, Space
from spacecall._version import __version__
from spacecall.endpoints import NO_DEFAULT, Endpoint, Parameter, Returned
from spacecall.errors import (
    AppError,
    AuthError,
    DeadlineError,
    InvalidInputError,
    JobCancelledError,
    JobError,
    JobLostError,
    NotFoundError,
    ProtocolError,
    QueueFullError,
    QuotaExceededError,
    RateLimitedError,
    SchemaDriftError,
    SpaceError,
    SpaceStateError,
    StatusError,
    TransportError,
)
from spacecall.events import (
    Completed,
    Event,
    Log,
    Output,
    Progress,
    ProgressUnit,
    Queued,
    Started,
    TextDelta,
    Uploading,
)
from spacecall.files import File, FileInput
from spacecall.options import Auth, Limits, Retry, Timeouts
from spacecall.sync import SyncCall, SyncJob, SyncSession, SyncSpace
from spacecall.tickets import Ticket

__all__ = [
    "NO_DEFAULT",
    "AppError",
    "Auth",
    "AuthError",
    "Call",
    "Completed",
    "DeadlineError",
    "Endpoint",
    "Event",
    "File",
    "FileInput",
    "InvalidInputError",
    "Job",
    "JobCancelledError",
    "JobError",
    "JobLostError",
    "Limits",
    "Log",
    "NotFoundError",
    "Output",
    "Parameter",
    "Progress",
    "ProgressUnit",
    "ProtocolError",
    "QueueFullError",
    "Queued",
    "QuotaExceededError",
    "RateLimitedError",
    "Retry",
    "Returned",
    "SchemaDriftError",
    "Session",
    "Space",
    "SpaceError",
    "SpaceStateError",
    "Started",
    "StatusError",
    "SyncCall",
    "SyncJob",
    "SyncSession",
    "SyncSpace",
    "TextDelta",
    "Ticket",
    "Timeouts",
    "TransportError",
    "Uploading",
    "__version__",
]
