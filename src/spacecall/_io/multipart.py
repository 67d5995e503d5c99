"""A multipart/form-data body that reads its files while it is sent."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple

from spacecall.errors import InvalidInputError

FIELD = "files"


class FilePart(NamedTuple):
    """One file of the body.

    Attributes:
        size: in bytes; None if unknown, which makes the body a chunked one.
        open: opens the file at its beginning, as chunks.
    """

    name: str
    mime_type: str
    size: int | None
    open: Callable[[], AbstractAsyncContextManager[AsyncIterator[bytes]]]


def total_size(parts: Iterable[FilePart]) -> int | None:
    """Return the bytes of all files; None if a size is unknown."""
    total = 0
    for part in parts:
        if part.size is None:
            return None
        total += part.size
    return total


class Multipart:
    """The files of one request, all in one form field, after fields of text.

    Args:
        on_progress: called with the number of file bytes that were sent.
        field: the name of the field of the files, by default the one that Gradio reads.
        texts: names and values of the other fields.

    Attributes:
        total: bytes of the files; None if a size is unknown.
        sizes: bytes of each file that was sent completely.
    """

    def __init__(
        self,
        parts: Sequence[FilePart],
        on_progress: Callable[[int], None],
        *,
        field: str = FIELD,
        texts: Sequence[tuple[str, str]] = (),
    ) -> None:
        self._parts = parts
        self._field = _quote(field)
        self._texts = texts
        self._on_progress = on_progress
        self._boundary = secrets.token_hex(16)
        self.total = total_size(parts)
        self.sizes: list[int] = []

    @property
    def headers(self) -> dict[str, str]:
        """The content type, and the length if it is known."""
        headers = {"content-type": f"multipart/form-data; boundary={self._boundary}"}
        if self.total is not None:
            framing = sum(len(self._head(part)) + 2 for part in self._parts) + len(self._tail)
            framing += len(self._fields)
            headers["content-length"] = str(self.total + framing)
        return headers

    async def body(self) -> AsyncGenerator[bytes, None]:
        """Yield the body in chunks.

        Raises:
            InvalidInputError: a file became longer or shorter after the length was declared.
        """
        sent = 0
        if self._texts:
            yield self._fields
        for part in self._parts:
            yield self._head(part)
            start = sent
            async with part.open() as chunks:
                async for chunk in chunks:
                    self._check_size(part, sent + len(chunk) - start, ended=False)
                    yield chunk
                    sent += len(chunk)
                    self._on_progress(sent)
            self._check_size(part, sent - start, ended=True)
            self.sizes.append(sent - start)
            yield b"\r\n"
        yield self._tail

    def _check_size(self, part: FilePart, size: int, *, ended: bool) -> None:
        if self.total is None or part.size is None or size == part.size:
            return
        if size > part.size or ended:
            change = "grew" if size > part.size else "shrank"
            raise InvalidInputError(
                f"{part.name!r} {change} while it was sent (it had {part.size} bytes): "
                "pass File(…) with its bytes, or a copy of the file"
            )

    @property
    def _tail(self) -> bytes:
        return f"--{self._boundary}--\r\n".encode()

    @property
    def _fields(self) -> bytes:
        return "".join(
            f"--{self._boundary}\r\n"
            f'content-disposition: form-data; name="{_quote(name)}"\r\n\r\n{text}\r\n'
            for name, text in self._texts
        ).encode()

    def _head(self, part: FilePart) -> bytes:
        name = _quote(part.name)
        return (
            f"--{self._boundary}\r\n"
            f'content-disposition: form-data; name="{self._field}"; filename="{name}"\r\n'
            f"content-type: {part.mime_type}\r\n\r\n"
        ).encode()


def _quote(name: str) -> str:
    """Quote a name as browsers do: in UTF-8, with quotes and line ends percent-encoded."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
