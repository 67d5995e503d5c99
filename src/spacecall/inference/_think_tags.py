"""Split a text that contains the model's thinking between `<think>` and `</think>`.

Services without a parser of reasoning leave these tags in the text. The prompt formats of some
models end with `<think>`, so that only the closing tag, on a line of its own, is in the text.
"""

from __future__ import annotations

from typing import Final

__all__ = ["ThinkTagSplitter"]

_OPEN: Final = "<think>"
_CLOSE: Final = "</think>"
_CLOSE_LINE: Final = "\n</think>\n"


class ThinkTagSplitter:
    """Splits a text that arrives in pieces.

    Args:
        is_raw: whether all of the text is the answer, tags included.

    Attributes:
        reasoning: the thinking so far, without tags.
        text: the answer so far.
    """

    __slots__ = (
        "_is_raw",
        "_is_thinking",
        "_may_close",
        "_may_open",
        "_pending",
        "reasoning",
        "text",
    )

    def __init__(self, *, is_raw: bool = False) -> None:
        self.reasoning: str = ""
        self.text: str = ""
        self._pending = ""  # may be the beginning of a tag
        self._is_raw = is_raw
        self._may_open = True
        self._may_close = True
        self._is_thinking = False

    def feed(self, piece: str) -> None:
        """Add a piece of the text."""
        if self._is_raw:
            self.text += piece
            return
        self._pending += piece
        if self._may_open:
            self._open()
        if self._may_open:
            return
        if self._is_thinking:
            self._think()
        if not self._is_thinking:
            self._answer()

    def finish(self) -> None:
        """Take what is pending as it is: the text is complete."""
        if self._is_thinking:
            self.reasoning += self._pending
        else:
            self.text += self._pending
        self._pending = ""

    def _open(self) -> None:
        beginning = self._pending.lstrip()
        if beginning.startswith(_OPEN):
            self._pending = beginning.removeprefix(_OPEN)
            self._is_thinking, self._may_open, self._may_close = True, False, False
        elif beginning.startswith(_CLOSE):  # of an empty thinking
            self._pending = beginning.removeprefix(_CLOSE)
            self._may_open, self._may_close = False, False
        elif not (_OPEN.startswith(beginning) or _CLOSE.startswith(beginning)):
            self._may_open = False

    def _think(self) -> None:
        if not self.reasoning:
            self._pending = self._pending.lstrip("\n")
        thought, tag, answer = self._pending.partition(_CLOSE)
        if tag:
            self.reasoning = (self.reasoning + thought).rstrip("\n")
            self._pending = answer
            self._is_thinking = False
        else:
            length = _tag_beginning(thought)
            self.reasoning += thought[: len(thought) - length]
            self._pending = thought[len(thought) - length :]

    def _answer(self) -> None:
        piece = self._pending if self.text or self._may_close else self._pending.lstrip()
        self._pending = ""
        start = max(0, len(self.text) - len(_CLOSE_LINE))
        self.text += piece
        if not self._may_close or (end := self.text.find(_CLOSE_LINE, start)) < 0:
            return
        self._may_close = False
        if _OPEN not in self.text[:end]:
            self.reasoning = self.text[:end].strip("\n")
            self.text = self.text[end + len(_CLOSE_LINE) :].lstrip()


def _tag_beginning(text: str) -> int:
    """Return how many characters at the end of `text` may be the beginning of a closing tag."""
    lengths = range(min(len(text), len(_CLOSE) - 1), 0, -1)
    return next((length for length in lengths if _CLOSE.startswith(text[-length:])), 0)
