"""What happens to a job, as the caller sees it. Small frozen values; durations in seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

__all__ = [
    "Completed",
    "Event",
    "Log",
    "Output",
    "Progress",
    "ProgressUnit",
    "Queued",
    "Started",
    "TextDelta",
    "Uploading",
]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Uploading:
    """The files of the call are on their way.

    Attributes:
        sent: bytes handed to the network so far, all files together.
        total: bytes in all; None while the size of a source is not known.
    """

    sent: int
    total: int | None


@dataclass(frozen=True, slots=True)
class Queued:
    """The job waits in the app's queue.

    Attributes:
        rank: jobs ahead of this one.
        queue_size: jobs waiting in all.
        eta: seconds until the result, as the app estimates it.
    """

    rank: int | None
    queue_size: int | None
    eta: float | None


@dataclass(frozen=True, slots=True)
class Started:
    """The app works on the job.

    Attributes:
        eta: seconds until the result, as the app estimates it.
    """

    eta: float | None


@dataclass(frozen=True, slots=True)
class ProgressUnit:
    """One of the app's progress bars.

    Attributes:
        index: how many of `length` are done.
        length: how many there are.
        unit: what is counted, such as "steps".
        fraction: from 0 to 1, for a bar that counts nothing.
        description: what the app is doing.
    """

    index: float | None
    length: float | None
    unit: str | None
    fraction: float | None
    description: str | None


@dataclass(frozen=True, slots=True)
class Progress:
    """The app reported progress: its bars, the outermost first."""

    units: tuple[ProgressUnit, ...]


@dataclass(frozen=True, slots=True)
class Log:
    """The app shows a message (`gr.Info`, `gr.Warning`, `gr.Success`).

    Attributes:
        message: its text, HTML removed.
        level: info, warning, success or error; an open set.
        title: its title, from Gradio 5 on.
        duration: seconds it would be shown for.
    """

    message: str
    level: str
    title: str | None
    duration: float | None


@dataclass(frozen=True, slots=True)
class Output(Generic[T]):
    """A whole value of a streaming endpoint, as it stands now."""

    value: T


@dataclass(frozen=True, slots=True)
class Completed(Generic[T]):
    """The job is done; always the last event.

    Attributes:
        value: the result.
        duration: seconds that the app worked on the job's last step, where it says so.
    """

    value: T
    duration: float | None


class TextDelta(str):
    """A piece of a text that grows: `text = text[:delta.offset] + delta`.

    Attributes:
        offset: where the piece begins in the whole text. It is the length of the text so far
            unless the app rewrote what it had said.
    """

    offset: int

    def __new__(cls, text: str, offset: int) -> TextDelta:
        """A piece `text` that begins at `offset`."""
        delta = super().__new__(cls, text)
        delta.offset = offset
        return delta

    def __reduce__(self) -> tuple[type[TextDelta], tuple[str, int]]:
        return TextDelta, (str(self), self.offset)


Event: TypeAlias = Uploading | Queued | Started | Progress | Log | Output[T] | Completed[T]
"""What iterating a job gives."""
