"""Every error that spacecall raises.

::

    SpaceError
    ├─ TransportError            the network failed
    ├─ StatusError               the server answered with an error status
    │   ├─ AuthError             401, 403
    │   ├─ NotFoundError         404, or an endpoint that the app does not have
    │   ├─ InvalidInputError     422, or arguments that do not fit the endpoint
    │   ├─ CreditsError          402: no credits are left for HF Inference
    │   ├─ UnavailableError      502, 503, 504: HF Inference cannot run the model now
    │   ├─ QueueFullError        503: the app's queue is full
    │   └─ RateLimitedError      429
    ├─ ProtocolError             the server's response is not Gradio's protocol
    │   └─ UnsupportedProtocolError  a version of it that is not supported
    ├─ SchemaDriftError          the app does not fit the generated client, or its own schema
    ├─ FileTooLargeError         a file is larger than `max_bytes`
    ├─ ForbiddenAddressError     `Limits.file_hosts` does not allow the URL of a file
    ├─ SpaceStateError           the Space is not running
    ├─ DeadlineError             a phase took longer than its timeout
    └─ JobError
        ├─ AppError              the app raised an error
        │   └─ QuotaExceededError  ZeroGPU quota
        ├─ BufferFullError       more outputs wait to be read than the buffer takes
        ├─ JobCancelledError     the job was cancelled, here or on the server
        └─ JobLostError          the stream ended before the job did
           └─ AppRestartedError  the app restarted: its sessions and jobs are gone

All errors can be pickled and copied, for example from a worker process.

Warnings are in `spacecall`: `SchemaDriftWarning`, `NewerProtocolWarning`, `CutReplyWarning`,
`FileSuffixWarning`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypedDict, Unpack

from spacecall._visible import escape_commands, shorten, visible

__all__ = [
    "AppError",
    "AppRestartedError",
    "AuthError",
    "BufferFullError",
    "CreditsError",
    "DeadlineError",
    "FileTooLargeError",
    "ForbiddenAddressError",
    "InvalidInputError",
    "JobCancelledError",
    "JobError",
    "JobLostError",
    "NotFoundError",
    "Phase",
    "ProtocolError",
    "QueueFullError",
    "QuotaExceededError",
    "RateLimitedError",
    "SchemaDriftError",
    "SpaceError",
    "SpaceStateError",
    "StatusError",
    "TransportError",
    "UnavailableError",
    "UnsupportedProtocolError",
]

Phase = Literal["open", "connect", "request", "upload", "queue", "run", "idle", "total"]
"""The phases of a call: the names of the fields of `Timeouts`."""


_MAX_MESSAGE = 4000
"""The most characters of a message in `str(error)`."""


class ErrorContext(TypedDict, total=False):
    """The call that an error belongs to: see the attributes of `SpaceError`."""

    space: str | None
    endpoint: str | None
    event_id: str | None
    call_id: str | None


class SpaceError(Exception):
    """The base class of all errors that spacecall raises.

    Attributes:
        space: the base URL of the app; None if unknown.
        endpoint: the name of the called endpoint, such as `/echo`; None without one.
        event_id: the server's id of the job; None before the server accepts it.
        call_id: the id of the call in log records and hooks; None outside of calls.
    """

    def __init__(self, message: str = "", **context: Unpack[ErrorContext]) -> None:
        super().__init__(message)
        self.space = context.get("space")
        self.endpoint = context.get("endpoint")
        self.event_id = context.get("event_id")
        self.call_id = context.get("call_id")

    def __reduce__(self) -> tuple[Any, ...]:
        # By default Python calls the class with the message alone, but some subclasses need more.
        return _restore, (type(self), self.args), self.__dict__

    @property
    def message(self) -> str:
        """The text without app and endpoint; `str(error)` has its first 4,000 characters."""
        return str(self.args[0]) if self.args else ""

    def __str__(self) -> str:
        # shortened again: escapes are up to ten times as long
        message = shorten(visible(shorten(self.message, _MAX_MESSAGE)), _MAX_MESSAGE)
        parts = [shorten(visible(shorten(part))) for part in (self.endpoint, self.space) if part]
        return escape_commands(f"{message} [{' at '.join(parts)}]" if parts else message)


def _restore(kind: type[SpaceError], args: tuple[Any, ...]) -> SpaceError:
    error = kind.__new__(kind)
    error.args = args
    return error


class TransportError(SpaceError):
    """The network failed: connection refused or reset, TLS, DNS.

    Attributes:
        sent: whether the server may have received the request. If False, a job whose join failed
            does not run.
    """

    def __init__(
        self, message: str = "", *, sent: bool = False, **context: Unpack[ErrorContext]
    ) -> None:
        super().__init__(message, **context)
        self.sent = sent


class StatusError(SpaceError):
    """The server answered with an error status.

    Attributes:
        status: the HTTP status; None if a check failed before anything was sent.
        body: the response body as text, at most 65,536 characters, with `…` for your secrets.
        retry_after: seconds to wait before the next attempt; None if the server does not send it.
        provider: the provider of a model of HF Inference; None if unknown.
        estimated_time: seconds until that model is loaded; None if HF Inference does not send it.
    """

    def __init__(
        self,
        message: str = "",
        *,
        status: int | None = None,
        body: str = "",
        **context: Unpack[ErrorContext],
    ) -> None:
        super().__init__(message, **context)
        self.status = status
        self.body = body
        self.retry_after: float | None = None
        self.provider: str | None = None
        self.estimated_time: float | None = None


class AuthError(StatusError):
    """401 or 403: the login or token is missing, invalid, or lacks permissions."""


class NotFoundError(StatusError):
    """404, or an endpoint that the app does not have."""


class InvalidInputError(StatusError):
    """The arguments do not fit: a check failed before sending, or the server refused them (422).

    Attributes:
        problems: one line for each invalid argument.
    """

    def __init__(
        self,
        message: str = "",
        *,
        problems: Sequence[str] = (),
        status: int | None = None,
        body: str = "",
        **context: Unpack[ErrorContext],
    ) -> None:
        super().__init__(message, status=status, body=body, **context)
        self.problems = tuple(problems) or (message,)


class CreditsError(StatusError):
    """402: no credits are left for HF Inference, or the account has no payment method."""


class UnavailableError(StatusError):
    """502, 503, 504: a model of HF Inference is loading, overloaded, or does not respond."""


class QueueFullError(StatusError):
    """503: the app's queue is full. The job was not accepted."""


