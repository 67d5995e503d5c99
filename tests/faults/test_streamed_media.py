"""Playlists and segments of streamed media, from a server that misbehaves."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from spacecall import (
    DeadlineError,
    File,
    InvalidInputError,
    Limits,
    ProtocolError,
    Space,
    Timeouts,
    TransportError,
)
from spacecall.errors import ForbiddenAddressError
from tests.faults.exchanges import Exchange, Handler
from tests.faults.stub import MEDIA, cut
from tests.faults.tools import faulty

SEGMENT = "#EXTM3U\n#EXTINF:0.5,\na.aac\n"


def sending(text: str) -> Handler:
    async def answer(exchange: Exchange) -> None:
        await exchange.answer(200, text.encode())

    return answer


async def received(space: Space, path: str = "session/run/8/playlist.m3u8") -> File:
    payload: dict[str, Any] = {
        "path": path,
        "is_stream": True,
        "meta": {"_type": "gradio.FileData"},
    }
    file = await space.call("/file", file=payload)
    assert isinstance(file, File)
    return file


async def test_the_whole_is_asked_for_after_the_playlist_has_ended() -> None:
    async with faulty() as (app, space):
        file = await received(space)
        app.once("media", sending(SEGMENT), sending(SEGMENT), sending(SEGMENT + "#EXT-X-ENDLIST\n"))
        assert await file.read() == MEDIA
        paths = [exchange.path.rpartition("/")[2] for exchange in app.asked("media")]
        assert paths == ["playlist.m3u8"] * 3 + ["playlist-file"]


async def drip(exchange: Exchange) -> None:
    """Send a playlist, or a segment, that does not end."""
    await exchange.begin()
    await exchange.send(SEGMENT.encode())
    while True:
        await exchange.send(b"#")
        await anyio.sleep(0.05)


@pytest.mark.parametrize("parts", [[drip], [sending(SEGMENT), drip]], ids=["playlist", "segment"])
async def test_a_part_that_comes_too_slowly_is_given_up(parts: list[Handler]) -> None:
    async with faulty(timeouts=Timeouts(run=0.5)) as (app, space):
        file = await received(space)
        app.once("media", *parts)
        async with file.live() as segments:
            with pytest.raises(DeadlineError, match="the app streamed no media"):
                await anext(segments)


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999/a.aac", "http://[::1", "a\x00.aac"])
async def test_a_segment_with_an_invalid_url_is_an_error_of_the_app(url: str) -> None:
    async with faulty() as (app, space):
        file = await received(space)
        app.once("media", sending(f"#EXTM3U\n#EXTINF:0.5,\n{url}\n"))
        with pytest.raises(ProtocolError, match="a segment with an invalid URL"):
            async with file.live() as segments:
                await anext(segments)


async def test_a_playlist_that_never_ends_is_given_up() -> None:
    timeouts = Timeouts(run=0.3)
    async with faulty(timeouts=timeouts) as (app, space):
        file = await received(space)
        app.always("media", sending(SEGMENT))
        with pytest.raises(DeadlineError, match="the app streamed no media"):
            await file.read()


@pytest.mark.parametrize("text", ["<html>", ""])
async def test_something_else_than_a_playlist_is_an_error(text: str) -> None:
    async with faulty() as (app, space):
        file = await received(space)
        app.once("media", sending(text))
        with pytest.raises(ProtocolError, match="something else than a playlist"):
            await file.read()


async def test_a_playlist_and_a_segment_are_bounded() -> None:
    async with faulty(limits=Limits(max_body_bytes=40_000)) as (app, space):
        file = await received(space)
        app.once("media", sending("#EXTM3U\n" + "#" * 50_000))
        with pytest.raises(ProtocolError, match="more than 40000 bytes"):
            await file.read()
        app.once("media", sending(SEGMENT), sending("x" * 50_000))
        async with file.live() as live:
            with pytest.raises(ProtocolError, match="more than 40000 bytes"):
                await anext(live)


@pytest.mark.parametrize(
    "address", ["http://192.0.2.1/a.aac", "//192.0.2.1/a.aac", "file:///etc/a"]
)
async def test_a_segment_elsewhere_is_fetched_only_where_files_may_be(address: str) -> None:
    async with faulty(limits=Limits(file_hosts="app")) as (app, space):
        file = await received(space)
        app.once("media", sending(f"#EXTM3U\n{address}\n"))
        async with file.live() as live:
            with pytest.raises((ForbiddenAddressError, TransportError, ProtocolError)):
                await anext(live)
        assert len(app.asked("media")) == 1


async def test_a_segment_that_is_cut_is_an_error_and_the_next_reading_works() -> None:
    async def half(exchange: Exchange) -> None:
        await exchange.raw(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nx")
        await exchange.cut()

    async with faulty() as (app, space):
        file = await received(space)
        app.once("media", sending(SEGMENT), half)
        async with file.live() as live:
            with pytest.raises(TransportError, match="the connection broke"):
                await anext(live)
        async with file.live() as live:
            assert [segment.content async for segment in live] == [b"a.aac", b"b.aac"]


async def test_a_playlist_that_is_cut_before_its_first_byte_is_asked_for_again() -> None:
    async with faulty() as (app, space):
        file = await received(space)
        app.once("media", cut)
        assert await file.read() == MEDIA


@pytest.mark.parametrize(
    "path", ["/srv/plain.mp3", "a/../../8/playlist.m3u8", "a/b/c/playlist.m3u8", "a/b/8/other"]
)
async def test_other_paths_are_ordinary_files(path: str) -> None:
    async with faulty() as (_app, space):
        file = await received(space, path)
        assert not file.is_live


async def test_media_of_one_response_is_read_once() -> None:
    async with faulty() as (app, space):
        first, second = await received(space, "s/1/8"), await received(space, "s/1/8")
        async with first.live() as live:
            segments = [segment async for segment in live]
        assert b"".join(segment.content for segment in segments) == MEDIA
        with pytest.raises(InvalidInputError, match="only once"):
            await second.read()
        assert len(app.asked("media")) == 1
