"""Decompression of response bodies, in steps of bounded size.

httpx decompresses each chunk at once and accepts any number of nested codings: 1 KB from a hostile
server becomes gigabytes before a limit can be checked. `Decoder` accepts one gzip or deflate stream
and yields at most `STEP` bytes at a time, so that the reader can stop at its limit.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from typing import Final

from spacecall._io import _http as http
from spacecall.errors import ProtocolError

COMPRESSED: Final = "gzip, deflate"
"""The Accept-Encoding of a request whose response may be compressed."""

IDENTITY: Final = "identity"
"""The Accept-Encoding of a request whose response must not be compressed."""

STEP: Final = 2**16
"""Largest size of a decompressed chunk, in bytes."""

_MAX_NAME: Final = 80
_GZIP: Final = 16 + zlib.MAX_WBITS
_ZLIB: Final = zlib.MAX_WBITS
_RAW: Final = -zlib.MAX_WBITS


class Decoder:
    """Decompresses the body of one response.

    Args:
        coding: `gzip` or `deflate`. For `deflate`, servers send a zlib stream or a raw one.
    """

    def __init__(self, coding: str) -> None:
        self._coding = coding
        self._stream = zlib.decompressobj(_GZIP) if coding == "gzip" else None
        self._head = b""
        self._has_input = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Decompress `chunk`, at most `STEP` bytes at a time.

        Raises:
            ProtocolError: the data is not valid, or bytes follow its end.
        """
        self._has_input = self._has_input or bool(chunk)
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
                raise ProtocolError(f"the response is not valid {self._coding}: {error}") from error
            chunk = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail
            if piece:
                yield piece
            if not chunk and len(piece) < STEP:
                return

    def check_complete(self) -> None:
        """Check at the end of the body that the stream is complete; an empty body is valid.

        Raises:
            ProtocolError: the stream is incomplete.
        """
        if self._has_input and not (self._stream and self._stream.eof):
            raise ProtocolError(f"the response was cut off: its {self._coding} data is incomplete")


def create_decoder(response: http.Response) -> Decoder | None:
    """Return a decoder for the body of a response; None if it is not compressed.

    Raises:
        ProtocolError: it has more than one coding, or a coding that the request did not accept.
    """
    header = response.headers.get("content-encoding", "").lower()
    codings = [
        coding for part in header.split(",") if (coding := part.strip()) not in ("", IDENTITY)
    ]
    if not codings:
        return None
    coding = "gzip" if codings == ["x-gzip"] else ", ".join(codings)
    if coding not in _accepted(response):
        label = repr(coding) if len(coding) <= _MAX_NAME else "an unknown coding"
        raise ProtocolError(f"the response is compressed with {label}, which was not accepted")
    return Decoder(coding)


def _accepted(response: http.Response) -> Sequence[str]:
    """Return the codings that the request accepted."""
    try:
        accept_encoding = response.request.headers.get("accept-encoding", "")
    except RuntimeError:  # the response has no request
        return []
    return COMPRESSED.split(", ") if accept_encoding == COMPRESSED else []


def _is_zlib(head: bytes) -> bool:
    """Return whether the first two bytes are a zlib header (RFC 1950, 2.2)."""
    return head[0] & 0x0F == zlib.DEFLATED % 16 and int.from_bytes(head[:2]) % 31 == 0
