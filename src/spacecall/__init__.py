"""The typed Python SDK for every Gradio app and Hugging Face Space."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from spacecall._version import __version__
from spacecall._warnings import NewerProtocolWarning, SchemaDriftWarning
from spacecall.endpoints import NO_DEFAULT, Endpoint, Parameter, ReturnValue
from spacecall.errors import (
    AppError,
    AppRestartedError,
    AuthError,
    CreditsError,
    DeadlineError,
    FileTooLargeError,
    ForbiddenAddressError,
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
    UnavailableError,
    UnsupportedProtocolError,
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
from spacecall.files import File, FileInput, FileSource
from spacecall.hooks import Hooks
from spacecall.options import Auth, CallOptions, Limits, Retry, Timeouts, ZeroGPU
from spacecall.tickets import Ticket

if TYPE_CHECKING:
    from spacecall._client.calls.call import Call
    from spacecall._client.calls.caller import Caller
    from spacecall._client.calls.feed import Feed
    from spacecall._client.calls.job import Job
    from spacecall._client.concurrency.lifetime import Connecting
    from spacecall._client.concurrency.portal import SyncConnecting
    from spacecall._client.space import Session, Space, SpaceView
    from spacecall._client.space_options import SpaceOptions
    from spacecall._io._http import HttpClient
    from spacecall._io.tls import ClientCertificate, Verify
    from spacecall.sync import (
        SyncCall,
        SyncCaller,
        SyncFeed,
        SyncJob,
        SyncSession,
        SyncSpace,
        SyncSpaceView,
    )

__all__ = [
    "NO_DEFAULT",
    "AppError",
    "AppRestartedError",
    "Auth",
    "AuthError",
    "Call",
    "CallOptions",
    "Caller",
    "ClientCertificate",
    "Completed",
    "Connecting",
    "CreditsError",
    "DeadlineError",
    "Endpoint",
    "Event",
    "Feed",
    "File",
    "FileInput",
    "FileSource",
    "FileTooLargeError",
    "ForbiddenAddressError",
    "Hooks",
    "HttpClient",
    "InvalidInputError",
    "Job",
    "JobCancelledError",
    "JobError",
    "JobLostError",
    "Limits",
    "Log",
    "NewerProtocolWarning",
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
    "ReturnValue",
    "SchemaDriftError",
    "SchemaDriftWarning",
    "Session",
    "Space",
    "SpaceError",
    "SpaceOptions",
    "SpaceStateError",
    "SpaceView",
    "Started",
    "StatusError",
    "SyncCall",
    "SyncCaller",
    "SyncConnecting",
    "SyncFeed",
    "SyncJob",
    "SyncSession",
    "SyncSpace",
    "SyncSpaceView",
    "TextDelta",
    "Ticket",
    "Timeouts",
    "TransportError",
    "UnavailableError",
    "UnsupportedProtocolError",
    "Uploading",
    "Verify",
    "ZeroGPU",
    "__version__",
]

# Loaded when first asked for: they import httpx, which loads click and rich where it finds them.
_CLIENT = {
    "Call": "spacecall._client.calls.call",
    "Feed": "spacecall._client.calls.feed",
    "Job": "spacecall._client.calls.job",
    "Caller": "spacecall._client.calls.caller",
    "ClientCertificate": "spacecall._io.tls",
    "Connecting": "spacecall._client.concurrency.lifetime",
    "HttpClient": "spacecall._io._http",
    "Session": "spacecall._client.space",
    "Space": "spacecall._client.space",
    "SpaceOptions": "spacecall._client.space_options",
    "SpaceView": "spacecall._client.space",
    "SyncCall": "spacecall.sync",
    "SyncCaller": "spacecall.sync",
    "SyncConnecting": "spacecall._client.concurrency.portal",
    "SyncFeed": "spacecall.sync",
    "SyncJob": "spacecall.sync",
    "SyncSession": "spacecall.sync",
    "SyncSpace": "spacecall.sync",
    "SyncSpaceView": "spacecall.sync",
    "Verify": "spacecall._io.tls",
}


def __getattr__(name: str) -> Any:
    if name not in _CLIENT:
        raise AttributeError(f"module 'spacecall' has no attribute {name!r}")
    globals()[name] = value = getattr(import_module(_CLIENT[name]), name)
    return value
