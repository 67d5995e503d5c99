"""The base of the details of an event, which options name.

The classes with the details are in `spacecall.event_data`: most programs need none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any

from spacecall.files import File

__all__ = ["EventData"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventData:
    """The base of the classes of `spacecall.event_data`."""

    __module__ = "spacecall.event_data"

    def to_payload(self) -> Mapping[str, Any] | File:
        """Return the details as the app gets them, without optional ones that are None."""
        values = {field: getattr(self, field.name) for field in fields(self)}
        return {
            field.name: value
            for field, value in values.items()
            if value is not None or field.default is MISSING
        }
