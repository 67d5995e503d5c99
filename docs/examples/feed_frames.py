import asyncio
import sys
from collections.abc import AsyncIterator

from spacecall import Space


async def main(address: str) -> None:
    async with Space(address) as space:
        async with space.stream("/see", text="frame ") as feed:
            for _ in range(3):
                await feed.send("flag.png")
                print(await anext(feed.outputs))

        async with (
            space.stream("/see", text="frame ") as feed,
            asyncio.TaskGroup() as group,
        ):
            group.create_task(show(feed.outputs))
            for _ in range(2):
                await feed.send("flag.png")
            await feed.send("flag.png", text="last ")
            await feed.finish()


async def show(values: AsyncIterator[str]) -> None:
    async for value in values:
        print(value)


asyncio.run(main(sys.argv[1]))
