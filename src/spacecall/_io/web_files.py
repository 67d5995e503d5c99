"""Files on other hosts whose URLs are in a response."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import unquote, urlsplit

from spacecall._io.app_http_client import AppHttpClient
from spacecall._io.transfers import open_url


class WebSource:
    """A file on any host, fetched without credentials when it is read.

    Args:
        app_client: client of the app that sent the URL; its timeouts and `Limits.file_hosts` apply.
        url: http or https. Even on the app's host, the file is fetched without the token.
        mime_type: None if unknown.
        size: in bytes; None if unknown.
    """

    def __init__(
        self,
        app_client: AppHttpClient,
        url: str,
        *,
        mime_type: str | None = None,
        size: int | None = None,
    ) -> None:
        self.url = url
        self.mime_type = mime_type
        self.size = size
        self._home = app_client.base
        self._app_client = app_client.for_server("")  # no URL is on the host of an empty base

    @property
    def name(self) -> str:
        """The last part of the URL's path."""
        try:
            return unquote(urlsplit(self.url).path.rpartition("/")[2])
        except ValueError:
            return ""

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[AsyncIterator[bytes], None]:
        """Open the file as chunks."""
        async with open_url(self._app_client, self.url, home=self._home) as chunks:
            yield chunks
