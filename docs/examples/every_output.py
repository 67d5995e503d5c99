import asyncio
import sys

from spacecall import Limits, Space


async def main(address: str) -> None:
    async with Space(address, limits=Limits(max_buffered_events=8)) as space:
        async with space.call("/count", to=20) as job:
            await job.result()
            values = [value async for value in job.outputs]
            print(len(values), "values,", job.conflated, "replaced")

        async with space.call("/count", to=20).with_options(every_output=True) as job:
            await job.result()
            values = [value async for value in job.outputs]
            print(len(values), "values,", job.conflated, "replaced")


asyncio.run(main(sys.argv[1]))
