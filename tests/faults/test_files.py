"""Uploads and downloads that do not end as they should."""

from __future__ import annotations

import io
from pathlib import Path

import anyio
import pytest

from spacecall import (
    DeadlineError,
    File,
    InvalidInputError,
    NotFoundError,
    ProtocolError,
    Space,
    Timeouts,
    TransportError,
    Uploading,
)
from tests.client.tools import until
from tests.faults.exchanges import Exchange, Handler, serving
from tests.faults.stub import DOWNLOAD
from tests.faults.tools import faulty, holds

LARGE = 20 * 2**20


async def received(space: Space) -> File:
    """A file that the app gave."""
    file = await space.call("/file", file=File(b"content", name="a.bin"))
    assert isinstance(file, File)
    return file


def half_of_it(*, reset: bool) -> Handler:
    async def send_half(exchange: Exchange) -> None:
        await exchange.raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n" + b"x" * 50_000)
        await exchange.cut(reset=reset)

    return send_half


async def half_in_chunks(exchange: Exchange) -> None:
    await exchange.begin("application/octet-stream")
    await exchange.send(b"x" * 50_000)
    await exchange.cut()


DEATHS = [half_of_it(reset=False), half_of_it(reset=True), half_in_chunks]


@pytest.mark.parametrize("fault", DEATHS, ids=["cut", "reset", "chunked"])
async def test_a_download_that_is_cut_leaves_no_half_file(fault: Handler, tmp_path: Path) -> None:
    async with faulty() as (app, space):
        file = await received(space)
        app.once("file", fault)
        with pytest.raises(TransportError, match="the connection broke"):
            await file.save(tmp_path / "out.bin")
        assert holds(tmp_path)
        assert await file.save(tmp_path / "out.bin") == tmp_path / "out.bin"
        assert (tmp_path / "out.bin").read_bytes() == DOWNLOAD
        assert holds(tmp_path, "out.bin")


async def test_a_download_that_is_cut_leaves_the_old_file_as_it_was(tmp_path: Path) -> None:
    async with faulty() as (app, space):
        file = await received(space)
        (tmp_path / "a.bin").write_bytes(b"old")
        app.once("file", half_in_chunks)
        with pytest.raises(TransportError):
            await file.save(tmp_path)
        assert (tmp_path / "a.bin").read_bytes() == b"old"
        assert holds(tmp_path, "a.bin")


async def none_of_it(exchange: Exchange) -> None:
    await exchange.raw(b"HTTP/1.1 200 OK\r\ncontent-length: 69\r\n\r\n")
    await exchange.cut()


async def test_a_download_that_breaks_before_its_first_byte_is_tried_again() -> None:
    async with faulty() as (app, space):
        file = await received(space)
        app.once("file", none_of_it)
        assert await file.read() == DOWNLOAD
        assert len(app.asked("file")) == 2


async def test_a_download_that_always_breaks_ends(tmp_path: Path) -> None:
    async with faulty() as (app, space):
        file = await received(space)
        app.always("file", none_of_it)
        with anyio.fail_after(20), pytest.raises(TransportError, match="the connection broke"):
            await file.save(tmp_path / "out.bin")
        assert [entry async for entry in anyio.Path(tmp_path).iterdir()] == []


async def test_a_download_that_goes_silent_ends_by_the_idle_timeout(tmp_path: Path) -> None:
    async def silent(exchange: Exchange) -> None:
        await exchange.begin("application/octet-stream")
        await exchange.send(b"x" * 1000)
        await exchange.gone()

    async with faulty(timeouts=Timeouts(idle=0.3)) as (app, space):
        file = await received(space)
        app.once("file", silent)
        with pytest.raises(DeadlineError) as caught:
            await file.save(tmp_path / "out.bin")
        assert caught.value.phase == "idle"
        assert holds(tmp_path)


