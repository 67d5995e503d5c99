"""Uploads that a server still copies when it has answered.

Gradio 4 to 6.26 moves an uploaded file from the folder for temporary files to its own in the
background. Where these are on two file systems, that is a copy, and a job that is joined at once
reads a file that is missing or short (gradio-app/gradio#13722, mended in 6.27; measured on 4.44
and 5.50: of 10 MB it lasts some milliseconds, of 100 MB a fifth of a second).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import anyio

from spacecall._core import gradio_requests
from spacecall._core.app_config import AppConfig
from spacecall._io.app_http_client import AppHttpClient
from spacecall._io.request_settings import Settings
from spacecall.errors import AuthError, NotFoundError, ProtocolError, SpaceError

__all__ = ["wait_for_files"]

_AFFECTED: Final = ((4,), (6, 27))
_LARGE: Final = 2**20
_FIRST_PAUSE: Final = 0.005
_LONGEST_PAUSE: Final = 0.5
_MISSING_SECONDS: Final = 2.0
_MISSING: Final = -1


async def wait_for_files(
    link: AppHttpClient, app: AppConfig, files: Sequence[tuple[str, int]], settings: Settings
) -> None:
    """Wait until the files of one upload are whole on the server, where they may not be at once.

    The server is asked for the size of each file of at least 1 MiB, and of the last one: it moves
    them one after another. Where it does not say, nothing is waited for.

    Args:
        files: path and size in bytes, in the order of the upload.

    Raises:
        ProtocolError: a file stays short: it has not grown for `Timeouts.idle`.
    """
    first, mended = _AFFECTED
    if not first <= app.version_info < mended:
        return
    for number, (path, size) in enumerate(files, 1):
        if size >= _LARGE or number == len(files):
            await _wait_for_file(link, gradio_requests.file_size(app, path), size, settings)


async def _wait_for_file(
    link: AppHttpClient, request: gradio_requests.Request, size: int, settings: Settings
) -> None:
    present = _MISSING
    pause, unchanged = _FIRST_PAUSE, 0.0
    while True:
        before = present
        answered = await _ask_for_size(link, request, settings)
        if answered is None or answered >= size:
            return
        present = answered
        unchanged = unchanged if present == before else 0.0
        if present == _MISSING and unchanged >= _MISSING_SECONDS:
            return  # some apps show no upload to anybody
        if settings.timeouts.idle is not None and unchanged >= settings.timeouts.idle:
            raise ProtocolError(
                f"an upload arrived short: the app has {present} of its {size} bytes; call again",
                space=link.base,
            )
        await anyio.sleep(pause)
        unchanged += pause
        pause = min(pause * 1.5, _LONGEST_PAUSE)


async def _ask_for_size(
    link: AppHttpClient, request: gradio_requests.Request, settings: Settings
) -> int | None:
    """How many bytes a file has; `_MISSING` if it is not there, None if the server does not say."""
    try:
        async with link.open(request, settings) as response:
            length = response.headers.get("content-length", "")
    except (AuthError, NotFoundError) as error:
        return _MISSING if error.status in (403, 404) else None
    except SpaceError:
        return None  # what is wrong, the join finds out too
    return int(length) if length.isascii() and length.isdecimal() and len(length) < 20 else None
