"""Options of a Space, of a view, of a call: headers, timeouts, the caller's own HTTP client."""

from __future__ import annotations

import anyio
import httpx
import pytest

from spacecall import Auth, DeadlineError, Limits, Space, Timeouts
from tests.client.tools import counting
from tests.servers import DATA, AppServer


async def test_headers_of_the_space_reach_the_function(protocol_app: AppServer) -> None:
    async with Space(protocol_app.url, headers={"x-test": "mine"}) as space:
        assert (await space.call("/whoami", text="x"))["hdr"] == "mine"


async def test_headers_of_a_view_and_of_a_call_are_added(protocol_app: AppServer) -> None:
    async with Space(protocol_app.url, headers={"x-test": "space"}) as space:
        view = space.with_options(headers={"x-test": "view"})
        call = view.call("/whoami", text="x").with_options(headers={"x-test": "call"})
        assert (await call)["hdr"] == "call"
        assert (await view.call("/whoami", text="x"))["hdr"] == "view"
        assert (await space.call("/whoami", text="x"))["hdr"] == "space"


async def test_timeouts_of_a_view_hold_for_its_calls_only(space: Space) -> None:
    view = space.with_options(timeouts=Timeouts(run=0.2))
    with pytest.raises(DeadlineError):
        await view.call("/slow_async", seconds=5)
    assert await space.call("/slow_async", seconds=0.4) == "slept 0.4"
    assert await view.call("/slow_async", seconds=1).with_options(timeouts=Timeouts()) == "slept 1"


async def test_a_call_with_other_options_leaves_the_first_unused(space: Space) -> None:
    call = space.call("/echo", text="x")
    changed = call.with_options(headers={"x-test": "1"})
    assert await changed == "x"
    assert await call == "x"


async def test_every_request_goes_through_the_callers_client(protocol_app: AppServer) -> None:
    async with counting(protocol_app) as (space, counts):
        image = await space.call("/image", path=DATA / "red.png")
        await image.read()
        await space.call("/noqueue", text="x")
        async with space.call("/slow_stream", seconds=30) as job:
            while not job.event_id:
                await anext(job)
            await anext(job)
    files = [path for path in counts if path.startswith("/gradio_api/file=")]
    assert set(counts) - set(files) >= {
        "/config",
        "/gradio_api/info",
        "/gradio_api/upload",
        "/gradio_api/queue/join",
        "/gradio_api/queue/data",
        "/gradio_api/run/noqueue",
        "/gradio_api/cancel",
    }
    assert len(files) == 1
    assert (counts["/config"], counts["/gradio_api/info"]) == (1, 1)


async def test_the_callers_client_is_not_closed(protocol_app: AppServer) -> None:
    async with httpx.AsyncClient(headers={"x-test": "client"}) as client:
        async with Space(protocol_app.url, http_client=client) as space:
            assert (await space.call("/whoami", text="x"))["hdr"] == "client"
        assert not client.is_closed
        async with Space(protocol_app.url, http_client=client) as again:
            assert await again.call("/echo", text="x") == "x"


async def test_one_after_another_calls_need_few_lanes(protocol_app: AppServer) -> None:
    sessions = set[str]()
    async with Space(protocol_app.url) as space:
        for _ in range(5):
            sessions.add((await space.call("/whoami", text="x"))["session"])
    assert len(sessions) <= 2  # one may still be closing


async def test_no_more_streams_are_open_than_there_are_lanes(protocol_app: AppServer) -> None:
    opened = most = 0

    async def begin(request: httpx.Request) -> None:
        nonlocal opened, most
        if request.url.path.endswith("/queue/data"):
            opened += 1
            most = max(most, opened)

    class Counted(httpx.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            response = await super().handle_async_request(request)
            if request.url.path.endswith("/queue/data"):
                closed = response.stream.aclose  # type: ignore[union-attr]

                async def aclose() -> None:
                    nonlocal opened
                    opened -= 1
                    await closed()

                response.stream.aclose = aclose  # type: ignore[union-attr, method-assign]
            return response

    client = httpx.AsyncClient(transport=Counted(), event_hooks={"request": [begin]})
    async with (
        client,
        Space(protocol_app.url, limits=Limits(max_streams=3), http_client=client) as space,
    ):
        async with anyio.create_task_group() as group:
            for i in range(30):
                group.start_soon(call_echo, space, f"{i}")
        assert most == 3
    assert opened == 0


async def call_echo(space: Space, text: str) -> None:
    assert await space.call("/echo", text=text) == text


async def test_a_bearer_token_goes_only_to_the_hosts_that_may_see_it(
    protocol_app: AppServer,
) -> None:
    seen = list[str | None]()

    async def note(request: httpx.Request) -> None:
        seen.append(request.headers.get("authorization"))

    for hosts, expected in ((["127.0.0.1"], "Bearer hf_secret"), ([], None)):
        seen.clear()
        async with httpx.AsyncClient(event_hooks={"request": [note]}) as client:
            auth = Auth(token="hf_secret", hosts=hosts)
            async with Space(protocol_app.url, auth=auth, http_client=client) as space:
                assert await space.call("/echo", text="x") == "x"
        assert set(seen) == {expected}
        assert "hf_secret" not in repr(auth)
