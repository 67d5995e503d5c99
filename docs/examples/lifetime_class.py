import asyncio
import sys
from typing import Self

from spacecall import Space


class Greeter:
    def __init__(self, address: str) -> None:
        self._space = Space(address)

    async def __aenter__(self) -> Self:
        await self._space.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._space.aclose()

    async def greet(self, name: str) -> str:
        greeting: str = await self._space.call("/greet", name=name)
        return greeting


async def main(address: str) -> None:
    async with Greeter(address) as greeter:
        print(await greeter.greet("Ada"))


asyncio.run(main(sys.argv[1]))
