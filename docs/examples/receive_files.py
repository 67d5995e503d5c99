import asyncio
import sys

from spacecall import File, Space


async def main(address: str) -> None:
    async with Space(address) as space:
        archive: File = await space.call("/pack", files=["flag.png"])
        print(archive.name, archive.size, archive.mime_type)

        content = await archive.read()
        print(len(content), "bytes")
        print(await archive.save("copy.zip"))
        print(await archive.save("."))
        async with archive.stream() as chunks:
            print(sum([len(chunk) async for chunk in chunks]), "bytes")

        _, turned = await space.call("/turn", image="flag.png")
        size, _ = await space.call("/turn", image=turned)
        print(size)


asyncio.run(main(sys.argv[1]))
