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

        size, turned = await space.call("/turn", image="flag.png", degrees=90)
        print(size, await turned.save("turned.png"))


asyncio.run(main(sys.argv[1]))
