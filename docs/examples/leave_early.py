import asyncio
import sys

from spacecall import JobCancelledError, Space


async def main(address: str) -> None:
    async with Space(address) as space:
        async with space.call("/count", to=100) as job:
            async for text in job.outputs:
                print(text)
                if text.endswith("3 "):
                    break
        # here the job is cancelled, on the server too

        async with space.call("/work", seconds=60) as job:
            await job.cancel()
            try:
                await job.result()
            except JobCancelledError as error:
                print(error.message)

        try:
            async with asyncio.timeout(0.5):
                await space.call("/work", seconds=60)
        except TimeoutError:
            print("given up")


asyncio.run(main(sys.argv[1]))
