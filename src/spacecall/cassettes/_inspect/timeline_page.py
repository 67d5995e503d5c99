"""A recording as one HTML page without other files: its timeline, and the events on click."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from typing import Any

from spacecall.cassettes._format.cassette_json import escape_surrogates, replace_non_finite
from spacecall.cassettes._format.recorded_apps import RecordedApp
from spacecall.cassettes._inspect.timeline import Row, Timeline

_MAX_VALUE = 20_000
"""Characters of one event's JSON that the page shows."""


def render_page(title: str, apps: Mapping[str, RecordedApp], timeline: Timeline) -> str:
    """Return the page as HTML.

    The recording is data in it: its script writes text only, and the page may not load anything.
    """
    folder = files("spacecall.cassettes._inspect")
    script = folder.joinpath("timeline_page.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    data = {
        "title": title,
        "about": [_describe_app(app) for app in apps.values()],
        "startedAt": timeline.started_at,
        "duration": timeline.duration,
        "rows": [_row_data(row) for row in timeline.rows],
    }
    # Without "<" no text in the data can end its script element.
    text = json.dumps(data, ensure_ascii=False, allow_nan=False)
    embedded = escape_surrogates(text).replace("<", "\\u003c")
    parts = {"TITLE": escape(title), "HASH": digest, "SCRIPT": script, "DATA": embedded}
    template = folder.joinpath("timeline_page.html").read_text(encoding="utf-8")
    return re.sub(f"@({'|'.join(parts)})@", lambda match: parts[match[1]], template)


def _describe_app(app: RecordedApp) -> str:
    config = app.config
    name, digest = config.space_id or app.base_url, app.schema_digest[:12]
    return f"{name}, Gradio {config.version}, {config.protocol}, schema {digest}"


def _row_data(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "isJob": row.is_job,
        "session": row.session,
        "startedAt": row.started_at,
        "processingAt": row.processing_at,
        "endedAt": row.ended_at,
        "outcome": row.outcome.value,
        "remark": row.remark,
        "partialResults": row.partial_results,
        "events": [
            {"seconds": event.seconds, "kind": event.kind, "value": _shorten(event.value)}
            for event in row.events
        ],
    }


def _shorten(value: Any) -> Any:
    value = replace_non_finite(value)
    text = json.dumps(value, ensure_ascii=False)
    return value if len(text) <= _MAX_VALUE else f"{text[:_MAX_VALUE]}… ({len(text)} characters)"
