"""A path that names a pipe, a socket or a device is refused, and never waited for."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
import pytest

from spacecall import File, InvalidInputError, Space
from spacecall.chat import Message
from spacecall.cli._inputs.flag_values import InputReader, parse_value
from spacecall.inference import HuggingFaceInference
from spacecall.media import Media
from tests.faults.tools import faulty

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no pipes with a name")

REFUSED = "is a pipe, a socket or a device, not a regular file"


@pytest.fixture(params=["pipe", "link to a pipe", "socket", "device"])
def special(request: pytest.FixtureRequest) -> Iterator[Path]:
    with TemporaryDirectory(prefix="sc-") as folder:  # the path of a socket is short
        path = Path(folder) / "x.png"
        match request.param:
            case "pipe":
                os.mkfifo(path)
                yield path
            case "link to a pipe":
                os.mkfifo(path.with_name("pipe"))
                path.symlink_to("pipe")
                yield path
            case "socket":
                with socket.socket(socket.AF_UNIX) as server:
                    server.bind(str(path))
                    yield path
            case _:
                path.symlink_to("/dev/zero")
                yield path


async def test_a_call_refuses_it_before_anything_is_sent(special: Path) -> None:
    async with faulty() as (app, space):
        with pytest.raises(InvalidInputError, match=REFUSED):
            await space.call("/file", file=special)
        async with space.session() as session:
            with pytest.raises(InvalidInputError, match=REFUSED):
                await session.call("/file", file=str(special))
        assert not app.asked("upload")
        assert not app.asked("join")


async def test_a_row_of_a_map_that_names_it_has_an_error_and_the_others_go_on(
    special: Path,
) -> None:
    rows: list[dict[str, Any]] = [{"file": str(special)}, {"file": b"x"}]
    async with faulty() as (_, space), space.map("/file", rows, ordered=True) as outcomes:
        first, second = [outcome async for outcome in outcomes]
    assert REFUSED in str(first.error)
    assert second.error is None


async def test_a_file_of_it_cannot_be_read(special: Path, tmp_path: Path) -> None:
    file = File(special)
    for read in (file.read, lambda: file.save(tmp_path / "copy.png")):
        with pytest.raises(InvalidInputError, match=REFUSED):
            await read()
    with pytest.raises(InvalidInputError, match=REFUSED):
        _ = file.size


async def test_chat_and_inference_refuse_it(special: Path) -> None:
    with pytest.raises(InvalidInputError, match=REFUSED):
        Media(special)
    async with HuggingFaceInference.connect(base_url="http://127.0.0.1:1") as hf:
        with pytest.raises(InvalidInputError, match=REFUSED):
            await hf.automatic_speech_recognition(special, model="owner/model")


async def test_the_message_says_which_medium_has_become_a_pipe(tmp_path: Path) -> None:
    path = tmp_path / "x.gif"
    path.write_bytes(b"GIF89a")
    first, second = Media(b"GIF89a"), Media(path, kind="image")
    path.unlink()
    os.mkfifo(path)
    message = Message("user", ["What is this?", second])
    async with HuggingFaceInference.connect(base_url="http://127.0.0.1:1") as hf:
        with pytest.raises(InvalidInputError, match=rf"^media\[1\]: .* {REFUSED}"):
            await hf.chat("x", media=[first, second], model="owner/model")
        with pytest.raises(InvalidInputError, match=rf"^content\[1\]: .* {REFUSED}"):
            await hf.chat([message], model="owner/model")


def test_the_command_refuses_it_in_arguments_and_in_lines(special: Path) -> None:
    with pytest.raises(InvalidInputError, match=REFUSED):
        InputReader().open_file(f"@{special}")
    for reader in (InputReader(), InputReader(b"")):
        with pytest.raises(InvalidInputError, match=REFUSED):
            parse_value({"type": "string"}, [f"@{special}"], reader)


async def test_a_pipe_that_takes_the_place_of_the_file_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(b"x")
    threads: list[int] = []
    os_open = os.open

    def replace_and_open(target: Any, flags: int, *options: Any) -> int:
        if target == path:
            threads.append(threading.get_ident())
            path.unlink()
            os.mkfifo(path)
        return os_open(target, flags, *options)

    monkeypatch.setattr(os, "open", replace_and_open)
    with anyio.fail_after(10), pytest.raises(InvalidInputError, match=REFUSED):
        await File(path).read()
    assert threads
    assert threading.get_ident() not in threads, "a slow disk stops no other task"


async def test_an_open_pipe_is_sent(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.write(write, b"content")
    os.close(write)
    async with faulty() as (app, space):
        with os.fdopen(read, "rb") as pipe:
            await space.call("/file", file=File(pipe, name="x.png"))
        assert len(app.asked("upload")) == 1


async def test_a_regular_file_behind_a_link_is_sent(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(b"x")
    (tmp_path / "link.png").symlink_to("x.png")
    async with faulty() as (app, _), Space(app.url) as space:
        await space.call("/file", file=tmp_path / "link.png")
        assert len(app.asked("upload")) == 1
