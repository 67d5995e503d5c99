import asyncio
import ssl
import sys

import httpx

from spacecall import Space


async def main(address: str) -> None:
    trusted = ssl.create_default_context()  # the certificates of the operating system
    pool = httpx.Limits(max_connections=None, keepalive_expiry=3)
    async with (
        httpx.AsyncClient(verify=trusted, limits=pool) as client,
        Space(address, http_client=client) as space,
    ):
        print(await space.call("/greet", name="Ada"))


asyncio.run(main(sys.argv[1]))
