"""File names and media types."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_MAX_NAME_BYTES: Final = 200
_MAX_SUFFIX_BYTES: Final = 20
_DEVICES: Final = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$", "clock$"}
    | {f"{port}{number}" for port in ("com", "lpt") for number in "0123456789\u00b9\u00b2\u00b3"}
)


def expand_home(path: str | os.PathLike[str]) -> Path:
    """Return `path` with `~` replaced by the home folder; unchanged if that is unknown."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 - Path.expanduser raises RuntimeError


def safe_name(name: str) -> str:
    """Return `name` without folders and forbidden characters, at most 200 bytes.

    A name that Windows reads as a device (`CON`, `aux.txt`, `LPT1`) gets a leading underscore.
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    clean = "".join("_" if char in '<>:"|?*' else char for char in last if char.isprintable())
    clean = clean.strip(" ").rstrip(". ")
    if not clean:
        return "file"
    if is_device(clean):
        clean = f"_{clean}"
    stem, dot, suffix = clean.rpartition(".")
    if not dot or len(suffix.encode()) > _MAX_SUFFIX_BYTES:
        stem, dot, suffix = clean, "", ""
    max_stem_bytes = _MAX_NAME_BYTES - len(f"{dot}{suffix}".encode())
    return f"{stem.encode()[:max_stem_bytes].decode(errors='ignore')}{dot}{suffix}".rstrip(". ")


def is_device(name: str) -> bool:
    """Return whether Windows reads the name as a device, with any suffix."""
    return name.partition(".")[0].rstrip(" ").lower() in _DEVICES


HEAD_BYTES: Final = 16
"""The bytes at the beginning of a file that `sniff` needs."""

_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypheic", "image/heic"),
    (8, b"WAVE", "audio/x-wav"),
    (8, b"AIFF", "audio/aiff"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"\xff\xf2", "audio/mpeg"),
    (0, b"\xff\xf1", "audio/aac"),
    (0, b"\xff\xf9", "audio/aac"),
    (0, b"fLaC", "audio/flac"),
    (0, b"OggS", "audio/ogg"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftyp", "video/mp4"),
    (0, b"%PDF-", "application/pdf"),
)


def sniff(data: bytes) -> str | None:
    """Return the media type of the first bytes, for common images, audio, video and PDF."""
    for offset, signature, mime_type in _SIGNATURES:
        if data[offset : offset + len(signature)] == signature:
            return mime_type
    return None


TYPES_BY_SUFFIX: Final = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".bmp": "image/bmp",
    ".tiff": "image/tiff",
    ".tif": "image/tiff",
    ".avif": "image/avif",
    ".heic": "image/heic",
    ".svg": "image/svg+xml",
    ".wav": "audio/x-wav",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".flac": "audio/flac",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".opus": "audio/ogg",
    ".aac": "audio/aac",
    ".aiff": "audio/aiff",
    ".aif": "audio/aiff",
    ".weba": "audio/webm",
}
"""The media types of images and audio, by suffix; the first suffix of a type is the usual one."""


def find_wrong_suffix(name: str, head: bytes) -> str | None:
    """Return a better suffix for the name of a file with these first bytes; None if it fits.

    A suffix fits unless it and the content are those of two known kinds of images or audio.
    """
    expected = TYPES_BY_SUFFIX.get(os.path.splitext(name)[1].lower())  # noqa: PTH122
    actual = sniff(head)
    usual = {mime_type: suffix for suffix, mime_type in reversed(TYPES_BY_SUFFIX.items())}
    if expected is None or actual == expected or actual not in usual:
        return None
    return usual[actual]


def is_image(value: object) -> bool:
    """Return whether a value is like a Pillow image: it has a mode, and can be saved."""
    return callable(getattr(type(value), "save", None)) and isinstance(
        getattr(value, "mode", None), str
    )
