"""Files going to a Space and coming from one."""

from __future__ import annotations

import io
import mimetypes
import os
import stat
import tempfile
from base64 import b64decode
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeAlias, TypeGuard, cast
from urllib.parse import unquote_to_bytes, urlsplit

import anyio
from anyio.to_thread import run_sync
from pydantic_core import core_schema

from spacecall.errors import InvalidInputError

__all__ = ["File", "FileInput", "Source", "WebUrl"]

CHUNK = 256 * 1024
FileInput: TypeAlias = "File | str | os.PathLike[str] | bytes | BinaryIO"


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


class File:
    """A file: to send, made from any source; or received, a handle that is read on demand.

    Args:
        source: a path, bytes, a binary file object (read from its position on), an http(s) URL
            (fetched when it is uploaded, without credentials), a data URI, or another `File`.
        name: the name the app sees; by default the source's own.
        mime_type: by default guessed from the name, or from the first bytes.

    Raises:
        InvalidInputError: the source is none of these, or a broken data URI.
    """

    __slots__ = ("_mime_type", "_name", "_source")

    def __init__(
        self,
        source: FileInput | Source,
        *,
        name: str | None = None,
        mime_type: str | None = None,
    ) -> None:
        self._source: Source = source._source if isinstance(source, File) else _open_source(source)
        inherited = source if isinstance(source, File) else None
        self._name: str | None = name or (inherited._name if inherited else None)
        self._mime_type: str | None = mime_type or (inherited._mime_type if inherited else None)

    @property
    def name(self) -> str:
        """A safe file name: no folders, no control characters, never empty."""
        return safe_name(self._name or self._source.name)

    @property
    def size(self) -> int | None:
        """Size in bytes, where it is known without reading."""
        return self._source.size

    @property
    def mime_type(self) -> str | None:
        """Media type, such as `image/png`."""
        declared = self._mime_type or self._source.mime_type
        return declared or mimetypes.guess_type(self.name)[0]

    @property
    def url(self) -> str | None:
        """Where a file of a Space, or of the web, is fetched from."""
        return self._source.url

    @property
    def source(self) -> Source:
        """Where the bytes come from."""
        return self._source

    def stream(self) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Read it bit by bit: `async with file.stream() as chunks`, then `async for` over them.

        Raises:
            SpaceError: a remote file could not be fetched.
            InvalidInputError: a local file cannot be read.
        """
        return self._source.open()

    async def read(self) -> bytes:
        """The whole content. Raises as `stream` does."""
        async with self.stream() as chunks:
            return b"".join([chunk async for chunk in chunks])

    async def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the file to `path`, or into `path` under its own name if that is a folder.

        The file appears whole or not at all; one that is there already is replaced.

        Returns:
            The path written.

        Raises:
            OSError: the place cannot be written.
            SpaceError: a remote file could not be fetched.
        """
        target = Path(path)
        if await anyio.Path(target).is_dir():
            target = target / self.name
        descriptor, part = await run_sync(
            lambda: tempfile.mkstemp(
                dir=target.parent, prefix=f".{target.name[:80]}.", suffix=".part"
            )
        )
        try:
            async with anyio.wrap_file(os.fdopen(descriptor, "wb")) as out, self.stream() as chunks:
                async for chunk in chunks:
                    await out.write(chunk)
            await run_sync(_publish, part, target)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await anyio.Path(part).unlink(missing_ok=True)
            raise
        return target

    def __repr__(self) -> str:
        return f"File(name={self.name!r}, size={self.size!r}, mime_type={self.mime_type!r})"

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> core_schema.CoreSchema:
        return core_schema.with_info_plain_validator_function(
            cls._validate,
            serialization=core_schema.plain_serializer_function_ser_schema(lambda file: file),
        )

    @classmethod
    def _validate(cls, value: Any, info: core_schema.ValidationInfo[Any]) -> File:
        received: Callable[[Mapping[str, Any]], File] | None = info.context
        if isinstance(value, File):
            return value
        if isinstance(value, Mapping) and received is not None:
            return received(cast("Mapping[str, Any]", value))
        try:
            return cls(cast("FileInput", value))
        except InvalidInputError as error:
            raise ValueError(error.message) from error


class WebUrl:
    """A file of the web, fetched without credentials when it is uploaded."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.name = unquote_to_bytes(urlsplit(url).path.rpartition("/")[2]).decode(errors="replace")
        self.size: int | None = None
        self.mime_type: str | None = None

    def open(self) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Not without a Space: only its client fetches."""
        raise InvalidInputError("a File made from a URL can be sent to a Space, not read by itself")


