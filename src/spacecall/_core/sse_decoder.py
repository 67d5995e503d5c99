"""Server-sent events out of the bytes of a stream, at a cost that its bytes alone decide.

Empty lines, comments and blocks without data are passed over before anything is made of them, and
an event may come in any number of chunks: both cost what their bytes cost, once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from spacecall.errors import ProtocolError

__all__ = ["SSEDecoder"]

ReadBlocks: TypeAlias = Callable[[bytes], list[tuple[str, str]]]
"""Reads whole events of any shape: name and data of each that has data."""

_ONE_LINE = b"data: "


class SSEDecoder:
    """Cuts a stream at its empty lines. Keeps the event that has not ended, up to a limit.

    Args:
        limit: bytes of one event.
        read_blocks: reads the events of a chunk that are not all one line of data, as Gradio's are.
    """

    __slots__ = ("_after_return", "_begun", "_limit", "_read_blocks")

    def __init__(self, limit: int, read_blocks: ReadBlocks) -> None:
        self._limit = limit
        self._read_blocks = read_blocks
        self._begun = bytearray()
        self._after_return = False

    def feed(self, chunk: bytes) -> list[tuple[str, str]]:
        """Return name and data of each event that `chunk` ends.

        The name is `message` where the server gives none. Events without data are left out.

        Raises:
            ProtocolError: an event is larger than the limit.
        """
        if self._after_return or b"\r" in chunk:
            chunk = self._with_newlines(chunk)
        if not chunk:
            return []
        begun = self._begun
        ends_here = begun.endswith(b"\n") and chunk.startswith(b"\n")
        end = chunk.rfind(b"\n\n")
        if end < 0 and not ends_here:
            self._keep(chunk)
            return []
        cut = end + 2 if end >= 0 else 1
        whole = chunk[:cut]
        if begun:
            whole = bytes(begun) + whole
            begun.clear()
        found = self._events(whole)
        if cut < len(chunk):
            self._keep(chunk[cut:])
        return found

    def _keep(self, part: bytes) -> None:
        self._begun += part
        if len(self._begun) > self._limit:
            self._refuse()

    def _events(self, whole: bytes) -> list[tuple[str, str]]:
        if b"data" not in whole:
            return []
        blocks = whole.split(b"\n\n")
        if max(map(len, blocks)) > self._limit:
            self._refuse()
        blocks = [block for block in blocks if b"data" in block]
        if any(b"\n" in block or not block.startswith(_ONE_LINE) for block in blocks):
            return self._read_blocks(b"\n\n".join(blocks) + b"\n\n")
        start = len(_ONE_LINE)
        return [
            ("message", block[start:].decode(errors="replace")) for block in blocks if block[start:]
        ]

    def _refuse(self) -> None:
        raise ProtocolError(
            f"an event of more than {self._limit} bytes (raise Limits.max_event_bytes)"
        )

    def _with_newlines(self, chunk: bytes) -> bytes:
        """`chunk` with the other ends of lines made newlines, also one cut in the middle."""
        if self._after_return and chunk.startswith(b"\n"):
            chunk = chunk[1:]
            self._after_return = False
            if not chunk:
                return chunk
        self._after_return = chunk.endswith(b"\r")
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
