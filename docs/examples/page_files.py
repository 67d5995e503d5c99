import asyncio
import sys

from spacecall import Space


async def main(address: str) -> None:
    async with Space(address) as space:
        for entry in await space.call_component("files", "ls", []):
            print(entry["type"], entry["name"])


asyncio.run(main(sys.argv[1]))
