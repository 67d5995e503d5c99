"""What a session knows of the components that its calls have changed."""

from __future__ import annotations

from typing import Any

import pytest

from spacecall._core.app_components import Component
from spacecall._core.app_functions import Dependency
from spacecall._core.event_buffer import EventBuffer
from spacecall._core.feed_jobs import FeedJob
from spacecall._core.input_check import find_refusals
from spacecall._core.job_state import JobStatus
from spacecall._core.jobs import Job
from spacecall._core.session_components import SessionComponents, read_layout, read_update
from spacecall.component_updates import LayoutUpdate, Update, pair_choices
from spacecall.endpoints import Parameter
from spacecall.errors import ProtocolError
from spacecall.options import Limits
from tests.core.apps import corpus_app, dependency, protocol_app
from tests.core.wire import completed, generating


def component(kind: str, **props: Any) -> Component:
    return Component(1, kind, props=props)


def parameter(kind: str) -> Parameter:
    return Parameter("x", "x", kind, {"type": "string", "enum": ["a"]})


def changed_schema(changed: Component, **update: Any) -> Any:
    components = SessionComponents()
    endpoint = Dependency(0, "f", (), (changed,))
    components.record(endpoint, [{"__type__": "update", **update}])
    (result,) = components.apply([parameter(changed.type)], [changed])
    return result.schema


@pytest.mark.parametrize(
    ("changed", "update", "schema"),
    [
        (component("dropdown"), {"choices": [["B", "b"], ["C", 3]]}, {"enum": ["b", 3]}),
        (component("radio", choices=["a"]), {"choices": ["b"]}, {"enum": ["b"]}),
        (component("dropdown", choices=["a"]), {"choices": []}, {}),
        (component("dropdown", choices=["a"]), {"allow_custom_value": True}, {}),
        (
            component("checkboxgroup"),
            {"choices": ["b"]},
            {"type": "array", "items": {"enum": ["b"]}},
        ),
        (
            component("dropdown", choices=["b"]),
            {"multiselect": True},
            {"type": "array", "items": {"enum": ["b"]}},
        ),
        (
            component("slider", minimum=0, maximum=9),
            {"maximum": 50},
            {"type": "number", "minimum": 0, "maximum": 50},
        ),
        (component("number"), {"minimum": 2}, {"type": "number", "minimum": 2}),
        (component("textbox"), {"choices": ["b"]}, {"type": "string", "enum": ["a"]}),
        (component("dropdown", choices=["a"]), {"label": "B"}, {"type": "string", "enum": ["a"]}),
    ],
)
def test_a_changed_component_takes_other_inputs(
    changed: Component, update: dict[str, Any], schema: Any
) -> None:
    assert changed_schema(changed, **update) == schema


def test_changes_add_up() -> None:
    slider = component("slider", minimum=0, maximum=9)
    endpoint = Dependency(0, "f", (), (component("textbox"), slider))
    components = SessionComponents()
    assert components.apply([parameter("slider")], [slider]) == [parameter("slider")]
    for update in ({"maximum": 20}, {"minimum": 10}, {"visible": False}):
        components.record(endpoint, ["x", {"__type__": "update", **update}])
    (changed,) = components.apply([parameter("slider")], [slider])
    assert changed.schema == {"type": "number", "minimum": 10, "maximum": 20}
    assert find_refusals(changed.schema, "slider", 5)
    assert not find_refusals(changed.schema, "slider", 15)
    other = Component(2, "slider")
    assert components.apply([parameter("slider")], [other]) == [parameter("slider")]
    assert components.apply([parameter("slider")], []) == [parameter("slider")]


def test_all_changes_of_a_component_that_a_function_takes_whole_are_kept() -> None:
    app, _ = corpus_app("playback_position")
    components = SessionComponents()
    reads, moves = (
        dependency(app, name) for name in ("/print_audio_playback_pos", "/set_audio_playback_pos")
    )
    components.record(moves, [{"__type__": "update", "playback_position": 10.0}])
    components.record(moves, [{"__type__": "update", "label": "sax", "value": "new"}])
    (sent,) = reads.fill_slots(["x"], components.changed_props)
    changed = {"playback_position": 10.0, "label": "sax", "value": "x"}
    assert sent == {**reads.inputs[0].props, **changed}
    assert components.apply([parameter("audio")], reads.inputs) == [parameter("audio")]
    other = Component(99, "audio")
    components.record(Dependency(0, "f", (), (other,)), [{"__type__": "update", "label": "y"}])
    assert 99 not in components.changed_props