class _PathSource:
    url = None
    mime_type = None

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path).expanduser()
        self.name = self._path.name

    @property
    def size(self) -> int | None:
        try:
            found = self._path.stat()
        except OSError as error:
            raise InvalidInputError(f"cannot read {str(self._path)!r}: {error.strerror}") from error
        if stat.S_ISDIR(found.st_mode):
            raise InvalidInputError(f"{str(self._path)!r} is a folder, not a file")
        return found.st_size if stat.S_ISREG(found.st_mode) else None

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[AsyncIterator[bytes], None]:
        try:
            opened = await anyio.open_file(self._path, "rb")
        except OSError as error:
            raise InvalidInputError(f"cannot read {str(self._path)!r}: {error.strerror}") from error
        async with opened, aclosing(_chunks(cast("BinaryIO", opened.wrapped))) as chunks:
            yield chunks


class _BytesSource:
    url = None

    def __init__(self, data: bytes, mime_type: str | None = None) -> None:
        self._data = data
        self.size = len(data)
        self.mime_type = mime_type or sniff(data)
        self.name = "file" + (mimetypes.guess_extension(self.mime_type or "") or "")

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[AsyncIterator[bytes], None]:
        async with aclosing(_chunks(io.BytesIO(self._data))) as chunks:
            yield chunks


class _FileObjectSource:
    url = None
    mime_type = None

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        name = getattr(file, "name", None)
        self.name = Path(name).name if isinstance(name, str) else "file"

    @property
    def size(self) -> int | None:
        if not self._file.seekable():
            return None
        position = self._file.tell()
        end = self._file.seek(0, os.SEEK_END)
        self._file.seek(position)
        return end - position

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[AsyncIterator[bytes], None]:
        async with aclosing(_chunks(self._file)) as chunks:
            yield chunks


def _open_source(source: FileInput | Source) -> Source:
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _BytesSource(bytes(source))
    if isinstance(source, str) and source[:5].lower() == "data:":
        return _data_uri(source)
    if isinstance(source, str) and source.lower().startswith(("http://", "https://")):
        return WebUrl(source)
    if isinstance(source, (str, os.PathLike)):
        return _PathSource(source)
    if isinstance(source, io.TextIOBase):
        raise InvalidInputError("a file object must be opened in binary mode, got a text one")
    if hasattr(source, "read") and hasattr(source, "seekable"):
        return _FileObjectSource(cast("BinaryIO", source))
    if _is_source(source):
        return source
    raise InvalidInputError(
        "a file is a path, bytes, a binary file object, a File, an http(s) URL or a data URI, "
        f"got {type(source).__name__}"
    )


def _is_source(value: object) -> TypeGuard[Source]:
    return all(hasattr(value, name) for name in ("open", "name", "size", "mime_type", "url"))


def _data_uri(uri: str) -> Source:
    head, comma, body = uri[5:].partition(",")
    mime_type, *parameters = head.split(";")
    try:
        if not comma:
            raise ValueError("no comma")
        encoded = unquote_to_bytes(body)
        data = b64decode(encoded, validate=True) if "base64" in parameters else encoded
    except ValueError as error:
        raise InvalidInputError(f"{uri[:40]!r}… is not a data URI: {error}") from error
    return _BytesSource(data, mime_type or "text/plain")


async def _chunks(file: BinaryIO) -> AsyncGenerator[bytes, None]:
    try:
        while chunk := await run_sync(file.read, CHUNK):
            yield chunk
    except (OSError, ValueError) as error:  # ValueError: the file object has been closed
        raise InvalidInputError(f"cannot read the file: {error}") from error


def _publish(part: str, target: Path) -> None:
    umask = os.umask(0)
    os.umask(umask)
    written = Path(part)
    written.chmod(0o666 & ~umask)  # mkstemp gives 0600; the file should be as open() makes one
    written.replace(target)


def safe_name(name: str) -> str:
    """`name` without folders and what a file system refuses, at most 200 bytes of it."""
    last = name.replace("\\", "/").rpartition("/")[2]
    clean = "".join("_" if char in '<>:"|?*' else char for char in last if char.isprintable())
    clean = clean.strip(" ").rstrip(".")
    if not clean.strip("."):
        return "file"
    stem, dot, suffix = clean.rpartition(".")
    if not dot or len(suffix.encode()) > 20:
        stem, suffix = clean, ""
    room = 200 - len((dot + suffix).encode()) if suffix else 200
    return stem.encode()[:room].decode(errors="ignore") + (dot + suffix if suffix else "")


_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (8, b"WAVE", "audio/x-wav"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"OggS", "audio/ogg"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftyp", "video/mp4"),
    (0, b"%PDF-", "application/pdf"),
)


def sniff(data: bytes) -> str | None:
    """The media type that the first bytes show, for common images, audio, video and PDF."""
    for offset, signature, mime_type in _SIGNATURES:
        if data[offset : offset + len(signature)] == signature:
            return mime_type
    return None
