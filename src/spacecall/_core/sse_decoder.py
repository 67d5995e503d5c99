"""Decode server-sent events from chunks of bytes, in time linear in the bytes.

Empty lines, comments and blocks without data are skipped before they are decoded. An event may be
split into any number of chunks. A byte order mark at the beginning is skipped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from spacecall.errors import ProtocolError

__all__ = ["SSEDecoder"]

ReadBlocks: TypeAlias = Callable[[bytes], list[tuple[str, str]]]
"""Decodes complete events of any form: the name and data of each event with data."""

_ONE_LINE = b"data: "
_MARK = b"\xef\xbb\xbf"


class SSEDecoder:
    """Splits a stream at its empty lines, and stores an incomplete event up to a limit.

    Args:
        limit: the largest size of one event, in bytes.
        read_blocks: decodes the events of a chunk from the first one that is not a single line of
            data, as Gradio's are.
    """

    __slots__ = ("_after_return", "_beginning", "_incomplete", "_limit", "_read_blocks")

    def __init__(self, limit: int, read_blocks: ReadBlocks) -> None:
        self._limit = limit
        self._read_blocks = read_blocks
        self._incomplete = bytearray()
        self._after_return = False
        self._beginning: bytes | None = b""  # until a mark there is skipped

    def feed(self, chunk: bytes) -> list[tuple[str, str]]:
        """Return the name and data of each event that `chunk` completes.

        The default name is `message`. Events without data are left out.

        Raises:
            ProtocolError: an event is larger than the limit.
        """
        if chunk.startswith(_ONE_LINE) and not (
            self._incomplete or self._after_return or self._beginning
        ):
            end = len(chunk) - 2
            is_event = chunk.find(b"\n") == end > len(_ONE_LINE) and chunk.endswith(b"\n\n")
            if is_event and b"\r" not in chunk:  # of one line: Gradio's servers send these
                if end > self._limit:
                    self._raise_too_large()
                self._beginning = None
                return [("message", chunk[len(_ONE_LINE) : end].decode(errors="replace"))]
        if self._beginning is not None:
            chunk = self._without_mark(self._beginning + chunk)
        if self._after_return or b"\r" in chunk:
            chunk = self._with_newlines(chunk)
        if not chunk:
            return []
        incomplete = self._incomplete
        ends_here = incomplete.endswith(b"\n") and chunk.startswith(b"\n")
        end = chunk.rfind(b"\n\n")
        if end < 0 and not ends_here:
            self._store(chunk)
            return []
        cut = end + 2 if end >= 0 else 1
        complete = chunk[:cut]
        if incomplete:
            complete = bytes(incomplete) + complete
            incomplete.clear()
        events = self._decode(complete)
        if cut < len(chunk):
            self._store(chunk[cut:])
        return events

    def _store(self, part: bytes) -> None:
        self._incomplete += part
        if len(self._incomplete) > self._limit:
            self._raise_too_large()

    def _decode(self, complete: bytes) -> list[tuple[str, str]]:
        if b"data" not in complete:
            return []
        blocks = complete.split(b"\n\n")
        if max(map(len, blocks)) > self._limit:
            self._raise_too_large()
        events: list[tuple[str, str]] = []
        for index, block in enumerate(blocks):
            if block.startswith(_ONE_LINE) and b"\n" not in block:
                if len(block) > len(_ONE_LINE):
                    events.append(("message", block[len(_ONE_LINE) :].decode(errors="replace")))
            elif b"data" in block:
                others = b"\n\n".join([block for block in blocks[index:] if b"data" in block])
                return events + self._read_blocks(others + b"\n\n")
        return events

    def _raise_too_large(self) -> None:
        raise ProtocolError(
            f"the server sent an event of more than {self._limit} bytes: "
            "raise Limits.max_event_bytes"
        )

    def _without_mark(self, beginning: bytes) -> bytes:
        """Return the beginning of the stream without a mark, or nothing until it is clear."""
        is_short = len(beginning) < len(_MARK) and _MARK.startswith(beginning)
        self._beginning = beginning if is_short else None
        return b"" if is_short else beginning.removeprefix(_MARK)

    def _with_newlines(self, chunk: bytes) -> bytes:
        """Replace CR and CRLF by LF, also a CRLF that is split between two chunks."""
        if self._after_return and chunk.startswith(b"\n"):
            chunk = chunk[1:]
            self._after_return = False
            if not chunk:
                return chunk
        self._after_return = chunk.endswith(b"\r")
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
