import asyncio
import sys

from spacecall import Space


async def main(address: str) -> None:
    async with Space(address) as space:
        endpoint = space.endpoints["/turn"]
        for parameter in endpoint.parameters:
            print("takes", parameter.name, "of a", parameter.component)
        for output in endpoint.returns:
            print("gives the value of a", output.component)

        for value in await space.call("/turn", image="flag.png", degrees=90):
            print(repr(value))


asyncio.run(main(sys.argv[1]))
