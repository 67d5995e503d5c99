import asyncio
import sys

from spacecall import Space


async def main(address: str) -> None:
    async with Space(address) as space:
        print(await space.call("/greet", name="Ada"))

        async with space.call("/count", to=3) as job:
            async for piece in job.text:
                print(piece, end="", flush=True)
        print()


asyncio.run(main(sys.argv[1] if sys.argv[1:] else "http://127.0.0.1:7860"))
