"""Split a text that contains the model's thinking between `<think>` and `</think>`.

Services without a parser of reasoning leave these tags in the text. The prompt formats of some
models end with `<think>`, so that only the closing tag, on a line of its own, is in the text.

A text that begins with a tag may have more of them: models that think between the parts of an
answer, or inside a thought. A tag after a quote or in a code block of the answer is a mention.
"""

from __future__ import annotations

import re
from typing import Final, Literal, TypeAlias

from spacecall.chat._text_builder import TextBuilder

__all__ = ["ThinkTagSplitter"]

_OPEN: Final = "<think>"
_CLOSE: Final = "</think>"
_CLOSE_LINE: Final = "\n</think>\n"
_TAG: Final = re.compile("</?think>")
_FENCE: Final = "```"
_QUOTES: Final = frozenset("`'\"“„«‘")
_BETWEEN: Final = "\n"
"""Separates the thoughts of several blocks."""

_Mode: TypeAlias = Literal["begin", "plain", "think", "answer", "raw"]


class ThinkTagSplitter:
    """Splits a text that arrives in pieces, in time linear in its length.

    Args:
        is_raw: whether all of the text is the answer, tags included.
    """

    __slots__ = (
        "_answer",
        "_answer_before",
        "_fence_tail",
        "_in_fence",
        "_is_block_empty",
        "_last",
        "_mode",
        "_nested",
        "_pending",
        "_tail",
        "_thoughts",
        "_unclosed",
    )

    def __init__(self, *, is_raw: bool = False) -> None:
        self._mode: _Mode = "raw" if is_raw else "begin"
        self._thoughts = TextBuilder()
        self._answer_before = TextBuilder()  # up to the newest block of thinking
        self._answer = TextBuilder()  # after it, which a closing tag may turn into thinking
        self._pending = ""  # may be the beginning of a tag
        self._tail = ""  # the end of a plain text, which may be the beginning of a closing line
        self._last = ""  # the last character
        self._nested = 0  # opening tags inside the block of thinking
        self._unclosed = 0  # those of them that were not closed in it
        self._is_block_empty = True
        self._in_fence = False
        self._fence_tail = ""

    @property
    def reasoning(self) -> str:
        """The thinking so far, without tags."""
        return str(self._thoughts)

    @property
    def text(self) -> str:
        """The answer so far."""
        if self._mode == "begin":  # blanks, which may be before a tag
            return ""
        return str(self._answer_before) + str(self._answer)

    def feed(self, piece: str) -> None:
        """Add a piece of the text."""
        if self._mode == "begin":
            piece = self._begin(piece)
        if self._mode == "plain":
            piece = self._add_plain(piece)
        if self._mode == "raw":
            self._answer.add(piece)
        elif self._mode in ("think", "answer"):
            self._split(piece)

    def finish(self) -> None:
        """Take what is pending as it is: the text is complete."""
        pending, self._pending = self._pending, ""
        if self._mode in ("think", "answer"):
            self._add(pending)
        else:
            self._answer.add(pending)
        if self._mode == "begin":
            self._mode = "plain"

    def _begin(self, piece: str) -> str:
        """Look for a tag at the beginning; return what follows it, or all of the text."""
        if not self._pending:
            beginning = piece.lstrip()
            self._answer.add(piece[: len(piece) - len(beginning)])
            piece = beginning
        beginning, self._pending = self._pending + piece, ""
        for tag in (_OPEN, _CLOSE):
            if beginning.startswith(tag):
                self._answer.take()
                self._mode = "think" if tag == _OPEN else "answer"
                return beginning.removeprefix(tag)
        if _OPEN.startswith(beginning) or _CLOSE.startswith(beginning):
            self._pending = beginning
        else:
            self._tail, self._mode = str(self._answer)[1 - len(_CLOSE_LINE) :], "plain"
        return beginning

    def _add_plain(self, piece: str) -> str:
        """Add to a text without an opening tag, until a closing tag says that it was thinking.

        Return what follows that tag.
        """
        self._answer.add(piece)
        end = (self._tail + piece).find(_CLOSE_LINE)
        self._tail = (self._tail + piece)[1 - len(_CLOSE_LINE) :]
        if end < 0:
            return ""
        thought, _, answer = str(self._answer).partition(_CLOSE_LINE)
        if _OPEN in thought:
            self._mode = "raw"
            return ""
        self._answer.take()
        self._thoughts.add(thought.strip("\n"))
        self._mode = "answer"
        return answer

    def _split(self, piece: str) -> None:
        """Add a piece of a text that began with a tag; every character is read once."""
        text, position = self._pending + piece, 0
        for match in _TAG.finditer(text):
            self._add(text[position : match.start()])
            if not self._take_tag(match[0]):
                self._add(match[0])
            position = match.end()
        held = _tag_beginning(text, position)
        self._add(text[position : len(text) - held])
        self._pending = text[len(text) - held :]

    def _take_tag(self, tag: str) -> bool:
        """Return whether a tag is one, and not a mention; if so, do what it says."""
        if self._mode == "think" and tag == _CLOSE:
            self._thoughts.strip_newlines()
            self._unclosed, self._nested = self._nested, 0
            self._mode, self._last = "answer", ""
            return True
        if self._last in _QUOTES or (self._mode == "answer" and self._in_fence):
            return False
        if self._mode == "think":
            self._nested += 1
        elif tag == _OPEN:
            self._answer_before.add(self._answer.take())
            self._mode, self._is_block_empty = "think", True
        elif self._unclosed:  # what was taken for the answer belongs to the outer block
            self._thoughts.add(self._answer.take())
            self._unclosed -= 1
        else:
            return False
        self._last = ""
        return True

    def _add(self, text: str) -> None:
        """Add to the thinking or to the answer, without blanks at the beginning of either."""
        if self._mode == "think":
            if self._is_block_empty:
                text = text.lstrip("\n")
                if text and self._thoughts:
                    self._thoughts.add(_BETWEEN)
                self._is_block_empty = not text
            self._thoughts.add(text)
        else:
            if not self._answer and self._follows_blank():
                text = text.lstrip()
            self._answer.add(text)
            self._find_fences(text)
        self._last = text[-1:] or self._last

    def _follows_blank(self) -> bool:
        before = self._answer_before
        return not before or before.last_character.isspace()

    def _find_fences(self, text: str) -> None:
        self._in_fence ^= (self._fence_tail + text).count(_FENCE) % 2 == 1
        end = (self._fence_tail + text)[-2:]
        self._fence_tail = end[len(end.rstrip("`")) :]


def _tag_beginning(text: str, start: int) -> int:
    """Return how many characters at the end, after `start`, may be the beginning of a tag."""
    lengths = range(min(len(text) - start, len(_CLOSE) - 1), 0, -1)
    return next(
        (n for n in lengths if _CLOSE.startswith(text[-n:]) or _OPEN.startswith(text[-n:])), 0
    )
