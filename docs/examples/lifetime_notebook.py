import asyncio
import sys
from typing import Any

from spacecall import Space


async def first_cell(address: str) -> Space:
    return await Space(address).open()


async def second_cell(space: Space) -> Any:
    return await space.call("/greet", name="Ada")


async def last_cell(space: Space) -> None:
    await space.aclose()


with asyncio.Runner() as notebook:  # each cell is a task of its own in one event loop
    space = notebook.run(first_cell(sys.argv[1]))
    print(notebook.run(second_cell(space)))
    notebook.run(last_cell(space))
