import asyncio
import sys

from spacecall import QuotaExceededError
from spacecall.spaces.phi4_multimodal import Phi4Multimodal


async def main(address: str) -> None:
    async with Phi4Multimodal.connect(address) as phi:
        async with phi.chat("What is in this picture?", media=["flag.png"]) as job:
            async for piece in job.text:
                print(piece, end="", flush=True)
            first = await job.result()
        print()

        reply = await phi.chat("And what else?", conversation=first.conversation)
        print(reply.text)

        try:
            await phi.chat("/quota")
        except QuotaExceededError as error:
            print(error.requested, "s asked for,", error.remaining, "s left")


asyncio.run(main(sys.argv[1]))
