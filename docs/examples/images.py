import asyncio
import sys

from spacecall import Output
from spacecall.images import connect


async def main(address: str) -> None:
    async with connect("flux-dev", source=address) as model:
        async with model.generate("a cat", width=512, height=256, seed=7) as job:
            previews = [event.value async for event in job if isinstance(event, Output)]
            (image,) = await job.result()
        print("previews came first:", len(previews) > 1)
        print(image.mime_type, await image.save("cat.png"))


asyncio.run(main(sys.argv[1]))
