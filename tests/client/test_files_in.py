"""Files going to an app, from every source."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest

from spacecall import AppError, File, InvalidInputError, Space, Uploading
from spacecall._client.calls.prepared_call import collect_files
from tests import servers
from tests.client.tools import counting
from tests.client.web import Page, web
from tests.servers import DATA, AppServer

PNG = DATA / "red.png"
CONTENT = PNG.read_bytes()
VERSIONS = ["6.31.0", "5.50.0", "4.44.1", "3.50.2"]
Make: TypeAlias = Callable[[], Any]

SOURCES: dict[str, tuple[Make, str]] = {
    "str path": (lambda: str(PNG), "red.png"),
    "path": (lambda: PNG, "red.png"),
    "bytes": (lambda: CONTENT, "file.png"),
    "buffer": (lambda: io.BytesIO(CONTENT), "file"),
    "File": (lambda: File(PNG, name="my red.png"), "my red.png"),
    "data URI": (
        lambda: "data:image/png;base64," + base64.b64encode(CONTENT).decode(),
        "file.png",
    ),
}


@pytest.mark.parametrize("source", SOURCES)
async def test_a_file_is_sent_from(source: str, space: Space) -> None:
    make, name = SOURCES[source]
    (file,) = await space.call("/files", files=[make()])
    assert isinstance(file, File)
    assert await file.read() == CONTENT
    assert file.name == name
    assert file.size == len(CONTENT)


async def test_an_open_file_is_sent_from_where_it_stands(space: Space) -> None:
    with PNG.open("rb") as file:
        file.seek(4)
        (returned,) = await space.call("/files", files=[file])
    assert await returned.read() == CONTENT[4:]
    assert returned.name == "red.png"


@pytest.mark.parametrize("chunked", [False, True], ids=["with length", "without length"])
async def test_a_file_of_the_web_is_fetched_and_sent(space: Space, *, chunked: bool) -> None:
    with web({"/some/caf%C3%A9.png": Page(CONTENT, chunked=chunked)}) as server:
        (file,) = await space.call("/files", files=[f"{server.url}/some/caf%C3%A9.png?v=1"])
    assert await file.read() == CONTENT
    assert file.name == "café.png"


async def test_a_file_of_the_web_that_is_missing_is_invalid_input(space: Space) -> None:
    with web({}) as server, pytest.raises(InvalidInputError, match=r"cannot fetch .*missing"):
        await space.call("/files", files=[f"{server.url}/missing.png"])
    assert await space.call("/echo", text="x") == "x"


async def test_a_file_that_the_app_gave_is_not_sent_again(protocol_app: AppServer) -> None:
    async with counting(protocol_app) as (space, counts):
        image = await space.call("/image", path=PNG)
        (again,) = await space.call("/files", files=[image])
        assert await again.read() == CONTENT
    assert counts["/gradio_api/upload"] == 1


async def test_a_file_of_another_app_is_fetched_and_sent(
    protocol_app_6: AppServer, protocol_app_5: AppServer
) -> None:
    async with Space(protocol_app_6.url) as gradio_6, Space(protocol_app_5.url) as gradio_5:
        image = await gradio_6.call("/image", path=PNG)
        (moved,) = await gradio_5.call("/files", files=[image])
        assert moved.url.startswith(protocol_app_5.url)
        assert await moved.read() == CONTENT


async def test_many_files_go_in_one_request_and_keep_their_order(protocol_app: AppServer) -> None:
    contents = [f"file number {i}".encode() for i in range(30)]
    async with counting(protocol_app) as (space, counts):
        files = [File(data, name=f"n{i}.txt") for i, data in enumerate(contents)]
        returned = await space.call("/files", files=files)
        assert [await file.read() for file in returned] == contents
    assert [file.name for file in returned] == [f"n{i}.txt" for i in range(30)]
    assert counts["/gradio_api/upload"] == 1


async def test_an_upload_tells_how_far_it_is(space: Space) -> None:
    data = bytes(1_000_000)
    async with space.call("/files", files=[data, b"x"]) as job:
        events = [event async for event in job]
    uploading = [event for event in events if isinstance(event, Uploading)]
    assert events[: len(uploading)] == uploading
    assert uploading[0] == Uploading(0, 1_000_001)
    assert uploading[-1] == Uploading(1_000_001, 1_000_001)
    assert len(uploading) > 3
    assert uploading == sorted(uploading, key=lambda event: event.sent)


async def test_a_file_of_unknown_size_is_sent_without_a_total(space: Space) -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    async with space.call("/files", files=[Pipe(CONTENT)]) as job:
        assert await anext(job) == Uploading(0, None)
        (returned,) = await job.result()
    assert await returned.read() == CONTENT


WRONG: dict[str, tuple[Make, str]] = {
    "missing": (lambda: DATA / "missing.png", "No such file"),
    "folder": (lambda: DATA, "is a folder"),
    "text": (lambda: io.StringIO("x"), "binary mode"),
    "broken data URI": (lambda: "data:image/png;base64", "invalid data URI"),
    "number": (lambda: 5, "got int"),
}


@pytest.mark.parametrize("source", WRONG)
async def test_what_cannot_be_sent_is_invalid_input(source: str, protocol_app_6: AppServer) -> None:
    make, words = WRONG[source]
    async with counting(protocol_app_6) as (space, counts):
        with pytest.raises(InvalidInputError, match=words):
            await space.call("/image", path=make())
        assert await space.call("/echo", text="x") == "x"
    assert counts["/gradio_api/upload"] == 0


@pytest.mark.parametrize("version", VERSIONS)
async def test_an_empty_file_is_sent_where_gradio_takes_one(version: str, app_server: Any) -> None:
    server: AppServer = app_server("protocol_app.py", version)
    empty = [File(b"", name="empty.txt"), io.BytesIO(b""), b"full"]
    async with Space(server.url) as space:
        parameter = space.endpoints["/files"].parameters[0].name
        returned = await space.call("/files", **{parameter: empty})
        assert [await file.read() for file in returned] == [b"", b"", b"full"]
        with pytest.raises(AppError):  # of an image Gradio itself makes no sense then
            await space.call("/image", **{space.endpoints["/image"].parameters[0].name: empty[0]})


@pytest.mark.parametrize("version", VERSIONS)
async def test_more_files_than_gradio_takes_in_a_request_arrive(
    version: str, app_server: Any
) -> None:
    server: AppServer = app_server("protocol_app.py", version)
    files = [File(str(number).encode(), name=f"{number}.txt") for number in range(1001)]
    async with Space(server.url) as space:
        parameter = space.endpoints["/files"].parameters[0].name
        async with space.call("/files", **{parameter: files}) as job:
            uploading = [event async for event in job if isinstance(event, Uploading)]
            returned = await job.result()
        names = [file.name for file in returned]
        last = await returned[-1].read()
    assert names == [file.name for file in files]
    assert last == b"1000"
    total = sum(len(str(number)) for number in range(1001))
    assert (uploading[0], uploading[-1]) == (Uploading(0, total), Uploading(total, total))
    assert uploading == sorted(uploading, key=lambda event: event.sent)


SHARED_MEMORY = Path("/dev/shm")


def is_another_file_system(folder: Path) -> bool:
    return SHARED_MEMORY.is_dir() and SHARED_MEMORY.stat().st_dev != folder.stat().st_dev


@pytest.mark.parametrize("version", ["5.50.0", "4.44.1"])
async def test_a_job_does_not_overtake_its_file_on_a_server_with_two_file_systems(
    version: str, tmp_path_factory: pytest.TempPathFactory, anyio_backend: str
) -> None:
    folder = tmp_path_factory.mktemp("cache")
    if not is_another_file_system(folder):
        pytest.skip("there is one file system")
    env = {"TMPDIR": str(SHARED_MEMORY), "GRADIO_TEMP_DIR": str(folder)}
    heads: list[httpx.Response] = []

    async def note(response: httpx.Response) -> None:
        if response.request.method == "HEAD":
            heads.append(response)

    with servers.serve("protocol_app.py", version, env=env) as server:
        client = httpx.AsyncClient(event_hooks={"response": [note]})
        async with client, Space(server.url, http_client=client) as space:
            for number in range(5):
                content = bytes([number]) * 20_000_000
                (file,) = await space.call("/files", files=[content])
                assert file.size == len(content)
    lengths = [int(head.headers["content-length"]) for head in heads if head.is_success]
    assert lengths.count(20_000_000) == 5


@pytest.mark.parametrize("version", ["6.31.0", "5.50.0"])
async def test_a_file_larger_than_the_app_takes_is_not_sent(version: str, app_server: Any) -> None:
    server: AppServer = app_server("protocol_app.py", version, env={"MAXFS": "1kb"})
    async with counting(server) as (space, counts):
        with pytest.raises(InvalidInputError, match=r"2000 bytes.*at most 10\d\d") as caught:
            await space.call("/files", files=[b"fits", File(bytes(2000), name="big.bin")])
        assert caught.value.status is None
        assert "big.bin" in caught.value.message
        assert counts["/gradio_api/upload"] == 0
        (file,) = await space.call("/files", files=[b"fits"])
        assert await file.read() == b"fits"


@pytest.mark.parametrize("version", ["6.31.0", "5.50.0"])
async def test_a_file_that_turns_out_too_large_is_refused_by_the_app(
    version: str, app_server: Any
) -> None:
    server: AppServer = app_server("protocol_app.py", version, env={"MAXFS": "1kb"})
    with web({"/big": Page(bytes(5000), chunked=True)}) as elsewhere:
        async with Space(server.url) as space:
            with pytest.raises(InvalidInputError) as caught:
                await space.call("/files", files=[f"{elsewhere.url}/big"])
            assert caught.value.status == 413
            assert await space.call("/echo", text="x") == "x"


async def test_files_deep_in_a_value_are_sent_too(space: Space) -> None:
    message = {"text": "look", "files": [PNG, CONTENT]}
    history, _ = await space.call("/add_message", message=message, history=[])
    assert len(history) == 3
    assert [await file.read() for file in collect_files(history)] == [CONTENT, CONTENT]


async def test_files_of_the_web_are_fetched_with_the_callers_client(
    protocol_app: AppServer,
) -> None:
    with web({"/red.png": Page(CONTENT)}) as server:
        async with counting(protocol_app) as (space, counts):
            await space.call("/image", path=f"{server.url}/red.png")
    assert counts[f"{server.url}/red.png"] == 1


def test_a_file_that_cannot_be_read_has_a_repr(tmp_path: Path) -> None:
    assert repr(File(tmp_path / "gone.png")) == "File(name='gone.png')"
    assert repr(File(tmp_path)) == f"File(name={tmp_path.name!r})"


class ChangingFile(io.BytesIO):
    """A file whose size changes after it has been asked for, by as many bytes as `change`."""

    def __init__(self, change: int) -> None:
        super().__init__(b"x" * 100)
        self.name = "app.log"
        self._change = change

    def seek(self, position: int, whence: int = 0, /) -> int:
        end = super().seek(position, whence)
        return end - self._change if whence else end


@pytest.mark.parametrize(("change", "verb"), [(1, "grew"), (-1, "shrank")])
async def test_a_file_that_changes_while_it_is_sent_is_named(
    change: int, verb: str, space: Space
) -> None:
    message = f"'app.log' {verb} while it was sent .it had {100 - change} bytes"
    for files in ([ChangingFile(change)], [CONTENT, ChangingFile(change), CONTENT]):
        with pytest.raises(InvalidInputError, match=message):
            await space.call("/files", files=files)
    assert len(await space.call("/files", files=[ChangingFile(0)])) == 1
