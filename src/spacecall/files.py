"""Files to send to a Space, and files received from one."""

from __future__ import annotations

import mimetypes
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing
from errno import ENOENT
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TypeAlias

import anyio
from anyio.to_thread import run_sync

from spacecall._atomic import Replacement
from spacecall._filenames import HEAD_BYTES, find_wrong_suffix, safe_name
from spacecall._filesources import (
    CHUNK,
    ImageLike,
    LiveSource,
    MediaSegment,
    Source,
    open_source,
)
from spacecall._warnings import CodeLocation, FileSuffixWarning, find_caller, warn_at
from spacecall.errors import FileTooLargeError, InvalidInputError

if TYPE_CHECKING:
    from pydantic_core import core_schema

__all__ = ["MAX_READ_BYTES", "MAX_SAVE_BYTES", "File", "FileInput", "FileSource", "MediaSegment"]

MAX_READ_BYTES: Final = 256 * 2**20
"""The default of the most bytes that `File.read` loads into memory: 256 MiB."""

MAX_SAVE_BYTES: Final = 16 * 2**30
"""The default of the most bytes that `File.save` writes: 16 GiB."""


class File:
    """A file to send, from any source; or a received file, which is read on demand.

    Only your own code opens sources, by calling `File` or by passing an argument. A file in an
    app's response is on a server, or its bytes are in the response; it is never a path of this
    machine.

    Args:
        source: a path, bytes, a binary file object (read from its position on), an http(s) URL
            (fetched without credentials when it is uploaded), a data URI, a Pillow image (sent as
            PNG), another `File`, or an app's FileData object, whose path is on that app's server.
        name: the file name that the app gets; by default the name of the source.
        mime_type: the media type; by default guessed from the name, or from the first bytes.

    Raises:
        InvalidInputError: the source is of another type, or an invalid data URI.
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
        """A safe file name: without folders and control characters, never empty."""
        return safe_name(self._name or self._source.name)

    @property
    def size(self) -> int | None:
        """The size in bytes; None if it is unknown before reading."""
        return self._source.size

    @property
    def mime_type(self) -> str | None:
        """The media type, such as `image/png`; None if unknown."""
        declared = self._mime_type or self._source.mime_type
        return declared or mimetypes.guess_type(self.name)[0]

    @property
    def url(self) -> str | None:
        """The URL of a remote file; None for a local one."""
        return self._source.url

    def stream(self) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Read the file in chunks: `async with file.stream() as chunks`, then `async for`.

        Raises:
            SpaceError: a remote file could not be fetched.
            InvalidInputError: a local file cannot be read.
        """
        return self._source.open()

    @property
    def is_live(self) -> bool:
        """Whether the file is audio or video that an app streams: see `live`."""
        return isinstance(self._source, LiveSource)

    def live(self) -> AbstractAsyncContextManager[AsyncIterator[MediaSegment]]:
        """Read streamed media while the app makes it: `async with file.live() as segments`.

        `stream`, `read` and `save` wait until the app has made all of it, and return one file. From
        Gradio 3 and 4 streamed media can be read once, by one of these methods.

        Raises:
            InvalidInputError: the file is not streamed, or was read before (Gradio 3 and 4).
            DeadlineError: no segment came for `Timeouts.run` seconds.
            SpaceError: a segment could not be fetched.
        """
        if not isinstance(self._source, LiveSource):
            raise InvalidInputError(f"{self.name!r} is not streamed media: use File.stream")
        return self._source.segments()

    async def read(self, *, max_bytes: int | None = MAX_READ_BYTES) -> bytes:
        """Read the whole content into memory.

        Args:
            max_bytes: the most to read; None for no limit.

        Raises:
            FileTooLargeError: the file is larger, by its declared size or its content.
            SpaceError, InvalidInputError: see `stream`.
        """
        self._check_size(max_bytes)
        async with self.stream() as chunks, aclosing(self._bounded(chunks, max_bytes)) as bounded:
            return b"".join([chunk async for chunk in bounded])

    async def save(
        self, path: str | os.PathLike[str], *, max_bytes: int | None = MAX_SAVE_BYTES
    ) -> Path:
        """Write the file to `path`, or into `path` under its own name if that is a folder.

        The file is written atomically. A file at `path` is replaced. In a folder no file is
        replaced: if the name exists, the new file is numbered, such as `image-2.webp`.

        The content is never converted. If `path` has the suffix of another type of image or audio
        than the content, such as `out.png` for WebP, it is written all the same, with a warning.

        Args:
            path: a file or a folder.
            max_bytes: the most to write; None for no limit.

        Returns:
            The path written.

        Warns:
            FileSuffixWarning: the suffix of `path` does not fit the content.

        Raises:
            OSError: `path` cannot be written.
            FileTooLargeError: the file is larger, by its declared size or its content.
            SpaceError: a remote file could not be fetched.
        """
        return await self._save(path, max_bytes, find_caller())

    async def _save(
        self, path: str | os.PathLike[str], max_bytes: int | None, location: CodeLocation | None
    ) -> Path:
        """Save the file; a warning shows the line at `location`."""
        self._check_size(max_bytes)
        replacement = await run_sync(self._open_replacement, path)
        try:
            async with (
                self.stream() as chunks,
                aclosing(self._bounded(chunks, max_bytes)) as bounded,
            ):
                head = await _write(bounded, anyio.wrap_file(replacement.file))
            saved = await run_sync(_publish, replacement)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await run_sync(replacement.discard)
            raise
        if saved == Path(path) and (suffix := find_wrong_suffix(saved.name, head)):
            text = f"{saved} has the content of a {suffix} file: save it as {saved.stem}{suffix}"
            warn_at(location, text, FileSuffixWarning)
        return saved

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
        """Yield the chunks and count their bytes: the size that an app declares may be wrong."""
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
        except InvalidInputError:  # repr must not fail for a file that cannot be read
            return f"File(name={self.name!r})"
        return f"File(name={self.name!r}, size={size!r}, mime_type={mime_type!r})"

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> core_schema.CoreSchema:
        from pydantic_core import core_schema  # noqa: PLC0415 - only typed clients need pydantic

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
        """Convert a value to a `File` with the validation context.

        The context depends on the origin of the values: for arguments it opens sources, for outputs
        it makes handles of an app's payloads. Without a context, a string is refused, since it may
        come from JSON.
        """
        convert: Callable[[Any], File] | None = info.context
        if isinstance(value, File):
            return value
        if convert is None and isinstance(value, str):
            raise ValueError("a string is not a file here: write File(…)")
        try:
            return (convert or cls)(value)
        except InvalidInputError as error:
            raise ValueError(error.message) from error


