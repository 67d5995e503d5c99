import asyncio
import sys

from spacecall import Space, SpaceStateError
from spacecall.hub import Hub, Stage


def show(stage: Stage) -> None:
    print("the Space is", stage)


async def main(endpoint: str) -> None:
    async with Hub(endpoint=endpoint) as hub:
        info = await hub.space("owner/name")
        print(info.id, "runs Gradio", info.sdk_version)

        await hub.wait_until_ready("owner/name", timeout=300, interval=0.1, on_stage=show)
        async with Space(await hub.host("owner/name")) as space:
            print(await space.call("/greet", name="Ada"))

        try:
            await hub.wait_until_ready("owner/name")
        except SpaceStateError as error:
            print(error.stage, "-", error.message)


asyncio.run(main(sys.argv[1]))
