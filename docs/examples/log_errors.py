import asyncio
import logging
import sys

from spacecall import Space, SpaceError

log = logging.getLogger("workshop")
logging.basicConfig(format="%(levelname)s %(message)s", stream=sys.stdout)


async def main(address: str) -> None:
    async with Space(address) as space:
        try:
            await space.call("/divide", a=1, b=0)
        except SpaceError as error:
            log.warning("%s: %s", error.endpoint, error.message, extra={"call_id": error.call_id})


asyncio.run(main(sys.argv[1]))
