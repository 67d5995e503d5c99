"""Files of the web that an answer names."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import unquote, urlsplit

from spacecall._io.app_http_client import AppHttpClient
from spacecall._io.transfers import open_url


class WebSource:
    """A file somewhere on the web, fetched when it is read, without credentials of any kind.

    Args:
        link: to who names the file, whose client, timeouts and `Limits.file_hosts` are used.
        url: http or https. It may be on the link's own host: its token does not go there either.
        mime_type: as far as it is known.
        size: in bytes, as far as it is known.
    """

    def __init__(
        self,
        link: AppHttpClient,
        url: str,
        *,
        mime_type: str | None = None,
        size: int | None = None,
    ) -> None:
        self.url = url
        self.mime_type = mime_type
        self.size = size
        self._home = link.base
        self._link = link.for_server("")  # nobody's: no url is on its own host

    @property
    def name(self) -> str:
        """The last part of the url's path."""
        try:
            return unquote(urlsplit(self.url).path.rpartition("/")[2])
        except ValueError:
            return ""

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[AsyncIterator[bytes], None]:
        """The bytes as they come."""
        async with open_url(self._link, self.url, home=self._home) as chunks:
            yield chunks