class RateLimitedError(StatusError):
    """429: too many requests. The job was not accepted."""


class ProtocolError(SpaceError):
    """The response of the server is not Gradio's protocol, or is larger than `Limits` allows."""


class UnsupportedProtocolError(ProtocolError):
    """The app's protocol version is unknown, or does not support the requested feature."""


class SchemaDriftError(SpaceError):
    """The app no longer fits the schema that the typed client was generated from.

    In a dynamic call: an output does not fit the app's own schema, such as a string instead of a
    file.

    Attributes:
        differences: the differences, one line each.
        values: all outputs of the call in order, since the job has run: values of the client's
            types, or JSON with `File` handles if they do not fit. Empty if nothing was sent.
        pinned: the sha256 of the schema that the client was generated from; None if unknown.
    """

    def __init__(
        self,
        message: str = "",
        *,
        differences: Sequence[str] = (),
        values: Sequence[Any] = (),
        pinned: str | None = None,
        **context: Unpack[ErrorContext],
    ) -> None:
        super().__init__(message, **context)
        self.differences = tuple(differences)
        self.values = tuple(values)
        self.pinned = pinned


class FileTooLargeError(SpaceError):
    """A file is larger than the `max_bytes` of `File.read` or `File.save`.

    Attributes:
        max_bytes: the limit, in bytes.
    """

    def __init__(
        self, message: str = "", *, max_bytes: int = 0, **context: Unpack[ErrorContext]
    ) -> None:
        super().__init__(message, **context)
        self.max_bytes = max_bytes


class ForbiddenAddressError(SpaceError):
    """`Limits.file_hosts` does not allow the URL of a file. Nothing is fetched."""


class SpaceStateError(SpaceError):
    """The Space is not running: building, sleeping, paused, failed.

    Attributes:
        stage: the Hub's name of the stage, such as `SLEEPING`; the Hub may add others.
    """

    def __init__(
        self, message: str = "", *, stage: str | None = None, **context: Unpack[ErrorContext]
    ) -> None:
        super().__init__(message, **context)
        self.stage = stage


class DeadlineError(SpaceError, TimeoutError):
    """A phase took longer than its timeout.

    Attributes:
        phase: the field of `Timeouts` that was exceeded.
    """

    def __init__(
        self, message: str = "", *, phase: Phase = "total", **context: Unpack[ErrorContext]
    ) -> None:
        super().__init__(message, **context)
        self.phase: Phase = phase


class JobError(SpaceError):
    """A job that the server accepted ended without a result."""


class AppError(JobError):
    """The app raised an error.

    Attributes:
        title: the title of the message on the app's page, "Error" unless the app sets one.
        duration: seconds that the page shows the message for; None for no limit or if unknown.
    """

    def __init__(
        self,
        message: str = "",
        *,
        title: str | None = None,
        duration: float | None = None,
        **context: Unpack[ErrorContext],
    ) -> None:
        super().__init__(message, **context)
        self.title = title
        self.duration = duration


class QuotaExceededError(AppError):
    """The ZeroGPU quota is too small for the call.

    Attributes:
        requested: seconds of GPU time that the call requested.
        remaining: seconds of the quota that are left.
        retry_after: seconds until the quota is restored.
    """

    requested: float | None = None
    remaining: float | None = None
    retry_after: float | None = None


class BufferFullError(JobError):
    """More outputs wait to be read than `Limits.max_buffered_bytes`.

    This is an error only of a call with `every_output=True`; others drop outputs that newer ones
    replace. The outputs that wait can still be read; then the error is raised.
    """


class JobCancelledError(JobError):
    """The job was cancelled, by this client or on the server."""


class JobLostError(JobError):
    """The stream ended before the job: its outcome is unknown.

    Attributes:
        sent: whether the job may have reached the server.
        safe_to_retry: whether a second attempt cannot run the app twice.
    """

    def __init__(
        self, message: str = "", *, sent: bool = True, **context: Unpack[ErrorContext]
    ) -> None:
        super().__init__(message, **context)
        self.sent = sent

    @property
    def safe_to_retry(self) -> bool:
        """Whether a second attempt cannot run the app twice."""
        return not self.sent


class AppRestartedError(JobLostError):
    """The app restarted: its earlier sessions, State and jobs are gone. Nothing was sent.

    Calls of the Space itself continue with the restarted app if their arguments still fit. Calls of
    an earlier session, and `collect` of an earlier job, raise this error.
    """

    def __init__(
        self, message: str = "", *, sent: bool = False, **context: Unpack[ErrorContext]
    ) -> None:
        super().__init__(message, sent=sent, **context)
