"""Outputs of a call that streams, written to stdout as they come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spacecall._core.schema_nodes import kinds_of
from spacecall.cli._outputs.result_printer import printed, readable
from spacecall.cli._outputs.terminal import Results
from spacecall.endpoints import Endpoint

__all__ = ["Snapshots", "TextStream", "gives_text"]


def gives_text(endpoint: Endpoint) -> bool:
    """Whether its one output is a text, or a text and sometimes None."""
    if len(endpoint.returns) != 1:
        return False
    schema = endpoint.returns[0].schema
    return {*kinds_of(schema, schema)} - {"null"} == {"string"}


class Snapshots:
    """Writes each output before the result; files as their addresses.

    Args:
        results: where they are written; None writes nothing.
        written: what to write of an output.
    """

    whole = False
    """Whether the result itself has been written too."""

    def __init__(
        self, results: Results | None = None, written: Callable[[Any], str] = printed
    ) -> None:
        self._results = results
        self._written = written

    @property
    def prints(self) -> bool:
        """Whether it writes anything."""
        return self._results is not None

    async def show(self, value: Any) -> None:
        """Write an output."""
        if self._results is not None:
            self._results.write(self._written(await readable(value, None)))

    async def finish(self, value: Any) -> None:
        """Take the result."""

    def pause(self) -> None:
        """Make room for a line of stderr on the same terminal."""

    def end(self) -> None:
        """There is no more."""


class TextStream(Snapshots):
    """Writes what each text adds to the one before it.

    An app may rewrite what it has said: then the text is begun again on a new line.
    """

    def __init__(self, results: Results) -> None:
        super().__init__(results)
        self._out = results
        self._text = ""
        self._in_line = False

    async def show(self, value: Any) -> None:
        """Write what is new in `value`; anything but a text adds nothing."""
        if not isinstance(value, str) or value == self._text:
            return
        same = len(self._text)
        if not value.startswith(self._text):
            self.pause()
            same = 0
        self._out.write(value[same:])
        self._text = value
        self._in_line = not value.endswith("\n")

    async def finish(self, value: Any) -> None:
        """Write the rest of the result."""
        await self.show(value)
        self.whole = isinstance(value, str)
        self._in_line = self._in_line or not self._text
        self.pause()

    def pause(self) -> None:
        """End the line that has been begun."""
        if self._in_line:
            self._out.write("\n")
            self._in_line = False

    def end(self) -> None:
        """End the line that has been begun."""
        self.pause()
