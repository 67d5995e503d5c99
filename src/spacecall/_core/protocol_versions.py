"""The versions of Gradio's queue protocol, by the name that /config announces.

Measured on real servers: `ws` on 3.50.2, `sse` on 4.0.2, `sse_v1` on 4.10.0, `sse_v2` on 4.19.2,
`sse_v2.1` on 4.21.0, `sse_v3` on 4.44.1 to 6.31.0.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final, NamedTuple

__all__ = ["NEWEST", "SUPPORTED", "ProtocolVersion", "StreamKind", "find_protocol_version"]


class StreamKind(Enum):
    """The connection on which a job's messages arrive."""

    SESSION = auto()
    """One event stream for all jobs of a session; each job joins the queue with a request."""
    JOB = auto()
    """One event stream for each job; a request sends the arguments when the server asks."""
    WEBSOCKET = auto()
    """One WebSocket for each job; the arguments are sent on it."""


class ProtocolVersion(NamedTuple):
    """The features of one version.

    Attributes:
        name: the announced name.
        streams: the connection on which messages arrive.
        sends_diffs: whether each value after the first arrives as edits of the previous value.
        announces_close: whether a message announces the end of a session's stream; otherwise the
            server only ends the stream when no job is left.
        gradio3_files: whether values hold files in the format of Gradio 3.
    """

    name: str
    streams: StreamKind = StreamKind.SESSION
    sends_diffs: bool = True
    announces_close: bool = True
    gradio3_files: bool = False


NEWEST: Final = ProtocolVersion("sse_v3")
"""The version used with an app that announces an unknown version."""

SUPPORTED: Final = {
    version.name: version
    for version in (
        ProtocolVersion(
            "ws",
            StreamKind.WEBSOCKET,
            sends_diffs=False,
            announces_close=False,
            gradio3_files=True,
        ),
        ProtocolVersion("sse", StreamKind.JOB, sends_diffs=False, announces_close=False),
        ProtocolVersion("sse_v1", sends_diffs=False, announces_close=False),
        ProtocolVersion("sse_v2", announces_close=False),
        ProtocolVersion("sse_v2.1", announces_close=False),
        NEWEST,
    )
}
"""All supported versions, by name."""


def find_protocol_version(name: str) -> ProtocolVersion:
    """Return the announced version, or the newest one if the name is unknown."""
    return SUPPORTED.get(name, NEWEST)
