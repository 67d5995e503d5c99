"""Hold the request by which a server knows that a session is in use."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import aclosing
from typing import Final

import anyio

from spacecall._client.concurrency.task_errors import redirect_errors
from spacecall._client.concurrency.task_groups import BackgroundTasks
from spacecall._core.gradio_requests import Request
from spacecall._core.json_values import describe_error
from spacecall._io import _http as http
from spacecall._io.app_http_client import AppHttpClient
from spacecall._io.call_trace import shared_trace, tracing
from spacecall._io.event_stream import iterate_data
from spacecall._io.observer import CLIENT
from spacecall.errors import AppRestartedError, NotFoundError

_FIRST_DELAY: Final = 1.0
"""Seconds before a request that broke is sent again; doubled each time."""
_MAX_DELAY: Final = 60.0


class Heartbeat:
    """Holds the request of a session. The server ends the session when the request is closed.

    A request that breaks is sent again. Errors are only logged: jobs run without it.

    Args:
        app_client: sends the request.
        request: the request that the server answers as long as the session is in use.
        tasks: run the request.
        is_needed: whether something still refers to the session.
    """

    def __init__(
        self,
        app_client: AppHttpClient,
        request: Request,
        tasks: BackgroundTasks,
        is_needed: Callable[[], bool],
    ) -> None:
        self._app_client = app_client
        self._request = request
        self._tasks = tasks
        self._is_needed = is_needed
        self._scope = anyio.CancelScope()
        self._started = False
        self._tried = anyio.Event()
        self._ended = anyio.Event()

    @property
    def is_held(self) -> bool:
        """Whether the request was sent, and not closed here."""
        return self._started and not self._ended.is_set()

    def start(self) -> None:
        """Send the request, unless that was done."""
        if not self._started:
            self._started = True
            self._tasks.start_soon(self._run)

    async def close(self) -> None:
        """Close the request, once the server has it. Wait up to `Timeouts.cancel` for each."""
        if not self.is_held:
            return
        seconds = self._app_client.settings.timeouts.cancel
        with anyio.move_on_after(seconds, shield=True):
            await self._tried.wait()
        self._scope.cancel()
        with anyio.move_on_after(seconds, shield=True):
            await self._ended.wait()

    async def _run(self) -> None:
        try:
            with tracing(shared_trace()), self._scope:
                await self._hold()
        finally:
            self._tried.set()
            self._ended.set()

    async def _hold(self) -> None:
        """Hold the request until it is not needed, or the server does not want it."""
        delay = _FIRST_DELAY
        while self._is_needed():
            was_opened = False
            with redirect_errors(self._log_error):
                try:
                    async with self._app_client.open(self._request) as response:
                        was_opened = True
                        self._tried.set()
                        await self._read(response)
                except (AppRestartedError, NotFoundError) as error:
                    self._log_error(error)
                    return
            self._tried.set()
            await anyio.sleep(delay)
            delay = _FIRST_DELAY if was_opened else min(2 * delay, _MAX_DELAY)

    async def _read(self, response: http.Response) -> None:
        limit = self._app_client.settings.limits.max_event_bytes
        async with aclosing(iterate_data(response, limit=limit)) as texts:
            async for _ in texts:
                if not self._is_needed():
                    return

    def _log_error(self, error: Exception) -> None:
        text = "the heartbeat of a session broke: %s"
        self._app_client.observer().log(CLIENT, logging.DEBUG, text, describe_error(error))
