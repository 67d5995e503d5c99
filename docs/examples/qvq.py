import asyncio
import sys

from spacecall import QuotaExceededError
from spacecall.spaces.qvq_72b import Qvq72B


async def main(address: str) -> None:
    async with Qvq72B.connect(address) as qvq:
        async with qvq.chat("What is this?", media=["flag.png"]) as job:
            async for piece in job.text:
                print(piece, end="", flush=True)
            first = await job.result()
        print()

        reply = await qvq.chat("Sure?", conversation=first.conversation)
        print(reply.text.partition("The question is: ")[2])

        try:
            await qvq.chat("/quota")
        except QuotaExceededError as error:
            print(error.requested, "s asked for,", error.remaining, "s left")


asyncio.run(main(sys.argv[1]))
