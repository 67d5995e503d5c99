"""The generations of Gradio's queue protocol, by the name that /config announces.

Seen on real servers: `ws` on 3.50.2, `sse` on 4.0.2, `sse_v1` on 4.10.0, `sse_v2` on 4.19.2,
`sse_v2.1` on 4.21.0, `sse_v3` on 4.44.1 to 6.31.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

__all__ = ["NEWEST", "SUPPORTED", "Generation", "Streams", "generation"]


class Streams(Enum):
    """What the messages of jobs come on."""

    SESSION = auto()
    """One stream for all jobs of a session, which join by a request."""
    JOB = auto()
    """A stream for each job; the arguments are sent by a request when they are asked for."""
    WEBSOCKET = auto()
    """A websocket for each job; the arguments are sent on it."""


@dataclass(frozen=True, slots=True)
class Generation:
    """What one generation does.

    Attributes:
        name: as it is announced.
        streams: what messages come on.
        edits: whether values after the first come as edits of the one before.
        says_close: whether the end of a session's stream is a message; before, the server just
            ends it when no job is left.
        old_files: whether files stand in values as Gradio 3 writes them.
    """

    name: str
    streams: Streams = Streams.SESSION
    edits: bool = True
    says_close: bool = True
    old_files: bool = False


NEWEST: Final = Generation("sse_v3")
"""What is spoken with an app that announces something newer."""

SUPPORTED: Final = {
    one.name: one
    for one in (
        Generation("ws", Streams.WEBSOCKET, edits=False, says_close=False, old_files=True),
        Generation("sse", Streams.JOB, edits=False, says_close=False),
        Generation("sse_v1", edits=False, says_close=False),
        Generation("sse_v2", says_close=False),
        Generation("sse_v2.1", says_close=False),
        NEWEST,
    )
}
"""By name."""


def generation(name: str) -> Generation:
    """The generation that is announced, or the newest for a name that is not known."""
    return SUPPORTED.get(name, NEWEST)
