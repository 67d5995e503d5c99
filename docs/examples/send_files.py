import asyncio
import io
import sys
from pathlib import Path

from spacecall import File, Space, Uploading

DATA = Path("flag.png").read_bytes()
SOURCES = [
    "flag.png",
    Path("flag.png"),
    DATA,
    io.BytesIO(DATA),
    "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAACAkQBADs=",
    File(DATA, name="flag.png", mime_type="image/png"),
]


async def main(address: str) -> None:
    async with Space(address) as space:
        for image in SOURCES:
            size, _ = await space.call("/turn", image=image)
            print(size)

        async with space.call("/pack", files=["flag.png", b"a note"]) as job:
            async for event in job:
                if isinstance(event, Uploading):
                    print(event.sent, "of", event.total, "bytes")
            print(await job.result())


asyncio.run(main(sys.argv[1]))
