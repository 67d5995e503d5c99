import asyncio
import sys

from spacecall import Space, SpaceError


async def work(queue: asyncio.Queue[float], space: Space) -> None:
    while True:
        divisor = await queue.get()
        try:
            print(await space.call("/divide", a=1, b=divisor))
        except SpaceError as error:
            print("failed:", error.message)
        finally:
            queue.task_done()


async def main(address: str) -> None:
    queue: asyncio.Queue[float] = asyncio.Queue()
    for divisor in (4, 0, 2):
        queue.put_nowait(divisor)
    async with Space(address) as space:
        worker = asyncio.create_task(work(queue, space))
        await queue.join()
        worker.cancel()


asyncio.run(main(sys.argv[1]))
