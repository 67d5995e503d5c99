"""Endpoints that the app does not document, called by name."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from spacecall import InvalidInputError, NotFoundError, Space, SyncSpace
from tests import servers
from tests.client.tools import counting
from tests.servers import AppServer

INFO = "/gradio_api/info"


@pytest.fixture(params=[servers.GRADIO_6, servers.GRADIO_5])
def joins_app(request: pytest.FixtureRequest, app_server: Callable[..., AppServer]) -> AppServer:
    return app_server("joins_app.py", request.param)


async def test_an_undocumented_endpoint_is_called_by_name_and_checked(joins_app: AppServer) -> None:
    async with Space(joins_app.url) as space:
        assert "/undocumented" not in space.endpoints
        assert await space.call("/undocumented", text="hi") == "undocumented hi"
        assert await space.call("undocumented", text="hi") == "undocumented hi"
        with pytest.raises(InvalidInputError, match="txt is not a parameter"):
            await space.call("/undocumented", txt="hi")
        assert "/undocumented" not in space.endpoints


async def test_undocumented_endpoints_are_described_once_and_only_on_demand(
    joins_app: AppServer,
) -> None:
    async with counting(joins_app) as (space, counts):
        await space.call("/plain", text="hi")
        with pytest.raises(NotFoundError):
            await space.call("/missing")
        assert counts[INFO] == 1
        for _ in range(2):
            await space.call("/undocumented", text="hi")
        assert counts[INFO] == 2


async def test_describe_lists_undocumented_endpoints_on_request(joins_app: AppServer) -> None:
    async with Space(joins_app.url) as space:
        described = await space.describe(all_endpoints=True)
        assert described["/undocumented"].visibility == "undocumented"
        assert described.keys() > space.endpoints.keys()
        assert "/private" not in described


async def test_a_private_endpoint_is_not_found(joins_app: AppServer) -> None:
    async with Space(joins_app.url) as space:
        with pytest.raises(NotFoundError, match="no endpoint /private"):
            await space.call("/private", text="hi")


def test_an_undocumented_endpoint_is_called_without_async(joins_app: AppServer) -> None:
    with SyncSpace(joins_app.url) as space:
        assert space.call("/undocumented", text="hi").result() == "undocumented hi"
        assert "/undocumented" in space.describe(all_endpoints=True)
