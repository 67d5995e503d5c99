"""Wait until a Space is ready."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable

import anyio

from spacecall._client.discovery.hub_requests import fetch_host, fetch_runtime
from spacecall._core.hub_api import WAKE_REQUEST, Runtime, Stage, unavailable_error
from spacecall._core.retry_delays import retry_delays
from spacecall._io.app_http_client import AppHttpClient
from spacecall.errors import (
    DeadlineError,
    SpaceError,
    SpaceStateError,
    StatusError,
    TransportError,
)
from spacecall.options import Retry

_VISIT_SECONDS = 10.0
"""The timeout of a visit to the app. An app that starts may not answer for longer."""


class ReadinessPoller:
    """Polls one Space until it is ready.

    Args:
        hub: sends the requests to the Hub.
        name: `owner/name`.
        on_stage: called with each new stage.
    """

    def __init__(self, hub: AppHttpClient, name: str, on_stage: Callable[[Stage], object]) -> None:
        self._hub = hub
        self._name = name
        self._on_stage = on_stage
        self._stage: Stage | None = None
        self._app: AppHttpClient | None = None

    def timeout_error(self, seconds: float) -> DeadlineError:
        """Return the error for a wait of so many seconds."""
        state = f"is still {self._stage}" if self._stage else "has an unknown stage"
        if self._stage is not None and self._stage.runs:
            state = f"is {self._stage}, but its app does not answer"
        app = self._app.base if self._app else None
        return DeadlineError(f"{self._name} {state} after {seconds:g} s", space=app)

    async def until_ready(self, interval: float) -> Runtime:
        """Wait until the Space runs and its app answers; return its runtime.

        Args:
            interval: seconds before the second poll; up to ten times as many later.

        Raises:
            SpaceStateError: the Space will not start without its owner.
            SpaceError: the Hub refuses, or its Retry-After is after the deadline.
        """
        waits = Retry(
            attempts=sys.maxsize, wait_initial=interval, wait_max=10 * interval, jitter=0.2
        )
        for pause in retry_delays(waits, random.random):
            runtime: Runtime | None = None
            retry_after = 0.0
            try:
                runtime = await fetch_runtime(self._hub, self._name)
            except SpaceError as error:
                retry_after = self._retry_after(error)
            if runtime is not None:
                self._report(runtime.stage)
                try:
                    if await self._is_ready(runtime):
                        return runtime
                except SpaceError as error:
                    retry_after = self._retry_after(error)
            await anyio.sleep(max(pause, retry_after))
        raise AssertionError("the delays do not end")

    def _retry_after(self, error: SpaceError) -> float:
        """Return the Hub's Retry-After in seconds, or raise `error` if a retry is useless."""
        if self._stage is None or not is_transient(error):
            raise error
        seconds: float = getattr(error, "retry_after", None) or 0.0
        if anyio.current_time() + seconds > anyio.current_effective_deadline():
            raise error
        return seconds

    def _report(self, stage: Stage) -> None:
        """Call `on_stage` if the stage is new. Errors of the callback propagate."""
        if stage != self._stage:
            self._stage = stage
            self._on_stage(stage)

    async def _is_ready(self, runtime: Runtime) -> bool:
        """Visit the app if it runs or sleeps. Raise SpaceStateError if it will not start."""
        stage = runtime.stage
        if stage.final:
            raise unavailable_error(self._name, runtime)
        if not stage.runs and stage is not Stage.SLEEPING:
            return False
        return await self._visit() and stage.runs

    async def _visit(self) -> bool:
        """Visit the app, which wakes it; return whether it answers."""
        if self._app is None:
            self._app = self._hub.for_server(await fetch_host(self._hub, self._name))
        with anyio.move_on_after(_VISIT_SECONDS):
            try:
                async with self._app.open(WAKE_REQUEST):
                    return True
            except StatusError as error:
                # The app itself answers, for example with the 401 of its login or a redirect.
                return error.status is not None and error.status < 500
            except (TransportError, DeadlineError):
                return False
        return False


def is_transient(error: Exception) -> bool:
    """Return whether what failed may work later, although nobody changes anything.

    A server that is overloaded (429), fails (from 500 on) or names a time (`Retry-After`), an
    address that does not answer, a Space that is not up yet. Not a Space that only its owner can
    start, a refused login, or an address without an app: waiting for those would never end.
    """
    if isinstance(error, StatusError):
        is_of_server = error.status is not None and (error.status == 429 or error.status >= 500)
        return is_of_server or error.retry_after is not None
    if isinstance(error, SpaceStateError):
        return error.stage is None or not Stage(error.stage).final
    return isinstance(error, TransportError | DeadlineError)
