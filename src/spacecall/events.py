"""The events of a job: small frozen values, with durations in seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Literal, TypeAlias, TypeVar

__all__ = [
    "Completed",
    "Event",
    "Log",
    "Output",
    "Progress",
    "ProgressUnit",
    "Queued",
    "Started",
    "Status",
    "StatusPhase",
    "TextDelta",
    "Uploading",
    "UsedCache",
]

T = TypeVar("T")


UsedCache: TypeAlias = Literal["full", "partial"]
"""How much of a result comes from the app's cache."""


@dataclass(frozen=True, slots=True)
class Uploading:
    """The files of the call are being uploaded.

    Attributes:
        sent: bytes sent so far, of all files.
        total: bytes of all files; None while the size of a source is unknown.
    """

    sent: int
    total: int | None


@dataclass(frozen=True, slots=True)
class Queued:
    """The job waits in the app's queue.

    Attributes:
        rank: jobs ahead of this one.
        queue_size: all waiting jobs.
        eta: seconds until the result, as estimated by the app.
    """

    rank: int | None
    queue_size: int | None
    eta: float | None


@dataclass(frozen=True, slots=True)
class Started:
    """The app works on the job.

    Attributes:
        eta: seconds until the result, as estimated by the app.
    """

    eta: float | None


@dataclass(frozen=True, slots=True)
class ProgressUnit:
    """One of the app's progress bars.

    Attributes:
        index: the number of finished units.
        length: the number of all units.
        unit: the name of the unit, such as "steps".
        fraction: the progress from 0 to 1, for a bar without units.
        description: the description of the current work.
    """

    index: float | None
    length: float | None
    unit: str | None
    fraction: float | None
    description: str | None


@dataclass(frozen=True, slots=True)
class Progress:
    """The app reported progress.

    Attributes:
        units: its progress bars, the outermost first.
    """

    units: tuple[ProgressUnit, ...]


@dataclass(frozen=True, slots=True)
class Log:
    """The app shows a message (`gr.Info`, `gr.Warning`, `gr.Success`).

    Attributes:
        message: the text without HTML.
        level: info, warning, success or error; Gradio may add others.
        title: the title; None before Gradio 5.
        duration: seconds that the page shows it for.
    """

    message: str
    level: str
    title: str | None
    duration: float | None


@dataclass(frozen=True, slots=True)
class Output(Generic[T]):
    """A partial result of a streaming endpoint: the complete current value."""

    value: T


@dataclass(frozen=True, slots=True)
class Completed(Generic[T]):
    """The job is done; always the last event.

    Attributes:
        value: the result.
        duration: seconds of the job's last step; None if the app does not send it.
        used_cache: whether the result comes from the app's cache, all of it ("full") or in part
            ("partial"); None if not, and before Gradio 6.
    """

    value: T
    duration: float | None
    used_cache: UsedCache | None = None


StatusPhase: TypeAlias = Literal[
    "uploading", "joining", "queued", "running", "done", "failed", "cancelled"
]
"""The phase of a call; the last three are final."""


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of a call at one time. Reading it takes no event from the call's iterators.

    Attributes:
        phase: what the call is doing.
        uploading: the newest progress of its upload; None if nothing was uploaded.
        queued: its newest place in the app's queue; None if the app has sent none.
        started: the start, as the app reported it; None before that.
        progress: the newest progress that the app reported.
        log: the newest message of the app.
        outputs: the number of outputs that have arrived, the result not among them.
        conflated: the number of those outputs that newer ones replaced before they were read.
        used_cache: see `Completed`; None before the end.
    """

    phase: StatusPhase
    uploading: Uploading | None = None
    queued: Queued | None = None
    started: Started | None = None
    progress: Progress | None = None
    log: Log | None = None
    outputs: int = 0
    conflated: int = 0
    used_cache: UsedCache | None = None


class TextDelta(str):
    """A piece of a text that grows: `text = text[:delta.offset] + delta`.

    Attributes:
        offset: where the piece begins in the complete text. It is the length of the text so far,
            unless the app replaced earlier text.
    """

    offset: int

    def __new__(cls, text: str, offset: int) -> TextDelta:
        """Create a piece `text` that begins at `offset`."""
        delta = super().__new__(cls, text)
        delta.offset = offset
        return delta

    def __reduce__(self) -> tuple[type[TextDelta], tuple[str, int]]:
        return TextDelta, (str(self), self.offset)


Event: TypeAlias = Uploading | Queued | Started | Progress | Log | Output[T] | Completed[T]
"""Any event of a job."""
