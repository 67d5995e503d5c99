"""ZeroGPU credentials: on the join of their own call, and nowhere else. On real servers."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import httpx
import pytest

from spacecall import Call, Space, ZeroGPU
from spacecall._client.calls.caller import Caller
from tests.servers import DATA, AppServer

NAMES = ("x-zerogpu-token", "x-zerogpu-uuid", "x-ip-token")


def headers(request: httpx.Request) -> dict[str, str]:
    """Its ZeroGPU headers."""
    return {name: request.headers[name] for name in NAMES if name in request.headers}


@asynccontextmanager
async def watched(app: AppServer) -> AsyncGenerator[tuple[Space, list[httpx.Request]], None]:
    """A Space, and the requests of its that have ZeroGPU headers."""
    seen: list[httpx.Request] = []

    async def note(request: httpx.Request) -> None:
        # One that is stopped before it opens a connection comes again.
        if headers(request) and request not in seen:
            seen.append(request)

    with anyio.fail_after(30):
        async with (
            httpx.AsyncClient(event_hooks={"request": [note]}) as client,
            Space(app.url, http_client=client) as space,
        ):
            yield space, seen


async def test_they_go_with_the_join_of_their_call_only(protocol_app: AppServer) -> None:
    async with watched(protocol_app) as (space, seen):
        mine = ZeroGPU(token="tok-1", uuid="uuid-1", ip_token="ip-1")
        await space.call("/image", path=DATA / "red.png").with_options(zero_gpu=mine)
        await space.call("/noqueue", text="x").with_options(zero_gpu=mine)
        await space.call("/echo", text="x")
    sent = {"x-zerogpu-token": "tok-1", "x-zerogpu-uuid": "uuid-1", "x-ip-token": "ip-1"}
    (join,) = seen
    assert (join.url.path, headers(join)) == ("/gradio_api/queue/join", sent)


async def test_two_users_of_one_space_never_meet(protocol_app: AppServer) -> None:
    async with watched(protocol_app) as (space, seen), anyio.create_task_group() as group:

        async def ask(user: str) -> None:
            for _ in range(10):
                call = space.call("/echo", text=user).with_options(zero_gpu=ZeroGPU(token=user))
                assert await call == user

        group.start_soon(ask, "ann")
        group.start_soon(ask, "bob")
    for join in seen:
        assert json.loads(join.content)["data"] == [join.headers["x-zerogpu-token"]]
    assert len(seen) == 20


async def test_every_step_of_a_sequence_has_them(protocol_app: AppServer) -> None:
    async with watched(protocol_app) as (space, seen):

        async def steps(caller: Caller) -> Call[str]:
            first: str = await caller.call("/echo", text="a")
            return caller.call("/echo", text=first + "b")

        call = space.sequence("/echo", steps).map(str.upper)
        assert await call.with_options(zero_gpu=ZeroGPU(token="t")) == "AB"
    assert [headers(join) for join in seen] == [{"x-zerogpu-token": "t"}] * 2


def test_they_do_not_show() -> None:
    assert "secret" not in repr(ZeroGPU(token="secret", uuid="secret", ip_token="secret"))


def test_what_no_header_can_carry_is_refused() -> None:
    with pytest.raises(ValueError, match="x-zerogpu-token") as caught:
        ZeroGPU(token="secret\r\nx-evil: 1")
    assert "secret" not in str(caught.value)
