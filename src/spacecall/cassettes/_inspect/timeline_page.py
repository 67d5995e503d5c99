"""A recording as one page that needs nothing else: a picture of its timeline, events on click."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from typing import Any

from spacecall.cassettes._format.cassette_json import escape_surrogates, name_numbers
from spacecall.cassettes._format.recorded_apps import App
from spacecall.cassettes._inspect.timeline import Row, Timeline

_LONGEST = 20_000
"""Characters of one event's JSON that the page shows."""


def page(title: str, apps: Mapping[str, App], timeline: Timeline) -> str:
    """The page as HTML.

    What was recorded is data in it: its script writes text only, and the page may load nothing.
    """
    here = files("spacecall.cassettes._inspect")
    script = here.joinpath("timeline_page.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    data = {
        "title": title,
        "about": [_about(app) for app in apps.values()],
        "began": timeline.began,
        "length": timeline.length,
        "rows": [_row(one) for one in timeline.rows],
    }
    # No text in the data can end the element that it is in.
    text = json.dumps(data, ensure_ascii=False, allow_nan=False)
    embedded = escape_surrogates(text).replace("<", "\\u003c")
    parts = {"TITLE": escape(title), "HASH": digest, "SCRIPT": script, "DATA": embedded}
    frame = here.joinpath("timeline_page.html").read_text(encoding="utf-8")
    return re.sub(f"@({'|'.join(parts)})@", lambda found: parts[found[1]], frame)


def _about(app: App) -> str:
    name = app.config.space_id or app.base
    return f"{name}, Gradio {app.config.version}, {app.config.protocol}, schema {app.schema[:12]}"


def _row(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "job": row.job,
        "session": row.session,
        "began": row.began,
        "started": row.started,
        "ended": row.ended,
        "outcome": row.outcome.value,
        "remark": row.remark,
        "outputs": row.outputs,
        "moments": [
            {"at": one.at, "kind": one.kind, "value": _shown(one.value)} for one in row.moments
        ],
    }


def _shown(value: Any) -> Any:
    value = name_numbers(value)
    text = json.dumps(value, ensure_ascii=False)
    return value if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"
