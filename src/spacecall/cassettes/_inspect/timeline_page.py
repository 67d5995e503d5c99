"""A recording as one HTML page without other files: its timeline, and the events of each row.

The page has no script, and its policy lets a browser run none and load nothing. What comes from
the cassette is escaped text in it, of a bounded length.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from html import escape
from importlib.resources import files
from itertools import islice
from typing import Any, Final

from spacecall._visible import shorten, visible_json, visible_line
from spacecall.cassettes._format.cassette_json import replace_non_finite
from spacecall.cassettes._format.recorded_apps import RecordedApp
from spacecall.cassettes._inspect.timeline import Outcome, Row, Timeline, TimelineEvent
from spacecall.cassettes._inspect.timeline_axis import choose_ticks

__all__ = ["render_page"]

_MAX_APPS = 20
_MAX_ROWS = 2_000
_MAX_EVENTS = 1_000
"""Events of one row."""
_MAX_NAME = 200
_MAX_REMARK = 2_000
_MAX_VALUE = 20_000
"""Characters of one event's JSON."""
_MAX_VALUES = 20_000_000
"""Characters of the JSON of all events."""
_MAX_INDENTED = 4
"""How many times longer indented JSON may be than compact JSON."""
_MAX_TICKS = 8

_OUTCOME_MEANINGS: Final = {
    Outcome.DONE: "",
    Outcome.FAILED: "",
    Outcome.CANCELLED: "",
    Outcome.LEFT: " (closed by the client)",
    Outcome.LOST: " (no result)",
}


def render_page(title: str, apps: Mapping[str, RecordedApp], timeline: Timeline) -> str:
    """Return the page as HTML."""
    folder = files("spacecall.cassettes._inspect")
    style = folder.joinpath("timeline_page.css").read_text(encoding="utf-8")
    about = [*map(_describe_app, islice(apps.values(), _MAX_APPS)), _describe_rows(timeline)]
    parts = {
        "TITLE": _text(title, _MAX_NAME),
        "HASH": base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        "STYLE": style,
        "ABOUT": "\n".join(f"<p>{_text(line, _MAX_REMARK)}</p>" for line in about),
        "LEGEND": _render_legend(),
        "ROWS": "\n".join(_RowRenderer(timeline).render()),
    }
    template = folder.joinpath("timeline_page.html").read_text(encoding="utf-8")
    return re.sub(f"@({'|'.join(parts)})@", lambda match: parts[match[1]], template)


def _describe_app(app: RecordedApp) -> str:
    config = app.config
    name, digest = config.space_id or app.base_url, app.schema_digest[:12]
    return f"{name}, Gradio {config.version}, {config.protocol}, schema {digest}"


def _describe_rows(timeline: Timeline) -> str:
    counts = Counter(row.outcome for row in timeline.rows)
    outcomes = ", ".join(f"{counts[outcome]} {outcome}" for outcome in Outcome if counts[outcome])
    line = f"{len(timeline.rows)} jobs and requests: {outcomes or 'none'}"
    hidden = len(timeline.rows) - _MAX_ROWS
    return f"{line}; only the first {_MAX_ROWS} are below" if hidden > 0 else line


def _render_legend() -> str:
    samples = {
        "queued": '<rect class="queued" y="40%" width="100%" height="20%"/>',
        "running": '<rect class="running" y="20%" width="100%" height="60%"/>',
        "partial result": (
            '<rect class="running" y="20%" width="100%" height="60%"/>'
            '<line class="partial" x1="50%" x2="50%" y2="100%"/>'
        ),
    }
    lines = [f"<li>{_svg(shapes)}{name}</li>" for name, shapes in samples.items()]
    lines += [
        f"<li>{_render_outcome(outcome)}{meaning}</li>"
        for outcome, meaning in _OUTCOME_MEANINGS.items()
    ]
    return "\n".join(["<ul>", *lines, "<li>#1, #2, … session of a job</li>", "</ul>"])


