"""Waiting for uploads that the server still copies after its response.

Gradio 4 to 6.26 moves an uploaded file from the temporary folder to its cache in the background. On
two file systems that is a copy, and a job that starts at once reads a missing or short file
(gradio-app/gradio#13722, fixed in 6.27). On 4.44 and 5.50 the copy takes some milliseconds for
10 MB, and 0.2 s for 100 MB.
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
    app_client: AppHttpClient, app: AppConfig, files: Sequence[tuple[str, int]], settings: Settings
) -> None:
    """Wait until the files of one upload are complete, on servers that copy them after responding.

    The client asks for the size of each file of at least 1 MiB and of the last file: the server
    moves them in order. If the server does not tell the size, the client does not wait.

    Args:
        files: path and size in bytes, in the order of the upload.

    Raises:
        ProtocolError: a file is incomplete and did not grow for `Timeouts.idle`.
    """
    first, fixed = _AFFECTED
    if not first <= app.version_info < fixed:
        return
    for number, (path, size) in enumerate(files, 1):
        if size >= _LARGE or number == len(files):
            await _wait_for_file(app_client, gradio_requests.file_size(app, path), size, settings)


async def _wait_for_file(
    app_client: AppHttpClient, request: gradio_requests.Request, size: int, settings: Settings
) -> None:
    present = _MISSING
    pause, unchanged = _FIRST_PAUSE, 0.0
    while True:
        before = present
        received = await _ask_for_size(app_client, request, settings)
        if received is None or received >= size:
            return
        present = received
        unchanged = unchanged if present == before else 0.0
        if present == _MISSING and unchanged >= _MISSING_SECONDS:
            return  # some apps serve no uploads
        if settings.timeouts.idle is not None and unchanged >= settings.timeouts.idle:
            raise ProtocolError(
                f"an upload is incomplete: the app has {present} of {size} bytes; call again",
                space=app_client.base,
            )
        await anyio.sleep(pause)
        unchanged += pause
        pause = min(pause * 1.5, _LONGEST_PAUSE)


async def _ask_for_size(
    app_client: AppHttpClient, request: gradio_requests.Request, settings: Settings
) -> int | None:
    """Return the size of a file; `_MISSING` if it is missing, None if the server does not tell."""
    try:
        async with app_client.open(request, settings) as response:
            length = response.headers.get("content-length", "")
    except (AuthError, NotFoundError) as error:
        return _MISSING if error.status in (403, 404) else None
    except SpaceError:
        return None  # the job will report the failure
    return int(length) if length.isascii() and length.isdecimal() and len(length) < 20 else None
