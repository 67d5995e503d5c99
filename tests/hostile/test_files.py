"""What an app says where a file is expected never becomes a file of the caller's own."""

from __future__ import annotations

import ast
import itertools
import json
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import TypeAdapter, ValidationError

import spacecall
from spacecall import File, Limits, Space, SyncSpace
from spacecall.codegen._schemas.app_documents import AppDocuments
from spacecall.errors import (
    FileTooLargeError,
    ForbiddenAddressError,
    InvalidInputError,
    SchemaDriftError,
    SpaceError,
    TransportError,
)
from spacecall.images import connect as connect_image
from tests.codegen.apps import FILE, Function, Slot, app, generated, load
from tests.hostile.server import PREFIX, HostileServer, http

META = {"_type": "gradio.FileData"}
SECRET = "-----BEGIN MY PRIVATE FILE-----"
FILES = {"type": "array", "items": FILE}
NULLABLE = {"anyOf": [FILE, {"type": "null"}]}
FRAMED = {
    "title": "Framed",
    "type": "object",
    "properties": {"image": FILE, "caption": {"type": "string"}},
    "required": ["image"],
}
MESSAGE = {
    "title": "MultimodalData",
    "type": "object",
    "properties": {"text": {"type": "string"}, "files": FILES},
}
GALLERY = {"type": "array", "items": FRAMED}
_numbers = itertools.count()


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "id_rsa"
    path.write_text(SECRET)
    return path


def painter(schema: Any, default: Any = ...) -> AppDocuments:
    """An app whose `/paint` gives a value of this schema, and whose `/upscale` takes one."""
    return app(
        Function("paint", [Slot(name="prompt")], [Slot("Image", schema, "image")]),
        Function("upscale", [Slot("Image", schema, "image", "image", default)], [Slot()]),
        title="painter",
    )


def serve(documents: AppDocuments, *outputs: Any) -> HostileServer:
    """A server of the app that completes each job with these outputs, and takes uploads."""
    config = {**documents.config, "api_prefix": PREFIX, "app_id": "1"}
    server = HostileServer(config=config, info=dict(documents.info), outputs=list(outputs))
    server.routes[f"{PREFIX}/upload"] = lambda request, _: http(
        [f"/srv/{number}" for number in range(request.body.count(b"filename="))]
    )
    return server


def typed(documents: AppDocuments, folder: Path) -> Any:
    name = f"painter_{next(_numbers)}"
    return load(generated(documents, "painter"), folder, name).Painter


def _filled(shape: Any, value: Any) -> Any:
    """A value with `value` in each place of the shape that says so."""
    if isinstance(shape, dict):
        members = cast("dict[str, Any]", shape)
        return {key: _filled(item, value) for key, item in members.items()}
    if isinstance(shape, list):
        return [_filled(item, value) for item in cast("list[Any]", shape)]
    return value if shape in ("{value}", "{secret}") else shape


def uploads(server: HostileServer) -> list[bytes]:
    return [request.body for request in server.requests if request.path.endswith("/upload")]


def sources(secret: Path) -> dict[str, Any]:
    """What must not be a file where an app says it."""
    return {
        "a path": str(secret),
        "a home": "~/.bashrc",
        "an environment": "/proc/self/environ",
        "a file URL": secret.as_uri(),
        "an address": "http://169.254.169.254/latest/meta-data",
        "an empty text": "",
        "a number": 3,
        "an empty object": {},
        "an object without a place": {"meta": META, "orig_name": str(secret)},
        "a place that is not text": {"path": [str(secret)], "meta": META},
        "a broken data URI": "data:image/png;base64,%%%",
    }


