"""Which run of an app is at the other end of a connection, and when that was checked."""

from __future__ import annotations

import math
import time
from typing import Final

from spacecall._core.app_functions import FunctionsDigest
from spacecall._io import _http as http

IDLE_SECONDS: Final = 1.0
"""Seconds for which an idle connection is used: gunicorn closes it after 2 s, uvicorn after 5 s."""
CHECK_SECONDS: Final = 5.0
"""Seconds for which a check counts: a proxy keeps connections open while its app restarts."""


class ConnectionState:
    """What is known about the app behind a connection, or behind all connections of a pool.

    Attributes:
        app_id: id of the app's run; None if the app does not tell it.
        functions_digest: digest of the functions in /config, if it was read over the connection.
        checked_at: when the id was read, as `time.monotonic()`.
        used_at: when the last response ended.
        opened_at: when the connection opened, unless /config was read over it. Unknown for a pool.
        unchecked_openings: connections of a pool that other requests opened.
        stream: network stream of a single connection.
        responses: number of responses over that stream.
        previous_stream: when the stream before was last used, and its number of responses; None if
            there was none, or if `RunMonitor` has seen it.
    """

    __slots__ = (
        "app_id",
        "checked_at",
        "functions_digest",
        "opened_at",
        "previous_stream",
        "responses",
        "stream",
        "unchecked_openings",
        "used_at",
    )

    def __init__(self) -> None:
        self.app_id: str | None = None
        self.functions_digest: FunctionsDigest | None = None
        self.checked_at = -math.inf
        self.used_at = -math.inf
        self.opened_at = math.inf
        self.unchecked_openings = 0
        self.stream: object = None
        self.responses = 0
        self.previous_stream: tuple[float, int] | None = None

    def record_run(
        self, app_id: str | None, functions_digest: FunctionsDigest | None = None
    ) -> None:
        """Record the app's id, or the digest of its functions, which it sent just now."""
        if functions_digest is not None:
            self.functions_digest = functions_digest
            self.opened_at = math.inf if self.stream is None else -math.inf
        elif app_id != self.app_id:
            self.functions_digest = None
        self.app_id = app_id
        self.checked_at = self.used_at = time.monotonic()

    def record_response(self, response: http.Response) -> None:
        """Record a response, and whether a new connection was opened for it."""
        stream = response.extensions.get("network_stream")
        if stream is not self.stream:
            if self.stream is not None:
                self.previous_stream = self.used_at, self.responses
            self.stream = stream
            self.responses = 0
            self.functions_digest = None
            self.opened_at = time.monotonic()
            self.invalidate()
        self.responses += 1

    def invalidate(self) -> None:
        """Make the next request with a check ask for the app's id again."""
        self.checked_at = -math.inf

    def is_fresh(self, since: float) -> bool:
        """Return whether it was checked after `since` and used less than `IDLE_SECONDS` ago."""
        now = time.monotonic()
        is_checked = self.checked_at > max(since, now - CHECK_SECONDS)
        return is_checked and self.used_at > now - IDLE_SECONDS
