"""Every error that spacecall raises.

::

    SpaceError
    ├─ TransportError            the network failed
    ├─ StatusError               the server answered with an error status
    │   ├─ AuthError             401, 403
    │   ├─ NotFoundError         404, or a name that the app does not have
    │   ├─ InvalidInputError     422, or arguments that do not fit the endpoint
    │   ├─ CreditsError          402: HF Inference wants to be paid
    │   ├─ UnavailableError      502, 503, 504: a model that HF Inference cannot run now
    │   ├─ QueueFullError        503: the app's queue takes no more jobs
    │   └─ RateLimitedError      429
    ├─ ProtocolError             something that is not Gradio's protocol
    │   └─ UnsupportedProtocolError  a generation of it that is not spoken here
    ├─ SchemaDriftError          the app no longer fits the pinned schema, or its own
    ├─ FileTooLargeError         a file has more bytes than were asked for
    ├─ ForbiddenAddressError     a file is where `Limits.file_hosts` does not allow
    ├─ SpaceStateError           the Space is not running
    ├─ DeadlineError             a phase took longer than its timeout
    └─ JobError
        ├─ AppError              the app raised
        │   └─ QuotaExceededError  ZeroGPU quota
        ├─ JobCancelledError     the job was cancelled, here or on the server
        └─ JobLostError          the stream ended before the job did
           └─ AppRestartedError  the app was started again: its sessions and jobs are gone

All of them can be pickled and copied: one that is raised in a worker process arrives whole.

What is only warned of is in `spacecall`: `SchemaDriftWarning`, `NewerProtocolWarning`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypedDict, Unpack

from spacecall._visible import escape_commands, shorten, visible

__all__ = [
    "AppError",
    "AppRestartedError",
    "AuthError",
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
"""The phases of a call, as `Timeouts` names them."""


_MOST_SHOWN = 4000
"""Characters of a message that `str(error)` shows."""


class ErrorContext(TypedDict, total=False):
    """Where an error happened: see the attributes of `SpaceError`."""

    space: str | None
    endpoint: str | None
    event_id: str | None


class SpaceError(Exception):
    """Base of every error raised by spacecall.

    Attributes:
        space: base URL of the app, where known.
        endpoint: the endpoint's name, `/echo`, where one was called.
        event_id: the server's id of the job, where one had been given.
    """

    def __init__(self, message: str = "", **place: Unpack[ErrorContext]) -> None:
        super().__init__(message)
        self.space = place.get("space")
        self.endpoint = place.get("endpoint")
        self.event_id = place.get("event_id")

    def __reduce__(self) -> tuple[Any, ...]:
        # Python would call the class with the message alone, which not every subclass takes.
        return _restore, (type(self), self.args), self.__dict__

    @property
    def message(self) -> str:
        """What went wrong, without the place; `str(error)` has its first 4,000 characters."""
        return str(self.args[0]) if self.args else ""

    def __str__(self) -> str:
        # again, since escapes are up to ten times as long
        message = shorten(visible(shorten(self.message, _MOST_SHOWN)), _MOST_SHOWN)
        parts = [shorten(visible(shorten(part))) for part in (self.endpoint, self.space) if part]
        return escape_commands(f"{message} [{' at '.join(parts)}]" if parts else message)


def _restore(kind: type[SpaceError], args: tuple[Any, ...]) -> SpaceError:
    error = kind.__new__(kind)
    error.args = args
    return error


class TransportError(SpaceError):
    """The network failed: refused, reset, TLS, DNS.

    Attributes:
        sent: whether the server may have acted on the request. A job whose join failed with
            `sent=False` certainly does not run.
    """

    def __init__(
        self, message: str = "", *, sent: bool = False, **place: Unpack[ErrorContext]
    ) -> None:
        super().__init__(message, **place)
        self.sent = sent


class StatusError(SpaceError):
    """The server answered with an error status.

    Attributes:
        status: the HTTP status; None for a check made before anything was sent.
        body: the answer's body as text, at most 65,536 characters, with `…` for your secrets.
        retry_after: seconds to wait before another try, where the server says so.
        provider: who was to run a model of HF Inference, where that is known.
        estimated_time: seconds until that model is loaded, where HF Inference says so.
    """

    def __init__(
        self,
        message: str = "",
        *,
        status: int | None = None,
        body: str = "",
        **place: Unpack[ErrorContext],
    ) -> None:
        super().__init__(message, **place)
        self.status = status
        self.body = body
        self.retry_after: float | None = None
        self.provider: str | None = None
        self.estimated_time: float | None = None


class AuthError(StatusError):
    """401 or 403: a login or a token is missing, wrong, or not enough."""


class NotFoundError(StatusError):
    """404, or an endpoint name that the app does not have."""


class InvalidInputError(StatusError):
    """The arguments do not fit: found here before sending, or said by the server (422).

    Attributes:
        problems: one line for each argument that does not fit.
    """

    def __init__(
        self,
        message: str = "",
        *,
        problems: Sequence[str] = (),
        status: int | None = None,
        body: str = "",
        **place: Unpack[ErrorContext],
    ) -> None:
        super().__init__(message, status=status, body=body, **place)
        self.problems = tuple(problems) or (message,)


class CreditsError(StatusError):
    """402: the credits for HF Inference are used up, or the account has no way to pay."""


class UnavailableError(StatusError):
    """502, 503, 504: a model of HF Inference is being loaded, is overloaded, or did not answer."""


class QueueFullError(StatusError):
    """503: the app's queue is full. The job was not accepted."""


