"""A cassette is stale if a called endpoint has changed on the wire, and only then."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from spacecall import NotFoundError, SchemaDriftError, Space
from spacecall._client.calls.typed_endpoint import Arguments, OnDrift, TypedEndpoint
from spacecall._core.fingerprint import wire_shape
from spacecall.cassettes import StaleCassetteWarning, use_cassette
from spacecall.cassettes._inspect.recording import Recording, read_recording
from spacecall.cassettes._inspect.staleness import find_called_endpoints, find_stale_endpoints
from spacecall.codegen._project import client_builder
from spacecall.codegen._schemas.app_documents import AppDocuments
from spacecall.codegen._schemas.schema_folder import SchemaFolder
from tests.hostile.server import HostileServer, app_config, app_info

NOWHERE = "http://127.0.0.1:9"
SHAPE = "(textbox) -> (textbox) queued streaming"


class Predict(Arguments):
    x: str


async def call(address: str, shape: str = SHAPE, on_drift: OnDrift = "warn") -> None:
    endpoint = TypedEndpoint[str](
        "/predict", inputs=Predict, output=str, returns=1, schema="0" * 64, shape=shape
    )
    async with Space(address) as space:
        assert await endpoint.call(space, {"x": "hi"}, on_drift) == "ok"


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    path = tmp_path / "a.json"
    with HostileServer() as server, use_cassette(path, mode="once"):
        await call(server.url)
    return path


@pytest.mark.parametrize(
    "shape", [SHAPE, "(width: textbox) -> (textbox) queued streaming undocumented"]
)
async def test_a_label_makes_no_cassette_stale(path: Path, shape: str) -> None:
    with use_cassette(path), warnings.catch_warnings():
        warnings.simplefilter("error")
        await call(NOWHERE, shape)


async def test_a_client_of_another_shape_is_warned_of_once_in_the_right_order(path: Path) -> None:
    text = r"\(textbox\) -> \(textbox\) queued streaming, and the client was generated for \(number"
    with (
        use_cassette(path),
        pytest.warns(StaleCassetteWarning, match=rf"a\.json: /predict was recorded as {text}") as w,
    ):
        await call(NOWHERE, SHAPE.replace("(textbox)", "(number)", 1))
    assert len(w) == 1
    with use_cassette(path, assert_all_used=False), pytest.raises(SchemaDriftError):
        await call(NOWHERE, SHAPE.replace("(textbox)", "(number)", 1), "raise")


@pytest.mark.parametrize("on_drift", ["ignore", "warn", "raise"])
async def test_another_number_of_inputs_is_said_to_be_that_of_the_cassette(
    path: Path, on_drift: OnDrift
) -> None:
    class Two(Arguments):
        x: str
        y: str = "y"

    endpoint = TypedEndpoint[str](
        "/predict", inputs=Two, output=str, returns=1, schema="", shape=""
    )
    with use_cassette(path, assert_all_used=False):
        async with Space(NOWHERE) as space:
            with pytest.raises(SchemaDriftError) as caught:
                await endpoint.call(space, {"x": "hi"}, on_drift)
    assert str(caught.value) == (
        f"the cassette {path} was recorded from another version of the app than the client was "
        "generated from: the app takes 1 inputs, the client was generated for 2; record the "
        "cassette again [/predict]"
    )


async def test_another_number_of_outputs_is_said_to_be_that_of_the_cassette(path: Path) -> None:
    class Pair(NamedTuple):
        a: str
        b: str

    endpoint = TypedEndpoint[Pair](
        "/predict", inputs=Predict, output=Pair, returns=2, schema="", shape=""
    )
    with use_cassette(path):
        async with Space(NOWHERE) as space:
            with pytest.raises(SchemaDriftError, match=r"a\.json was recorded from"):
                await endpoint.call(space, {"x": "hi"}, "warn")


async def test_a_missing_endpoint_is_said_to_be_missing_in_the_cassette(path: Path) -> None:
    with use_cassette(path, assert_all_used=False):
        async with Space(NOWHERE) as space:
            with pytest.raises(NotFoundError, match=r"that of the cassette .*a\.json: if it has"):
                await space.call("/new", x="hi")


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (SHAPE, SHAPE),
        ("() -> () direct private", "() -> () direct"),
        (
            "(a: number, state, b: file) -> (state) queued",
            "(number, state, file) -> (state) queued",
        ),
    ],
)
def test_names_and_visibility_are_not_on_the_wire(shape: str, expected: str) -> None:
    assert wire_shape(shape) == expected


def stale(recording: Recording, schemas: SchemaFolder) -> list[str]:
    called = find_called_endpoints(recording.exchanges, recording.apps)
    ((address, app),) = recording.apps.items()
    return [*find_stale_endpoints(app, called[address], schemas)]


def schemas_of(folder: Path, config: dict[str, Any], info: dict[str, Any]) -> SchemaFolder:
    folder.mkdir()
    return client_builder.add_client(AppDocuments(config, info), folder, name="mine").folder


async def test_only_changes_of_called_endpoints_that_break_them_count(
    path: Path, tmp_path: Path
) -> None:
    config, info = app_config(), app_info()
    (parameter,) = info["named_endpoints"]["/predict"]["parameters"]
    recording = read_recording(path)
    assert not stale(recording, schemas_of(tmp_path / "same", config, info))
    config["components"][0]["props"]["label"] = parameter["label"] = "Another label"
    info["named_endpoints"]["/predict"]["description"] = "Another docstring."
    config["dependencies"].append({**config["dependencies"][0], "id": 1, "api_name": "new"})
    info["named_endpoints"]["/new"] = {**info["named_endpoints"]["/predict"]}
    assert not stale(recording, schemas_of(tmp_path / "label", config, info))
    config["components"][0].update(type="number", props={"name": "number", "label": "x"})
    parameter.update(component="Number", type={"type": "integer"})
    lines = stale(recording, schemas_of(tmp_path / "type", config, info))
    assert lines == ["/predict: x takes an integer or None now, not a str"]
