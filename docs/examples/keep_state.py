import asyncio
import sys

from spacecall import Space


async def main(address: str) -> None:
    async with Space(address) as space:
        print(await space.call("/note", item="milk"))
        print(await space.call("/note", item="bread"))

        async with space.session() as session:
            print(await session.call("/note", item="milk"))
            print(await session.call("/note", item="bread"))
            saved = session.session_hash, session.cookies

    # later, or in another process
    session_hash, cookies = saved
    async with Space(address) as space:
        session = space.session(session_hash=session_hash, cookies=cookies)
        print(await session.call("/note", item="eggs"))


asyncio.run(main(sys.argv[1]))
