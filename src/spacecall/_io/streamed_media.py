"""Audio and video that an app streams while it makes them.

Gradio 5 and 6 list the segments in a playlist, which ends when the app's function does. Gradio 3
and 4 send the bytes in one response, and send them once.
"""

from __future__ import annotations

import math
import re
from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any, Final

import anyio

from spacecall._core import gradio_requests
from spacecall._core.app_config import AppConfig
from spacecall._core.filedata import FileData, parse_file_data
from spacecall._core.hls_playlist import Playlist, parse_playlist
from spacecall._filesources import LiveSource, MediaSegment
from spacecall._io.app_http_client import AppHttpClient
from spacecall._io.credentials import join_url
from spacecall._io.transfers import open_url
from spacecall.errors import DeadlineError, InvalidInputError, ProtocolError

_PATH: Final = re.compile(r"[\w-]{1,200}/[\w-]{1,200}/\d{1,20}(?P<playlist>/playlist\.m3u8)?")
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 1.0
"""Seconds between two requests of a playlist that does not grow."""


def open_stream(
    app_client: AppHttpClient, app: AppConfig, payload: Mapping[str, Any]
) -> StreamedMedia | None:
    """Return the source of a payload that stands for streamed media; None for other files."""
    file = parse_file_data(payload)
    match = _PATH.fullmatch(file.path or "")
    if payload.get("is_stream") is not True or match is None:
        return None
    kind = PlaylistMedia if match["playlist"] else SingleResponseMedia
    return kind(app_client, app, file)


class StreamedMedia(LiveSource):
    """Media on an app's server, of which the size is unknown."""

    size = None

    def __init__(self, app_client: AppHttpClient, app: AppConfig, file: FileData) -> None:
        path = file.path or ""
        self.name = file.orig_name or "stream"
        self.mime_type = file.mime_type
        self.url = app_client.base + gradio_requests.streamed_media(app, path).path
        self._app_client = app_client

    @asynccontextmanager
    async def segments(self) -> AsyncGenerator[AsyncIterator[MediaSegment], None]:
        async with aclosing(self._iterate_segments()) as segments:
            yield segments

    @abstractmethod
    def _iterate_segments(self) -> AsyncGenerator[MediaSegment, None]:
        """Yield the segments as the app makes them."""


class PlaylistMedia(StreamedMedia):
    """Media whose segments are listed in a playlist. It can be read any number of times.

    The app joins the segments to one file when that is first asked for, and never again. Therefore
    it is not asked before the playlist has ended.
    """

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[AsyncIterator[bytes], None]:
        async with aclosing(self._iterate_playlists()) as playlists:
            async for _ in playlists:
                pass
        whole = self.url.removesuffix("playlist.m3u8") + "playlist-file"
        async with open_url(self._app_client, whole) as chunks:
            yield chunks

    async def _iterate_segments(self) -> AsyncGenerator[MediaSegment, None]:
        count = 0
        async with aclosing(self._iterate_playlists()) as playlists:
            async for playlist in playlists:
                for entry in playlist.segments[count:]:
                    try:
                        content = await self._read(join_url(self.url, entry.uri), self._deadline())
                    except InvalidInputError as error:
                        raise ProtocolError(
                            f"the playlist has a segment with an invalid URL ({error.message})",
                            space=self._app_client.base,
                        ) from error
                    yield MediaSegment(content, entry.duration, entry.mime_type)
                count = max(count, len(playlist.segments))

    async def _iterate_playlists(self) -> AsyncGenerator[Playlist, None]:
        """Yield the playlist whenever it has grown, until it has ended.

        Raises:
            DeadlineError: it did not grow for `Timeouts.run` seconds, or did not arrive in them.
        """
        count, pause, deadline = -1, _FIRST_PAUSE, self._deadline()
        while True:
            body = await self._read(self.url, deadline)
            playlist = parse_playlist(body.decode(errors="replace"))
            if playlist.ended or len(playlist.segments) > count:
                yield playlist
                count, pause, deadline = len(playlist.segments), _FIRST_PAUSE, self._deadline()
            elif anyio.current_time() > deadline:
                raise self._late()
            if playlist.ended:
                return
            await anyio.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    def _deadline(self) -> float:
        seconds = self._app_client.settings.timeouts.run
        return math.inf if seconds is None else anyio.current_time() + seconds

    def _late(self) -> DeadlineError:
        seconds = self._app_client.settings.timeouts.run
        text = f"the app streamed no media for {seconds:g} s and did not end the stream"
        return DeadlineError(text, phase="run", space=self._app_client.base)

    async def _read(self, url: str, deadline: float) -> bytes:
        """Return the content of a playlist or a segment, of at most `Limits.max_body_bytes`.

        Raises:
            DeadlineError: it did not arrive by `deadline`, by the clock of anyio.
        """
        limit = self._app_client.settings.limits.max_body_bytes
        content = bytearray()
        with anyio.CancelScope(deadline=deadline):
            async with open_url(self._app_client, url) as chunks:
                async for chunk in chunks:
                    content += chunk
                    if len(content) > limit:
                        raise ProtocolError(
                            f"a part of streamed media has more than {limit} bytes "
                            "(Limits.max_body_bytes)"
                        )
            return bytes(content)
        raise self._late()


class SingleResponseMedia(StreamedMedia):
    """Media that the app sends in one response, and only once."""

    _was_opened = False

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[AsyncIterator[bytes], None]:
        if self._was_opened:
            raise InvalidInputError(
                f"{self.name!r} was read before: this app sends streamed media only once"
            )
        self._was_opened = True
        async with open_url(self._app_client, self.url) as chunks:
            yield chunks

    async def _iterate_segments(self) -> AsyncGenerator[MediaSegment, None]:
        async with self.open() as chunks:
            async for chunk in chunks:
                yield MediaSegment(chunk, None, self.mime_type)
