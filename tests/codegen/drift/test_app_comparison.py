"""What counts in a comparison, and what does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from spacecall.codegen import drift
from spacecall.codegen._drift.app_model import EndpointModel, ValueModel
from spacecall.codegen._drift.subschema import SchemaNode
from tests.codegen.drift.pairs import app, rules

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
        return endpoint("/f", value("n", schema={"anyOf": [TEXT, *schemas]}, default="a"))

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
    texts = endpoint("/f", value("n", schema={"enum": ["1", "2"]}))
    numbers = endpoint("/f", value("n", schema={"enum": [1, 2]}))
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
