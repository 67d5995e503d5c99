"""Files going to a Space and coming from one."""

from __future__ import annotations

import mimetypes
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing
from errno import ENOENT
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeAlias

import anyio
from anyio.to_thread import run_sync
from pydantic_core import core_schema

from spacecall._atomic import Replacement
from spacecall._filenames import safe_name
from spacecall._filesources import CHUNK, ImageLike, Source, open_source
from spacecall.errors import FileTooLargeError, InvalidInputError

__all__ = ["MAX_READ_BYTES", "MAX_SAVE_BYTES", "File", "FileInput", "FileSource"]

MAX_READ_BYTES: Final = 256 * 2**20
"""The most bytes that `File.read` holds in memory, unless it is told otherwise: 256 MiB."""

MAX_SAVE_BYTES: Final = 16 * 2**30
"""The most bytes that `File.save` writes, unless it is told otherwise: 16 GiB."""

FileSource: TypeAlias = (
    "File | os.PathLike[str] | bytes | BinaryIO | ImageLike | Mapping[str, object]"
)
"""What stands for a file inside an object: a `File`, a path object, bytes, a binary file object, an
image of Pillow, or the FileData object by which an app names a file of its own. A text does not."""

FileInput: TypeAlias = "FileSource | str"
"""What `File` takes: a `FileSource`, or as a text a path, an http(s) URL or a data URI."""


