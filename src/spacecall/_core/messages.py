"""The messages of a job's stream, with the fields that are read of them.

`spacecall._wire.queue_data` has all fields. Reading a message does not need its models, and so not
pydantic, as long as the fields have the types of the schema.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, NamedTuple, TypeAlias, cast

from spacecall.events import ProgressUnit

__all__ = [
    "KINDS",
    "CloseStream",
    "Estimation",
    "Heartbeat",
    "JobOutput",
    "KnownMessage",
    "LogMessage",
    "ProcessCompleted",
    "ProcessGenerating",
    "ProcessStarts",
    "ProcessStreaming",
    "ProgressMessage",
    "QueueFull",
    "SendData",
    "SendHash",
    "UnexpectedError",
    "read_message",
]


class SendHash(NamedTuple):
    """The server asks for the function and the session (3.x)."""

    event_id: str | None = None
    msg: Literal["send_hash"] = "send_hash"


class SendData(NamedTuple):
    """The server is ready for the arguments (3.x and 4.0)."""

    event_id: str | None = None
    msg: Literal["send_data"] = "send_data"


class QueueFull(NamedTuple):
    """The server did not accept the job (3.x and 4.0)."""

    event_id: str | None = None
    msg: Literal["queue_full"] = "queue_full"


class Estimation(NamedTuple):
    """The job waits in the queue."""

    event_id: str | None = None
    rank: int | None = None
    queue_size: int | None = None
    rank_eta: float | None = None
    msg: Literal["estimation"] = "estimation"


class ProcessStarts(NamedTuple):
    """The app works on the job."""

    event_id: str | None = None
    eta: float | None = None
    msg: Literal["process_starts"] = "process_starts"


class ProgressMessage(NamedTuple):
    """The app's progress bars, the outermost first."""

    event_id: str | None = None
    progress_data: list[ProgressUnit] | None = None
    msg: Literal["progress"] = "progress"


class LogMessage(NamedTuple):
    """A message that the app shows to its user."""

    log: str
    event_id: str | None = None
    level: str = "info"
    title: str | None = None
    duration: float | None = None
    msg: Literal["log"] = "log"


class Heartbeat(NamedTuple):
    """The stream is alive."""

    event_id: str | None = None
    msg: Literal["heartbeat"] = "heartbeat"


class CloseStream(NamedTuple):
    """The session has no unfinished job; the stream ends."""

    event_id: str | None = None
    msg: Literal["close_stream"] = "close_stream"


class UnexpectedError(NamedTuple):
    """The stream failed, and all jobs on it."""

    event_id: str | None = None
    message: str | None = None
    msg: Literal["unexpected_error"] = "unexpected_error"


class JobOutput(NamedTuple):
    """What the function yielded or returned, or the error that it raised."""

    data: list[Any] | None = None
    is_generating: bool | None = None
    duration: float | None = None
    used_cache: Any = None
    error: Any = None
    title: str | None = None


class ProcessGenerating(NamedTuple):
    """A value of a generator, or edits of its previous value."""

    event_id: str | None = None
    output: JobOutput | None = None
    success: bool = True
    msg: Literal["process_generating"] = "process_generating"


class ProcessStreaming(NamedTuple):
    """A value of a job that takes a stream of inputs; always whole."""

    event_id: str | None = None
    output: JobOutput | None = None
    success: bool = True
    msg: Literal["process_streaming"] = "process_streaming"


class ProcessCompleted(NamedTuple):
    """The job's last message."""

    event_id: str | None = None
    output: JobOutput | None = None
    success: bool = True
    title: str | None = None
    used_cache: str | None = None
    msg: Literal["process_completed"] = "process_completed"


KnownMessage: TypeAlias = (
    SendHash
    | SendData
    | QueueFull
    | Estimation
    | ProcessStarts
    | ProgressMessage
    | LogMessage
    | Heartbeat
    | CloseStream
    | UnexpectedError
    | ProcessGenerating
    | ProcessStreaming
    | ProcessCompleted
)
_Reader: TypeAlias = Callable[[Any], Any]


