"""Lay out pages of tables and paragraphs on stdout and stderr."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from spacecall.cli._outputs.terminal import escape, stderr, stdout, write_rendered

__all__ = ["create_console", "write_page"]

_MAX_WIDTH = 100


def create_console(*, error: bool = False) -> Console:
    """Return a console to lay out pages: at most 100 columns; 80 without a terminal.

    Args:
        error: whether it writes to stderr instead of stdout.
    """
    file = stderr() if error else stdout()
    console = _EscapingConsole(file=file, highlight=False, markup=False, emoji=False)
    console.width = min(console.width, _MAX_WIDTH)
    return console


def write_page(console: Console, *parts: RenderableType) -> None:
    """Lay out `parts` with `console` and write them to stdout, without trailing white space.

    Raises:
        OutputClosedError: the reader closed the pipe.
    """
    with console.capture() as captured:
        for part in parts:
            console.print(part)
    lines = "".join(f"{line.rstrip()}\n" for line in captured.get().split("\n")[:-1])
    write_rendered(lines)


class _EscapingConsole(Console):
    """A console that escapes texts, but not its own styles and cursor movements."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Render to segments of escaped text."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(escape(segment.text), segment.style)
