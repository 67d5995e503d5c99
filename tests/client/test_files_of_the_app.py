"""Files of an app: given back to it, its defaults, inside messages, in component updates."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from spacecall import AppError, File, InvalidInputError, Space
from spacecall._client.calls.prepared_call import collect_files
from spacecall.codegen._project.client_builder import build_schema_folder
from spacecall.codegen._python.client_module import write_module
from spacecall.codegen._schemas.app_documents import fetch_app
from spacecall.typed import APP_DEFAULT
from tests.client.tools import counting
from tests.conftest import ServerPool
from tests.servers import AppServer

VERSIONS = ["6.31.0", "5.50.0"]


@pytest.fixture(params=VERSIONS)
def server(request: pytest.FixtureRequest, app_server: ServerPool) -> AppServer:
    return app_server("app_files.py", request.param)


@pytest.fixture
async def counted(
    server: AppServer,
) -> AsyncGenerator[tuple[Space, Counter[str]], None]:
    async with counting(server) as (space, counts):
        yield space, counts


_MODULES: dict[str, Any] = {}


def client_of(space: Space, folder: Path, documents: Any) -> Any:
    """A client that is generated from the running app."""
    version = ".".join(map(str, space.gradio_version))
    if version not in _MODULES:
        path = folder / f"files_{version.replace('.', '_')}.py"
        path.write_text(write_module(build_schema_folder(documents, "files"), origin="files"))
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[path.stem] = module
        spec.loader.exec_module(module)
        _MODULES[version] = module
    return _MODULES[version].Files(space)


@pytest.fixture
async def typed(counted: tuple[Space, Counter[str]], server: AppServer, tmp_path: Path) -> Any:
    return client_of(counted[0], tmp_path, await fetch_app(server.url))


def default_of(space: Space, endpoint: str) -> Any:
    (parameter,) = space.endpoints[endpoint].parameters
    return parameter.name, parameter.default


@pytest.mark.parametrize("endpoint", ["/size", "/sizes", "/pictures"])
async def test_the_apps_own_default_can_be_given(
    endpoint: str, counted: tuple[Space, Counter[str]], typed: Any
) -> None:
    space, counts = counted
    left_out = await space.call(endpoint)
    assert left_out not in (0, [])
    name, default = default_of(space, endpoint)
    method = getattr(typed, endpoint[1:])
    assert await space.call(endpoint, **{name: default}) == left_out
    assert await method(**{name: default}) == left_out
    assert await method() == left_out
    assert await method(**{name: APP_DEFAULT}) == left_out
    assert counts["/gradio_api/upload"] == 0


async def test_a_default_with_a_file_is_a_default_of_the_signature(typed: Any) -> None:
    for method in (typed.size, typed.sizes, typed.pictures, typed.wider):
        (parameter,) = inspect.signature(method).parameters.values()
        assert parameter.default is APP_DEFAULT


async def test_what_gradio_client_writes_for_a_file_stays_remote(
    counted: tuple[Space, Counter[str]], typed: Any, tmp_path: Path
) -> None:
    space, counts = counted
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"precious")
    local = {"path": str(secret), "orig_name": "x", "meta": {"_type": "gradio.FileData"}}
    name, _ = default_of(space, "/plain_size")
    for call in (space.call("/plain_size", **{name: local}), typed.plain_size(**{name: local})):
        with pytest.raises(AppError):
            await call
    assert counts["/gradio_api/upload"] == 0


async def test_an_object_that_names_no_file_is_invalid_input(
    counted: tuple[Space, Counter[str]], typed: Any
) -> None:
    space, _ = counted
    name, _ = default_of(space, "/plain_size")
    for wrong in ({"path": 5}, {"path": ""}, {}):
        with pytest.raises(InvalidInputError):
            await space.call("/plain_size", **{name: wrong})
        with pytest.raises(InvalidInputError):
            await typed.plain_size(**{name: wrong})


def first(content: Any) -> Any:
    """A message's content: a list since Gradio 6."""
    return cast("list[Any]", content)[0] if isinstance(content, list) else content


async def test_a_file_in_a_message_is_a_file(
    counted: tuple[Space, Counter[str]], typed: Any
) -> None:
    space, counts = counted
    (message,) = await space.call("/message")
    dynamic = first(message["content"])["value"]
    (typed_message,) = await typed.message()
    file = first(typed_message.content).value
    assert isinstance(dynamic, File)
    assert isinstance(file, File)
    assert await file.read() == await dynamic.read() != b""
    again = await typed.again(chat=[typed_message])
    assert isinstance(again, list)
    assert counts["/gradio_api/upload"] == 0


async def test_a_file_in_json_is_a_file(counted: tuple[Space, Counter[str]], typed: Any) -> None:
    space, _ = counted
    _, default = default_of(space, "/size")
    name, _ = default_of(space, "/give_json")
    value = {"deep": [{"file": default, "other": 1}], "path": "text"}
    for result in (
        await space.call("/give_json", **{name: value}),
        await typed.give_json(**{name: value}),
    ):
        assert isinstance(result, Mapping)
        (file,) = collect_files(result)
        assert (await file.read())[:4] == b"\x89PNG"
        assert result["path"] == "text"


@pytest.mark.parametrize("endpoint", ["/update", "/component", "/wider"])
async def test_a_component_update_with_a_file_gives_the_file(
    endpoint: str, counted: tuple[Space, Counter[str]], typed: Any
) -> None:
    space, _ = counted
    for file in (await space.call(endpoint), await getattr(typed, endpoint[1:])()):
        assert isinstance(file, File)
        assert await file.read()


@pytest.mark.parametrize("version", ["6.31.0", "3.50.2"])
async def test_objects_in_json_that_look_like_files_stay_as_they_are(
    version: str, app_server: ServerPool
) -> None:
    value = [
        {"path": "p", "orig_name": "q", "mime_type": None, "mine": 1},
        {"name": "/etc/passwd", "is_file": True, "data": None},
    ]
    async with Space(app_server("protocol_app.py", version).url) as space:
        *names, js = [parameter.name for parameter in space.endpoints["/widgets"].parameters]
        table = {"headers": ["name", "age"], "data": [["x", 1]]}
        inputs: list[Any] = ["x", ["x"], "one", ["c1"], 4, True, table]
        arguments = dict(zip(names, inputs, strict=True))
        text, _, echoed = await space.call("/widgets", **arguments, **{js: value[1:]})
        assert repr(value[1]) in text
        assert echoed == {"got": value[1:]}
        if version == "3.50.2":  # since Gradio 4 the first is a file, wherever it stands
            text, *_ = await space.call("/widgets", **arguments, **{js: value})
            assert repr(value) in text
