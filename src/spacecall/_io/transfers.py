"""Uploads to an app, and downloads from the app and from other hosts."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from typing import Any, Final, NamedTuple

import anyio

from spacecall._core import gradio_requests
from spacecall._core.app_config import AppConfig
from spacecall._core.filedata import META, FileData, make_file_data, parse_file_data
from spacecall._core.json_values import as_str_list, is_array, parse_json
from spacecall._core.redaction import redact_error
from spacecall._filesources import AppFile, WebUrl
from spacecall._io import _http as http
from spacecall._io.app_http_client import AppHttpClient
from spacecall._io.credentials import join_url, parse_origin
from spacecall._io.http_errors import map_http_errors
from spacecall._io.multipart import FilePart, Multipart, total_size
from spacecall._io.request_settings import Settings
from spacecall._io.response_body import iterate_chunks, read_body
from spacecall._io.retrying import run_with_retries
from spacecall._io.upload_arrival import wait_for_files
from spacecall.errors import (
    DeadlineError,
    InvalidInputError,
    ProtocolError,
    StatusError,
    TransportError,
)
from spacecall.files import File, source_of

DEFAULT_MIME_TYPE = "application/octet-stream"
FILES_PER_REQUEST: Final = 100
"""Gradio refuses more than 1,000 files in a request, and keeps each open until the request ends: on
macOS, where a process may open 256 files, 300 files in one request fail."""
_NOT_PATHS: Final = "the response to the upload is not a list of paths"


class RemoteSource:
    """A file on an app's server, fetched when it is read."""

    def __init__(
        self, app_client: AppHttpClient, app: AppConfig, payload: Mapping[str, Any]
    ) -> None:
        data = parse_file_data(payload)
        self.payload = payload
        self.size = data.size
        self.mime_type = data.mime_type
        self.name = _display_name(data)
        if data.path and not data.path.startswith(("http://", "https://")):
            # The URL in the payload may be unescaped, or have the host behind a proxy.
            self.url = app_client.base + gradio_requests.file(app, data.path).path
        else:
            self.url = join_url(app_client.base + "/", data.url or data.path or "")
        self._app_client = app_client

    def __eq__(self, value: object) -> bool:
        """Compare the payloads. Files of two clients are not equal."""
        if not isinstance(value, RemoteSource):
            return NotImplemented
        return self._app_client is value._app_client and self.payload == value.payload

    def __hash__(self) -> int:
        return hash(self.url)

    def belongs_to(self, app_client: AppHttpClient) -> bool:
        """Return whether the file is on the app of `app_client`."""
        return app_client.base == self._app_client.base

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[AsyncIterator[bytes], None]:
        async with open_url(self._app_client, self.url) as chunks:
            yield chunks


def _display_name(file: FileData) -> str:
    """Return the name without the query of a URL, which may contain a signature."""
    address = file.path or file.url or ""
    if file.path and "//" not in file.path:  # on the server's disk, where a name may have a `?`
        return file.orig_name or file.path
    bare, _, query = address.partition("#")[0].partition("?")
    return file.orig_name.removesuffix(f"?{query}") if file.orig_name else bare


@asynccontextmanager
async def open_url(
    app_client: AppHttpClient, url: str, *, home: str | None = None
) -> AsyncGenerator[AsyncIterator[bytes], None]:
    """Open a URL on any host as chunks; see `AppHttpClient.download`.

    If a response breaks before its first byte, the request is repeated: Gradio rewrites an image
    while it is read.
    """
    async with AsyncExitStack() as stack:

        async def attempt() -> AsyncGenerator[bytes, None]:
            async with AsyncExitStack() as opened:
                response = await opened.enter_async_context(app_client.download(url, home=home))
                chunks = await opened.enter_async_context(
                    aclosing(_chunks(response, app_client, url))
                )
                first = await anext(chunks, b"")
                stack.push_async_exit(opened.pop_all())
                return _chain(first, chunks)

        with _naming_host(app_client, url):
            on_retry = app_client.observer().on_retry("download")
            retry = app_client.settings.retry
            chunks = await run_with_retries(attempt, retry, idempotent=True, on_retry=on_retry)
        yield await stack.enter_async_context(aclosing(chunks))


