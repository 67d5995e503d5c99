"""Opening a WebSocket to an app, with the HTTP client of the Space."""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

from spacecall._core.gradio_requests import Request
from spacecall._io.app_http_client import AppHttpClient
from spacecall._io.credentials import MaskedHeaders
from spacecall._io.request_settings import Settings
from spacecall._io.ws.websocket import WebSocket, upgraded_stream


@asynccontextmanager
async def open_websocket(
    app_client: AppHttpClient, request: Request, settings: Settings, *, headers: Mapping[str, str]
) -> AsyncGenerator[WebSocket, None]:
    """Open a WebSocket with the credentials and cookies of `app_client`.

    Raises:
        TransportError, DeadlineError, StatusError: see `AppHttpClient.open`.
        ProtocolError: the server refused the WebSocket upgrade.
    """
    upgrade = {
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-key": b64encode(secrets.token_bytes(16)).decode(),
        "sec-websocket-version": "13",
    }
    async with app_client.open(
        request, settings, headers=MaskedHeaders({**headers, **upgrade})
    ) as response:
        socket = WebSocket(
            upgraded_stream(response, app_client.base),
            max_message_bytes=settings.limits.max_event_bytes,
            idle_timeout=settings.timeouts.idle,
            space=app_client.base,
        )
        try:
            yield socket
        finally:
            await socket.aclose()
