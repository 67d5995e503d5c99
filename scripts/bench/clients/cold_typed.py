"""A process that makes one call of a typed client, and tells when it had the result."""

import sys
import time

import anyio

from tests.clients.protocol_app_6 import ProtocolApp6


async def main() -> None:
    """Call, and print the moment."""
    async with ProtocolApp6.connect(sys.argv[1]) as client:
        assert await client.echo(text="hi") == "hi"
        print(time.monotonic())


anyio.run(main)
