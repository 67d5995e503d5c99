"""Real servers whose uploads and downloads break off, at every byte of a small one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal, TypeAlias, TypeVar

import anyio
import pytest

from spacecall import DeadlineError, File, Space, Timeouts, TransportError
from tests.faults.proxy import At, Ending, Fault, Proxy, body
from tests.faults.proxy_tools import spoilt
from tests.faults.tools import holds
from tests.servers import AppServer

T = TypeVar("T")
Side: TypeAlias = Literal["request", "answer"]

CONTENT = b"a small file"
LARGE = bytes(range(256)) * 4000
ENDINGS = [Ending.CLOSE, Ending.RESET]
SHORT = Timeouts(connect=3, upload=2.5, queue=10, run=10, idle=2.5, cancel=1)


async def there_and_back(space: Space, content: bytes = CONTENT) -> File:
    (file,) = await space.call("/files", files=[content])
    assert isinstance(file, File)
    return file


async def cut_at_every_byte(
    way: Proxy,
    path: str,
    side: Side,
    attempt: Callable[[], Awaitable[T]],
    clean: Callable[[], bool],
) -> tuple[int, T]:
    """Cut ever later, until nothing is left to be cut: how many bytes there are, and what came.

    Args:
        side: what is cut.
        clean: whether an attempt that failed has left nothing behind.
    """
    position = 0
    while True:
        at, ending = At(position), ENDINGS[position % 2]
        to_server = side == "request"
        way.once(path, Fault(at, ending=ending) if to_server else Fault(answer=at, ending=ending))
        try:
            return position, await attempt()
        except TransportError:
            assert clean()
        position += 1


@pytest.mark.parametrize(("side", "least"), [("request", 300), ("answer", 150)])
async def test_an_upload_cut_at_any_byte_is_an_error_and_no_job(
    protocol_app_6: AppServer, side: Side, least: int
) -> None:
    async with spoilt(protocol_app_6) as (way, space):
        size, file = await cut_at_every_byte(
            way,
            "/upload",
            side,
            lambda: there_and_back(space),
            lambda: not way.asked("queue/join"),
        )
        assert size > least
        assert await file.read() == CONTENT


async def test_a_large_upload_cut_in_the_middle_is_an_error_at_once(
    protocol_app_6: AppServer,
) -> None:
    async with spoilt(protocol_app_6) as (way, space):
        for ending in ENDINGS:
            way.once("/upload", Fault(request=body(len(LARGE) // 2), ending=ending))
            with anyio.fail_after(15), pytest.raises(TransportError):
                await there_and_back(space, LARGE)
        assert not way.asked("queue/join")


async def test_a_download_cut_at_any_byte_is_an_error_and_leaves_no_half_file(
    protocol_app_6: AppServer, tmp_path: Path
) -> None:
    async with spoilt(protocol_app_6) as (way, space):
        file = await there_and_back(space)
        size, path = await cut_at_every_byte(
            way, "/file=", "answer", lambda: file.save(tmp_path), lambda: holds(tmp_path)
        )
        assert size > 150
        assert holds(tmp_path, path.name)
        assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("ending", ENDINGS)
async def test_a_large_download_cut_in_the_middle_is_an_error(
    protocol_app_6: AppServer, ending: Ending
) -> None:
    async with spoilt(protocol_app_6) as (way, space):
        file = await there_and_back(space, LARGE)
        way.once("/file=", Fault(answer=body(len(LARGE) // 2), ending=ending))
        with anyio.fail_after(15), pytest.raises(TransportError):
            await file.read()
        assert await file.read() == LARGE


async def test_a_download_that_stalls_ends_by_the_idle_timeout(
    protocol_app_6: AppServer, tmp_path: Path
) -> None:
    async with spoilt(protocol_app_6, timeouts=SHORT) as (way, space):
        file = await there_and_back(space)
        for cut in (At(), body(5)):
            way.once("/file=", Fault(answer=cut, ending=Ending.STALL))
            with anyio.fail_after(15), pytest.raises(DeadlineError) as caught:
                await file.save(tmp_path)
            assert caught.value.phase == "idle"
            assert holds(tmp_path)


async def test_an_upload_that_stalls_ends_by_a_deadline_and_sends_no_join(
    protocol_app_6: AppServer,
) -> None:
    async with spoilt(protocol_app_6, timeouts=SHORT) as (way, space):
        faults = [
            Fault(request=body(50), ending=Ending.STALL),
            Fault(answer=body(3), ending=Ending.STALL),
        ]
        for fault in faults:
            way.once("/upload", fault)
            with anyio.fail_after(15), pytest.raises(DeadlineError) as caught:
                await there_and_back(space)
            assert caught.value.phase in ("upload", "idle")
        assert not way.asked("queue/join")


async def test_a_download_that_drips_is_whole_at_last(protocol_app_6: AppServer) -> None:
    async with spoilt(protocol_app_6, timeouts=SHORT) as (way, space):
        file = await there_and_back(space)
        way.once("/file=", Fault(drip=(7, 0.01)))
        assert await file.read() == CONTENT
