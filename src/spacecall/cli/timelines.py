"""A recording as a timeline on the screen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from spacecall._core.loose import text
from spacecall._visible import visible_line
from spacecall.cassettes._format.recorded_apps import App
from spacecall.cassettes._inspect.timeline import Outcome, Row, Timeline

__all__ = ["LEGEND", "header", "timeline"]

_WAITING, _WORKING, _OUTPUT = "·", "─", "●"
_ENDS: Final = {
    Outcome.DONE: ("✓", "green"),
    Outcome.FAILED: ("✗", "red"),
    Outcome.CANCELLED: ("⊘", "yellow"),
    Outcome.LEFT: ("◁", "yellow"),
    Outcome.LOST: ("!", "red"),
}
LEGEND: Final = f"{_WAITING} waiting  {_WORKING} working  {_OUTPUT} a value  " + "  ".join(
    f"{sign} {outcome.value}" for outcome, (sign, _) in _ENDS.items()
)
"""What the signs of a timeline mean."""

_NAME = 28
_REMARK = 24
_BAR = 16
_REST = 17  # a session's number, a time, and what is between the columns


def header(path: str, metadata: Mapping[str, Any], apps: Mapping[str, App]) -> RenderableType:
    """What a cassette says of itself."""
    recorded = text(metadata.get("recorded")) or "an unknown day"
    by = text(metadata.get("spacecall"))
    by = f" by spacecall {by}" if by else ""
    lines = [
        Text(visible_line(path), "bold"),
        Text(visible_line(f"recorded on {recorded}{by}"), "dim"),
    ]
    for app in apps.values():
        said = [app.config.space_id or app.base, f"Gradio {app.config.version}"]
        lines.append(Text(f"{visible_line(', '.join(said))}, schema {app.schema[:12]}", "dim"))
    return Group(*lines)


def timeline(found: Timeline, width: int) -> RenderableType:
    """A line for each job and request.

    Args:
        width: columns of the screen.
    """
    name = min(_NAME, max((len(row.name) for row in found.rows), default=0))
    remark = min(_REMARK, max((len(row.remark) for row in found.rows), default=0))
    bars = max(_BAR, width - name - remark - _REST)
    table = Table.grid(padding=(0, 1))
    for justify in ("left", "right", "left", "right", "left"):
        table.add_column(justify=justify, no_wrap=True, overflow="ellipsis")
    table.columns[0].max_width = name
    table.columns[-1].max_width = remark
    scale = Text(f"0{f'{found.length:.2f} s':>{bars - 1}}", "dim")
    table.add_row("", "", scale, "", "")
    for row in found.rows:
        table.add_row(
            Text(visible_line(row.name), "bold" if row.job else "none"),
            Text(f"#{row.session}" if row.session else "", "dim"),
            _bar(row, found, bars),
            Text(f"{row.ended - row.began:.2f} s", "dim"),
            Text(visible_line(row.remark), _ENDS[row.outcome][1]),
        )
    return table


def _bar(row: Row, of: Timeline, width: int) -> Text:
    def column(at: float) -> int:
        return max(0, min(width - 1, int((at - of.began) / (of.length or 1.0) * width)))

    first, last = column(row.began), column(row.ended)
    started = row.began if not row.job else row.started
    working = column(started) if started is not None else last
    signs = [" "] * first + [
        _WORKING if place >= working else _WAITING for place in range(first, last)
    ]
    for at in row.outputs:
        if column(at) < last:
            signs[column(at)] = _OUTPUT
    sign, style = _ENDS[row.outcome]
    return Text("".join(signs)).append(sign, style)
