import asyncio
import sys

from spacecall import InvalidInputError, NotFoundError, Space


async def main(address: str) -> None:
    async with Space(address) as space:
        try:
            await space.call("/greet", nam="Ada", greeting="Hi", excited=1)
        except InvalidInputError as error:
            for problem in error.problems:
                print(problem)

        try:
            await space.call("/great", name="Ada")
        except NotFoundError as error:
            print(error.message)


asyncio.run(main(sys.argv[1]))