@pytest.mark.parametrize("source", sources(Path("/x")))
@pytest.mark.parametrize(
    ("schema", "shape"),
    [
        (FILE, "{value}"),
        (NULLABLE, "{value}"),
        (FILES, ["{value}"]),
        (FRAMED, {"image": "{value}", "caption": "x"}),
        (GALLERY, [{"image": "{value}", "caption": "x"}]),
        (MESSAGE, {"text": "", "files": ["{value}"]}),
    ],
    ids=["file", "file or null", "files", "framed", "gallery", "message"],
)
async def test_what_is_not_a_file_is_drift(
    source: str, schema: Any, shape: Any, secret: Path, tmp_path: Path
) -> None:
    documents = painter(schema)
    with serve(documents, _filled(shape, sources(secret)[source])) as server:
        async with Space(server.url) as space:
            if source != "a broken data URI":  # which a dynamic call leaves as the text that it is
                with pytest.raises(SchemaDriftError) as caught:
                    await space.call("/paint", prompt="a cat")
                assert caught.value.differences
                assert caught.value.endpoint == "/paint"
            with pytest.raises(SchemaDriftError) as caught:
                await typed(documents, tmp_path)(space).paint(prompt="a cat")
            assert caught.value.differences


def test_the_twin_without_async_refuses_it_too(secret: Path) -> None:
    with (
        serve(painter(FILE), str(secret)) as server,
        SyncSpace(server.url) as space,
        pytest.raises(SchemaDriftError, match="output 0: expected a file"),
    ):
        space.call("/paint", prompt="a cat").result()


async def test_a_streamed_snapshot_is_checked_too(secret: Path) -> None:
    with serve(painter(GALLERY), [{"image": str(secret)}]) as server:
        async with Space(server.url) as space, space.call("/paint", prompt="a cat") as job:
            with pytest.raises(SchemaDriftError, match=r"output 0: \[0\]\['image'\]: expected"):
                await anext(job.outputs)


async def test_a_detached_job_is_checked_when_it_is_collected(secret: Path) -> None:
    with serve(painter(FILE), str(secret)) as server:
        async with Space(server.url) as space:
            ticket = await space.call("/paint", prompt="a cat").detach()
            with pytest.raises(SchemaDriftError):
                await space.collect(ticket)


async def test_a_shipped_client_does_not_read_the_disk() -> None:
    names = ("prompt", "seed", "randomize_seed", "width", "height", "num_inference_steps")
    kinds = ("Textbox", "Slider", "Checkbox", "Slider", "Slider", "Slider")
    inputs = [Slot(kind, {}, name, name) for kind, name in zip(kinds, names, strict=True)]
    outputs = [Slot("Image", FILE, "Result"), Slot("Slider", {"type": "number"}, "Seed")]
    with serve(app(Function("infer", inputs, outputs)), "/proc/self/environ", 1) as server:
        async with connect_image("flux-schnell", source=server.url) as model:
            with pytest.raises(SchemaDriftError, match="/proc/self/environ"):
                await model.generate("a cat")


@pytest.mark.parametrize(
    "output",
    [
        {"path": "{secret}", "meta": META},
        {"path": "~/.bashrc", "url": None, "meta": META},
        {"path": None, "url": "{secret}", "meta": META},
        {"path": "x", "url": "file://{secret}", "meta": META},
        {"path": "file://{secret}", "meta": META},
    ],
)
async def test_a_path_in_a_payload_is_asked_of_the_app(
    output: dict[str, Any], secret: Path, tmp_path: Path
) -> None:
    """It is a name on the server's disk, wherever it seems to lead."""
    payload = {
        key: value.format(secret=secret) if isinstance(value, str) else value
        for key, value in output.items()
    }
    documents = painter(FILE)
    with serve(documents, payload) as server, serve(painter(FILE), "ok") as second:
        async with Space(server.url) as space, Space(second.url) as elsewhere:
            for image in (
                await space.call("/paint", prompt="a cat"),
                await typed(documents, tmp_path)(space).paint(prompt="a cat"),
            ):
                with pytest.raises(SpaceError):
                    await image.read()
                with pytest.raises(SpaceError):
                    await image.save(tmp_path / "copy")
                with pytest.raises(SpaceError):
                    await elsewhere.call("/upscale", image=image)
        assert not (tmp_path / "copy").exists()
        assert not any(SECRET.encode() in body for body in uploads(second))


async def test_a_data_uri_is_a_file_in_memory(tmp_path: Path) -> None:
    documents = painter(FILE)
    for output in ("data:text/plain,hello", {"path": "", "url": "DATA:text/plain,hello"}):
        with serve(documents, output) as server:
            async with Space(server.url) as space:
                image = await typed(documents, tmp_path)(space).paint(prompt="a cat")
                assert await image.read() == b"hello"
                assert image.url is None