def read_message(fields: Mapping[str, Any]) -> KnownMessage | None:
    """Return the message of the fields; None if it is of another kind, or a type differs."""
    kind = fields.get("msg")
    message_type = _TYPES.get(kind) if isinstance(kind, str) else None
    if message_type is None:
        return None
    try:
        return message_type(**_read_fields(message_type._fields, fields, _READERS))
    except (TypeError, OverflowError):  # a missing field is a TypeError too
        return None


def _read_fields(
    names: tuple[str, ...], fields: Any, readers: Mapping[str, _Reader]
) -> dict[str, Any]:
    if fields.__class__ is not dict:
        raise TypeError
    return {name: readers[name](fields[name]) for name in names if name in fields}


def _read_text(value: Any) -> str | None:
    return None if value is None else _read_string(value)


def _read_string(value: Any) -> str:
    if value.__class__ is not str:
        raise TypeError
    return cast("str", value)


def _read_integer(value: Any) -> int | None:
    if value is not None and value.__class__ is not int:
        raise TypeError
    return cast("int | None", value)


def _read_number(value: Any) -> float | None:
    if value.__class__ is int:
        return float(value)
    if value is not None and value.__class__ is not float:
        raise TypeError
    return cast("float | None", value)


def _read_flag(value: Any) -> bool:
    if value.__class__ is not bool:
        raise TypeError
    return cast("bool", value)


def _read_list(value: Any) -> list[Any] | None:
    if value is not None and value.__class__ is not list:
        raise TypeError
    return cast("list[Any] | None", value)


def _read_bars(value: Any) -> list[ProgressUnit] | None:
    bars = _read_list(value)
    return None if bars is None else [_read_bar(bar) for bar in bars]


def _read_bar(value: Any) -> ProgressUnit:
    get = _read_fields(_BAR_FIELDS, value, _READERS).get
    return ProgressUnit(get("index"), get("length"), get("unit"), get("progress"), get("desc"))


def _read_output(value: Any) -> JobOutput | None:
    if value is None:
        return None
    return JobOutput(**_read_fields(JobOutput._fields, value, _OUTPUT_READERS))


_TYPES: Final[Mapping[str, type[KnownMessage]]] = {
    "send_hash": SendHash,
    "send_data": SendData,
    "queue_full": QueueFull,
    "estimation": Estimation,
    "process_starts": ProcessStarts,
    "progress": ProgressMessage,
    "log": LogMessage,
    "heartbeat": Heartbeat,
    "close_stream": CloseStream,
    "unexpected_error": UnexpectedError,
    "process_generating": ProcessGenerating,
    "process_streaming": ProcessStreaming,
    "process_completed": ProcessCompleted,
}
KINDS: Final = frozenset(_TYPES)
"""The kinds of these messages."""
_BAR_FIELDS: Final = ("index", "length", "unit", "progress", "desc")
_READERS: Final[Mapping[str, _Reader]] = {
    "msg": _read_string,
    "event_id": _read_text,
    "rank": _read_integer,
    "queue_size": _read_integer,
    "rank_eta": _read_number,
    "eta": _read_number,
    "progress_data": _read_bars,
    "index": _read_number,
    "length": _read_number,
    "unit": _read_text,
    "progress": _read_number,
    "desc": _read_text,
    "log": _read_string,
    "level": _read_string,
    "title": _read_text,
    "duration": _read_number,
    "message": _read_text,
    "output": _read_output,
    "success": _read_flag,
    "used_cache": _read_text,
}
_OUTPUT_READERS: Final[Mapping[str, _Reader]] = {
    "data": _read_list,
    "is_generating": lambda value: None if value is None else _read_flag(value),
    "duration": _read_number,
    "used_cache": lambda value: value,
    "error": lambda value: value,
    "title": _read_text,
}
