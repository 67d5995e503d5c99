"""Files, sound, film, models in space."""

from __future__ import annotations

import io

from spacecall import File
from tests.codegen.live.cases import PICTURE, SOUND, WAV, begins, case, content, has, holds

NOTE = File(b"a,b\n1,2\n", name="note.csv")
MODEL = File(b"v 0 0 0\n", name="point.obj")
START = b"\x00\x00\x00\x18ftypmp42"
FILM = File(START + b" not really", name="film.mp4")
TEXTS = File(b"1\n00:00:00,000 --> 00:00:01,000\nhi\n", name="film.srt")

CASES = [
    case("files.one", {"value": NOTE}, b"a,b\n1,2\n", "File | list[File] | None"),
    case(
        "files.one",
        {"value": io.BytesIO(b"\x00\xff" * 1000)},
        b"\x00\xff" * 1000,
        "File | list[File] | None",
    ),
    case("files.one", {"value": None}, None, "File | list[File] | None"),
    case(
        "files.several",
        {"files": [NOTE, PICTURE, b"bytes"]},
        [b"bytes", content(PICTURE), b"a,b\n1,2\n"],
        "list[File] | None",
    ),
    case("files.read", {"file": NOTE}, "a,b\n1,2\n", "str | None"),
    case("files.bytes_", {"data": b"abc"}, "ABC", "str | None", endpoint="bytes"),
    case("files.make", {"text": "made é"}, "made é".encode(), "File | list[File] | None"),
    case("files.download", {"text": "down"}, b"down", "File | None"),
    case("files.upload", {"file": File(b"x", name="up.txt")}, "up.txt", "str | None"),
    case("files.nothing", {}, None, "File | list[File] | None"),
    case("sound.same", {"value": SOUND}, content(SOUND), "File | None"),
    case("sound.reverse", {"sound": SOUND}, begins(WAV), "File | None"),
    case("sound.any", {"sound": None}, "nothing", "str | None"),
    case(
        "film.same",
        {"value": FILM},
        begins(START),
        "File | None",
        only="6",
    ),
    case(
        "film.same",
        lambda m: {"value": m.VideoData(video=FILM)},
        has(video=begins(START)),
        "VideoData | None",
        only="5",
    ),
    case(
        "film.subtitles",
        lambda m: {"film": m.VideoData(video=FILM), "words": TEXTS},
        has(subtitles=holds(b"WEBVTT")),
        "VideoData | None",
        only="5",
    ),
    case("model.same", {"value": MODEL}, b"v 0 0 0\n", "File | None"),
]
