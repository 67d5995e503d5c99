"""Build a text from pieces, in time linear in its length."""

from __future__ import annotations

__all__ = ["TextBuilder"]


class TextBuilder:
    """A text that grows. Its pieces are joined when the text is read."""

    __slots__ = ("_pieces",)

    def __init__(self) -> None:
        self._pieces: list[str] = []

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def __str__(self) -> str:
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""

    @property
    def last_character(self) -> str:
        """The last character; empty without one."""
        return self._pieces[-1][-1] if self._pieces else ""

    def add(self, piece: str) -> None:
        """Add a piece at the end."""
        if piece:
            self._pieces.append(piece)

    def take(self) -> str:
        """Return the text, and begin again with an empty one."""
        text = str(self)
        self._pieces = []
        return text

    def strip_newlines(self) -> None:
        """Remove the newlines at the end."""
        while self._pieces:
            last = self._pieces.pop().rstrip("\n")
            if last:
                self._pieces.append(last)
                return