# Chaining: what came out of one app goes into another.


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (FRAMED, {"image": "{secret}", "caption": "x"}),
        (MESSAGE, {"text": "", "files": ["{secret}"]}),
        (GALLERY, [{"image": "{secret}", "caption": "x"}]),
        (FILE, {"path": "{secret}"}),
        (FILE, {"path": "{secret}", "orig_name": "x", "mime_type": None, "url": None}),
    ],
    ids=["framed", "message", "gallery", "a path alone", "a payload"],
)
async def test_an_object_of_one_app_names_no_file_for_another(
    schema: Any, value: Any, secret: Path, tmp_path: Path
) -> None:
    """The first app says that it gives any JSON, so that nothing is expected of it."""
    liar = app(Function("paint", [Slot(name="prompt")], [Slot("Json", {}, "anything")]))
    documents = painter(schema)
    with serve(liar, _filled(value, str(secret))) as first, serve(documents, "ok") as second:
        async with Space(first.url) as space, Space(second.url) as elsewhere:
            image = await space.call("/paint", prompt="a cat")
            with pytest.raises(SpaceError):
                await elsewhere.call("/upscale", image=image)
            with pytest.raises(SpaceError):
                await typed(documents, tmp_path)(elsewhere).upscale(image=image)
        assert not any(SECRET.encode() in body for body in uploads(second))


async def test_the_callers_own_sources_are_still_files(secret: Path, tmp_path: Path) -> None:
    for schema, value in (
        (FILE, str(secret)),
        (FILES, [str(secret), secret, SECRET.encode()]),
        (FRAMED, {"image": secret}),
        (FRAMED, {"image": File(str(secret))}),
        (MESSAGE, {"text": "", "files": [secret, File(str(secret))]}),
    ):
        documents = painter(schema)
        with serve(documents, "ok") as server:
            async with Space(server.url) as space:
                await space.call("/upscale", image=value)
                await typed(documents, tmp_path)(space).upscale(image=value)
            assert [SECRET.encode() in body for body in uploads(server)] == [True, True]


# Defaults.


@pytest.mark.parametrize(
    ("schema", "default"),
    [
        (FILE, "{secret}"),
        (FILE, "http://169.254.169.254/"),
        (NULLABLE, "{secret}"),
        (FILES, ["{secret}"]),
        (FILES, [{"path": "/srv/a.png", "meta": META}, "{secret}"]),
        (FRAMED, {"image": "{secret}", "caption": "x"}),
        (GALLERY, [{"image": "{secret}"}]),
        (MESSAGE, {"text": "", "files": ["{secret}"]}),
        ({"anyOf": [{"type": "array", "items": {"type": "number"}}, FILES]}, ["{secret}"]),
        ({"allOf": [FILES]}, ["{secret}"]),
        ({"$ref": "#/$defs/F", "$defs": {"F": FILE}}, "{secret}"),
        (FILES, [*[None] * 30_000, "{secret}"]),
    ],
    ids=lambda value: None if isinstance(value, dict) else "default",
)
async def test_a_text_default_of_a_file_is_not_a_default(
    schema: Any, default: Any, secret: Path, tmp_path: Path
) -> None:
    documents = painter(schema, _filled(default, str(secret)))
    code = generated(documents, "painter")
    assert str(secret) not in code
    assert "169.254" not in code
    with serve(documents, "ok") as server:
        async with Space(server.url) as space:
            assert space.endpoints["/upscale"].parameters[0].required
            with pytest.raises(InvalidInputError, match="image is missing"):
                await space.call("/upscale")
            with pytest.raises(TypeError, match="image"):
                await typed(documents, tmp_path)(space).upscale()
        assert uploads(server) == []


