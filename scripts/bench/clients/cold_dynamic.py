"""A process that makes one call of spacecall, and tells when it had the result."""

import sys
import time

import anyio

from spacecall import Space


async def main() -> None:
    """Call, and print the moment."""
    async with Space(sys.argv[1]) as space:
        assert await space.call("/echo", text="hi") == "hi"
        print(time.monotonic())


anyio.run(main)