def test_the_changes_of_a_session_are_bounded() -> None:
    components = SessionComponents(max_bytes=1000)
    whole = Component(1, "html", passes_props=True)
    endpoint = Dependency(0, "f", (), (whole,))
    for size in (800, 10, 800):  # a newer value takes the place of the older one
        components.record(endpoint, [{"__type__": "update", "text": "x" * size}])
    with pytest.raises(ProtocolError, match="changed more than 1000 bytes of the session's"):
        components.record(endpoint, [{"__type__": "update", "more": "x"}])
    plain = Dependency(0, "f", (), (Component(2, "textbox"),))
    components.record(plain, [{"__type__": "update", "text": "x" * 9000}])


def test_a_change_that_is_nested_too_deeply_is_refused() -> None:
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    endpoint = Dependency(0, "f", (), (Component(1, "dropdown"),))
    with pytest.raises(ProtocolError, match="nested too deeply"):
        SessionComponents().record(endpoint, [{"__type__": "update", "choices": nested}])


def test_the_endpoints_of_a_session_have_the_new_choices() -> None:
    app, endpoints = protocol_app("6.31.0")
    components = SessionComponents()
    assert components.describe(endpoints, app) is endpoints
    endpoint = dependency(app, "/update")
    update = {"__type__": "update", "choices": ["new"]}
    components.record(endpoint, ["x", update])
    described = components.describe({**endpoints, "/gone": endpoints["/echo"]}, app)
    assert described["/gone"] == described["/echo"] == endpoints["/echo"]
    changed = described["/widgets"].parameters[0]
    assert changed.schema == {"enum": ["new"]}


@pytest.mark.parametrize("follow", [False, True])
@pytest.mark.parametrize("every_output", [False, True])
def test_a_job_reports_all_values(*, follow: bool, every_output: bool) -> None:
    values: list[list[Any]] = []
    job = Job(
        0,
        follow=follow,
        limits=Limits(),
        notify=lambda: None,
        every_output=every_output,
        on_values=values.append,
    )
    job.advance(JobStatus.QUEUED)
    job.receive(generating(["a"]))
    job.receive(generating([[["append", [], "b"]]]))
    job.receive(completed(["abc"]))
    assert values == [["a"], ["ab"], ["abc"]]


def test_a_feed_reports_its_values() -> None:
    values: list[list[Any]] = []
    job = FeedJob(
        EventBuffer(9, 999),
        0,
        sends_diffs=True,
        limits=Limits(),
        notify=lambda: None,
        on_values=values.append,
    )
    job.advance(JobStatus.QUEUED)
    job.receive(generating(["a"]))
    job.receive(completed(["b"]))
    assert values == [["a"], ["b"]]


def test_an_output_is_an_update_or_a_value() -> None:
    update = {"__type__": "update", "value": 1, "label": "x", "choices": [["A", "a"], "b"]}
    assert read_update(update) == Update(
        {"label": "x", "choices": [["A", "a"], "b"]}, has_value=True
    )
    assert read_update({"__type__": "update"}) == Update()
    for value in ("x", None, {"label": "x"}):
        assert read_update(value) == Update(has_value=True)


def test_components_without_a_value_are_the_layout() -> None:
    outputs = (
        Component(1, "tab", skip_api=True),
        Component(2, "textbox"),
        Component(3, "state", is_state=True, skip_api=True),
        Component(4, "button", skip_api=True),
    )
    endpoint = Dependency(0, "f", (), outputs)
    hidden = {"__type__": "update", "visible": False}
    assert read_layout(endpoint, [hidden, "text", None, "go"]) == (
        LayoutUpdate(component="tab", component_id=1, properties={"visible": False}),
        LayoutUpdate(component="button", component_id=4, has_value=True),
    )
    assert read_layout(endpoint, []) == ()


def test_an_update_reads_properties_as_far_as_they_are_sound() -> None:
    update = Update({"label": 3, "visible": "hidden", "interactive": "x", "choices": 5})
    assert (update.label, update.visible, update.interactive) == (None, False, None)
    assert (update.choices, update.choice_names) == ([], [])
    sound = Update({"label": "x", "visible": True, "interactive": False, "choices": [["A", 1]]})
    assert (sound.label, sound.visible, sound.interactive) == ("x", True, False)
    assert (sound.choices, sound.choice_names) == ([1], ["A"])
    assert Update().visible is None


def test_choices_are_pairs_or_plain() -> None:
    assert pair_choices([["A", 1], "b", 3, ["x", "y", "z"]]) == [
        ("A", 1),
        ("b", "b"),
        ("3", 3),
        ("['x', 'y', 'z']", ["x", "y", "z"]),
    ]
    assert pair_choices(None) == []
