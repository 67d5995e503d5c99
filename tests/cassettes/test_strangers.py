"""Cassettes of unknown origin are read or refused, and do nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeAlias

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spacecall.cassettes._inspect.recording import read_recording
from spacecall.cassettes._inspect.timeline import read_timeline
from spacecall.cassettes._inspect.timeline_page import render_page
from spacecall.cassettes._inspect.validation import find_problems
from spacecall.cassettes.errors import CassetteError
from spacecall.errors import ProtocolError

Strategy: TypeAlias = st.SearchStrategy[Any]

KEYS = (
    *("msg", "event_id", "output", "data", "success", "fn_index", "session_hash", "event", "json"),
    *("dependencies", "components", "id", "api_name", "inputs", "named_endpoints", "parts", "at"),
)
LEAVES: Strategy = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-9, 9),
    st.floats(allow_nan=False, allow_infinity=False, width=16),
    st.text(max_size=9),
    st.sampled_from(["process_completed", "process_generating", "process_starts", "e1", "s1"]),
)
ANYTHING: Strategy = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
    ),
    max_leaves=12,
)
PATHS = ("/config", "/info", "/queue/join", "/queue/data?session_hash=s1", "/cancel", "/call/x/e1")
BODIES: Strategy = st.one_of(
    ANYTHING,
    st.fixed_dictionaries({"json": ANYTHING}),
    st.fixed_dictionaries({"sha256": st.text(max_size=5)}),
)
INTERACTIONS: Strategy = st.fixed_dictionaries(
    {
        "request": st.fixed_dictionaries(
            {
                "method": st.sampled_from(["GET", "POST"]),
                "uri": st.sampled_from(PATHS).map(lambda path: f"http://app{path}"),
                "headers": st.one_of(
                    st.just(dict[str, Any]()),
                    st.dictionaries(st.text(min_size=1, max_size=5), st.lists(st.text(max_size=5))),
                ),
                "body": BODIES,
            }
        ),
        "response": st.one_of(
            ANYTHING,
            st.fixed_dictionaries(
                {
                    "status": st.fixed_dictionaries({"code": st.sampled_from([0, 200, 500])}),
                    "headers": st.just(dict[str, Any]()),
                    "times": st.lists(st.floats(0, 9, width=16), min_size=3, max_size=3),
                    "end": st.sampled_from(["complete", "closed", "ReadError"]),
                    "body": BODIES,
                },
                optional={"events": st.lists(ANYTHING, max_size=5)},
            ),
        ),
    }
)
CASSETTES: Strategy = st.one_of(
    ANYTHING,
    st.fixed_dictionaries(
        {"version": st.just(1), "interactions": st.lists(st.one_of(INTERACTIONS, ANYTHING))},
        optional={"metadata": ANYTHING},
    ),
    st.fixed_dictionaries({"version": st.just(1), "interactions": st.lists(INTERACTIONS)}),
)


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cassette=CASSETTES)
def test_any_cassette_is_shown_or_refused(cassette: Any, tmp_path: Path) -> None:
    path = tmp_path / "strange.json"
    path.write_text(json.dumps(cassette), encoding="utf-8")
    try:
        recording = read_recording(path)
        timeline = read_timeline(recording.exchanges, recording.apps)
        assert render_page("strange", recording.apps, timeline)
        problems = find_problems(recording.exchanges, recording.apps, recording.read_body)
        assert isinstance(problems, list)
    except (CassetteError, ProtocolError):
        pass
