"""Print the outputs of a call that streams to stdout as they arrive."""

from __future__ import annotations

from typing import Any, Protocol

from spacecall._core.schema_nodes import kinds_of
from spacecall.cli._outputs.result_printer import format_result, replace_files
from spacecall.endpoints import Endpoint

__all__ = ["StreamPrinter", "TextPrinter", "TextWriter", "returns_text"]


class TextWriter(Protocol):
    """Writes to stdout, or to stderr."""

    def write(self, text: str) -> None:
        """Write a part of a text."""
        ...


def returns_text(endpoint: Endpoint) -> bool:
    """Tell whether the endpoint's only output is a text, or a text or None."""
    if len(endpoint.returns) != 1:
        return False
    schema = endpoint.returns[0].schema
    return {*kinds_of(schema, schema)} - {"null"} == {"string"}


class StreamPrinter:
    """Prints each output before the result on a line of JSON; files as their addresses.

    Args:
        writer: where to print; None to print nothing.
    """

    printed_result = False
    """Whether the result itself has been printed too."""

    def __init__(self, writer: TextWriter | None = None) -> None:
        self._writer = writer

    @property
    def prints_outputs(self) -> bool:
        """Whether this printer prints anything."""
        return self._writer is not None

    @property
    def needs_every_output(self) -> bool:
        """Whether each output has a line, so that none may be left out."""
        return self.prints_outputs

    async def print_output(self, value: Any) -> None:
        """Print an output that is not the result."""
        if self._writer is not None:
            self._writer.write(format_result(await replace_files(value, None)))

    async def print_result(self, value: Any) -> None:
        """Print the result if this printer does so; by default the caller prints it."""

    def end_line(self) -> None:
        """End an unfinished line, so that stderr can write to the same terminal."""


class TextPrinter(StreamPrinter):
    """Prints what each output adds to the text before it.

    If an app changes text that is printed already, the new text begins on a new line.
    """

    def __init__(self, writer: TextWriter) -> None:
        super().__init__(writer)
        self._text_writer = writer
        self._text = ""
        self._line_is_open = False

    @property
    def needs_every_output(self) -> bool:
        """No: the newest text has all the others in it."""
        return False

    async def print_output(self, value: Any) -> None:
        """Print what is new in `value`; ignore a value that is not a text."""
        if not isinstance(value, str) or value == self._text:
            return
        offset = len(self._text)
        if not value.startswith(self._text):
            self.end_line()
            offset = 0
        self._text_writer.write(value[offset:])
        self._text = value
        self._line_is_open = not value.endswith("\n")

    async def print_result(self, value: Any) -> None:
        """Print the remaining text, and end its line."""
        await self.print_output(value)
        self.printed_result = isinstance(value, str)
        self._line_is_open = self._line_is_open or not self._text
        self.end_line()

    def end_line(self) -> None:
        """End an unfinished line."""
        if self._line_is_open:
            self._text_writer.write("\n")
            self._line_is_open = False