async def test_a_download_that_is_cancelled_leaves_no_half_file(tmp_path: Path) -> None:
    async def slow(exchange: Exchange) -> None:
        await exchange.begin("application/octet-stream")
        await exchange.send(b"x" * 1000)
        await exchange.gone()

    async with faulty() as (app, space):
        file = await received(space)
        app.once("file", slow)
        async with anyio.create_task_group() as group:
            group.start_soon(file.save, tmp_path / "out.bin")
            await until(lambda: any(tmp_path.iterdir()))
            group.cancel_scope.cancel()
        assert holds(tmp_path)


async def test_a_file_that_is_gone_says_so() -> None:
    async def gone(exchange: Exchange) -> None:
        await exchange.answer(404, {"detail": "File not found"})

    async with faulty() as (app, space):
        file = await received(space)
        app.once("file", gone)
        with pytest.raises(NotFoundError, match="File not found"):
            await file.read()


async def test_a_download_that_is_redirected_elsewhere_takes_no_credentials_along() -> None:
    seen: list[Exchange] = []

    async def storage(exchange: Exchange) -> None:
        seen.append(exchange)
        await exchange.answer(200, b"from the storage")

    async with faulty(headers={"x-api-key": "s3cret"}) as (app, space), serving(storage) as address:

        async def redirect(exchange: Exchange) -> None:
            await exchange.answer(302, b"", {"location": f"{address}/blob"})

        file = await received(space)
        app.once("file", redirect)
        assert await file.read() == b"from the storage"
        assert app.asked("file")[0].headers["x-api-key"] == "s3cret"
        assert "x-api-key" not in seen[0].headers


async def test_a_port_above_65535_in_a_redirect_or_a_url_is_a_typed_error() -> None:
    async def redirect(exchange: Exchange) -> None:
        await exchange.answer(302, b"", {"location": "http://127.0.0.1:99999/blob"})

    async with faulty() as (app, space):
        file = await received(space)
        app.always("file", redirect)
        with pytest.raises(TransportError, match="redirected to an invalid URL"):
            await file.read()
        for address in ("http://127.0.0.1:99999/a.txt", "http://[::1]:70000/a.txt"):
            payload = {"path": address, "url": address, "meta": {"_type": "gradio.FileData"}}
            linked = await space.call("/file", file=payload)
            with pytest.raises(InvalidInputError, match="is above 65535"):
                await linked.read()
            with pytest.raises(InvalidInputError, match="invalid URL of a File"):
                await space.call("/file", file=address)


async def test_the_port_0_in_a_redirect_or_a_url_is_a_typed_error() -> None:
    address = "http://127.0.0.1:0/blob"

    async def redirect(exchange: Exchange) -> None:
        await exchange.answer(302, b"", {"location": address})

    async with faulty() as (app, space):
        file = await received(space)
        app.always("file", redirect)
        with pytest.raises(TransportError, match="redirected to an invalid URL"):
            await file.read()
        payload = {"path": address, "url": address, "meta": {"_type": "gradio.FileData"}}
        linked = await space.call("/file", file=payload)
        with pytest.raises(InvalidInputError, match="port 0 is not the port of a server"):
            await linked.read()
        with pytest.raises(InvalidInputError, match="URL of a File has the port 0"):
            await space.call("/file", file=address)


async def test_an_upload_that_is_cut_is_a_transport_error_and_sends_no_join() -> None:
    async def cut_in_the_middle(exchange: Exchange) -> None:
        await exchange.some_of_the_body()
        await exchange.cut(reset=True)

    async with faulty() as (app, space):
        app.once("upload", cut_in_the_middle)
        with pytest.raises(TransportError) as caught:
            await space.call("/file", file=b"x" * LARGE)
        assert caught.value.endpoint == "/file"
        assert app.asked("join") == []
        assert len(app.asked("upload")) == 1


