"""The runner itself: what counts as a difference, and what is called."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from spacecall.codegen._schemas.app_documents import AppDocuments
from tests.codegen.apps import Function, Slot, app
from tests.demos.cases import Case, cases
from tests.demos.clients import Outcome
from tests.demos.comparison import compare, difference
from tests.demos.explanations import EXPLANATIONS
from tests.demos.runner import first_of_each_kind
from tests.servers import APPS

CASE = Case("/run", "example", "", ((), ()), ({},))
ROOT = Path(__file__).resolve().parent.parent.parent


def differences(ours: Outcome, theirs: Outcome) -> list[str]:
    return [entry.aspect for entry in compare("app", CASE, {"dynamic": [ours]}, [theirs])]


@pytest.mark.parametrize(
    ("left", "right", "path"),
    [
        (1, 1.0, ""),
        (1, True, ""),
        (None, "", ""),
        ([1, [2]], [1, [3]], "[1][0]"),
        ({"a": 1}, {"a": 1, "b": None}, ".b"),
        ([1], [1, 1], ""),
        ({"$file": "one hash"}, {"$file": "another"}, ".$file"),
        (float("nan"), 1.0, ""),
    ],
)
def test_values_differ_by_type_key_length_and_content(left: Any, right: Any, path: str) -> None:
    for pair in ((left, right), (right, left)):
        mismatch = difference(*pair)
        assert mismatch is not None
        assert mismatch[0] == path


@pytest.mark.parametrize("value", [1, 1.5, None, "", [{"a": [None]}], float("nan")])
def test_a_value_does_not_differ_from_itself(value: Any) -> None:
    assert difference(value, value) is None


def test_outputs_that_a_slow_consumer_missed_are_no_difference() -> None:
    theirs = Outcome("abc", outputs=("a", "ab", "abc"))
    assert differences(Outcome("abc", outputs=("a", "abc")), theirs) == []
    assert differences(Outcome("abc", outputs=("abc",)), theirs) == []


@pytest.mark.parametrize("outputs", [("ab", "a", "abc"), ("a", "abc", "abc"), ("x", "abc")])
def test_outputs_out_of_order_twice_or_of_nowhere_are_a_difference(
    outputs: tuple[str, ...],
) -> None:
    theirs = Outcome("abc", outputs=("a", "ab", "abc"))
    assert differences(Outcome("abc", outputs=outputs), theirs) == ["outputs"]


def test_an_error_of_one_client_alone_is_a_difference() -> None:
    error = Outcome(error="AppError", message="no")
    assert differences(error, Outcome(1)) == ["error"]
    assert differences(Outcome(1), error) == ["error"]


def test_messages_are_compared_where_the_app_was_asked() -> None:
    theirs = Outcome(error="AppError", message="no")
    assert differences(Outcome(error="AppError", message="yes"), theirs) == ["message"]
    refused = Outcome(error="InvalidInputError", message="yes", sent=False)
    assert differences(refused, theirs) == []


def described() -> AppDocuments:
    text = Slot(name="text", label="Text")
    picture = Slot("Image", {"title": "ImageData", "type": "object"}, name="picture")
    documents = app(
        Function("run", [text, picture], [Slot()], state=True), Function("stop", [], [])
    )
    for function in documents.info["named_endpoints"].values():
        for parameter in function["parameters"]:
            parameter["example_input"] = (
                {"path": "x"} if parameter["component"] == "Image" else "hi"
            )
    return documents


def test_every_endpoint_is_called_with_examples_edges_and_in_a_session() -> None:
    all_cases = cases(described())
    kinds = {
        name: [case.kind for case in all_cases if case.endpoint == name]
        for name in ("/run", "/stop")
    }
    assert set(kinds["/run"]) == {"defaults", "example", "edge", "session"}
    assert kinds["/stop"] == ["defaults"]
    edges = [case for case in all_cases if case.kind == "edge"]
    assert {number for case in edges for number in case.steps[0]} == {0, 1}
    assert None in [case.steps[0][0] for case in edges]
    assert len({case.name for case in all_cases}) == len(all_cases)


def test_a_sample_has_every_kind_once() -> None:
    sample = [(case.endpoint, case.kind) for case in first_of_each_kind(cases(described()))]
    assert sorted(sample) == sorted(set(sample))
    assert len(sample) == 5


def test_every_explanation_is_in_the_documentation() -> None:
    page = " ".join((ROOT / "docs" / "compatibility.md").read_text(encoding="utf-8").split())
    assert not [entry.name for entry in EXPLANATIONS if entry.reason not in page]


def test_there_are_at_least_sixty_apps() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (APPS / "demos").glob("*.py")]
    assert sum(len(re.findall(r"^@demo\(", text, re.MULTILINE)) for text in texts) >= 60
