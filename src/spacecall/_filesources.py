"""The sources of a `File`: paths, bytes, file objects, URLs, images and files of an app."""

from __future__ import annotations

import io
import mimetypes
import os
from abc import ABC, abstractmethod
from base64 import b64decode
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, Protocol, cast
from urllib.parse import unquote_to_bytes, urlsplit

import anyio
from anyio.to_thread import run_sync

from spacecall._filenames import is_image, sniff
from spacecall._regular_files import open_regular, readable_path, regular_size
from spacecall.errors import InvalidInputError

CHUNK = 512 * 1024
_PEEK = 64
_PNG_MODES: Final = frozenset({"1", "I;16", "I;16B", "L", "LA", "P", "RGB", "RGBA"})
"""The modes of Pillow images that can be written as PNG."""


class Source(Protocol):
    """The source of the bytes of a `File`."""

    @property
    def name(self) -> str:
        """The file name, maybe with folders."""
        ...

    @property
    def size(self) -> int | None:
        """The size in bytes; None if it is unknown before reading."""
        ...

    @property
    def mime_type(self) -> str | None:
        """The media type, declared or recognized from the content."""
        ...

    @property
    def url(self) -> str | None:
        """The URL of a remote file."""
        ...

    def open(self) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Open the source, and iterate over its bytes in chunks of at most 512 KiB."""
        ...


@dataclass(frozen=True, slots=True)
class MediaSegment:
    """A part of audio or video that an app streams.

    Attributes:
        content: its bytes.
        duration: its length in seconds; None if the app does not say (Gradio 3 and 4).
        mime_type: the media type, such as `audio/aac`; None if unknown.
    """

    content: bytes = field(repr=False)
    duration: float | None
    mime_type: str | None


class LiveSource(ABC):
    """Media that an app streams while it makes it: a source whose parts come as they are made."""

    name: str
    size: int | None
    mime_type: str | None
    url: str

    @abstractmethod
    def open(self) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Wait for the end, and open the whole, in chunks."""

    @abstractmethod
    def segments(self) -> AbstractAsyncContextManager[AsyncIterator[MediaSegment]]:
        """Open the segments, which come as the app makes them."""


class ImageLike(Protocol):
    """An image like Pillow's, recognized by its methods: it is sent as a PNG file."""

    @property
    def mode(self) -> str:
        """The pixel format, such as `RGB`."""
        ...

    def save(self, fp: BinaryIO, format: str | None = None) -> None:  # noqa: A002 - Pillow's name
        """Write it into a binary file."""
        ...


class WebUrl:
    """A file at a URL, fetched without credentials when it is uploaded.

    Args:
        url: the http or https URL.
        received: whether the URL came from an app instead of the caller: `Limits.file_hosts` then
            applies to it.
    """

    def __init__(self, url: str, *, received: bool = False) -> None:
        self.url = url
        self.received = received
        try:
            parts = urlsplit(url)
            path, port = parts.path, parts.port  # a port above 65535 raises
        except ValueError:  # its text may repeat a password in the URL
            raise InvalidInputError("invalid URL of a File: write https://host/path") from None
        if port == 0:
            raise InvalidInputError("the URL of a File has the port 0: write the server's port")
        self.name = unquote_to_bytes(path.rpartition("/")[2]).decode(errors="replace")
        self.size: int | None = None
        self.mime_type: str | None = None

    def open(self) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Raise InvalidInputError: only the client of a Space fetches URLs."""
        raise InvalidInputError(
            "a File made from a URL cannot be read directly: pass it to a call of a Space"
        )


class AppFile:
    """A file on the server of an app, described by a FileData object.

    Args:
        payload: the object. It is sent to an app unchanged: its path is on the server of that app.
    """

    def __init__(self, payload: Mapping[str, object]) -> None:
        self.payload = dict(payload)
        path, url = self._text("path"), self._text("url")
        self.url = next((text for text in (url, path) if _is_web(text)), None)
        self.name = self._text("orig_name") or path or url
        if not path or _is_web(path):  # its query may have a signature in it
            self.name = self.name.partition("#")[0].partition("?")[0]
        size = payload.get("size")
        self.size: int | None = None
        if isinstance(size, int) and not isinstance(size, bool) and size >= 0:
            self.size = size
        self.mime_type = self._text("mime_type") or None

    def _text(self, key: str) -> str:
        text = self.payload.get(key)
        return text if isinstance(text, str) else ""

    def open(self) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Raise InvalidInputError: only the client of a Space can read files of its app."""
        raise InvalidInputError(
            f"{self.name[:200]!r} is on the server of an app and cannot be read directly: "
            "pass it to a call of that app"
        )


