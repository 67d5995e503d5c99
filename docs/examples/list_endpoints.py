import asyncio
import sys

from spacecall import Space


async def main(address: str) -> None:
    async with Space(address) as space:
        for endpoint in space.endpoints.values():
            print(endpoint.name, "(streams)" if endpoint.streaming else "")
            for parameter in endpoint.parameters:
                default = "required" if parameter.required else repr(parameter.default)
                print("   ", parameter.name, parameter.component, default, parameter.description)


asyncio.run(main(sys.argv[1]))
