import asyncio
import sys

from spacecall import Space
from spacecall.event_data import SelectData


async def main(address: str) -> None:
    async with Space(address) as space:
        call = space.call("/pick", text="tea")
        print(await call.with_options(event_data=SelectData(index=1, value="b")))

        view = space.with_options(query_params={"lang": "de"})
        print(await view.call("/query"))


asyncio.run(main(sys.argv[1]))