class _PathSource:
    """A regular file of this machine."""

    url = None
    mime_type = None

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        self.name = self._path.name

    @property
    def size(self) -> int:
        return regular_size(self._path)

    def peek(self) -> bytes:
        with open_regular(self._path) as file, readable_path(self._path):
            return file.read(_PEEK)

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[AsyncIterator[bytes], None]:
        file = await run_sync(open_regular, self._path)
        async with anyio.wrap_file(file), aclosing(_chunks(file, may_block=False)) as chunks:
            yield chunks


class BytesSource:
    """Bytes in memory."""

    url = None

    def __init__(self, data: bytes, mime_type: str | None = None) -> None:
        self._data = data
        self.size = len(data)
        self.mime_type = mime_type or sniff(data)
        self.name = "file" + (mimetypes.guess_extension(self.mime_type or "") or "")

    def peek(self) -> bytes:
        """Return the first bytes."""
        return self._data[:_PEEK]

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[AsyncIterator[bytes], None]:
        """Iterate over the bytes."""
        async with aclosing(_chunks(io.BytesIO(self._data), may_block=False)) as chunks:
            yield chunks


class _FileObjectSource:
    url = None
    mime_type = None

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._opened = False
        with _reading():
            self._start = file.tell() if file.seekable() else None
        name = getattr(file, "name", None)
        self.name = Path(name).name if isinstance(name, str) else "file"

    @property
    def size(self) -> int | None:
        if self._start is None:
            return None
        with _reading():
            end = self._file.seek(0, os.SEEK_END)
            self._file.seek(self._start)
            return end - self._start

    def peek(self) -> bytes:
        if self._start is None:
            return b""
        with _reading():
            self._file.seek(self._start)
            head = bytes(self._file.read(_PEEK))
            self._file.seek(self._start)
        return head

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[AsyncIterator[bytes], None]:
        may_block = self._start is None
        if self._start is not None:
            with _reading():
                self._file.seek(self._start)
        elif self._opened:
            raise InvalidInputError(
                f"{self.name!r} cannot be read twice, since it is not seekable: open it again"
            )
        self._opened = True
        async with aclosing(_chunks(self._file, may_block=may_block)) as chunks:
            yield chunks


class _ImageSource:
    """An image, written as PNG each time that it is read."""

    url = None
    size = None
    name = "image.png"
    mime_type = "image/png"

    def __init__(self, image: ImageLike) -> None:
        if image.mode not in _PNG_MODES:
            hint = 'write image.convert("RGB")'
            mode = image.mode[:20]
            raise InvalidInputError(f"an image of mode {mode} cannot be written as PNG: {hint}")
        size: object = getattr(image, "size", None)
        if isinstance(size, tuple) and 0 in size:
            raise InvalidInputError(
                "an image without pixels cannot be sent: its width and height must be at least 1"
            )
        self._image = image

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[AsyncIterator[bytes], None]:
        file = io.BytesIO()
        try:
            await run_sync(self._image.save, file, "PNG")
        except Exception as error:  # an image is the caller's and may raise anything
            raise InvalidInputError(
                f"cannot write the {type(self._image).__name__} as PNG: {error}: write "
                'File(…) of an image file, or image.convert("RGB")'
            ) from error
        file.seek(0)
        async with aclosing(_chunks(file, may_block=False)) as chunks:
            yield chunks


def peek(source: Source) -> bytes:
    """Return the first bytes of a local source that can be read again; of others none.

    Raises:
        InvalidInputError: the source cannot be read.
    """
    if isinstance(source, (BytesSource, _PathSource, _FileObjectSource)):
        return source.peek()
    return b""


