import asyncio
import sys

from spaces.workshop import Workshop


async def main(address: str) -> None:
    async with Workshop.connect(address) as workshop:
        print(await workshop.greet(name="Ada", excited=True))

        async with workshop.count(to=3) as job:
            async for piece in job.text:
                print(piece, end="", flush=True)
        print()

        output = await workshop.turn(image="../examples/flag.png")
        if output.turned is not None:
            print(output.size, await output.turned.save("turned.png"))


asyncio.run(main(sys.argv[1]))
