"""Files to send that are none, or that can be read once: an error of their call alone."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from spacecall import File, InvalidInputError, Space
from spacecall.files import file_of
from tests.client.tools import until
from tests.faults.exchanges import Exchange
from tests.faults.stub import stub
from tests.faults.tools import faulty


class Once(io.BytesIO):
    """As a pipe is, or the body of a request."""

    def seekable(self) -> bool:
        return False


async def test_a_file_that_can_be_read_once_is_never_sent_empty() -> None:
    async def busy(exchange: Exchange) -> None:
        await exchange.body()
        await exchange.answer(503, b"busy", {"retry-after": "0"})

    async with faulty() as (app, space):
        app.once("upload", busy)
        with pytest.raises(InvalidInputError, match="cannot be read twice"):
            await space.call("/file", file=Once(b"content"))
        assert len(app.asked("upload")) == 2
        assert not app.asked("join")


@pytest.mark.parametrize(
    "name", ["a\0b.png", "\ud800.png", "~nobody_of_this_name/x.png", "http://[", "http://xn--a/x"]
)
async def test_what_names_no_file_is_an_error_of_its_call_alone(name: str) -> None:
    async with faulty() as (_, space), space.call("/hold", text="x") as held_job:
        with pytest.raises(InvalidInputError):
            await space.call("/file", file=name)
        await until(lambda: held_job.event_id is not None)
        assert not held_job.done


async def test_a_tilde_is_a_character_of_a_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "x.txt").write_text("private")
    (tmp_path / "~").mkdir()
    (tmp_path / "~" / "x.txt").write_text("mine")
    (tmp_path / "~lock.txt").write_text("lock")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    for path in ("~/x.txt", Path("~") / "x.txt"):
        assert await File(path).read() == b"mine"
    assert await File("~lock.txt").read() == b"lock"
    with pytest.raises(InvalidInputError, match="~ is not expanded"):
        await File("~/gone.txt").read()
    with pytest.raises(InvalidInputError, match="an empty text is not a path"):
        File("")


class Moody:
    """A source of the caller's own."""

    name = "moody"
    size = None
    mime_type = None
    url = None

    def open(self) -> Any:
        raise LookupError("not today")


async def test_what_a_source_of_the_callers_raises_is_an_error_of_its_call_alone() -> None:
    async with faulty() as (_, space), space.call("/hold", text="x") as held_job:
        with pytest.raises(InvalidInputError, match="not today") as caught:
            await space.call("/file", file=file_of(Moody()))
        assert isinstance(caught.value.__cause__, LookupError)
        assert not held_job.done


async def test_a_file_of_a_space_that_was_left_is_an_error_of_its_call_alone() -> None:
    async with faulty() as (_, space), space.call("/hold", text="x") as held_job:
        async with stub() as elsewhere, Space(elsewhere.url) as before:
            file = await before.call("/file", file=b"x")
        with pytest.raises(InvalidInputError, match="the Space or its http_client is closed"):
            await space.call("/file", file=file)
        assert not held_job.done


async def test_a_url_of_the_app_itself_is_fetched_as_a_stranger_would() -> None:
    async with faulty(headers={"x-mine": "secret"}) as (app, space):
        await space.call("/file", file=f"{app.url}/gradio_api/file=/srv/mine")
        (fetched,) = app.asked("file")
        assert "x-mine" not in fetched.headers
        (upload,) = app.asked("upload")
        assert upload.headers["x-mine"] == "secret"
