"""A process that makes one call by hand, and tells when it had the result."""

import asyncio
import sys
import time

import httpx

from scripts.bench.clients.floor import Floor


async def main() -> None:
    """Call, and print the moment."""
    async with httpx.AsyncClient(base_url=sys.argv[1]) as client:
        floor = Floor(client)
        await floor.open()
        assert await floor.call("echo", "hi") == "hi"
        print(time.monotonic())


asyncio.run(main())
