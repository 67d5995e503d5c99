"""Print the replies of chat models: the answer to stdout, the reasoning to stderr."""

from __future__ import annotations

from rich.text import Text

from spacecall.chat import ChatReply
from spacecall.cli._outputs.console import create_console
from spacecall.cli._outputs.stream_printer import StreamPrinter, TextPrinter
from spacecall.cli._outputs.terminal import escape, stderr_is_terminal, write_message

__all__ = ["ReplyPrinter"]


class _DimWriter:
    """Writes to stderr, dimmed."""

    def __init__(self) -> None:
        self._console = create_console(error=True)

    def write(self, text: str) -> None:
        """Write a text, which may be a part of a line."""
        self._console.print(Text(escape(text), "dim"), end="", soft_wrap=True)


class ReplyPrinter(StreamPrinter):
    """Prints the parts of a reply.

    Args:
        answer: prints the text to stdout.
        shows_reasoning: whether to print the reasoning to stderr: on a terminal as it arrives.
    """

    def __init__(self, answer: StreamPrinter, *, shows_reasoning: bool) -> None:
        super().__init__()
        self._answer = answer
        self._shows_reasoning = shows_reasoning
        is_dimmed = shows_reasoning and stderr_is_terminal()
        self._reasoning = TextPrinter(_DimWriter()) if is_dimmed else None

    @property
    def prints_outputs(self) -> bool:
        """Whether anything is printed before the result."""
        return self._answer.prints_outputs or self._reasoning is not None

    @property
    def needs_every_output(self) -> bool:
        """No: the newest reply has all the others in it."""
        return False

    async def print_output(self, value: ChatReply) -> None:
        """Print what is new in a reply."""
        if self._reasoning is not None:
            await self._reasoning.print_output(value.reasoning)
        if value.text and self._answer.prints_outputs:
            self._end_reasoning()
            await self._answer.print_output(value.text)

    async def print_result(self, value: ChatReply) -> None:
        """Print the rest of the reasoning, and of the answer if that is printed as it arrives."""
        if self._reasoning is not None:
            await self._reasoning.print_output(value.reasoning)
        elif self._shows_reasoning and value.reasoning:
            write_message(value.reasoning)
        self._end_reasoning()
        await self._answer.print_result(value.text)
        self.printed_result = self._answer.printed_result

    def end_line(self) -> None:
        """End unfinished lines."""
        self._end_reasoning()
        self._answer.end_line()

    def _end_reasoning(self) -> None:
        if self._reasoning is not None:
            self._reasoning.end_line()
