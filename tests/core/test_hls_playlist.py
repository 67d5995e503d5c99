"""Playlists of streamed media, as servers send them and as they should not."""

from __future__ import annotations

import pytest

from spacecall._core.hls_playlist import MAX_SEGMENTS, Playlist, PlaylistEntry, parse_playlist
from spacecall.errors import ProtocolError

GRADIO_6 = """#EXTM3U
#EXT-X-PLAYLIST-TYPE:EVENT
#EXT-X-TARGETDURATION:1
#EXT-X-VERSION:4
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-START:TIME-OFFSET=0
#EXTINF:0.500000,
6be4a0d4.aac?__sign=abc
#EXTINF:1.25,
77aa.ts
#EXT-X-DISCONTINUITY
"""


def test_segments_have_their_durations_and_media_types() -> None:
    playlist = parse_playlist(GRADIO_6)
    assert playlist == Playlist(
        (PlaylistEntry("6be4a0d4.aac?__sign=abc", 0.5), PlaylistEntry("77aa.ts", 1.25)),
        ended=False,
    )
    types = [segment.mime_type for segment in playlist.segments]
    assert types == ["audio/aac", "video/mp2t"]
    assert PlaylistEntry("noextension", None).mime_type is None


def test_the_end_is_marked() -> None:
    assert parse_playlist(GRADIO_6 + "#EXT-X-ENDLIST\r\n").ended
    assert parse_playlist("#EXTM3U\n#EXT-X-ENDLIST") == Playlist((), ended=True)


@pytest.mark.parametrize("duration", ["", "soon", "-1", "nan", "inf", "1" * 400])
def test_a_duration_that_is_no_time_is_unknown(duration: str) -> None:
    playlist = parse_playlist(f"#EXTM3U\n#EXTINF:{duration},\na.ts\nb.ts\n")
    assert [segment.duration for segment in playlist.segments][1:] == [None]
    assert playlist.segments[0].duration is None or len(duration) > 300


def test_a_byte_order_mark_is_not_part_of_the_text() -> None:
    assert parse_playlist("\ufeff#EXTM3U\n#EXT-X-ENDLIST").ended


@pytest.mark.parametrize("text", ["", "<html>", '{"detail": "Not Found"}', " \n#EXTM3U"])
def test_something_else_is_refused(text: str) -> None:
    with pytest.raises(ProtocolError, match="something else than a playlist"):
        parse_playlist(text)


def test_an_endless_playlist_is_refused() -> None:
    with pytest.raises(ProtocolError, match="more than 100000 segments"):
        parse_playlist("#EXTM3U\n" + "a.ts\n" * (MAX_SEGMENTS + 1))
