"""Content codings, undone in bounded steps.

httpx undoes any number of codings and each chunk at once: 1 KB of a hostile server's then becomes
gigabytes before anybody can count them. Here one gzip or deflate stream gives `STEP` bytes at a
time, and whoever reads them stops where a limit is.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from typing import Final

from spacecall._io import _http as http
from spacecall.errors import ProtocolError

COMPRESSED: Final = "gzip, deflate"
"""The Accept-Encoding of a request whose answer may be compressed."""

IDENTITY: Final = "identity"
"""The Accept-Encoding of a request whose answer must not be."""

STEP: Final = 2**16
"""Bytes that come out of one step."""

_LONGEST_NAME: Final = 80
_GZIP: Final = 16 + zlib.MAX_WBITS
_ZLIB: Final = zlib.MAX_WBITS
_RAW: Final = -zlib.MAX_WBITS


class Decoder:
    """Decompresses the body of one answer.

    Args:
        coding: `gzip` or `deflate`. The latter is a zlib stream, or a bare one, as servers
            disagree.
    """

    def __init__(self, coding: str) -> None:
        self._coding = coding
        self._stream = zlib.decompressobj(_GZIP) if coding == "gzip" else None
        self._head = b""
        self._begun = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Decompress `chunk`, at most `STEP` bytes at a time.

        Raises:
            ProtocolError: this is not the coding, or something follows its end.
        """
        self._begun = self._begun or bool(chunk)
        if self._stream is None:
            self._head += chunk
            if len(self._head) < 2:
                return
            self._stream = zlib.decompressobj(_ZLIB if _is_zlib(self._head) else _RAW)
            chunk = self._head
        while True:
            if self._stream.eof:
                if chunk:
                    raise ProtocolError(f"bytes follow the end of a {self._coding} stream")
                return
            try:
                piece = self._stream.decompress(chunk, STEP)
            except zlib.error as error:
                raise ProtocolError(f"the answer is not valid {self._coding}: {error}") from error
            chunk = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail
            if piece:
                yield piece
            if not chunk and len(piece) < STEP:
                return

    def close(self) -> None:
        """Check that the compressed stream ended with the body; an empty body is fine.

        Raises:
            ProtocolError: it did not.
        """
        if self._begun and not (self._stream and self._stream.eof):
            raise ProtocolError(f"the answer ends in the middle of a {self._coding} stream")


def create_decoder(response: http.Response) -> Decoder | None:
    """Return what decompresses the body of an answer; None for one that is not compressed.

    Raises:
        ProtocolError: it is compressed in more than one way, or in one that was not accepted.
    """
    named = response.headers.get("content-encoding", "").lower().split(",")
    codings = [coding for part in named if (coding := part.strip()) not in ("", IDENTITY)]
    if not codings:
        return None
    coding = "gzip" if codings == ["x-gzip"] else ", ".join(codings)
    if coding not in _accepted(response):
        shown = repr(coding) if len(coding) <= _LONGEST_NAME else "a coding that has a long name"
        raise ProtocolError(f"the answer is compressed with {shown}: not what was accepted")
    return Decoder(coding)


def _accepted(response: http.Response) -> Sequence[str]:
    """The codings that the request asked for and that are known here."""
    try:
        asked = response.request.headers.get("accept-encoding", "")
    except RuntimeError:  # made without a request
        return []
    return COMPRESSED.split(", ") if asked == COMPRESSED else []


def _is_zlib(head: bytes) -> bool:
    """Whether a zlib stream begins so (RFC 1950, 2.2)."""
    return head[0] & 0x0F == zlib.DEFLATED % 16 and int.from_bytes(head[:2]) % 31 == 0
