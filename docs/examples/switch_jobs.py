import asyncio
import sys

from spacecall import Space


async def main(address: str) -> None:
    async with Space(address) as space:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work(space, seconds)) for seconds in (0.3, 0.6)]
        print(*[task.result() for task in tasks], sep="\n")

        async with space.call("/count", to=3) as job:
            async for text in job.outputs:
                print(text)


async def work(space: Space, seconds: float) -> str:
    report: str = await space.call("/work", seconds=seconds)
    return report


asyncio.run(main(sys.argv[1]))
