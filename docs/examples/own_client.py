import asyncio
import sys

import httpx

from spacecall import Space


async def main(address: str) -> None:
    pool = httpx.Limits(max_connections=None, keepalive_expiry=3)
    async with (
        httpx.AsyncClient(limits=pool, trust_env=False) as client,
        Space(address, http_client=client) as space,
    ):
        print(await space.call("/greet", name="Ada"))


asyncio.run(main(sys.argv[1]))