class File:
    """A file: to send, made from any source; or received, a handle that is read on demand.

    Only your own code opens sources, by calling `File` or by giving one as an argument. What an app
    answers becomes a handle of a file on a server, or of bytes that were in the answer; it is never
    a path of this machine.

    Args:
        source: a path, bytes, a binary file object (read from its position on), an http(s) URL
            (fetched when it is uploaded, without credentials), a data URI, an image of Pillow (sent
            as PNG), another `File`, or an app's FileData object, whose path is one of that app's
            server.
        name: the name the app sees; by default the source's own.
        mime_type: by default guessed from the name, or from the first bytes.

    Raises:
        InvalidInputError: the source is none of these, or a broken data URI.
    """

    __slots__ = ("_mime_type", "_name", "_source")

    def __init__(
        self,
        source: FileInput,
        *,
        name: str | None = None,
        mime_type: str | None = None,
    ) -> None:
        self._source: Source = source._source if isinstance(source, File) else open_source(source)
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

    async def read(self, *, max_bytes: int | None = MAX_READ_BYTES) -> bytes:
        """Read the whole content into memory.

        Args:
            max_bytes: the most to read; None for no limit.

        Raises:
            FileTooLargeError: the file is larger, by its declared size or by what comes.
            SpaceError, InvalidInputError: see `stream`.
        """
        self._check_size(max_bytes)
        async with self.stream() as chunks, aclosing(self._bounded(chunks, max_bytes)) as bounded:
            return b"".join([chunk async for chunk in bounded])

    async def save(
        self, path: str | os.PathLike[str], *, max_bytes: int | None = MAX_SAVE_BYTES
    ) -> Path:
        """Write the file to `path`, or into `path` under its own name if that is a folder.

        The file appears whole or not at all. A file at `path` is replaced. In a folder nothing is
        replaced: if the name is taken, the file is numbered, such as `image-2.webp`.

        Args:
            path: a file or a folder.
            max_bytes: the most to write; None for no limit.

        Returns:
            The path written.

        Raises:
            OSError: `path` cannot be written.
            FileTooLargeError: the file is larger, by its declared size or by what comes.
            SpaceError: a remote file could not be fetched.
        """
        self._check_size(max_bytes)
        replacement = await run_sync(self._open_replacement, path)
        try:
            async with (
                self.stream() as chunks,
                aclosing(self._bounded(chunks, max_bytes)) as bounded,
            ):
                await _write(bounded, anyio.wrap_file(replacement.file))
            return await run_sync(_publish, replacement)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await run_sync(replacement.discard)
            raise

    def _open_replacement(self, path: str | os.PathLike[str]) -> Replacement:
        target = Path(path)
        if target.is_dir():
            return Replacement(target / self.name, numbered=True)
        if not os.path.basename(path):  # noqa: PTH119 - Path forgets the slash at the end
            raise FileNotFoundError(ENOENT, "the folder does not exist", str(path))
        return Replacement(target)

    def _check_size(self, max_bytes: int | None) -> None:
        if max_bytes is not None and (size := self.size) is not None and size > max_bytes:
            raise self._too_large(f"has {size} bytes, more than", max_bytes)

    async def _bounded(
        self, chunks: AsyncIterator[bytes], max_bytes: int | None
    ) -> AsyncGenerator[bytes, None]:
        """The chunks, counted: a size that an app declares need not be true."""
        received = 0
        async for chunk in chunks:
            received += len(chunk)
            if max_bytes is not None and received > max_bytes:
                raise self._too_large("has more bytes than", max_bytes)
            yield chunk

    def _too_large(self, excess: str, max_bytes: int) -> FileTooLargeError:
        return FileTooLargeError(
            f"{self.name!r} {excess} max_bytes={max_bytes}: pass a larger max_bytes, or None for "
            "no limit",
            max_bytes=max_bytes,
        )

    def __repr__(self) -> str:
        try:
            size, mime_type = self.size, self.mime_type
        except InvalidInputError:  # it cannot be read, which only reading should tell
            return f"File(name={self.name!r})"
        return f"File(name={self.name!r}, size={size!r}, mime_type={mime_type!r})"

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> core_schema.CoreSchema:
        return core_schema.with_info_plain_validator_function(
            cls._validate,
            serialization=core_schema.plain_serializer_function_ser_schema(lambda file: file),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: Any, _handler: Any) -> dict[str, Any]:
        properties: dict[str, Any] = {
            name: {} for name in ("path", "url", "orig_name", "mime_type")
        }
        return {"type": "object", "title": "FileData", "properties": properties}

    @classmethod
    def _validate(cls, value: Any, info: core_schema.ValidationInfo[Any]) -> File:
        """A `File`, or what the context makes of a value.

        The context says where the values come from: of arguments it opens sources, of outputs it
        makes handles of what the app's payload names. Without one nobody knows, and a text, which
        can come from JSON, is refused.
        """
        convert: Callable[[Any], File] | None = info.context
        if isinstance(value, File):
            return value
        if convert is None and isinstance(value, str):
            raise ValueError("a text is not a file by itself: write File(…)")
        try:
            return (convert or cls)(value)
        except InvalidInputError as error:
            raise ValueError(error.message) from error


def file_of(source: Source, *, name: str | None = None, mime_type: str | None = None) -> File:
    """The handle of a source that is open already: nothing is a source because of its text."""
    return _OpenedFile(source, name, mime_type)


class _OpenedFile(File):
    """A file whose source nobody has to open: the only kind that is made of received data.

    Handles of the same source are equal, so that a result which repeats a streamed value is.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _OpenedFile) and self._source == other._source

    def __hash__(self) -> int:
        return hash(self._source)

    def __init__(self, source: Source, name: str | None, mime_type: str | None) -> None:
        self._source = source
        self._name = name
        self._mime_type = mime_type


async def _write(chunks: AsyncIterator[bytes], out: anyio.AsyncFile[bytes]) -> None:
    """Write several chunks at a time: the way to a thread is long against the writing of one."""
    batch: list[bytes] = []
    size = 0
    async for chunk in chunks:
        batch.append(chunk)
        size += len(chunk)
        if size >= CHUNK:
            await out.writelines(batch)
            batch, size = [], 0
    await out.writelines(batch)


def _publish(replacement: Replacement) -> Path:
    replacement.finish(sync=False)
    return replacement.publish()
