"""Where the bytes of a `File` come from."""

from __future__ import annotations

import io
import mimetypes
import os
import stat
from base64 import b64decode
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, contextmanager
from pathlib import Path
from typing import BinaryIO, Final, Protocol, cast
from urllib.parse import unquote_to_bytes, urlsplit

import anyio
from anyio.to_thread import run_sync

from spacecall._filenames import is_image, sniff
from spacecall.errors import InvalidInputError

CHUNK = 512 * 1024
_PEEK = 64
_PNG_MODES: Final = frozenset({"1", "I;16", "I;16B", "L", "LA", "P", "RGB", "RGBA"})
"""How Pillow may store the pixels of an image that it writes as PNG."""


class Source(Protocol):
    """Where the bytes of a `File` come from."""

    @property
    def name(self) -> str:
        """A file name, maybe with folders."""
        ...

    @property
    def size(self) -> int | None:
        """In bytes, where known before reading."""
        ...

    @property
    def mime_type(self) -> str | None:
        """As declared, or seen in the content."""
        ...

    @property
    def url(self) -> str | None:
        """Where a remote file is fetched from."""
        ...

    def open(self) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The bytes in chunks of at most a few hundred kilobytes."""
        ...


class ImageLike(Protocol):
    """An image of Pillow, told by what it can do: it is sent as a PNG file."""

    @property
    def mode(self) -> str:
        """How its pixels are stored, such as `RGB`."""
        ...

    def save(self, fp: BinaryIO, format: str | None = None) -> None:  # noqa: A002 - Pillow's name
        """Write it into a binary file."""
        ...


class WebUrl:
    """A file of the web, fetched without credentials when it is uploaded.

    Args:
        url: http or https.
        received: whether somebody else named it, not the caller: `Limits.file_hosts` holds for it.
    """

    def __init__(self, url: str, *, received: bool = False) -> None:
        self.url = url
        self.received = received
        try:
            path = urlsplit(url).path
        except ValueError:  # whose text may repeat a password in the URL
            raise InvalidInputError("the URL of a File is not valid") from None
        self.name = unquote_to_bytes(path.rpartition("/")[2]).decode(errors="replace")
        self.size: int | None = None
        self.mime_type: str | None = None

    def open(self) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Not without a Space: only its client fetches."""
        raise InvalidInputError("a File made from a URL can be sent to a Space, not read by itself")


