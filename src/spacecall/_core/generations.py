"""The generations of Gradio's queue protocol, by the name that /config announces.

Seen on real servers: `sse_v1` on 4.10.0, `sse_v2` on 4.19.2, `sse_v3` on 4.44.1 to 6.31.0. No
release that announces `sse_v2.1` was found; the official client treats it as `sse_v2`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["NEWEST", "SUPPORTED", "Generation", "generation"]


@dataclass(frozen=True, slots=True)
class Generation:
    """What one generation does.

    Attributes:
        name: as it is announced.
        edits: whether values after the first come as edits of the one before.
        says_close: whether the end of a stream is a message; before, the server just ends it when
            no job is left.
    """

    name: str
    edits: bool = True
    says_close: bool = True


NEWEST: Final = Generation("sse_v3")
"""What is spoken with an app that announces something newer."""

SUPPORTED: Final = {
    one.name: one
    for one in (
        Generation("sse_v1", edits=False, says_close=False),
        Generation("sse_v2", says_close=False),
        Generation("sse_v2.1", says_close=False),
        NEWEST,
    )
}
"""By name."""

OLDER: Final = {"ws": "Gradio 3, websockets", "sse": "Gradio 4.0 to 4.6"}
"""What is not supported and never will be newer."""


def generation(name: str) -> Generation:
    """The generation that is announced, or the newest for a name that is not known."""
    return SUPPORTED.get(name, NEWEST)
