import asyncio
import sys

from spacecall import AppError, JobError, Space, SpaceError, StatusError


async def divide(space: Space, a: object, b: object) -> None:
    try:
        print(await space.call("/divide", a=a, b=b))
    except AppError as error:
        print(f"the app raised {error.title}: {error.message}")
    except JobError as error:
        print("the job gave no value:", error)
    except StatusError as error:
        print("refused:", error)
    except SpaceError as error:
        print("something else:", error)


async def main(address: str) -> None:
    async with Space(address) as space:
        await divide(space, 1, 0)
        await divide(space, 1, "four")
        await divide(space, 1, 4)

    try:
        async with Space("http://127.0.0.1:9"):
            pass
    except SpaceError as error:
        print(type(error).__name__, "-", error)


asyncio.run(main(sys.argv[1]))
