"""Apps at an IPv6 address and behind a Unix socket."""

from __future__ import annotations

import socket
from functools import partial
from pathlib import Path

import anyio
import httpx
import pytest
from anyio.abc import SocketAttribute

from spacecall import Auth, Space
from tests.client.tools import DEADLINE
from tests.faults.exchanges import talk
from tests.faults.stub import Stub


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
async def test_an_app_has_an_ipv6_address() -> None:
    app = Stub()
    with anyio.fail_after(DEADLINE):
        async with (
            await anyio.create_tcp_listener(local_host="::1") as listener,
            anyio.create_task_group() as group,
        ):
            group.start_soon(listener.serve, partial(talk, app))
            port = listener.extra(SocketAttribute.local_port)
            auth = Auth(token="hf_x", hosts=["::1"])
            async with Space(f"http://[::1]:{port}", auth=auth) as space:
                assert await space.call("/echo", text="x") == "x"
            await anyio.wait_all_tasks_blocked()
            group.cancel_scope.cancel()
    (join,) = app.asked("join")
    assert join.headers["authorization"] == "Bearer hf_x"


async def test_an_app_is_behind_a_unix_socket(tmp_path: Path) -> None:
    app, path = Stub(), tmp_path / "app.sock"
    with anyio.fail_after(DEADLINE):
        async with (
            await anyio.create_unix_listener(path) as listener,
            anyio.create_task_group() as group,
        ):
            group.start_soon(listener.serve, partial(talk, app))
            transport = httpx.AsyncHTTPTransport(uds=str(path))
            async with (
                httpx.AsyncClient(transport=transport) as client,
                Space("http://app.local", http_client=client) as space,
            ):
                assert await space.call("/echo", text="x") == "x"
            await anyio.wait_all_tasks_blocked()
            group.cancel_scope.cancel()
