"""Server-sent events as a cassette stores them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from spacecall._core.json_values import as_dict, as_str
from spacecall.cassettes._format.cassette_json import dump_json, parse_json, parse_seconds

IDS: Final = ("session_hash", "event_id")
"""The fields of a message with the ids of its session and job."""
_ID_IN_TEXT: Final = re.compile(r'("(?:session_hash|event_id)"\s*:\s*")([^"\\]*)(?=")')


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event: its name (`message` if the stream gives no name) and its data."""

    name: str
    data: str

    def to_stored(self, seconds: float) -> dict[str, Any]:
        """Return the event in the form that a cassette stores.

        Data that is JSON is stored as its value.

        Args:
            seconds: since the recording began.
        """
        stored: dict[str, Any] = {"at": round(seconds, 4)}
        if self.name != "message":
            stored["event"] = self.name
        try:
            value = parse_json(self.data)
        except ValueError:
            return {**stored, "data": self.data}
        return {**stored, "json": value}

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> tuple[float, ServerSentEvent]:
        """Return the time of a stored event, in seconds since the recording began, and the event.

        Raises:
            ValueError: it has no valid time, or a name that is not printable.
        """
        name = as_str(stored.get("event")) or "message"
        if not name.isprintable():
            raise ValueError("the name of an event is not printable")
        data = as_str(stored.get("data"))
        event = cls.from_json(name, stored["json"]) if "json" in stored else cls(name, data)
        return parse_seconds(stored.get("at")), event

    @classmethod
    def from_json(cls, name: str, value: Any) -> ServerSentEvent:
        """Return an event whose data is the JSON of a value."""
        return cls(name, dump_json(value))

    def with_ids(self, names: Mapping[str, str]) -> ServerSentEvent:
        """Return the event with other ids of its session and job.

        Args:
            names: the new ids by the old ones.
        """
        value = self.as_json()
        if value is None:  # such as JSON that is nested too deeply
            data = _ID_IN_TEXT.sub(
                lambda match: match[1] + names.get(match[2], match[2]), self.data
            )
            return replace(self, data=data)
        message = as_dict(value)
        changes = {name: names[message[name]] for name in IDS if as_str(message.get(name)) in names}
        return self.from_json(self.name, {**message, **changes}) if changes else self

    def as_object(self) -> Mapping[str, Any]:
        """Return the data as a JSON object; empty if the data is anything else."""
        return as_dict(self.as_json())

    def as_json(self) -> Any:
        """Return the value of the data's JSON; None if the data is not JSON."""
        try:
            return parse_json(self.data)
        except ValueError:
            return None

    def encode(self) -> bytes:
        """Return the bytes of the event on the wire."""
        name = "" if self.name == "message" else f"event: {self.name}\n"
        lines = "".join(f"data: {line}\n" for line in self.data.split("\n"))
        return f"{name}{lines}\n".encode(errors="replace")
