"""Format dates and times of Python, NumPy and pandas for a DateTime component."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from spacecall._core.app_components import Component
from spacecall._core.json_values import as_str
from spacecall._core.value_excerpts import short_repr
from spacecall.errors import InvalidInputError

__all__ = ["format_date_time", "is_date_or_time", "is_missing"]

_WHOLE_SECONDS = "the app takes whole seconds: write ….replace(microsecond=0)"


def is_missing(value: object) -> bool:
    """Return whether `value` is a missing value of pandas: NA, or NaT, which is a datetime."""
    return type(value).__name__ in ("NAType", "NaTType")


def is_date_or_time(value: Any) -> bool:
    """Return whether `value` is a date or a time of Python or pandas, or a datetime64 scalar."""
    dtype = getattr(value, "dtype", None)
    is_numpy = getattr(dtype, "kind", "") == "M" and value.shape == ()
    return is_numpy or isinstance(value, (date, time)) or is_missing(value)


def format_date_time(value: Any, component: Component) -> str | None:
    """Return a date or a time in the component's format; None for a missing value.

    Raises:
        InvalidInputError: the component would change the value.
    """
    if not isinstance(value, (date, time)) and not is_missing(value):
        value = _read_numpy(str(value))
    if value is None or is_missing(value):
        return None
    if isinstance(value, time):
        raise InvalidInputError("the app takes a day and a time: write datetime.combine(day, …)")
    dates_only = component.props.get("include_time") is False
    if not isinstance(value, datetime):
        return value.isoformat() if dates_only else f"{value.isoformat()} 00:00:00"
    zone = as_str(component.props.get("timezone"))
    if value.tzinfo is not None and str(value.tzinfo) != zone:
        raise InvalidInputError(
            "the app takes a time without a time zone, which means "
            f"{short_repr(zone) if zone else 'the zone of its server'}: "
            "write ….astimezone(…) with that zone and .replace(tzinfo=None)"
        )
    if value.microsecond or getattr(value, "nanosecond", 0):
        raise InvalidInputError(_WHOLE_SECONDS)
    if dates_only and value.time() != time():
        raise InvalidInputError("the app takes a date without a time: write ….date()")
    if dates_only:
        return value.date().isoformat()
    return value.replace(tzinfo=None).isoformat(" ", "seconds")


def _read_numpy(written: str) -> date | None:
    """Parse the text of a datetime64, such as `2024-01-02T03:04:05.000000000`."""
    if written == "NaT":
        return None
    seconds, _, fraction = written.partition(".")
    if fraction.strip("0"):
        raise InvalidInputError('the app takes whole seconds: write ….astype("datetime64[s]")')
    return datetime.fromisoformat(seconds) if "T" in seconds else date.fromisoformat(seconds)
