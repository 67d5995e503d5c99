"""The streams of a generated client, at work against the app that it was generated from."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import anyio
import pytest

from spacecall import InvalidInputError, SchemaDriftError, Space, SyncSpace
from spacecall.codegen._schemas.app_documents import fetch_app
from spacecall.typed import TypedEndpoint
from tests import servers
from tests.client.tools import DEADLINE
from tests.codegen.apps import generated, load
from tests.conftest import ServerPool
from tests.servers import AppServer

FRAME = (servers.DATA / "red.png").read_bytes()


@pytest.fixture
def app(app_server: ServerPool) -> AppServer:
    return app_server("streams_app.py", servers.GRADIO_6)


@pytest.fixture(scope="module")
def module(app_server: ServerPool, tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    app = app_server("streams_app.py", servers.GRADIO_6)
    folder: Path = tmp_path_factory.mktemp("client")
    return load(generated(anyio.run(fetch_app, app.url), "live"), folder, "live_feeds")


async def test_a_method_opens_the_stream_with_the_other_inputs(
    module: ModuleType, app: AppServer
) -> None:
    async with module.Live.connect(app.url) as client:
        with anyio.fail_after(DEADLINE):
            async with client.stream_see(text="a") as feed:
                await feed.send(FRAME)
                assert await anext(feed.outputs) == "a1"
                await feed.send(FRAME, text="b")
                await feed.finish()
                assert [value async for value in feed.outputs] == ["b2"]


@pytest.mark.parametrize("release", [servers.GRADIO_5, servers.GRADIO_4, servers.GRADIO_3])
async def test_older_releases_have_typed_streams_too(
    app_server: ServerPool, tmp_path: Path, release: str
) -> None:
    app = app_server("streams_app.py", release)
    text = generated(await fetch_app(app.url), "live")
    module = load(text, tmp_path, f"live_feeds_{release.replace('.', '_')}")
    with anyio.fail_after(DEADLINE):
        async with module.Live.connect(app.url) as client, client.stream_see(text="a") as feed:
            await feed.send(FRAME)
            assert await anext(feed.outputs) == "a1"
            await feed.send(FRAME, text="b")
            await feed.finish()
            assert [value async for value in feed.outputs] == ["b2"]


async def test_a_session_shares_its_state_with_the_stream(
    module: ModuleType, app: AppServer
) -> None:
    async with Space(app.url, describe=False) as space, space.session() as session:
        client = module.Live(session)
        with anyio.fail_after(DEADLINE):
            assert await client.see(frame=FRAME, text="a") == "a1"
            async with client.stream_see(text="a") as feed:
                await feed.send(FRAME)
                assert await anext(feed.outputs) == "a2"


async def test_an_input_that_does_not_fit_is_refused_and_the_stream_goes_on(
    module: ModuleType, app: AppServer
) -> None:
    async with module.Live.connect(app.url) as client:
        with anyio.fail_after(DEADLINE):
            async with client.stream_see(text="a") as feed:
                with pytest.raises(InvalidInputError, match="words"):
                    await feed.send(FRAME, words="b")
                with pytest.raises(InvalidInputError, match="frame is the input that takes"):
                    await feed.send(FRAME, frame=FRAME)
                await feed.send(FRAME)
                assert await anext(feed.outputs) == "a1"


@pytest.mark.parametrize(
    ("name", "stream_input", "change"),
    [
        ("/see", "text", "the app takes the stream in frame, the client was generated for text"),
        ("/echo", "text", "the app takes no stream, the client was generated for text"),
    ],
)
async def test_an_app_that_takes_another_stream_raises_when_it_is_entered(
    name: str, stream_input: str, change: str, module: ModuleType, app: AppServer
) -> None:
    inputs = module.SeeInput if name == "/see" else module.EchoInput
    endpoint = TypedEndpoint[Any](
        name, inputs=inputs, output=str, returns=1, stream_input=stream_input
    )
    async with Space(app.url, describe=False) as space:
        with pytest.raises(SchemaDriftError, match=change):
            async with endpoint.stream(space, {}):
                raise AssertionError("the stream is open")


def test_the_synchronous_client_does_the_same(module: ModuleType, app: AppServer) -> None:
    with (
        SyncSpace(app.url, describe=False) as space,
        module.SyncLive(space).stream_see(text="a") as feed,
    ):
        feed.send(FRAME)
        assert next(feed.outputs) == "a1"
        feed.finish()


def test_only_endpoints_that_take_a_stream_have_the_method(module: ModuleType) -> None:
    streams = {name for name in dir(module.Live) if name.startswith("stream_")}
    names = ("see", "brief", "slow", "unlimited", "fail", "listen")
    assert streams == {f"stream_{name}" for name in names}
    text = module.Live.stream_see.__doc__
    assert text is not None
    assert "Open a stream of inputs to `/see`: enter it, then `send` each `frame`." in text
    assert "frame:" not in text
