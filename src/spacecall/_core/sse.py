"""Server-sent events out of the bytes of a stream, at a cost that its bytes alone decide.

Empty lines, comments and blocks without data are passed over before anything is made of them, and
an event may come in any number of chunks: both cost what their bytes cost, once.
"""

from __future__ import annotations

from spacecall.errors import ProtocolError

__all__ = ["EventSplitter"]

_ONE_LINE = b"data: "


class EventSplitter:
    """Cuts a stream at its empty lines. Keeps the event that has not ended, up to a limit.

    Args:
        limit: bytes of one event.
    """

    __slots__ = ("_after_return", "_begun", "_limit")

    def __init__(self, limit: int) -> None:
        self._limit = limit
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
        found: list[tuple[str, str]] = []
        for block in whole.split(b"\n\n"):
            if len(block) > self._limit:
                self._refuse()
            if block.startswith(_ONE_LINE) and b"\n" not in block:
                data = block[len(_ONE_LINE) :]
                if data:
                    found.append(("message", data.decode(errors="replace")))
            elif b"data" in block and (event := _read(block)) is not None:
                found.append(event)
        return found

    def _refuse(self) -> None:
        raise ProtocolError(f"an event of more than {self._limit} bytes (raise Limits.event)")

    def _with_newlines(self, chunk: bytes) -> bytes:
        """`chunk` with the other ends of lines made newlines, also one cut in the middle."""
        if self._after_return and chunk.startswith(b"\n"):
            chunk = chunk[1:]
            self._after_return = False
            if not chunk:
                return chunk
        self._after_return = chunk.endswith(b"\r")
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _read(block: bytes) -> tuple[str, str] | None:
    """The name and the data of a block of lines, if it has data."""
    name, data = "", list[str]()
    for line in block.decode(errors="replace").split("\n"):
        field, _, value = line.partition(":")
        if field == "data":
            data.append(value.removeprefix(" "))
        elif field == "event":
            name = value.removeprefix(" ")
    text = "\n".join(data)
    return (name or "message", text) if text else None