class _RowRenderer:
    """Renders the axis and the rows of a timeline."""

    def __init__(self, timeline: Timeline) -> None:
        self._rows = timeline.rows[:_MAX_ROWS]
        self._duration = timeline.duration
        self._remaining = _MAX_VALUES

    def render(self) -> Iterator[str]:
        yield self._render_axis()
        yield from map(self._render_row, self._rows)

    def _render_axis(self) -> str:
        shapes: list[str] = []
        lines: list[str] = []
        for number, (seconds, label) in enumerate(choose_ticks(self._duration, _MAX_TICKS)):
            x = self._to_x(seconds)
            # A narrow page shows the labels of every second tick.
            density = ' class="dense"' if number % 2 else ""
            shapes.append(f'<text{density} x="{x}" y="70%" text-anchor="middle">{label}</text>')
            lines.append(f'<line x1="{x}" x2="{x}" y2="100%"/>')
        grid = f'<defs><g id="grid" class="grid">{"".join(lines)}</g></defs>'
        return f'<div class="axis">{_svg(grid + "".join(shapes))}</div>'

    def _render_row(self, row: Row) -> str:
        session = f' <span class="session">#{row.session}</span>' if row.session else ""
        return "\n".join(
            [
                f'<details class="row {"job" if row.is_job else "request"}">',
                f'<summary><span class="name">{_text(row.name, _MAX_NAME)}{session}</span>',
                self._render_bar(row),
                f'<span class="outcome">{_render_outcome(row.outcome)}</span>',
                f'<span class="took">{row.ended_at - row.started_at:.2f} s</span>',
                f"{_render_error(row)}</summary>",
                f'<div class="events">{self._render_events(row)}</div>',
                "</details>",
            ]
        )

    def _render_bar(self, row: Row) -> str:
        processing_at = row.processing_at if row.is_job else row.started_at
        running_from = row.ended_at if processing_at is None else processing_at
        shapes = ['<use href="#grid"/>']
        if running_from > row.started_at:
            shapes.append(self._rectangle("queued", row.started_at, running_from, (40, 20)))
        if row.ended_at > running_from:
            shapes.append(self._rectangle("running", running_from, row.ended_at, (20, 60)))
        # Times at the same position of the bar are one line.
        positions = dict.fromkeys(map(self._to_x, row.partial_results))
        shapes += [f'<line class="partial" x1="{x}" x2="{x}" y2="100%"/>' for x in positions]
        end = self._to_x(row.ended_at)
        shapes.append(f'<line class="end {row.outcome}" x1="{end}" x2="{end}" y2="100%"/>')
        return _svg("".join(shapes))

    def _rectangle(self, kind: str, start: float, end: float, rows: tuple[int, int]) -> str:
        y, height = rows
        width = self._to_x(end - start)
        return (
            f'<rect class="{kind}" x="{self._to_x(start)}" y="{y}%" width="{width}" '
            f'height="{height}%"/>'
        )

    def _to_x(self, seconds: float) -> str:
        return f"{100 * seconds / self._duration:.1f}%" if self._duration else "0%"

    def _render_events(self, row: Row) -> str:
        lines = [f"<p>{_text(row.name, _MAX_REMARK)}: {_describe_times(row)}</p>"]
        if row.remark:
            lines.append(f'<p class="{row.outcome}">{_text(row.remark, _MAX_REMARK)}</p>')
        lines += map(self._render_event, row.events[:_MAX_EVENTS])
        if len(row.events) > _MAX_EVENTS:
            lines.append(f"<p>{len(row.events) - _MAX_EVENTS} more events</p>")
        return "\n".join(lines)

    def _render_event(self, event: TimelineEvent) -> str:
        line = f'<span class="at">{event.seconds:.3f} s</span>{_text(event.kind, _MAX_NAME)}'
        if event.value is None:
            return f'<div class="event plain">{line}</div>'
        return (
            f'<details class="event"><summary>{line}</summary>'
            f"<pre>{escape(self._format_value(event.value), quote=False)}</pre></details>"
        )

    def _format_value(self, value: Any) -> str:
        value = replace_non_finite(value)
        text = json.dumps(value, ensure_ascii=False)
        size = len(text)
        limit = min(_MAX_VALUE, self._remaining)
        if size <= limit:
            indented = json.dumps(value, ensure_ascii=False, indent=2)
            text = indented if len(indented) <= _MAX_INDENTED * size else text
        self._remaining -= min(size, limit)
        shortened = "" if size <= limit else f"… ({size} characters)"
        return visible_json(text if size <= limit else text[:limit]) + shortened


def _describe_times(row: Row) -> str:
    started = f"started at {row.started_at:.3f} s"
    running = ""
    if row.is_job and row.processing_at is not None:
        running = f", running from {row.processing_at:.3f} s"
    return f"{started}{running}, ended at {row.ended_at:.3f} s"


def _render_error(row: Row) -> str:
    if row.outcome not in (Outcome.FAILED, Outcome.LOST):
        return ""
    return f'<span class="error {row.outcome}">{_text(row.remark, _MAX_NAME)}</span>'


def _render_outcome(outcome: Outcome) -> str:
    sign = f'<span aria-hidden="true">{outcome.sign}</span>'
    return f'<span class="{outcome}">{sign} {outcome}</span>'


def _svg(shapes: str) -> str:
    return f'<svg aria-hidden="true">{shapes}</svg>'


def _text(text: str, limit: int) -> str:
    """Return a text of the cassette as HTML of one line."""
    return escape(visible_line(shorten(text, limit)), quote=False)
