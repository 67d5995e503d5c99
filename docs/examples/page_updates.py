import asyncio
import sys

from spacecall import Space


async def main(address: str) -> None:
    async with Space(address) as space, space.session() as session:
        updated = await session.call("/choices", kind="fruit").with_updates()
        print(updated.value)
        print(updated.updates[0].choices, updated.updates[0].label)

        print(await session.call("/pick", plant="pear"))


asyncio.run(main(sys.argv[1]))
