import asyncio
import sys

from spacecall import Completed, Log, Output, Progress, Queued, Space, Started, Uploading


async def main(address: str) -> None:
    async with Space(address) as space, space.call("/work", seconds=1) as job:
        async for event in job:
            match event:
                case Uploading(sent, total):
                    print(f"{sent} of {total} bytes sent")
                case Queued(rank):
                    print(f"{rank} jobs ahead")
                case Started():
                    print("started")
                case Progress(units):
                    for unit in units:
                        print(unit.description, unit.index, "of", unit.length, unit.unit)
                case Log(message, level):
                    print(f"{level}: {message}")
                case Output(value):
                    print("so far:", value)
                case Completed(value):
                    print("done:", value)


asyncio.run(main(sys.argv[1]))
