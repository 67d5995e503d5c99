import asyncio
import sys

from spacecall import Space


async def main(address: str) -> None:
    async with Space(address) as space, asyncio.TaskGroup() as group:
        for seconds in (2, 0.3, 1):
            group.create_task(report(space, seconds))


async def report(space: Space, seconds: float) -> None:
    print(await space.call("/work", seconds=seconds))


asyncio.run(main(sys.argv[1]))
