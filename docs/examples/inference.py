import asyncio
import sys

from spacecall import CreditsError
from spacecall.inference import HuggingFaceInference


async def main(address: str) -> None:
    async with HuggingFaceInference.connect(address) as hf:
        async with hf.chat("Count to three", model="llama-3.3-70b") as job:
            async for piece in job.text:
                print(piece, end="", flush=True)
            first = await job.result()
        print()

        second = await hf.chat("Go on", model="llama-3.3-70b", conversation=first.conversation)
        print(second.text, f"({second.finish_reason})")

        (image,) = await hf.generate("a cat", model="flux", aspect_ratio="16:9", seed=7)
        print(await image.save("cat.png"))

        try:
            await hf.chat("More", model="llama-3.3-70b")
        except CreditsError as error:
            print(error.status)


asyncio.run(main(sys.argv[1]))
