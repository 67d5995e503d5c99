"""Audio and video that an app streams while it makes them, on each generation."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import anyio
import pytest

from spacecall import AppError, File, InvalidInputError, Output, Space, SyncSpace
from spacecall.files import MediaSegment
from tests import servers
from tests.client.tools import DEADLINE
from tests.conftest import ServerPool
from tests.servers import AppServer

RELEASES = [servers.GRADIO_6, servers.GRADIO_5, servers.GRADIO_4, servers.GRADIO_3]
SPEECH = b"part 0;part 1;part 2;"


@pytest.fixture(params=RELEASES)
def app(request: pytest.FixtureRequest, app_server: ServerPool) -> AppServer:
    return app_server("streams_app.py", request.param)


@pytest.fixture
async def space(app: AppServer) -> AsyncGenerator[Space, None]:
    async with Space(app.url) as space:
        yield space


def arguments(space: Space | SyncSpace, endpoint: str, *values: Any) -> dict[str, Any]:
    """Arguments by name: Gradio 3 names them after their labels."""
    names = [parameter.name for parameter in space.endpoints[endpoint].parameters]
    return dict(zip(names, values, strict=True))


async def test_streamed_audio_is_read_and_saved_whole(space: Space, tmp_path: Path) -> None:
    file = await space.call("/speak", **arguments(space, "/speak", 3, 0, False))
    assert isinstance(file, File)
    assert file.is_live
    assert file.size is None
    assert "/stream/" in (file.url or "")
    assert await file.read() == SPEECH
    if space.gradio_version >= (5,):
        assert (await file.save(tmp_path)).read_bytes() == SPEECH
    else:  # the server sends it once
        with pytest.raises(InvalidInputError, match="only once"):
            await file.save(tmp_path)


async def test_segments_come_while_the_app_makes_them(space: Space) -> None:
    segments: list[MediaSegment] = []
    done_before_the_end = False
    with anyio.fail_after(DEADLINE):
        async with space.call("/speak", **arguments(space, "/speak", 3, 0.3, False)) as job:
            file = None
            async for event in job:
                if isinstance(event, Output):
                    file = event.value
                    break
            assert isinstance(file, File)
            async with file.live() as live:
                async for segment in live:
                    segments.append(segment)
                    done_before_the_end = done_before_the_end or not job.done
            assert await job.result() == file
    assert done_before_the_end
    assert b"".join(segment.content for segment in segments) == SPEECH
    if space.gradio_version >= (5,):
        assert [(part.duration, part.mime_type) for part in segments] == [(0.5, "audio/aac")] * 3


async def test_reading_a_first_output_waits_for_the_whole(space: Space) -> None:
    with anyio.fail_after(DEADLINE):
        async with space.call("/speak", **arguments(space, "/speak", 3, 0.2, False)) as job:
            file = await anext(job.outputs)
            assert await file.read() == SPEECH


async def test_a_stream_of_an_app_that_fails_ends(space: Space) -> None:
    with anyio.fail_after(DEADLINE):
        async with space.call("/speak", **arguments(space, "/speak", 2, 0.1, True)) as job:
            file = await anext(job.outputs)
            async with file.live() as live:
                content = b"".join([segment.content async for segment in live])
            assert content == b"part 0;part 1;"
            with pytest.raises(AppError):
                await job.result()


async def test_streamed_video_is_read_whole_and_by_segments(space: Space) -> None:
    if space.gradio_version < (5,):
        assert "/film" not in space.endpoints, "video is streamed since Gradio 5"
        return
    output: Any = await space.call("/film", count=2)
    file: File = output if isinstance(output, File) else output["video"]
    async with file.live() as live:
        segments = [segment async for segment in live]
    assert [(part.content, part.duration, part.mime_type) for part in segments] == [
        (b"scene 0;", 2.0, "video/mp2t"),
        (b"scene 1;", 2.0, "video/mp2t"),
    ]
    assert await file.read() == b"scene 0;scene 1;"


async def test_streamed_audio_can_be_sent_back(space: Space) -> None:
    file = await space.call("/speak", **arguments(space, "/speak", 3, 0, False))
    assert await space.call("/measure", **arguments(space, "/measure", file)) == len(SPEECH)


async def test_a_file_that_is_not_streamed_has_no_segments() -> None:
    with pytest.raises(InvalidInputError, match="not streamed media"):
        File(b"content", name="a.txt").live()


def test_segments_come_without_async_too(app: AppServer) -> None:
    with SyncSpace(app.url) as space:
        file = space.call("/speak", **arguments(space, "/speak", 3, 0, False)).result()
        with space.live(file) as live:
            assert b"".join(segment.content for segment in live) == SPEECH
