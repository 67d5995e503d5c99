"""What is made of an app's own description, and of its traffic, on every release."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spacecall import File, Space
from spacecall.cassettes import use_cassette
from spacecall.codegen import drift
from spacecall.codegen._project.client_builder import build_schema_folder
from spacecall.codegen._schemas.app_documents import AppDocuments, fetch_app
from tests.codegen.apps import generated, load
from tests.matrix.conftest import PATIENT, given
from tests.servers import DATA, AppServer

RED = DATA / "red.png"


@pytest.fixture
async def documents(app: AppServer) -> AppDocuments:
    return await fetch_app(app.url)


def in_order(method: Callable[..., Any], *values: Any) -> Any:
    """A call with arguments by their order: their names differ before 4.44."""
    return method(**dict(zip(inspect.signature(method).parameters, values, strict=False)))


async def test_a_generated_client(
    app: AppServer, release: str, documents: AppDocuments, tmp_path: Path
) -> None:
    name = f"matrix_{release.replace('.', '_')}"
    module = load(generated(documents, "matrix"), tmp_path, name)
    async with Space(app.url, describe=False, timeouts=PATIENT) as space:
        client: Any = module.Matrix(space)
        assert await in_order(client.echo, "hi") == "hi"
        assert await in_order(client.add, 1, 2) == 3
        async with in_order(client.stream_text, "a", 2) as job:
            assert [value async for value in job.outputs][-1] == "a0 a1 "
        image = await in_order(client.image, RED)
        assert isinstance(image, File)
        assert (await image.read()).startswith(b"\x89PNG")
        files = await in_order(client.files, [RED, b"x"])
        assert [await file.read() for file in files] == [RED.read_bytes(), b"x"]


async def test_drift_is_found(documents: AppDocuments) -> None:
    pinned = drift.read_pinned_app(build_schema_folder(documents, "matrix"))
    assert drift.compare_apps(pinned, drift.read_live_app(documents.config, documents.info)) == []
    functions = [
        dependency
        for dependency in documents.config["dependencies"]
        if dependency.get("api_name") != "stream_text"
    ]
    endpoints = dict(documents.info["named_endpoints"])
    del endpoints["/stream_text"]
    now = drift.read_live_app(
        {**documents.config, "dependencies": functions},
        {**documents.info, "named_endpoints": endpoints},
    )
    assert "endpoint-removed" in {finding.rule for finding in drift.compare_apps(pinned, now)}


async def test_cassettes(app: AppServer, tmp_path: Path) -> None:
    path = tmp_path / "cassette.json"

    async def play() -> list[Any]:
        async with Space(app.url, timeouts=PATIENT) as space:
            values = [await given(space, "/echo", "hi"), await given(space, "/noqueue", "x")]
            async with given(space, "/stream_text", "a", 2) as job:
                return [*values, *[value async for value in job.outputs]]

    with use_cassette(path, mode="all"):
        live = await play()
    with use_cassette(path, mode="none"):
        assert await play() == live
