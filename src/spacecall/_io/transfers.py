"""Files on their way: uploads to an app, downloads from one, fetches from the web."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Final

import anyio
from pydantic import TypeAdapter

from spacecall._core import gradio_requests
from spacecall._core.app_config import AppConfig
from spacecall._core.filedata import META, FileData, make_file_data, parse_file_data
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
from spacecall.files import File

DEFAULT_MIME_TYPE = "application/octet-stream"
FILES_PER_REQUEST: Final = 100
"""Gradio refuses a request of more than 1,000 files, and each is an open file of its server until
the request ends: with the 256 that macOS gives a process, 300 files in one request fail."""
_PATHS = TypeAdapter(list[str])


class RemoteSource:
    """A file on an app's server, fetched when it is read."""

    def __init__(self, link: AppHttpClient, app: AppConfig, payload: Mapping[str, Any]) -> None:
        found = parse_file_data(payload)
        self.payload = payload
        self.size = found.size
        self.mime_type = found.mime_type
        self.name = _name(found)
        if found.path and not found.path.startswith(("http://", "https://")):
            # The path is enough; the given url may be unescaped, or name a proxy's inside.
            self.url = link.base + gradio_requests.file(app, found.path).path
        else:
            self.url = join_url(link.base + "/", found.url or found.path or "")
        self._link = link

    def __eq__(self, other: object) -> bool:
        """Compare what the app says of the files; those that two Spaces read are not equal."""
        if not isinstance(other, RemoteSource):
            return NotImplemented
        return self._link is other._link and self.payload == other.payload

    def __hash__(self) -> int:
        return hash(self.url)

    def belongs_to(self, link: AppHttpClient) -> bool:
        """Whether the app of `link` has this file already."""
        return link.base == self._link.base

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[AsyncIterator[bytes], None]:
        async with open_url(self._link, self.url) as chunks:
            yield chunks


def _name(file: FileData) -> str:
    """A name without the query of a URL, in which a signature may be."""
    address = file.path or file.url or ""
    if file.path and "//" not in file.path:  # on the server's disk, where a name may have a `?`
        return file.orig_name or file.path
    bare, _, query = address.partition("#")[0].partition("?")
    return file.orig_name.removesuffix(f"?{query}") if file.orig_name else bare


@asynccontextmanager
async def open_url(
    link: AppHttpClient, url: str, *, home: str | None = None
) -> AsyncGenerator[AsyncIterator[bytes], None]:
    """The bytes at `url`, wherever it is; see `AppHttpClient.download`.

    An answer that breaks before its first byte is asked for again: Gradio writes an image anew
    while somebody reads it.
    """
    async with AsyncExitStack() as stack:

        async def attempt() -> AsyncGenerator[bytes, None]:
            async with AsyncExitStack() as opened:
                response = await opened.enter_async_context(link.download(url, home=home))
                chunks = await opened.enter_async_context(aclosing(_chunks(response, link, url)))
                first = await anext(chunks, b"")
                stack.push_async_exit(opened.pop_all())
                return _chain(first, chunks)

        with _named(link, url):
            on_retry = link.observer().on_retry("download")
            retry = link.settings.retry
            chunks = await run_with_retries(attempt, retry, idempotent=True, on_retry=on_retry)
        yield await stack.enter_async_context(aclosing(chunks))


