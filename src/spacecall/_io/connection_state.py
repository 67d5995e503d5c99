"""Which run of an app is at the other end of a connection, and when that was checked."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Final

from spacecall._io import _http as http

IDLE_SECONDS: Final = 1.0
"""How long a connection may be idle: servers close one after 2 s (gunicorn) or 5 s (uvicorn)."""
CHECK_SECONDS: Final = 5.0
"""How long a connection counts as checked: a proxy keeps it open while the app behind restarts."""


@dataclass(slots=True, eq=False)
class ConnectionState:
    """What is known about the app behind a connection, or behind all connections of a pool.

    Attributes:
        app_id: of the app at its other end; None where the app does not tell.
        layout: of its /config, where that was looked at over the connection.
        checked: when it told, in seconds of `time.monotonic()`.
        used: when the last answer over it ended.
        since: when it was opened, unless its /config was looked at; of a pool nobody knows.
        opened: how many connections of the pool were opened by requests that did not check them.
        stream: of the network, beneath a single connection.
        answers: how many came over that stream.
        broken: when the stream before was used last, and how many answers came over it; None once
            that was taken up.
    """

    app_id: str | None = None
    layout: str | None = None
    checked: float = -math.inf
    used: float = -math.inf
    since: float = math.inf
    opened: int = 0
    stream: object = None
    answers: int = 0
    broken: tuple[float, int] | None = None

    def note(self, app_id: str | None, layout: str | None = None) -> None:
        """Note that the app has just told its id, or the whole /config."""
        if layout is not None:
            self.layout = layout
            self.since = math.inf if self.stream is None else -math.inf
        elif app_id != self.app_id:
            self.layout = None
        self.app_id = app_id
        self.checked = self.used = time.monotonic()

    def observe(self, response: http.Response) -> None:
        """Note what an answer came over: perhaps a connection that was opened for its request."""
        stream = response.extensions.get("network_stream")
        if stream is not self.stream:
            if self.stream is not None:
                self.broken = self.used, self.answers
            self.stream = stream
            self.answers = 0
            self.layout = None
            self.since = time.monotonic()
            self.doubt()
        self.answers += 1

    def doubt(self) -> None:
        """Have the app asked again before the next request that is checked."""
        self.checked = -math.inf

    def is_fresh(self, since: float) -> bool:
        """Whether it was checked after `since`, and was used a moment ago."""
        now = time.monotonic()
        checked = self.checked > max(since, now - CHECK_SECONDS)
        return checked and self.used > now - IDLE_SECONDS
