"""The typed Python SDK for every Gradio app and Hugging Face Space."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from spacecall._version import __version__

if TYPE_CHECKING:
    from spacecall._client.calls.call import Call
    from spacecall._client.calls.caller import Caller
    from spacecall._client.calls.feed import Feed
    from spacecall._client.calls.job import Job
    from spacecall._client.calls.row_calls import RowCalls
    from spacecall._client.concurrency.lifetime import Connecting
    from spacecall._client.concurrency.portal import SyncConnecting
    from spacecall._client.space import Session, Space, SpaceView
    from spacecall._client.space_options import SpaceOptions
    from spacecall._io._http import HttpClient
    from spacecall._io.tls import ClientCertificate, Verify
    from spacecall._warnings import (
        CutReplyWarning,
        FileSuffixWarning,
        NewerProtocolWarning,
        SchemaDriftWarning,
    )
    from spacecall.component_updates import LayoutUpdate, Update, Updated
    from spacecall.endpoints import NO_DEFAULT, Endpoint, Parameter, ReturnValue
    from spacecall.errors import (
        AppError,
        AppRestartedError,
        AuthError,
        BufferFullError,
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
        Status,
        TextDelta,
        Uploading,
    )
    from spacecall.files import File, FileInput, FileSource
    from spacecall.hooks import Hooks
    from spacecall.options import Auth, CallOptions, Limits, Retry, Timeouts, ZeroGPU
    from spacecall.pool import Pool, SyncPool
    from spacecall.rows import RowOutcome
    from spacecall.sync import (
        SyncCall,
        SyncCaller,
        SyncFeed,
        SyncJob,
        SyncRowCalls,
        SyncSession,
        SyncSpace,
        SyncSpaceView,
    )
    from spacecall.tickets import Ticket

__all__ = [
    "NO_DEFAULT",
    "AppError",
    "AppRestartedError",
    "Auth",
    "AuthError",
    "BufferFullError",
    "Call",
    "CallOptions",
    "Caller",
    "ClientCertificate",
    "Completed",
    "Connecting",
    "CreditsError",
    "CutReplyWarning",
    "DeadlineError",
    "Endpoint",
    "Event",
    "Feed",
    "File",
    "FileInput",
    "FileSource",
    "FileSuffixWarning",
    "FileTooLargeError",
    "ForbiddenAddressError",
    "Hooks",
    "HttpClient",
    "InvalidInputError",
    "Job",
    "JobCancelledError",
    "JobError",
    "JobLostError",
    "LayoutUpdate",
    "Limits",
    "Log",
    "NewerProtocolWarning",
    "NotFoundError",
    "Output",
    "Parameter",
    "Pool",
    "Progress",
    "ProgressUnit",
    "ProtocolError",
    "QueueFullError",
    "Queued",
    "QuotaExceededError",
    "RateLimitedError",
    "Retry",
    "ReturnValue",
    "RowCalls",
    "RowOutcome",
    "SchemaDriftError",
    "SchemaDriftWarning",
    "Session",
    "Space",
    "SpaceError",
    "SpaceOptions",
    "SpaceStateError",
    "SpaceView",
    "Started",
    "Status",
    "StatusError",
    "SyncCall",
    "SyncCaller",
    "SyncConnecting",
    "SyncFeed",
    "SyncJob",
    "SyncPool",
    "SyncRowCalls",
    "SyncSession",
    "SyncSpace",
    "SyncSpaceView",
    "TextDelta",
    "Ticket",
    "Timeouts",
    "TransportError",
    "UnavailableError",
    "UnsupportedProtocolError",
    "Update",
    "Updated",
    "Uploading",
    "Verify",
    "ZeroGPU",
    "__version__",
]

# Imported when first asked for: a program loads what it uses.
_EXPORTS = {
    "spacecall._client.calls.call": "Call",
    "spacecall._client.calls.caller": "Caller",
    "spacecall._client.calls.feed": "Feed",
    "spacecall._client.calls.job": "Job",
    "spacecall._client.calls.row_calls": "RowCalls",
    "spacecall._client.concurrency.lifetime": "Connecting",
    "spacecall._client.concurrency.portal": "SyncConnecting",
    "spacecall._client.space": "Session Space SpaceView",
    "spacecall._client.space_options": "SpaceOptions",
    "spacecall._io._http": "HttpClient",
    "spacecall._io.tls": "ClientCertificate Verify",
    "spacecall._warnings": """
        CutReplyWarning FileSuffixWarning NewerProtocolWarning SchemaDriftWarning
    """,
    "spacecall.component_updates": "LayoutUpdate Update Updated",
    "spacecall.endpoints": "Endpoint NO_DEFAULT Parameter ReturnValue",
    "spacecall.errors": """
        AppError AppRestartedError AuthError BufferFullError CreditsError DeadlineError
        FileTooLargeError ForbiddenAddressError InvalidInputError JobCancelledError JobError
        JobLostError NotFoundError ProtocolError QueueFullError QuotaExceededError
        RateLimitedError SchemaDriftError SpaceError SpaceStateError StatusError
        TransportError UnavailableError UnsupportedProtocolError
    """,
    "spacecall.events": """
        Completed Event Log Output Progress ProgressUnit Queued Started Status TextDelta
        Uploading
    """,
    "spacecall.files": "File FileInput FileSource",
    "spacecall.hooks": "Hooks",
    "spacecall.options": "Auth CallOptions Limits Retry Timeouts ZeroGPU",
    "spacecall.pool": "Pool SyncPool",
    "spacecall.rows": "RowOutcome",
    "spacecall.sync": """
        SyncCall SyncCaller SyncFeed SyncJob SyncRowCalls SyncSession SyncSpace SyncSpaceView
    """,
    "spacecall.tickets": "Ticket",
}
_MODULES = {name: module for module, names in _EXPORTS.items() for name in names.split()}
_SUBMODULES = (
    "component_updates",
    "endpoints",
    "errors",
    "event_data",
    "events",
    "files",
    "hooks",
    "options",
    "rows",
    "tickets",
)


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return import_module(f"spacecall.{name}")
    if name not in _MODULES:
        raise AttributeError(f"module 'spacecall' has no attribute {name!r}")
    globals()[name] = value = getattr(import_module(_MODULES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_SUBMODULES})
