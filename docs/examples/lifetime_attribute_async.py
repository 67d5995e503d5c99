import asyncio
import sys
from typing import Self

from spacecall import Space


class Greeter:
    def __init__(self, space: Space) -> None:
        self._space = space

    @classmethod
    async def connect(cls, address: str) -> Self:
        return cls(await Space(address).open())

    async def greet(self, name: str) -> str:
        greeting: str = await self._space.call("/greet", name=name)
        return greeting

    async def aclose(self) -> None:
        await self._space.aclose()


async def main(address: str) -> None:
    greeter = await Greeter.connect(address)
    print(await greeter.greet("Ada"))
    await greeter.aclose()


asyncio.run(main(sys.argv[1]))
