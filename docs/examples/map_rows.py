import asyncio
import sys

from spacecall import Space


async def main(address: str) -> None:
    rows = ({"a": 12, "b": divisor} for divisor in range(4))
    async with Space(address) as space:
        async for outcome in space.map("/divide", rows, ordered=True):
            print(outcome.index, "failed" if outcome.error else outcome.value)


asyncio.run(main(sys.argv[1]))