def test_a_schema_folder_of_a_stranger_gives_no_default_either(secret: Path) -> None:
    from spacecall.codegen._project.client_builder import build_schema_folder
    from spacecall.codegen._python.client_module import write_module
    from spacecall.codegen._schemas.schema_documents import JOIN_FILE

    folder = build_schema_folder(painter(FRAMED, {"image": None, "caption": "x"}), "painter")
    join: Any = folder.documents[JOIN_FILE]
    endpoint = next(
        definition for definition in join["$defs"].values() if definition.get("title") == "/upscale"
    )
    endpoint["properties"]["image"]["default"] = {"image": str(secret)}
    endpoint["required"] = []
    for definition in join["$defs"].values():
        if "caption" in definition.get("properties", {}):
            definition["properties"]["image"] = {**FILE, "default": str(secret)}
            definition["required"] = []
    assert str(secret) not in write_module(folder, origin="x")


async def test_a_file_of_the_apps_own_is_still_its_default(tmp_path: Path) -> None:
    default = {"path": "/srv/a.png", "url": None, "orig_name": "a.png", "meta": META}
    with serve(painter(FILE, default), "ok") as server:
        async with Space(server.url) as space:
            await space.call("/upscale")
        assert uploads(server) == []
        (join,) = [request for request in server.requests if request.path.endswith("/queue/join")]
        assert join.json()["data"] == [default]


# Sizes.


