"""What a medium is told to be, by its bytes, its name, or its declaration."""

from __future__ import annotations

import io
import os
from base64 import b64encode
from pathlib import Path
from typing import IO

import pytest

from spacecall import File, InvalidInputError
from spacecall.media import Media, MediaInput
from tests.servers import DATA

RED = DATA / "red.png"
TONE = DATA / "tone.wav"
PNG = RED.read_bytes()

HEADS = [
    (b"\xff\xd8\xff\xe0", "image/jpeg", ".jpg"),
    (b"\x89PNG\r\n\x1a\n", "image/png", ".png"),
    (b"GIF89a", "image/gif", ".gif"),
    (b"RIFF\x00\x00\x00\x00WEBP", "image/webp", ".webp"),
    (b"RIFF\x00\x00\x00\x00WAVE", "audio/x-wav", ".wav"),
    (b"ID3\x04", "audio/mpeg", ".mp3"),
    (b"\xff\xfb\x90\x64", "audio/mpeg", ".mp3"),
    (b"\xff\xf3\x90\x64", "audio/mpeg", ".mp3"),
    (b"\x00\x00\x00\x20ftypM4A ", "audio/mp4", ".m4a"),
    (b"fLaC", "audio/flac", ".flac"),
    (b"OggS", "audio/ogg", (".ogg", ".oga")),
    (b"\xff\xf1", "audio/aac", ".aac"),
]


@pytest.mark.parametrize(("head", "mime_type", "suffix"), HEADS)
def test_bytes_tell_kind_type_and_the_ending_of_the_name(
    head: bytes, mime_type: str, suffix: str | tuple[str, ...]
) -> None:
    media = Media(head + b"\0" * 64)
    assert media.kind == mime_type.partition("/")[0]
    assert media.file.mime_type == mime_type
    assert media.file.name.endswith(suffix)


def test_every_source_of_a_file_is_taken(tmp_path: Path) -> None:
    with RED.open("rb") as opened:
        sources: list[MediaInput] = [
            RED,
            str(RED),
            PNG,
            opened,
            io.BytesIO(PNG),
            File(RED),
            Media(RED),
            f"data:image/png;base64,{b64encode(PNG).decode()}",
            "https://example.com/red.png?size=3",
        ]
        assert [Media(source).kind for source in sources] == ["image"] * len(sources)


def test_the_bytes_count_more_than_the_name_and_the_name_more_than_the_declaration(
    tmp_path: Path,
) -> None:
    wrong = tmp_path / "tone.wav"
    wrong.write_bytes(PNG)
    assert Media(wrong).kind == "image"
    assert Media(wrong).file.name == "tone.wav.png"
    assert Media(b"unknown", name="voice.m4a", mime_type="image/png").kind == "audio"
    assert Media(b"unknown", mime_type="image/png").kind == "image"
    assert Media("data:audio/wav,unknown").kind == "audio"


@pytest.mark.parametrize("name", ["a.wav", "a.mp3", "a.m4a", "A.WAV", "a.flac", "a.ogg", "a.opus"])
def test_audio_is_told_by_its_name(name: str) -> None:
    assert Media(f"https://example.com/{name}").kind == "audio"


def test_a_container_of_sound_or_film_is_what_its_name_says() -> None:
    box = b"\x00\x00\x00\x20ftypisom" + b"\0" * 20
    assert Media(box, name="voice.m4a").kind == "audio"
    with pytest.raises(InvalidInputError, match="neither an image nor audio: it is video/mp4"):
        Media(box)


def test_a_file_object_is_read_from_where_it_stood_and_left_there() -> None:
    file = io.BytesIO(b"skip" + PNG)
    file.seek(4)
    assert Media(file).kind == "image"
    assert file.tell() == 4


async def test_a_pipe_is_not_used_up_by_looking_at_it() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as source, os.fdopen(writing, "wb") as sink:
        sink.write(PNG)
        sink.close()
        media = Media(source, name="red.png")
        assert await media.file.read() == PNG


class Pixels:
    """As much of a PIL image as is asked for."""

    def __init__(self, mode: str = "RGB") -> None:
        self.mode = mode

    def convert(self, mode: str) -> Pixels:
        return Pixels(mode)

    def tobytes(self) -> bytes:
        return b""

    def save(self, fp: IO[bytes], format: str) -> None:  # noqa: A002
        fp.write(PNG + f"{format} {self.mode}".encode())


class Broken(Pixels):
    def save(self, fp: IO[bytes], format: str) -> None:  # noqa: A002
        raise OSError("cannot write mode RGB as PNG")


@pytest.mark.parametrize(("mode", "written"), [("RGBA", "RGBA"), ("CMYK", "RGB"), ("F", "RGB")])
async def test_a_pil_image_is_sent_as_png(mode: str, written: str) -> None:
    media = Media(Pixels(mode))
    assert (media.kind, media.file.name, media.file.mime_type) == (
        "image",
        "image.png",
        "image/png",
    )
    assert await media.file.read() == PNG + f"PNG {written}".encode()


async def test_a_picture_that_cannot_be_written_is_a_wrong_input() -> None:
    with pytest.raises(InvalidInputError, match="cannot write mode RGB"):
        await Media(Broken()).file.read()


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (b"%PDF-1.7", "'file.pdf' is neither an image nor audio: it is application/pdf"),
        (b"\x01\x02\x03", "its content begins with 01 02 03"),
        ("https://example.com/show?id=3", "'show' is neither an image nor audio by its name, and"),
        ("data:text/plain,hello", "it is text/plain"),
        ("/nowhere/cat.png", "cannot read '/nowhere/cat.png'"),
        (io.StringIO("x"), "binary mode"),
        (3, "got int"),
    ],
)
def test_what_is_no_medium_is_refused_with_what_was_found(source: MediaInput, words: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        Media(source)
    assert words in caught.value.message


def test_the_caller_can_say_what_it_is() -> None:
    media = Media("https://example.com/show?id=3", kind="image")
    assert (media.kind, media.uri) == ("image", "https://example.com/show?id=3")
    assert Media(b"unknown", kind="audio").kind == "audio"
    assert Media(b"\0\0\0\0ftypisom", kind="audio").kind == "audio"
    with pytest.raises(InvalidInputError, match=r"'tone.wav' is not an image: it is audio/x-wav"):
        Media(TONE, kind="image")
    with pytest.raises(InvalidInputError, match="image or audio, not 'film'"):
        Media(b"x", kind="film")  # type: ignore[arg-type]


async def test_a_portable_medium_can_be_kept_and_sent_again() -> None:
    portable = await Media(TONE).portable()
    assert portable.uri is not None
    assert portable.uri.startswith("data:audio/x-wav;base64,")
    assert await portable.file.read() == TONE.read_bytes()
    assert await portable.portable() is portable
    assert portable == Media(portable.uri)
    assert hash(portable) == hash(Media(portable.uri))
    assert Media(RED) != Media(RED)


def test_a_repr_shows_no_content() -> None:
    assert repr(Media(RED)) == "Media(image, name='red.png')"
    assert "base64" not in repr(Media(f"data:image/png;base64,{b64encode(PNG).decode()}"))
