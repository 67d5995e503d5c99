"""Waiting until a Space runs."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable

import anyio

from spacecall._client.hub import find_host, find_runtime
from spacecall._core.backoff import delays
from spacecall._core.hub import VISIT, Runtime, Stage, state_error
from spacecall._io.link import Link
from spacecall.errors import DeadlineError, SpaceError, StatusError, TransportError
from spacecall.options import Retry

_VISIT = 10.0
"""Seconds that an app has for its answer to a visit: one that wakes may keep the visitor."""


class Watch:
    """One Space that is waited for.

    Args:
        hub: a link to the Hub.
        name: `owner/name`.
        on_stage: called with each stage that is seen, when it is another than before.
    """

    def __init__(self, hub: Link, name: str, on_stage: Callable[[Stage], object]) -> None:
        self._hub = hub
        self._name = name
        self._on_stage = on_stage
        self._stage: Stage | None = None
        self._app: Link | None = None

    def overdue(self, seconds: float) -> DeadlineError:
        """What to raise when it has taken so long."""
        how = f"is still {self._stage}" if self._stage else "has no known stage"
        if self._stage is not None and self._stage.runs:
            how = f"is {self._stage}, but its app does not answer"
        app = self._app.base if self._app else None
        return DeadlineError(f"{self._name} {how} after {seconds:g} s", space=app)

    async def until_ready(self, interval: float) -> Runtime:
        """How the Space runs, once it does and its app answers.

        Args:
            interval: seconds to the second look; up to ten times as long later.

        Raises:
            SpaceStateError: it will not run by itself.
            SpaceError: the Hub refuses, or asks for more patience than there is time.
        """
        waits = Retry(attempts=sys.maxsize, initial=interval, max_wait=10 * interval, jitter=0.2)
        for pause in delays(waits, random.random):
            runtime: Runtime | None = None
            retry_after = 0.0
            try:
                runtime = await find_runtime(self._hub, self._name)
            except SpaceError as error:
                retry_after = self._patience(error)
            if runtime is not None:
                self._report(runtime.stage)
                try:
                    if await self._is_ready(runtime):
                        return runtime
                except SpaceError as error:
                    retry_after = self._patience(error)
            await anyio.sleep(max(pause, retry_after))
        raise AssertionError("there is always another look")

    def _patience(self, error: SpaceError) -> float:
        """Return the seconds that the Hub asks for before the next look, or raise `error`."""
        if self._stage is None or not _passes(error):
            raise error
        seconds: float = getattr(error, "retry_after", None) or 0.0
        if anyio.current_time() + seconds > anyio.current_effective_deadline():
            raise error
        return seconds

    def _report(self, stage: Stage) -> None:
        """Tell the caller of another stage. What the callback raises is the caller's own."""
        if stage != self._stage:
            self._stage = stage
            self._on_stage(stage)

    async def _is_ready(self, runtime: Runtime) -> bool:
        """Visit the app, where that can help. Raises SpaceStateError if it will not run."""
        stage = runtime.stage
        if stage.final:
            raise state_error(self._name, runtime)
        if not stage.runs and stage is not Stage.SLEEPING:
            return False
        return await self._visit() and stage.runs

    async def _visit(self) -> bool:
        """Whether the app answers. Asking is what wakes it."""
        if self._app is None:
            self._app = self._hub.foreign(await find_host(self._hub, self._name))
        with anyio.move_on_after(_VISIT):
            try:
                async with self._app.open(VISIT):
                    return True
            except StatusError as error:
                # Of the app itself, such as the 401 of its login, or a redirect.
                return error.status is not None and error.status < 500
            except (TransportError, DeadlineError):
                return False
        return False


def _passes(error: SpaceError) -> bool:
    """Whether the Hub may answer the next time."""
    if isinstance(error, StatusError):
        return error.status is not None and (error.status == 429 or error.status >= 500)
    return isinstance(error, (TransportError, DeadlineError))
