"""What counts in a comparison, and what does not."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from spacecall.codegen import drift
from spacecall.codegen._drift.app_model import EndpointModel, ValueModel
from spacecall.codegen._drift.subschema import SchemaNode
from tests.codegen.apps import Function, Slot
from tests.codegen.apps import app as app_of
from tests.codegen.drift.pairs import app, model, rules

TEXT = {"type": "string"}


def value(name: str, component: str = "textbox", **attributes: Any) -> ValueModel:
    schema = attributes.pop("schema", TEXT)
    label = attributes.pop("label", name)
    location = drift.Location("join.schema.json", f"/{name}")
    return ValueModel(name, label, component, SchemaNode(schema, {}), location, **attributes)


def endpoint(
    name: str, *inputs: ValueModel, outputs: tuple[ValueModel, ...] = (), **attributes: Any
) -> EndpointModel:
    location = drift.Location("join.schema.json", f"/$defs{name}")
    facts: dict[str, Any] = {
        "streaming": False,
        "queued": True,
        "stateful": False,
        "visibility": "public",
    }
    return EndpointModel(name, inputs, outputs, location=location, **{**facts, **attributes})


def an_app(*endpoints: EndpointModel, **attributes: Any) -> drift.AppModel:
    facts: dict[str, Any] = {
        "gradio": "6.31.0",
        "protocol": "sse_v3",
        "hidden": {},
        "selected": False,
        "max_file_size": None,
    }
    return drift.AppModel(
        endpoints={endpoint_.name: endpoint_ for endpoint_ in endpoints}, **{**facts, **attributes}
    )


def compared(before: EndpointModel, after: EndpointModel) -> list[tuple[str, str]]:
    findings = drift.compare_apps(an_app(before), an_app(after))
    return [(finding.rule, finding.subject) for finding in findings]


def test_a_stream_whose_input_has_another_name_or_position_is_no_other_stream() -> None:
    frame, size = value("frame", "image"), value("size")
    before = endpoint("/see", frame, size, stream_input="frame")
    moved = endpoint("/see", size, frame, stream_input="frame")
    assert "stream-input-changed" not in dict(compared(before, moved))
    renamed = endpoint("/see", value("picture", "image"), size, stream_input="picture")
    assert compared(before, renamed) == [("parameter-renamed", "frame")]


def test_endpoints_that_are_not_pinned_do_not_count() -> None:
    before, after = (
        app("24-output-added-and-removed", "before"),
        app("24-output-added-and-removed", "after"),
    )
    pinned = {"/more": before.endpoints["/more"]}
    findings = drift.compare_apps(replace(before, endpoints=pinned, selected=True), after)
    assert [(finding.rule, finding.endpoint) for finding in findings] == [("output-added", "/more")]


def test_new_endpoints_are_not_said_of_a_client_of_chosen_ones() -> None:
    old, new = endpoint("/a", value("x")), endpoint("/b", value("y"))
    assert rules(drift.compare_apps(an_app(old), an_app(old, new))) == {"endpoint-added"}
    assert drift.compare_apps(an_app(old, selected=True), an_app(old, new)) == []


def test_a_rename_takes_the_nearest_name_of_equal_signatures() -> None:
    was = endpoint("/predict_image", value("x"))
    live = an_app(endpoint("/other", value("x")), endpoint("/predict_images", value("x")))
    (renamed, added) = drift.compare_apps(an_app(was), live)
    assert (renamed.rule, renamed.after) == ("endpoint-renamed", "/predict_images")
    assert (added.rule, added.endpoint) == ("endpoint-added", "/other")


def test_functions_without_parameters_are_not_mistaken_for_each_other() -> None:
    out = (value("output 1"),)
    live = an_app(endpoint("/b", outputs=out), endpoint("/c", outputs=out))
    findings = drift.compare_apps(an_app(endpoint("/a", outputs=out)), live)
    assert [finding.rule for finding in findings] == [
        "endpoint-removed",
        "endpoint-added",
        "endpoint-added",
    ]


def test_two_endpoints_do_not_become_the_same_one() -> None:
    before = an_app(endpoint("/a", value("x")), endpoint("/b", value("x")))
    findings = drift.compare_apps(before, an_app(endpoint("/c", value("x"))))
    assert [finding.rule for finding in findings] == ["endpoint-renamed", "endpoint-removed"]


def test_a_renamed_endpoint_is_compared_too() -> None:
    before = endpoint("/a", value("x", default=1))
    findings = compared(before, endpoint("/b", value("x", default=2)))
    assert findings == [("endpoint-renamed", ""), ("default-changed", "x")]


def test_a_changed_endpoint_is_no_reshuffle_without_its_twin() -> None:
    findings = compared(
        endpoint("/predict", value("x")), endpoint("/predict", value("y", "number"))
    )
    assert findings == [("parameter-removed", "x"), ("parameter-added-optional", "y")]


def test_numbered_functions_that_moved_up_are_all_recognised() -> None:
    def family(*kinds: str) -> drift.AppModel:
        names = ["/run", "/run_1", "/run_2"]
        pairs = zip(names, kinds, strict=False)
        return an_app(*(endpoint(name, value("x", kind)) for name, kind in pairs))

    findings = drift.compare_apps(family("image", "audio", "video"), family("audio", "video"))
    assert [(finding.rule, finding.endpoint, finding.after) for finding in findings] == [
        ("endpoint-removed", "/run", None),
        ("endpoint-reshuffled", "/run_1", "/run"),
        ("endpoint-renamed", "/run_2", "/run_1"),
    ]


def test_a_renamed_parameter_is_found_behind_a_new_one() -> None:
    before = endpoint("/f", value("a"), value("seed", "number"))
    after = endpoint("/f", value("a"), value("new", "image"), value("random_seed", "number"))
    assert ("parameter-renamed", "seed") in compared(before, after)


def test_another_component_in_the_same_place_is_no_rename() -> None:
    before, after = endpoint("/f", value("a")), endpoint("/f", value("b", "number"))
    assert "parameter-renamed" not in {rule for rule, _ in compared(before, after)}


def test_null_that_only_a_default_allowed_is_no_type_of_its_own() -> None:
    empty = value("n", "number", schema={"anyOf": [{"type": "number"}, {"type": "null"}]})
    full = value("n", "number", schema={"type": "number"}, default=3)
    assert compared(endpoint("/f", empty), endpoint("/f", full)) == [("default-changed", "n")]


def test_null_counts_where_the_default_stayed() -> None:
    def side(*schemas: Any) -> EndpointModel:
        return endpoint("/f", value("n", "custom", schema={"anyOf": [TEXT, *schemas]}, default="a"))

    null = {"type": "null"}
    assert compared(side(null), side()) == [("parameter-retyped", "n")]
    assert compared(side(), side(null)) == [("parameter-widened", "n")]


def test_numbers_that_are_equal_are_the_same_default_however_they_are_written() -> None:
    integer, decimal = (
        endpoint("/f", value("n", default=[1])),
        endpoint("/f", value("n", default=[1.0])),
    )
    assert compared(integer, decimal) == []


def test_choices_of_another_type_are_another_type() -> None:
    texts = endpoint("/f", value("n", "radio", schema={"enum": ["1", "2"]}))
    numbers = endpoint("/f", value("n", "radio", schema={"enum": [1, 2]}))
    assert compared(texts, numbers) == [("parameter-retyped", "n")]


def test_the_label_of_the_only_output_is_no_name() -> None:
    old, new = ((value("output 1", label=label),) for label in ("A", "B"))
    assert compared(endpoint("/f", outputs=old), endpoint("/f", outputs=new)) == []


def test_an_output_put_in_between_does_not_rename_the_others() -> None:
    def outputs(*labels: str) -> EndpointModel:
        values = (value(f"output {n}", label=label) for n, label in enumerate(labels, 1))
        return endpoint("/f", outputs=tuple(values))

    assert compared(outputs("A", "B"), outputs("A", "New", "B")) == [("output-added", "output 2")]
    assert compared(outputs("A", "Old", "B"), outputs("A", "B")) == [("output-removed", "output 2")]


def test_what_is_not_known_of_one_side_is_no_drift() -> None:
    function = endpoint("/f", value("x"))
    incomplete = an_app(function, gradio="", protocol="")
    complete = an_app(function, access="login", hardware="zero-a10g")
    assert drift.compare_apps(incomplete, complete) == []
    assert drift.compare_apps(complete, incomplete) == []


def test_an_object_that_differs_by_what_it_requires_is_said_not_to_be_the_same() -> None:
    def side(*required: str) -> ValueModel:
        schema = {"type": "object", "properties": {"a": TEXT}, "required": list(required)}
        return value("x", schema=schema)

    (sent,) = drift.compare_apps(an_app(endpoint("/f", side())), an_app(endpoint("/f", side("a"))))
    assert (sent.rule, sent.message) == (
        "parameter-retyped",
        "x still takes a dict of a, but not the same",
    )
    old, new = (endpoint("/f", outputs=(side(*names),)) for names in (("a",), ()))
    (got,) = drift.compare_apps(an_app(old), an_app(new))
    assert (got.rule, got.message) == (
        "output-retyped",
        "x 'x' is still a dict of a, but not the same",
    )


def test_several_files_where_one_was_are_no_drift_if_the_wire_is_the_same() -> None:
    single, many = (endpoint("/f", value("x", multiple_files=many)) for many in (False, True))
    assert compared(single, many) == []
    assert compared(many, single) == [("file-count-narrowed", "x")]


def test_endpoints_are_found_in_the_same_order_whatever_the_app_does() -> None:
    new = [endpoint(name, value("x", kind)) for name, kind in (("/b", "image"), ("/a", "audio"))]
    old = endpoint("/f", value("x"))
    forth, back = (
        drift.compare_apps(an_app(old), an_app(old, *order)) for order in (new, new[::-1])
    )
    assert forth == back


def unnamed(*slots: tuple[str, str]) -> drift.AppModel:
    """An app of `def size(*args)` with text boxes of these names and labels."""
    ids = range(len(slots))
    config = {
        "version": "6.31.0",
        "components": [
            {"id": i, "type": "textbox", "props": {"label": label}, "skip_api": False}
            for i, (_, label) in enumerate(slots)
        ],
        "dependencies": [{"id": 0, "api_name": "size", "inputs": [*ids], "outputs": []}],
    }
    parameters = [
        {"parameter_name": name, "label": label, "component": "Textbox", "type": TEXT}
        for name, label in slots
    ]
    info = {"named_endpoints": {"/size": {"parameters": parameters, "returns": []}}}
    return drift.read_live_app(config, info)


def test_labels_that_name_parameters_are_compared() -> None:
    before = unnamed(("param_0", "Width"), ("param_1", "Height"))
    swapped = unnamed(("param_0", "Height"), ("param_1", "Width"))
    renamed = unnamed(("param_0", "Width"), ("param_1", "Depth"))
    assert [finding_.rule for finding_ in drift.compare_apps(before, swapped)] == [
        "parameters-reordered"
    ]
    (finding,) = drift.compare_apps(before, renamed)
    assert (finding.rule, finding.before, finding.after) == ("parameter-renamed", "height", "depth")
    assert drift.compare_apps(before, before) == []


def test_labels_of_parameters_with_names_are_not_compared() -> None:
    before = unnamed(("a", "Width"), ("b", "Height"))
    assert drift.compare_apps(before, unnamed(("a", "Height"), ("b", "Width"))) == []


def number(low: float, high: float, step: float, **attributes: Any) -> EndpointModel:
    schema = {"type": "number", "minimum": low, "maximum": high}
    return endpoint("/f", value("n", "slider", schema=schema, step=step, **attributes))


@pytest.mark.parametrize(
    ("before", "after", "rules_"),
    [
        ((0, 100, 1), (0, 1000, 10), []),  # each a hundredth of the range, as Gradio derives it
        ((0, 1, 0.01), (0, 0.5, 0.001), []),
        ((0, 100, 0.5), (0, 100, 1), []),  # a step that was chosen was removed
        ((0, 100, 1), (0, 100, 8), ["step-narrowed"]),
        ((0, 100, 8), (0, 100, 2), ["step-widened"]),
    ],
)
def test_a_step_counts_if_the_author_chose_it(
    before: tuple[float, float, float], after: tuple[float, float, float], rules_: list[str]
) -> None:
    found = [rule for rule, _ in compared(number(*before), number(*after))]
    assert [rule for rule in found if rule.startswith("step")] == rules_


def test_a_number_that_the_server_rounds_is_no_retyping_between_major_versions() -> None:
    fractions = endpoint("/f", value("n", "number", schema={"type": "number"}))
    integers = endpoint("/f", value("n", "number", schema={"type": "integer"}))
    assert compared(fractions, integers) == [("fractions-rounded", "n")]
    old, new = an_app(fractions, gradio="4.44.1"), an_app(integers)
    assert rules(drift.compare_apps(old, new)) == {"gradio-major-changed"}


@pytest.mark.parametrize("kind", ["integer", "number", "boolean", "string"])
def test_a_text_box_takes_every_scalar(kind: str) -> None:
    old = endpoint("/f", value("n", "custom", schema={"type": kind}))
    assert compared(old, endpoint("/f", value("n"))) == [("component-changed", "n")]
    listed = endpoint("/f", value("n", "custom", schema={"type": "array", "items": TEXT}))
    assert ("parameter-retyped", "n") in compared(listed, endpoint("/f", value("n")))


@pytest.mark.parametrize(
    ("kind", "old", "new", "default"),
    [
        ("dropdown", {"enum": ["a", "b"]}, {"enum": ["b"]}, "a"),
        ("checkboxgroup", {"enum": ["a", "b"]}, {"enum": ["b"]}, ["b", "a"]),
        ("slider", {"type": "number"}, {"type": "number", "maximum": 9}, 10),
        ("number", TEXT, {"type": "number", "minimum": 0}, "a"),
        ("dropdown", {"enum": ["a"]}, {**TEXT, "x-spacecall": {"no_choices": True}}, "a"),
    ],
)
def test_a_pinned_default_that_is_refused_is_an_error(
    kind: str, old: Any, new: Any, default: Any
) -> None:
    def side(schema: Any, default_: Any) -> EndpointModel:
        items = {"type": "array", "items": schema} if isinstance(default, list) else schema
        return endpoint("/f", value("n", kind, schema=items, default=default_))

    found = compared(side(old, default), side(new, None))
    assert ("default-refused", "n") in found
    assert ("default-changed", "n") not in found
    # a default that never fitted its own schema is refused by nobody
    assert ("default-refused", "n") not in compared(side(new, default), side(new, default))


def test_a_default_changes_when_the_app_starts_or_stops_to_compute_it() -> None:
    def side(**attributes: Any) -> EndpointModel:
        return endpoint("/f", value("n", **attributes))

    computed = side(computed_default=True, app_default=True)
    assert compared(computed, computed) == []
    assert compared(side(default="11:00"), computed) == [("default-changed", "n")]
    assert compared(computed, side(default="11:00")) == [("default-changed", "n")]
    assert compared(computed, side(required=True)) == [("app-default-removed", "n")]


def test_files_as_defaults_are_compared_by_name() -> None:
    def side(path: str) -> EndpointModel:
        file = {"path": path, "meta": {"_type": "gradio.FileData"}}
        schema = {"type": "object"}
        return endpoint("/f", value("n", "image", schema=schema, default=file, app_default=True))

    assert compared(side("/srv/1/a.png"), side("/srv/2/a.png")) == []
    assert compared(side("/srv/a.png"), side("/srv/b.png")) == [("default-changed", "n")]


def documents_of(function: Function) -> Mapping[str, Any]:
    documents = app_of(function)
    return {"config": documents.config, "info": documents.info}


def test_dates_of_older_folders_have_their_format_in_the_description() -> None:
    def app_(*, include_time: bool, type_: str) -> Mapping[str, Any]:
        text = f"Formatted as YYYY-MM-DD{' HH:MM:SS' if include_time else ''}"
        slot = Slot("DateTime", {"type": "string", "description": text}, "Day", "day")
        props = {"include_time": include_time, "type": type_}
        return documents_of(Function(inputs=[replace(slot, props=props)]))

    old, new, unread = (
        app_(include_time=time, type_=type_)
        for time, type_ in ((True, "timestamp"), (False, "timestamp"), (False, "string"))
    )
    assert rules(drift.compare_apps(model(old), model(new))) == {"date-format-refused"}
    assert rules(drift.compare_apps(model(old), model(unread))) == {"date-format-changed"}
    assert drift.compare_apps(model(old), model(old)) == []
    without_props = copy.deepcopy(dict(old))
    for component in without_props["config"]["components"]:
        component["props"].pop("include_time", None)
    assert rules(drift.compare_apps(model(without_props), model(new))) == {"date-format-refused"}


def test_a_missing_endpoint_is_looked_for_among_the_new_ones() -> None:
    old = endpoint("/paint", value("prompt"), value("size", "slider"))
    new = endpoint("/draw", value("prompt"), value("size", "slider"), value("seed", "number"))
    other = endpoint("/shout", value("text"))
    (missing, *_) = drift.compare_apps(an_app(old), an_app(other, new))
    assert missing.message == (
        "the app no longer has /paint; perhaps it is /draw now, with the parameter seed"
    )
    (missing, *_) = drift.compare_apps(an_app(new), an_app(other, old))
    assert missing.message.endswith("perhaps it is /paint now, without the parameter seed")
    (missing, *_) = drift.compare_apps(an_app(old), an_app(other))
    assert "perhaps" not in missing.message