async def test_an_upload_that_is_refused_before_it_was_read_tells_why() -> None:
    async def too_large(exchange: Exchange) -> None:
        await exchange.some_of_the_body()
        await exchange.answer(413, {"detail": "File too large"}, {"connection": "close"})
        while True:  # until the client has closed the connection
            await exchange.some_of_the_body()

    async with faulty() as (app, space):
        app.once("upload", too_large)
        with pytest.raises(InvalidInputError, match="File too large"):
            await space.call("/file", file=b"x" * LARGE)


@pytest.mark.parametrize(
    ("answer", "words"), [([], "app returned 0 paths"), ({"detail": "?"}, "not a list of paths")]
)
async def test_an_upload_whose_answer_makes_no_sense_is_a_protocol_error(
    answer: object, words: str
) -> None:
    async def confuse(exchange: Exchange) -> None:
        await exchange.body()
        await exchange.answer(200, answer)

    async with faulty() as (app, space):
        app.once("upload", confuse)
        with pytest.raises(ProtocolError, match=words):
            await space.call("/file", file=b"x")


async def test_an_upload_that_takes_too_long_is_ended() -> None:
    async def slow(exchange: Exchange) -> None:
        await exchange.some_of_the_body()
        await anyio.sleep_forever()

    async with faulty(timeouts=Timeouts(upload=0.3)) as (app, space):
        app.once("upload", slow)
        with pytest.raises(DeadlineError, match=r"upload did not end .*Timeouts\.upload") as caught:
            await space.call("/file", file=b"x" * LARGE)
        assert caught.value.phase == "upload"


async def test_an_upload_that_is_left_is_broken_off() -> None:
    broken = anyio.Event()

    async def slow(exchange: Exchange) -> None:
        await exchange.some_of_the_body()
        await exchange.gone()
        broken.set()

    async with faulty() as (app, space):
        app.once("upload", slow)
        async with space.call("/file", file=b"x" * 10_000) as job:
            assert isinstance(await anext(job), Uploading)
            await until(lambda: bool(app.asked("upload")))
        await broken.wait()
        assert app.asked("join") == []


class Unreadable(io.RawIOBase):
    """A file object whose storage fails as only itself knows how, when it is read or measured."""

    def __init__(self, error: Exception, *, seekable: bool) -> None:
        self.error = error
        self._seekable = seekable

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._seekable

    def tell(self) -> int:
        return 0

    def seek(self, offset: int, whence: int = 0) -> int:
        raise self.error

    def read(self, size: int = -1) -> bytes:
        raise self.error


class StorageError(Exception):
    """What the library behind a file object raises."""


@pytest.mark.parametrize("error", [OSError("disk"), ValueError("closed"), StorageError("bucket")])
@pytest.mark.parametrize("seekable", [True, False])
async def test_a_file_object_that_fails_harms_its_own_call_alone(
    error: Exception, seekable: bool
) -> None:
    async with faulty() as (app, space), space.call("/hold", text="x") as held_job:
        await anext(held_job)
        with pytest.raises(InvalidInputError, match=f"cannot read the file: {error}"):
            await space.call("/file", file=Unreadable(error, seekable=seekable))
        assert not held_job.done
        assert len(app.asked("join")) == 1


async def test_a_file_of_the_web_that_breaks_off_is_an_error_of_its_call() -> None:
    async with faulty() as (app, space), serving(half_in_chunks) as web:
        with pytest.raises(InvalidInputError, match=r"cannot fetch .*pic\.png: the connection"):
            await space.call("/file", file=f"{web}/pic.png")
        assert app.asked("join") == []


async def test_a_file_object_that_was_closed_meanwhile_harms_its_own_call_alone() -> None:
    async with faulty() as (app, space):
        source = io.BytesIO(b"content")
        file = File(source)
        source.close()
        with pytest.raises(InvalidInputError, match="closed file"):
            await space.call("/file", file=file)
        with pytest.raises(InvalidInputError, match="closed file"):
            await space.call("/file", file=source)
        assert app.asked("upload") == []
