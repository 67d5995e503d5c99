import asyncio
import sys

from spacecall import DeadlineError, Retry, Space, Timeouts


async def main(address: str) -> None:
    async with Space(
        address,
        timeouts=Timeouts(total=60),
        retry=Retry(attempts=5),
        headers={"x-request-from": "the docs"},
    ) as space:
        print(await space.call("/work", seconds=0.2))

        hasty = space.with_options(timeouts=Timeouts(run=0.2))
        try:
            await hasty.call("/work", seconds=5)
        except DeadlineError as error:
            print(error.phase, "-", error.message)

        call = space.call("/work", seconds=0.4)
        print(await call.with_options(timeouts=Timeouts(total=10)))


asyncio.run(main(sys.argv[1]))
