"""Server-sent events as a cassette keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spacecall._core.loose import mapping, text
from spacecall.cassettes._format.cassette_json import dump_json, parse_json, seconds


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its name (`message` if it has none) and its data."""

    name: str
    data: str

    def stored(self, at: float) -> dict[str, Any]:
        """The event as a cassette keeps it; `at` is in seconds since the recording began.

        The data is kept as the value that its JSON reads as, where it is JSON.
        """
        kept: dict[str, Any] = {"at": round(at, 4)}
        if self.name != "message":
            kept["event"] = self.name
        try:
            value = parse_json(self.data)
        except ValueError:
            return {**kept, "data": self.data}
        return {**kept, "json": value}

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> tuple[float, Event]:
        """Return the event that a cassette keeps, and its time.

        Raises:
            ValueError: it has no time, or more than one line in its name.
        """
        name = text(stored.get("event")) or "message"
        if not name.isprintable():
            raise ValueError("the name of an event is not printable")
        data = text(stored.get("data"))
        event = cls.json_of(name, stored["json"]) if "json" in stored else cls(name, data)
        return seconds(stored.get("at")), event

    def value(self) -> Mapping[str, Any]:
        """The data as an object; empty for anything else."""
        return mapping(self.json())

    def json(self) -> Any:
        """The data as JSON; None where it is none."""
        try:
            return parse_json(self.data)
        except ValueError:
            return None

    @classmethod
    def json_of(cls, name: str, value: Any) -> Event:
        """An event whose data is the JSON of a value."""
        return cls(name, dump_json(value))

    def encoded(self) -> bytes:
        """The event as it goes over the wire."""
        named = "" if self.name == "message" else f"event: {self.name}\n"
        lines = "".join(f"data: {line}\n" for line in self.data.split("\n"))
        return f"{named}{lines}\n".encode(errors="replace")
