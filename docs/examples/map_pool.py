import asyncio
import sys

from spacecall import Pool


async def main(*sources: str) -> None:
    rows = ({"a": 12, "b": divisor} for divisor in range(1, 4))
    async with Pool(sources) as pool:
        async for outcome in pool.map("/divide", rows, ordered=True):
            print(outcome.value, outcome.source in sources)


asyncio.run(main(*sys.argv[1:]))