class AppFile:
    """A file that an app named by a FileData object; which app, the caller knows.

    Args:
        payload: the object. It goes to an app as it is, and its path is one of that app's server.
    """

    def __init__(self, payload: Mapping[str, object]) -> None:
        self.payload = dict(payload)
        path, url = self._text("path"), self._text("url")
        self.url = next((text for text in (url, path) if _is_web(text)), None)
        self.name = self._text("orig_name") or path or url
        if not path or _is_web(path):  # whose query may have a signature in it
            self.name = self.name.partition("#")[0].partition("?")[0]
        size = payload.get("size")
        self.size: int | None = None
        if isinstance(size, int) and not isinstance(size, bool) and size >= 0:
            self.size = size
        self.mime_type = self._text("mime_type") or None

    def _text(self, key: str) -> str:
        found = self.payload.get(key)
        return found if isinstance(found, str) else ""

    def open(self) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Not without a Space: only its client knows the app."""
        raise InvalidInputError(
            f"{self.name[:200]!r} is on the server of an app: it can be sent to that app, "
            "not read by itself"
        )


class _PathSource:
    url = None
    mime_type = None

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        self.name = self._path.name

    @property
    def size(self) -> int | None:
        with self._readable():
            found = self._path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise InvalidInputError(f"{str(self._path)!r} is a folder, not a file")
        return found.st_size if stat.S_ISREG(found.st_mode) else None

    def peek(self) -> bytes:
        if self.size is None:  # of a pipe they would be missing later
            return b""
        with self._readable(), self._path.open("rb") as file:
            return file.read(_PEEK)

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[AsyncIterator[bytes], None]:
        waits = self.size is None
        with self._readable():
            file = await self._opened(waits=waits)
        async with anyio.wrap_file(file), aclosing(_chunks(file, waits=waits)) as chunks:
            yield chunks

    async def _opened(self, *, waits: bool) -> BinaryIO:
        """Open it in a thread. A named pipe that is given up is closed when somebody writes it."""
        left = False

        def opened() -> BinaryIO:
            file = cast("BinaryIO", self._path.open("rb"))
            if left:
                file.close()
            return file

        try:
            return await run_sync(opened, abandon_on_cancel=waits)
        except BaseException:
            left = True
            raise

    @contextmanager
    def _readable(self) -> Generator[None]:
        try:
            yield
        except (OSError, ValueError, RuntimeError) as error:  # such as a NUL in it, or no such user
            why = (isinstance(error, OSError) and error.strerror) or error
            home = str(self._path).startswith("~")
            hint = ": ~ is not expanded, write Path(…).expanduser()" if home else ""
            raise InvalidInputError(f"cannot read {str(self._path)!r}: {why}{hint}") from error


class BytesSource:
    """Bytes in memory."""

    url = None

    def __init__(self, data: bytes, mime_type: str | None = None) -> None:
        self._data = data
        self.size = len(data)
        self.mime_type = mime_type or sniff(data)
        self.name = "file" + (mimetypes.guess_extension(self.mime_type or "") or "")

    def peek(self) -> bytes:
        """The first bytes."""
        return self._data[:_PEEK]

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[AsyncIterator[bytes], None]:
        """The bytes."""
        async with aclosing(_chunks(io.BytesIO(self._data), waits=False)) as chunks:
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
        waits = self._start is None
        if self._start is not None:
            with _reading():
                self._file.seek(self._start)
        elif self._opened:
            raise InvalidInputError(f"{self.name!r} can be read only once, and was read before")
        self._opened = True
        async with aclosing(_chunks(self._file, waits=waits)) as chunks:
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
            raise InvalidInputError("an image without pixels cannot be sent")
        self._image = image

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[AsyncIterator[bytes], None]:
        file = io.BytesIO()
        try:
            await run_sync(self._image.save, file, "PNG")
        except Exception as error:  # an image is the caller's and raises what it likes
            raise InvalidInputError(
                f"cannot write the {type(self._image).__name__} as PNG: {error}: write "
                'File(…) of an image file, or image.convert("RGB")'
            ) from error
        file.seek(0)
        async with aclosing(_chunks(file, waits=False)) as chunks:
            yield chunks


def peek(source: Source) -> bytes:
    """The first bytes of a local source that can be read again; of others none.

    Raises:
        InvalidInputError: it cannot be read.
    """
    if isinstance(source, (BytesSource, _PathSource, _FileObjectSource)):
        return source.peek()
    return b""


def open_source(source: object) -> Source:
    """The source that a value of the caller's stands for.

    A text that a server, a schema folder or a cassette says must never come here: it could name
    any file of this machine. Of that, only `data_uri` and the sources of `_io` make files. A
    FileData object may come from anywhere, since its path is one of an app's server.

    Raises:
        InvalidInputError: it is none of these, or a broken data URI.
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
        raise InvalidInputError("an empty text is not a path: leave the argument out, or give None")
    if isinstance(source, (str, os.PathLike)):
        return _PathSource(cast("str | os.PathLike[str]", source))
    if isinstance(source, io.TextIOBase):
        raise InvalidInputError("a file object must be opened in binary mode, got a text one")
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
        "an object stands for a file if it is Gradio's FileData: it has a `path` or a `url`, and "
        '"meta": {"_type": "gradio.FileData"}; write File(…) or Path(…) for a file of this machine'
    )


def _is_marked(payload: Mapping[str, object]) -> bool:
    """Whether an object is FileData: by its `meta`, or its fields where it has none (4.0-4.19)."""
    meta = payload.get("meta")
    if isinstance(meta, Mapping):
        return cast("Mapping[str, object]", meta).get("_type") == "gradio.FileData"
    return payload.keys() >= {"path", "orig_name", "mime_type"}


def _is_web(text: str) -> bool:
    return text.lower().startswith(("http://", "https://"))


def is_data_uri(text: str) -> bool:
    """Whether a text is meant as a data URI."""
    return text[:5].lower() == "data:"


def data_uri(uri: str) -> BytesSource:
    """The content of a data URI.

    Raises:
        InvalidInputError: it is not one.
    """
    head, comma, body = uri[5:].partition(",")
    mime_type, *parameters = head.split(";")
    try:
        if not comma:
            raise ValueError("no comma")
        encoded = unquote_to_bytes(body)
        data = b64decode(encoded, validate=True) if "base64" in parameters else encoded
    except ValueError as error:
        raise InvalidInputError(f"{uri[:40]!r}… is not a data URI: {error}") from error
    return BytesSource(data, mime_type or "text/plain")


async def _chunks(file: BinaryIO, *, waits: bool) -> AsyncGenerator[bytes, None]:
    """The content. Where it `waits` for who writes a pipe, it can be cancelled all the same."""
    while True:
        with _reading():
            chunk = bytes(await run_sync(file.read, CHUNK, abandon_on_cancel=waits))
        if not chunk:
            return
        yield chunk


@contextmanager
def _reading() -> Generator[None]:
    # A file object is the caller's and raises what it likes. It must not end what runs beside.
    try:
        yield
    except Exception as error:
        why = str(error) or type(error).__name__
        raise InvalidInputError(f"cannot read the file: {why}") from error