async def _chain(first: bytes, chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    if first:
        yield first
    async for chunk in chunks:
        yield chunk


async def _chunks(
    response: http.Response, link: AppHttpClient, url: str
) -> AsyncGenerator[bytes, None]:
    async with aclosing(iterate_chunks(response)) as chunks:
        with _named(link, url), map_http_errors(link.base, lambda: link.redactor(url=url)):
            async for chunk in chunks:
                yield chunk


@contextmanager
def _named(link: AppHttpClient, url: str) -> Generator[None]:
    """Name the host that failed, where it is not the app's."""
    try:
        yield
    except (TransportError, DeadlineError, StatusError, ProtocolError) as error:
        if parse_origin(url) != parse_origin(link.base):
            # Without what may be a signature, or a password.
            address = re.sub("//[^/]*@", "//", url.partition("?")[0])
            error.args = (f"cannot fetch {address}: {error.message}",)
            error.space = None
        redact_error(error, link.redactor(url=url))
        raise


@asynccontextmanager
async def _from_the_web(
    link: AppHttpClient, source: WebUrl
) -> AsyncGenerator[AsyncIterator[bytes], None]:
    # As a stranger. The address is the caller's choice, unless it was received; where it redirects
    # to is not.
    home = link.base if source.received else source.url
    try:
        async with open_url(link.for_server(""), source.url, home=home) as chunks:
            yield chunks
    except (TransportError, DeadlineError, StatusError, ProtocolError) as error:
        raise InvalidInputError(error.message) from error


async def upload(
    link: AppHttpClient,
    app: AppConfig,
    files: Sequence[File],
    settings: Settings,
    progress: Callable[[int, int | None], None],
    *,
    upload_id: str,
) -> list[Any]:
    """Send files to the app, and return the payload that stands for each.

    They go in requests of at most `FILES_PER_REQUEST` files, one after another. A file that came
    from this app is not sent again.

    Args:
        progress: called with the bytes sent and the bytes of all files (None while unknown).
        upload_id: under which the server counts the bytes for whoever asks it.

    Raises:
        InvalidInputError: a file is missing, a folder, or larger than the app takes.
        ProtocolError: the answer is not a path for each file, or a file arrived short.
        DeadlineError: `Timeouts.upload` passed.
    """
    known = [_payload_there(link, file) for file in files]
    parts = [
        _part(link, app, file)
        for file, payload in zip(files, known, strict=True)
        if payload is None
    ]
    sending = _Upload(link, app, gradio_requests.upload(app, upload_id), settings, progress)
    paths = iter(await sending.send(parts) if parts else [])
    return [
        _payload(link, app, file, next(paths)) if payload is None else payload
        for file, payload in zip(files, known, strict=True)
    ]


async def encode_inline(link: AppHttpClient, app: AppConfig, file: File) -> dict[str, Any]:
    """The payload of a file whose bytes travel in the arguments, as a data URL.

    Raises:
        InvalidInputError: it is missing, a folder, larger than `Limits.max_body_bytes`, or cannot
            be fetched.
    """
    part = _part(link, app, file)
    most = link.settings.limits.max_body_bytes
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


def _payload_there(link: AppHttpClient, file: File) -> Mapping[str, Any] | None:
    """What stands for a file that the app has already."""
    source = file.source
    if isinstance(source, AppFile):
        return {"meta": dict(META), **source.payload}
    if isinstance(source, RemoteSource) and source.belongs_to(link):
        return source.payload
    return None


def _part(link: AppHttpClient, app: AppConfig, file: File) -> FilePart:
    size, limit = file.size, app.max_file_size
    if limit is not None and size is not None and size > limit:
        raise InvalidInputError(
            f"{file.name!r} has {size} bytes, and the app takes at most {limit} a file"
        )
    source = file.source
    if isinstance(source, AppFile):
        source = RemoteSource(link, app, source.payload)
    web = source if isinstance(source, WebUrl) else None
    opened = source.open if web is None else lambda: _from_the_web(link, web)
    return FilePart(file.name, file.mime_type or DEFAULT_MIME_TYPE, size, opened)


@dataclass(frozen=True, slots=True)
class _Upload:
    """The requests that carry the files of one call."""

    link: AppHttpClient
    app: AppConfig
    request: gradio_requests.Request
    settings: Settings
    progress: Callable[[int, int | None], None]

    async def send(self, parts: Sequence[FilePart]) -> list[str]:
        """Send every file: their paths on the server, in order."""
        total = total_size(parts)
        paths: list[str] = []
        sent = 0
        with anyio.move_on_after(self.settings.timeouts.upload):
            for start in range(0, len(parts), FILES_PER_REQUEST):
                batch = parts[start : start + FILES_PER_REQUEST]
                uploaded, sizes = await self._send_batch(batch, sent, total)
                files = list(zip(uploaded, sizes, strict=False))
                await wait_for_files(self.link, self.app, files, self.settings)
                paths += uploaded
                sent += sum(sizes)
            return paths
        raise DeadlineError("the upload took too long", phase="upload", space=self.link.base)

    async def _send_batch(
        self, parts: Sequence[FilePart], before: int, total: int | None
    ) -> tuple[list[str], list[int]]:
        """Send one request: the paths of its files, and how many bytes each of them had."""
        link, settings = self.link, self.settings

        async def attempt() -> tuple[list[str], list[int]]:
            body = Multipart(parts, lambda sent: self.progress(before + sent, total))
            self.progress(before, total)
            async with (
                aclosing(body.body()) as content,
                link.open(
                    self.request, settings, headers=body.headers, content=content
                ) as response,
            ):
                answer = await read_body(response, settings.limits, link.base)
                return _paths(answer, len(parts)), body.sizes

        return await run_with_retries(
            lambda: link.login.retrying(attempt),
            settings.retry,
            idempotent=False,
            on_retry=link.on_retry(self.request, settings),
        )


def _paths(body: bytes, expected: int) -> list[str]:
    try:
        paths = _PATHS.validate_json(body)
    except ValueError as error:
        raise ProtocolError("the answer to the upload is not a list of paths") from error
    if len(paths) != expected:
        raise ProtocolError(f"{expected} files were uploaded, and the app answered {len(paths)}")
    return paths


def _payload(link: AppHttpClient, app: AppConfig, file: File, path: str) -> dict[str, Any]:
    return make_file_data(
        path,
        url=link.base + gradio_requests.file(app, path).path,
        orig_name=file.name,
        size=file.size,
        mime_type=file.mime_type,
    )