async def _chain(first: bytes, chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    if first:
        yield first
    async for chunk in chunks:
        yield chunk


async def _chunks(
    response: http.Response, app_client: AppHttpClient, url: str
) -> AsyncGenerator[bytes, None]:
    async with aclosing(iterate_chunks(response)) as chunks:
        with (
            _naming_host(app_client, url),
            map_http_errors(app_client.base, lambda: app_client.redactor(url=url)),
        ):
            async for chunk in chunks:
                yield chunk


@contextmanager
def _naming_host(app_client: AppHttpClient, url: str) -> Generator[None]:
    """Add the URL to the errors of the block, if it is not on the app's origin."""
    try:
        yield
    except (TransportError, DeadlineError, StatusError, ProtocolError) as error:
        if parse_origin(url) != parse_origin(app_client.base):
            # Without signature and password.
            address = re.sub("//[^/]*@", "//", url.partition("?")[0])
            error.args = (f"cannot fetch {address}: {error.message}",)
            error.space = None
        redact_error(error, app_client.redactor(url=url))
        raise


@asynccontextmanager
async def _open_web_url(
    app_client: AppHttpClient, source: WebUrl
) -> AsyncGenerator[AsyncIterator[bytes], None]:
    # Without credentials. The caller chose the URL, unless an app sent it; not its redirects.
    home = app_client.base if source.received else source.url
    try:
        async with open_url(app_client.for_server(""), source.url, home=home) as chunks:
            yield chunks
    except (TransportError, DeadlineError, StatusError, ProtocolError) as error:
        raise InvalidInputError(error.message) from error


async def upload(
    app_client: AppHttpClient,
    app: AppConfig,
    files: Sequence[File],
    settings: Settings,
    progress: Callable[[int, int | None], None],
    *,
    upload_id: str,
) -> list[Any]:
    """Upload files to the app and return a payload for each.

    Requests with at most `FILES_PER_REQUEST` files are sent one after another. A file that is on
    the app already is not sent.

    Args:
        progress: called with the bytes sent and the bytes of all files (None if unknown).
        upload_id: id under which the server reports the progress.

    Raises:
        InvalidInputError: a file is missing, is a folder, or is too large for the app.
        ProtocolError: the response is not a path for each file, or an upload is incomplete.
        DeadlineError: the upload took longer than `Timeouts.upload`.
    """
    existing = [_find_payload(app_client, file) for file in files]
    parts = [
        _part(app_client, app, file)
        for file, payload in zip(files, existing, strict=True)
        if payload is None
    ]
    sending = _Upload(app_client, app, gradio_requests.upload(app, upload_id), settings, progress)
    paths = iter(await sending.send(parts) if parts else [])
    return [
        _payload(app_client, app, file, next(paths)) if payload is None else payload
        for file, payload in zip(files, existing, strict=True)
    ]


async def encode_inline(app_client: AppHttpClient, app: AppConfig, file: File) -> dict[str, Any]:
    """Return a payload with the bytes of a file as a data URL.

    Raises:
        InvalidInputError: the file is missing, is a folder, is larger than
            `Limits.max_body_bytes`, or cannot be fetched.
    """
    part = _part(app_client, app, file)
    most = app_client.settings.limits.max_body_bytes
    content = bytearray()
    async with part.open() as chunks:
        async for chunk in chunks:
            content += chunk
            if len(content) > most:
                raise InvalidInputError(
                    f"{part.name!r} has more than {most} bytes (Limits.max_body_bytes)"
                )
    url = f"data:{part.mime_type};base64,{b64encode(content).decode()}"
    return make_file_data(
        "", url=url, orig_name=part.name, size=len(content), mime_type=part.mime_type
    )


def _find_payload(app_client: AppHttpClient, file: File) -> Mapping[str, Any] | None:
    """Return the payload of a file that is on the app already; None for others."""
    source = source_of(file)
    if isinstance(source, AppFile):
        return {"meta": dict(META), **source.payload}
    if isinstance(source, RemoteSource) and source.belongs_to(app_client):
        return source.payload
    return None


def _part(app_client: AppHttpClient, app: AppConfig, file: File) -> FilePart:
    size, limit = file.size, app.max_file_size
    if limit is not None and size is not None and size > limit:
        raise InvalidInputError(
            f"{file.name!r} has {size} bytes: the app accepts at most {limit} bytes per file"
        )
    source = source_of(file)
    if isinstance(source, AppFile):
        source = RemoteSource(app_client, app, source.payload)
    web = source if isinstance(source, WebUrl) else None
    opened = source.open if web is None else lambda: _open_web_url(app_client, web)
    return FilePart(file.name, file.mime_type or DEFAULT_MIME_TYPE, size, opened)


class _Upload(NamedTuple):
    """Sends the files of one call."""

    app_client: AppHttpClient
    app: AppConfig
    request: gradio_requests.Request
    settings: Settings
    progress: Callable[[int, int | None], None]

    async def send(self, parts: Sequence[FilePart]) -> list[str]:
        """Send all files and return their paths on the server, in order."""
        total = total_size(parts)
        paths: list[str] = []
        sent = 0
        with anyio.move_on_after(self.settings.timeouts.upload):
            for start in range(0, len(parts), FILES_PER_REQUEST):
                batch = parts[start : start + FILES_PER_REQUEST]
                uploaded, sizes = await self._send_batch(batch, sent, total)
                files = list(zip(uploaded, sizes, strict=False))
                await wait_for_files(self.app_client, self.app, files, self.settings)
                paths += uploaded
                sent += sum(sizes)
            return paths
        raise DeadlineError(
            f"the upload did not end within {self.settings.timeouts.upload:g} s (Timeouts.upload)",
            phase="upload",
            space=self.app_client.base,
        )

    async def _send_batch(
        self, parts: Sequence[FilePart], sent_before: int, total: int | None
    ) -> tuple[list[str], list[int]]:
        """Send one request. Return the paths and the sizes in bytes of its files.

        Args:
            sent_before: bytes that earlier requests of the call have sent.
        """
        app_client, settings = self.app_client, self.settings

        async def attempt() -> tuple[list[str], list[int]]:
            body = Multipart(parts, lambda sent: self.progress(sent_before + sent, total))
            self.progress(sent_before, total)
            async with (
                aclosing(body.body()) as content,
                app_client.open(
                    self.request, settings, headers=body.headers, content=content
                ) as response,
            ):
                answer = await read_body(response, settings.limits, app_client.base)
                return _paths(answer, len(parts)), body.sizes

        return await run_with_retries(
            lambda: app_client.login.run_logged_in(attempt),
            settings.retry,
            idempotent=False,
            on_retry=app_client.on_retry(self.request, settings),
        )


def _paths(body: bytes, expected: int) -> list[str]:
    try:
        paths = parse_json(body)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(_NOT_PATHS) from error
    if not is_array(paths) or as_str_list(paths) != paths:
        raise ProtocolError(_NOT_PATHS)
    if len(paths) != expected:
        raise ProtocolError(
            f"{expected} files were uploaded, but the app returned {len(paths)} paths"
        )
    return paths


def _payload(app_client: AppHttpClient, app: AppConfig, file: File, path: str) -> dict[str, Any]:
    return make_file_data(
        path,
        url=app_client.base + gradio_requests.file(app, path).path,
        orig_name=file.name,
        size=file.size,
        mime_type=file.mime_type,
    )
