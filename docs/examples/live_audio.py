import asyncio
import sys

from spacecall import File, Space


async def main(address: str) -> None:
    async with Space(address) as space:
        async with space.call("/speak", count=2, pause=0.2) as job:
            speech: File = await anext(job.outputs)
            async with speech.live() as segments:
                async for segment in segments:
                    print(len(segment.content), "bytes,", segment.duration, "s")
        print(len(await speech.read()), "bytes")


asyncio.run(main(sys.argv[1]))