def _entries(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def _file(path: str = "/srv/x.bin", **fields: Any) -> dict[str, Any]:
    return {"path": path, "meta": META, "orig_name": "x.bin", **fields}


async def test_a_declared_size_over_the_limit_is_not_fetched(tmp_path: Path) -> None:
    with serve(painter(FILE), _file(size=2**60)) as server:
        async with Space(server.url) as space:
            file = await space.call("/paint", prompt="a cat")
            with pytest.raises(FileTooLargeError, match="max_bytes=268435456: pass a larger"):
                await file.read()
            with pytest.raises(FileTooLargeError):
                await file.save(tmp_path)
        assert not any("/file=" in path for path in server.paths())
        assert _entries(tmp_path) == []


async def test_a_size_that_is_a_lie_is_found_while_it_is_read(tmp_path: Path) -> None:
    with serve(painter(FILE), _file(size=10)) as server:
        server.routes[f"{PREFIX}/file=/srv/x.bin"] = lambda _request, _socket: http(b"x" * 5000)
        async with Space(server.url) as space:
            file = await space.call("/paint", prompt="a cat")
            with pytest.raises(FileTooLargeError) as caught:
                await file.read(max_bytes=4999)
            assert caught.value.max_bytes == 4999
            with pytest.raises(FileTooLargeError):
                await file.save(tmp_path / "x", max_bytes=4999)
            assert _entries(tmp_path) == []
            assert len(await file.read(max_bytes=5000)) == 5000
            await file.save(tmp_path / "x", max_bytes=None)
            assert _entries(tmp_path) == ["x"]


def test_the_twin_without_async_has_the_limits_too(tmp_path: Path) -> None:
    with serve(painter(FILE), _file()) as server, SyncSpace(server.url) as space:
        server.routes[f"{PREFIX}/file=/srv/x.bin"] = lambda _request, _socket: http(b"x" * 50)
        file = space.call("/paint", prompt="a cat").result()
        with pytest.raises(FileTooLargeError):
            space.read(file, max_bytes=49)
        with pytest.raises(FileTooLargeError):
            space.save(file, tmp_path / "x", max_bytes=49)
        assert len(space.read(file)) == 50


# Where file URLs may lead. The server is on loopback, so that other kinds are forbidden to it.

_INSIDE = [
    "http://169.254.169.254/latest/meta-data",
    "http://10.0.0.1/x",
    "http://[fd00::1]/x",
    "http://[::ffff:192.168.0.1]/x",
    "http://0xA9FEA9FE/x",
    "http://2852039166/x",
    "file:///etc/passwd",
]


@pytest.mark.parametrize("url", _INSIDE)
async def test_a_file_is_not_fetched_inside_the_callers_network(url: str, tmp_path: Path) -> None:
    # As a path, a file: URL is only a name on the server.
    payloads = [_file(url, url=url)] if url.startswith("http") else []
    for payload in (*payloads, {"path": None, "url": url, "meta": META}):
        with serve(painter(FILE), payload) as server, serve(painter(FILE), "ok") as second:
            async with Space(server.url) as space, Space(second.url) as elsewhere:
                file = await space.call("/paint", prompt="a cat")
                with pytest.raises(ForbiddenAddressError):
                    await file.read()
                with pytest.raises(ForbiddenAddressError):
                    await elsewhere.call("/upscale", image=file)


@pytest.mark.parametrize("url", _INSIDE)
async def test_a_redirect_does_not_lead_there_either(url: str) -> None:
    moved = http(b"", "302 Found", headers=[f"location: {url}"])
    with serve(painter(FILE), _file()) as server:
        server.routes[f"{PREFIX}/file=/srv/x.bin"] = lambda _request, _socket: moved
        async with Space(server.url) as space:
            file = await space.call("/paint", prompt="a cat")
            with pytest.raises(ForbiddenAddressError):
                await file.read()


async def test_a_redirect_of_the_callers_own_url_does_not_lead_there_either() -> None:
    moved = http(b"", "302 Found", headers=["location: http://169.254.169.254/"])
    web = HostileServer(routes={"/cat.png": lambda _request, _socket: moved})
    with web, serve(painter(FILE), "ok") as server:
        async with Space(server.url) as space:
            with pytest.raises(ForbiddenAddressError):
                await space.call("/upscale", image=File(f"{web.url}/cat.png"))


async def test_the_callers_own_url_is_the_callers_choice() -> None:
    web = HostileServer(routes={"/cat.png": lambda _request, _socket: http(b"a cat")})
    with web, serve(painter(FILE), "ok") as server:
        async with Space(server.url, limits=Limits(file_hosts="app")) as space:
            await space.call("/upscale", image=f"{web.url}/cat.png")
        assert b"a cat" in uploads(server)[0]


async def test_an_app_on_loopback_may_name_its_neighbours() -> None:
    web = HostileServer(routes={"/cat.png": lambda _request, _socket: http(b"a cat")})
    with web, serve(painter(FILE), _file(f"{web.url}/cat.png")) as server:
        async with Space(server.url) as space:
            assert await (await space.call("/paint", prompt="")).read() == b"a cat"
        async with Space(server.url, limits=Limits(file_hosts="app")) as space:
            file = await space.call("/paint", prompt="")
            with pytest.raises(ForbiddenAddressError, match="and not at"):
                await file.read()


async def test_an_error_names_the_host_that_failed() -> None:
    with serve(painter(FILE), _file("http://127.0.0.1:1/x.png?signature=s3cret")) as server:
        async with Space(server.url) as space:
            file = await space.call("/paint", prompt="")
            with pytest.raises(TransportError) as caught:
                await file.read()
        message = str(caught.value)
        assert "cannot fetch http://127.0.0.1:1/x.png: cannot connect" in message
        assert server.url not in message
        assert "s3cret" not in message


# The line between the two.

_OPENS_SOURCES = {
    "files.py",  # File itself
    "_client/calls/call_arguments.py",  # of a call
    "_core/wrapped_files.py",  # of an argument that is a file alone
    "event_data.py",  # of an event of the page
    "media.py",  # of a message
    "cli/_inputs/flag_values.py",  # of a command line
    "batch/_row_files.py",  # bytes in a row of a file
    "testing/_fake_space.py",  # what a test says that its app answers
}


def test_only_code_for_the_callers_own_values_opens_sources() -> None:
    root = Path(spacecall.__file__).parent
    openers = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("File", "open_source")
    }
    assert openers == _OPENS_SOURCES


def test_pydantic_opens_nothing_by_itself(secret: Path) -> None:
    """What can be in JSON may be a server's; a path object, bytes and a `File` are the caller's."""
    for value in (str(secret), {"path": str(secret)}, [str(secret)], 3):
        with pytest.raises(ValidationError):
            TypeAdapter(File).validate_python(value)
        with pytest.raises(ValidationError):
            TypeAdapter(File).validate_json(json.dumps(value))
    assert isinstance(TypeAdapter(File).validate_python(secret), File)
    file = File(secret)
    assert TypeAdapter(File).validate_python(file) is file
