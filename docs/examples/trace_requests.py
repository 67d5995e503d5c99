import asyncio
import sys

import httpx

from spacecall import Space


async def show(request: httpx.Request) -> None:
    print(request.method, request.url.path)


async def main(address: str) -> None:
    pool = httpx.Limits(max_connections=None, keepalive_expiry=3)
    async with (
        httpx.AsyncClient(limits=pool, event_hooks={"request": [show]}) as client,
        Space(address, http_client=client) as space,
    ):
        print(await space.call("/greet", name="Ada"))


asyncio.run(main(sys.argv[1]))