# Annotations of callers are evaluated too: an alias that is a text would be a `str`.
FileSource: TypeAlias = (
    File | os.PathLike[str] | bytes | BinaryIO | ImageLike | Mapping[str, object]
)
"""A file inside an object: a `File`, a path object, bytes, a binary file object, a Pillow image, or
the FileData object of a file on an app's server. A string is not a file there."""

FileInput: TypeAlias = FileSource | str
"""An argument of `File`: a `FileSource`, or a string with a path, an http(s) URL or a data URI."""


def file_of(source: Source, *, name: str | None = None, mime_type: str | None = None) -> File:
    """Return the `File` of a source, without opening anything by a string."""
    return _OpenedFile(source, name, mime_type)


def source_of(file: File) -> Source:
    """Return the source of a file's bytes."""
    return file._source  # pyright: ignore[reportPrivateUsage] - of this module


class _OpenedFile(File):
    """A file of an existing source: the only kind that is made from received data.

    Files of the same source are equal, so that a result that repeats a streamed value is equal.
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


async def _write(chunks: AsyncIterator[bytes], out: anyio.AsyncFile[bytes]) -> bytes:
    """Write several chunks at a time: starting a thread takes longer than writing one.

    Returns:
        The first bytes.
    """
    batch: list[bytes] = []
    size = 0
    head = b""
    async for chunk in chunks:
        if len(head) < HEAD_BYTES:
            head = (head + chunk)[:HEAD_BYTES]
        batch.append(chunk)
        size += len(chunk)
        if size >= CHUNK:
            await out.writelines(batch)
            batch, size = [], 0
    await out.writelines(batch)
    return head


def _publish(replacement: Replacement) -> Path:
    replacement.finish(sync=False)
    return replacement.publish()