def open_source(source: object) -> Source:
    """Return the source of a value that the caller passed.

    Never pass a string from a server, a schema folder or a cassette: it could name any file of this
    machine. Use `data_uri` and the sources of `_io` for those. A FileData object may come from
    anywhere, since its path is on an app's server.

    Raises:
        InvalidInputError: the value is not a source, or an invalid data URI.
    """
    if isinstance(source, (bytes, bytearray)):
        return BytesSource(bytes(source))
    if isinstance(source, str) and is_data_uri(source):
        return data_uri(source)
    if isinstance(source, str) and _is_web(source):
        return WebUrl(source)
    if isinstance(source, Mapping):
        return _open_file_data(cast("Mapping[str, object]", source))
    if source == "":
        raise InvalidInputError("an empty text is not a path: leave the argument out, or pass None")
    if isinstance(source, (str, os.PathLike)):
        return _PathSource(cast("str | os.PathLike[str]", source))
    if isinstance(source, io.TextIOBase):
        raise InvalidInputError("the file object is not in binary mode: open it with mode 'rb'")
    if hasattr(source, "read") and hasattr(source, "seekable"):
        return _FileObjectSource(cast("BinaryIO", source))
    if is_image(source):
        return _ImageSource(cast("ImageLike", source))
    hint = ": write PIL.Image.fromarray(…)" if hasattr(type(source), "tolist") else ""
    raise InvalidInputError(
        "a file is a path, bytes, a binary file object, a File, an http(s) URL, a data URI, an "
        f"image of Pillow or the app's own FileData, got {type(source).__name__}{hint}"
    )


def _open_file_data(payload: Mapping[str, object]) -> Source:
    url = payload.get("url")
    if isinstance(url, str) and is_data_uri(url):
        return data_uri(url)
    is_named = any(isinstance(payload.get(key), str) and payload[key] for key in ("path", "url"))
    if is_named and _is_marked(payload):
        return AppFile(payload)
    raise InvalidInputError(
        "the object is not a file of Gradio: it must have a `path` or a `url`, and "
        '"meta": {"_type": "gradio.FileData"}; write File(…) or Path(…) for a local file'
    )


def _is_marked(payload: Mapping[str, object]) -> bool:
    """Return whether an object is FileData, by its `meta` or else its fields (4.0-4.19)."""
    meta = payload.get("meta")
    if isinstance(meta, Mapping):
        return cast("Mapping[str, object]", meta).get("_type") == "gradio.FileData"
    return payload.keys() >= {"path", "orig_name", "mime_type"}


def _is_web(text: str) -> bool:
    return text.lower().startswith(("http://", "https://"))


def is_data_uri(text: str) -> bool:
    """Return whether a text begins like a data URI."""
    return text[:5].lower() == "data:"


def data_uri(uri: str) -> BytesSource:
    """Decode a data URI.

    Raises:
        InvalidInputError: the URI is invalid.
    """
    head, comma, body = uri[5:].partition(",")
    mime_type, *parameters = head.split(";")
    try:
        if not comma:
            raise ValueError("it has no comma: write data:TYPE;base64,DATA")
        encoded = unquote_to_bytes(body)
        data = b64decode(encoded, validate=True) if "base64" in parameters else encoded
    except ValueError as error:
        raise InvalidInputError(f"invalid data URI {uri[:40]!r}…: {error}") from error
    return BytesSource(data, mime_type or "text/plain")


async def _chunks(file: BinaryIO, *, may_block: bool) -> AsyncGenerator[bytes, None]:
    """Yield the content. A read that `may_block` (of a pipe) is abandoned when cancelled."""
    while True:
        with _reading():
            chunk = bytes(await run_sync(file.read, CHUNK, abandon_on_cancel=may_block))
        if not chunk:
            return
        yield chunk


@contextmanager
def _reading() -> Generator[None]:
    # A file object is the caller's and may raise anything, which must not end other tasks.
    try:
        yield
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise InvalidInputError(f"cannot read the file: {reason}") from error
