"""Draw the timeline of a recording on the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from spacecall._core.json_values import as_str
from spacecall._visible import visible_line
from spacecall.cassettes._format.recorded_apps import RecordedApp
from spacecall.cassettes._inspect.timeline import Outcome, Row, Timeline
from spacecall.cassettes._inspect.timeline_axis import choose_ticks

__all__ = ["LEGEND", "draw_header", "draw_timeline"]

_WAITING, _WORKING, _PARTIAL_RESULT = "·", "─", "●"
_STYLES: Final = {
    Outcome.DONE: "green",
    Outcome.FAILED: "red",
    Outcome.CANCELLED: "yellow",
    Outcome.LEFT: "yellow",
    Outcome.LOST: "red",
}
LEGEND: Final = f"{_WAITING} queued  {_WORKING} running  {_PARTIAL_RESULT} partial  " + "  ".join(
    f"{outcome.sign} {outcome}" for outcome in Outcome
)
"""The meaning of the signs of a timeline."""

_MAX_NAME = 28
_MAX_REMARK = 24
_MIN_BAR = 16
_MIN_TICK = 10  # columns of a label
_OTHER_COLUMNS = 17  # a session's number, a duration, and the gaps between the columns


def draw_header(
    path: str, metadata: Mapping[str, Any], apps: Mapping[str, RecordedApp]
) -> RenderableType:
    """Return the lines about a cassette: its file, its recording and its apps."""
    day = as_str(metadata.get("recorded")) or "an unknown day"
    version = as_str(metadata.get("spacecall"))
    by = f" by spacecall {version}" if version else ""
    lines = [
        Text(visible_line(path), "bold"),
        Text(visible_line(f"recorded on {day}{by}"), "dim"),
    ]
    for app in apps.values():
        name = f"{app.config.space_id or app.base_url}, Gradio {app.config.version}"
        lines.append(Text(f"{visible_line(name)}, schema {app.schema_digest[:12]}", "dim"))
    return Group(*lines)


def draw_timeline(timeline: Timeline, width: int) -> RenderableType:
    """Return a line for each job and request.

    Args:
        width: columns of the terminal.
    """
    name_width = min(_MAX_NAME, max((len(row.name) for row in timeline.rows), default=0))
    remark_width = min(_MAX_REMARK, max((len(row.remark) for row in timeline.rows), default=0))
    bar_width = max(_MIN_BAR, width - name_width - remark_width - _OTHER_COLUMNS)
    table = Table.grid(padding=(0, 1))
    for justify in ("left", "right", "left", "right", "left"):
        table.add_column(justify=justify, no_wrap=True, overflow="ellipsis")
    table.columns[0].max_width = name_width
    table.columns[-1].max_width = remark_width
    table.add_row("", "", _draw_axis(timeline, bar_width), "", "")
    for row in timeline.rows:
        table.add_row(
            Text(visible_line(row.name), "bold" if row.is_job else "none"),
            Text(f"#{row.session}" if row.session else "", "dim"),
            _draw_bar(row, timeline, bar_width),
            Text(f"{row.ended_at - row.started_at:.2f} s", "dim"),
            Text(visible_line(row.remark), _STYLES[row.outcome]),
        )
    return table


def _draw_axis(timeline: Timeline, width: int) -> Text:
    """Return the labels of the ticks, each with its first character at its time."""
    line = ""
    for seconds, label in choose_ticks(timeline.duration, width // _MIN_TICK):
        start = _to_column(seconds, timeline, width)
        if start + len(label) <= width:
            line = f"{line:{start}}{label}"
    return Text(line, "dim")


def _draw_bar(row: Row, timeline: Timeline, width: int) -> Text:
    def to_column(seconds: float) -> int:
        return _to_column(seconds, timeline, width)

    first, last = to_column(row.started_at), to_column(row.ended_at)
    processing_at = row.processing_at if row.is_job else row.started_at
    working_from = last if processing_at is None else to_column(processing_at)
    signs = [" "] * first
    signs += [_WORKING if column >= working_from else _WAITING for column in range(first, last)]
    for seconds in row.partial_results:
        if to_column(seconds) < last:
            signs[to_column(seconds)] = _PARTIAL_RESULT
    return Text("".join(signs)).append(row.outcome.sign, _STYLES[row.outcome])


def _to_column(seconds: float, timeline: Timeline, width: int) -> int:
    return min(width - 1, int(seconds / (timeline.duration or 1.0) * width))
