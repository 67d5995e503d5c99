import asyncio
import sys
from pathlib import Path

from spacecall import Space, Ticket


async def submit(address: str) -> Ticket:
    async with Space(address) as space:
        return await space.call("/work", seconds=1).detach()


async def collect(ticket: Ticket) -> str:
    async with Space(ticket.space) as space:
        report: str = await space.collect(ticket)
    return report


Path("ticket.json").write_text(asyncio.run(submit(sys.argv[1])).to_json())

# later, or in another process
ticket = Ticket.from_json(Path("ticket.json").read_text())
print(asyncio.run(collect(ticket)))
