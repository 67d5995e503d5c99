import asyncio
import sys

from spacecall import Space


async def main(address: str) -> None:
    async with Space(address) as space:
        async with space.call("/count", to=3) as job:
            async for output in job.outputs:
                print(repr(output))
            print("result:", repr(await job.result()))

        text = ""
        async with space.call("/count", to=3) as job:
            async for piece in job.text:
                text = text[: piece.offset] + piece
                print(repr(piece), "at", piece.offset)
        print(repr(text))


asyncio.run(main(sys.argv[1]))
