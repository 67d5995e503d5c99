"""What the apps themselves show as examples and defaults: each goes to the wire as it is there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import create_model

from spacecall import File, InvalidInputError
from spacecall._core.app_components import Component
from spacecall._core.input_check import find_refusals
from spacecall._core.json_values import is_array, is_object
from spacecall._core.session_components import SessionComponents
from spacecall.typed import Arguments, TypedEndpoint
from tests.codegen.apps import CAPTURES, CORPUS, generated, load, saved
from tests.codegen.test_module import endpoints

APPS = [*CORPUS, *CAPTURES]
IDS = [path.stem if path.suffix == ".json" else f"gradio-{path.name}" for path in APPS]
REFUSED = {
    "interface_random_slider": ["/predict slider: 0.25 is less than the minimum of 5"],
    "3.50.2": [
        "/widgets dd: expected a str or None, got list ['x', 'x']",
        "/widgets ddm: [0]: expected a str, got list ['x', 'x']",
    ],
}
"""Examples that the app itself does not take: outside its limits, or none of its choices."""

FILE = File(b"a file of the caller's", name="file.txt")


def with_file(value: Any) -> Any:
    """A value of the app's, a file of the caller's in the place of each of the app's."""
    if is_object(value):
        members = {key: with_file(member) for key, member in value.items()}
        return FILE if "path" in members and "meta" in members else members
    return [with_file(item) for item in value] if is_array(value) else value


def wire(value: Any) -> str:
    """A value as JSON, where 3 is not 3.0, a tuple is a list, and a file is its address."""
    return json.dumps(value, default=lambda file: file.url or repr(file))


def kind(entry: Any) -> str:
    name: str = entry["component"].lower()
    return name


def examples_in(entry: Any) -> Iterator[Any]:
    """The example of a parameter, and its default."""
    placeholder = entry["component"] == "Api" and entry.get("example_input") == "..."
    if "example_input" in entry and not placeholder:
        yield entry["example_input"]
    if entry.get("parameter_has_default"):
        yield entry["parameter_default"]


def refusals(path: Path, folder: Path) -> Iterator[str]:
    """A line for each example or default of an app that its generated client does not send."""
    documents = saved(path)
    client = load(generated(documents, "real"), folder)
    for name, endpoint in endpoints(client).items():
        model = endpoint._inputs
        model.model_rebuild(force=True)
        entries = documents.info["named_endpoints"][name]["parameters"]
        for field, entry in zip(model.model_fields, entries, strict=True):
            for value in map(with_file, examples_in(entry)):
                info = model.model_fields[field]
                field_types: Any = {field: (info.annotation, info)}
                inputs = create_model("Alone", __base__=Arguments, **field_types)
                only = TypedEndpoint[Any](name, inputs=inputs, output=None, returns=0)
                try:
                    components = [Component(id=1, type=kind(entry))]
                    (sent,) = only._bind(
                        {field: value}, components, find_refusals, SessionComponents()
                    )
                except InvalidInputError as error:
                    yield f"{name} {error.problems[0]}"
                    continue
                if wire(sent) != wire(value):
                    yield f"{name} {field}: {value!r} is sent as {sent!r}"


@pytest.mark.parametrize("path", APPS, ids=IDS)
def test_every_example_and_default_goes_to_the_wire_as_it_is(path: Path, tmp_path: Path) -> None:
    refused = sorted(set(refusals(path, tmp_path)))
    assert refused == REFUSED.get(path.stem if path.suffix == ".json" else path.name, [])