class RateLimitedError(StatusError):
    """429: too many requests. The job was not accepted."""


class ProtocolError(SpaceError):
    """What the server sent is not Gradio's protocol, or is larger than `Limits` allows."""


class UnsupportedProtocolError(ProtocolError):
    """The app's generation of the protocol is not known, or cannot do what was asked for."""


class SchemaDriftError(SpaceError):
    """The app no longer fits the schema that the typed client was generated from.

    Of a dynamic call: an output does not fit the app's own schema, such as a text in place of a
    file.

    Attributes:
        differences: where it differs, one line each.
        values: all outputs of the call, in order, since the job has run: as the client's types have
            them where they fit, as JSON with `File` handles where they do not. Empty if nothing
            was sent.
        pinned: sha256 of the schema that the client was generated from, where known.
    """

    def __init__(
        self,
        message: str = "",
        *,
        differences: Sequence[str] = (),
        values: Sequence[Any] = (),
        pinned: str | None = None,
        **place: Unpack[ErrorContext],
    ) -> None:
        super().__init__(message, **place)
        self.differences = tuple(differences)
        self.values = tuple(values)
        self.pinned = pinned


class FileTooLargeError(SpaceError):
    """A file has more bytes than `File.read` or `File.save` may take.

    Attributes:
        max_bytes: the limit.
    """

    def __init__(
        self, message: str = "", *, max_bytes: int = 0, **place: Unpack[ErrorContext]
    ) -> None:
        super().__init__(message, **place)
        self.max_bytes = max_bytes


class ForbiddenAddressError(SpaceError):
    """The URL of a file leads where `Limits.file_hosts` does not allow: nothing is fetched."""


class SpaceStateError(SpaceError):
    """The Space is not running: building, sleeping, paused, failed.

    Attributes:
        stage: the Hub's runtime stage, such as `SLEEPING`; an open set.
    """

    def __init__(
        self, message: str = "", *, stage: str | None = None, **place: Unpack[ErrorContext]
    ) -> None:
        super().__init__(message, **place)
        self.stage = stage


class DeadlineError(SpaceError, TimeoutError):
    """A phase took longer than its timeout.

    Attributes:
        phase: which of the `Timeouts` passed.
    """

    def __init__(
        self, message: str = "", *, phase: Phase = "total", **place: Unpack[ErrorContext]
    ) -> None:
        super().__init__(message, **place)
        self.phase: Phase = phase


class JobError(SpaceError):
    """A job that the server accepted did not give a value."""


class AppError(JobError):
    """The app raised an exception.

    Attributes:
        title: the title of the message the app shows, "Error" unless it sets one.
        duration: seconds the app would show the message for; None for "until closed" or unknown.
    """

    def __init__(
        self,
        message: str = "",
        *,
        title: str | None = None,
        duration: float | None = None,
        **place: Unpack[ErrorContext],
    ) -> None:
        super().__init__(message, **place)
        self.title = title
        self.duration = duration


class QuotaExceededError(AppError):
    """The ZeroGPU quota does not suffice.

    Attributes:
        requested: seconds of GPU time that the call asked for.
        remaining: seconds of quota that remain.
        retry_after: seconds until there is quota again.
    """

    requested: float | None = None
    remaining: float | None = None
    retry_after: float | None = None


class JobCancelledError(JobError):
    """The job was cancelled, by this client or on the server."""


class JobLostError(JobError):
    """The stream ended before the job did: what became of the job is not known.

    Attributes:
        sent: whether the job may have reached the server.
        safe_to_retry: whether a second try cannot run the app twice (it had not been accepted).
    """

    def __init__(
        self, message: str = "", *, sent: bool = True, **place: Unpack[ErrorContext]
    ) -> None:
        super().__init__(message, **place)
        self.sent = sent

    @property
    def safe_to_retry(self) -> bool:
        """Whether a second try cannot run the app twice."""
        return not self.sent


class AppRestartedError(JobLostError):
    """The app was started again: sessions, State and jobs of before are gone.

    A call of the Space itself goes to the new app by itself, if its arguments fit that. This error
    ends calls of a session of the old app, and the collecting of a job of it. Nothing was sent.
    """

    def __init__(
        self, message: str = "", *, sent: bool = False, **place: Unpack[ErrorContext]
    ) -> None:
        super().__init__(message, sent=sent, **place)
