"""Read the HLS playlist of audio or video that an app streams (Gradio 5 and 6)."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from spacecall.errors import ProtocolError

__all__ = ["Playlist", "PlaylistEntry", "parse_playlist"]

MAX_SEGMENTS: Final = 100_000
"""The most segments of a playlist: more than a day of half seconds."""

_MIME_TYPES: Final = {".aac": "audio/aac", ".ts": "video/mp2t"}


class PlaylistEntry(NamedTuple):
    """One segment of a playlist.

    Attributes:
        uri: its address, relative to that of the playlist.
        duration: seconds; None if the playlist does not say.
    """

    uri: str
    duration: float | None

    @property
    def mime_type(self) -> str | None:
        """The media type, by the extension of `uri`."""
        path = self.uri.partition("?")[0]
        return _MIME_TYPES.get(path[path.rfind(".") :].lower())


class Playlist(NamedTuple):
    """The segments so far, and whether there will be more."""

    segments: tuple[PlaylistEntry, ...]
    ended: bool


def parse_playlist(text: str) -> Playlist:
    """Parse a playlist. Tags of no concern here are ignored.

    Raises:
        ProtocolError: it is not a playlist, or has more than `MAX_SEGMENTS` segments.
    """
    lines = iter(text.removeprefix("\ufeff").splitlines())
    if next(lines, "").strip() != "#EXTM3U":
        raise ProtocolError("the app sent something else than a playlist of streamed media")
    segments: list[PlaylistEntry] = []
    duration: float | None = None
    ended = False
    for line in map(str.strip, lines):
        if line.startswith("#EXTINF:"):
            duration = _parse_seconds(line.removeprefix("#EXTINF:").partition(",")[0])
        elif line == "#EXT-X-ENDLIST":
            ended = True
        elif line and not line.startswith("#"):
            segments.append(PlaylistEntry(line, duration))
            duration = None
    if len(segments) > MAX_SEGMENTS:
        raise ProtocolError(f"a playlist of streamed media has more than {MAX_SEGMENTS} segments")
    return Playlist(tuple(segments), ended)


def _parse_seconds(text: str) -> float | None:
    try:
        seconds = float(text[:40])
    except ValueError:
        return None
    return seconds if 0 <= seconds < math.inf else None
