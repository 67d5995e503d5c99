"""Read dicts of the caller, with errors that say where they are wrong."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final, cast

from spacecall._core.json_values import is_object
from spacecall._suggestions import did_you_mean
from spacecall.errors import InvalidInputError

__all__ = ["DictReader"]

_MISSING: Final = object()


class DictReader:
    """Reads the values of a dict, and refuses those that were not read.

    Args:
        value: the dict.
        place: where it is, such as `messages[0].content[1]`.

    Raises:
        InvalidInputError: `value` is not a dict.
    """

    def __init__(self, value: object, place: str) -> None:
        if not is_object(value):
            raise InvalidInputError(f"{place} must be dict, got {_name(value)}")
        self.place = place
        self._values = value
        self._names: list[str] = []

    def get(self, name: str) -> Any:
        """Return a value, or None if it is missing."""
        self._names.append(name)
        return self._values.get(name)

    def text(self, name: str) -> str:
        """Return a text.

        Raises:
            InvalidInputError: it is missing or not a text.
        """
        value = self.optional_text(name)
        if value is None:
            raise self.error(name, "must be str")
        return value

    def optional_text(self, name: str) -> str | None:
        """Return a text, or None. Raises as `text` does, but not for None."""
        value = self.get(name)
        if value is not None and not isinstance(value, str):
            raise self.error(name, "must be str or None")
        return value

    def choice(self, name: str, choices: Collection[str]) -> str:
        """Return one of several texts. Raises as `text` does."""
        value = self.text(name)
        if value not in choices:
            hint = did_you_mean(value, choices, f"use {', '.join(choices)}")
            raise InvalidInputError(f"{self.place}.{name} cannot be {value[:40]!r}: {hint}")
        return value

    def url(self, name: str) -> str:
        """Return an http(s) URL or a data URI. Raises as `text` does."""
        value = self.text(name)
        if not value.lower().startswith(("http://", "https://", "data:")):
            raise self.error(name, "must be an http(s) URL or a data URI, not another text")
        return value

    def object(self, name: str) -> DictReader:
        """Return the reader of a dict inside. Raises as `DictReader` does."""
        return DictReader(self.get(name), f"{self.place}.{name}")

    def items(self, name: str, expected: str = "must be a list") -> list[Any]:
        """Return a list, which is empty for None.

        Raises:
            InvalidInputError: it is not a list.
        """
        value = self.get(name)
        if value is None:
            return []
        if not isinstance(value, (list, tuple)):
            raise self.error(name, expected)
        return [*cast("list[Any] | tuple[Any, ...]", value)]

    def error(self, name: str, expected: str) -> InvalidInputError:
        """Return the error for a value."""
        value = self._values.get(name, _MISSING)
        actual = "is missing" if value is _MISSING else f"{expected}, got {_name(value)}"
        return InvalidInputError(f"{self.place}.{name} {actual}")

    def refuse_others(self) -> None:
        """Refuse the values that were not read; empty ones have no meaning.

        Raises:
            InvalidInputError: there is such a value.
        """
        for name, value in self._values.items():
            if name not in self._names and value not in (None, "", [], {}):
                hint = did_you_mean(str(name), self._names, f"it takes {', '.join(self._names)}")
                raise InvalidInputError(f"{self.place} takes no {str(name)[:40]!r}: {hint}")


def _name(value: object) -> str:
    return "None" if value is None else type(value).__name__
