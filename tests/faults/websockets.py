"""The server's side of a websocket."""

from __future__ import annotations

from wsproto import ConnectionType
from wsproto.connection import Connection
from wsproto.events import Event

from tests.faults.exchanges import Exchange

_SWITCHING = (
    b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n"
)


class Peer:
    """What talks with the client after the handshake."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self._frames = Connection(ConnectionType.SERVER)

    async def send(self, *events: Event) -> None:
        """Send each as a frame."""
        for event in events:
            await self.exchange.raw(self._frames.send(event))

    async def receive(self) -> list[Event]:
        """What comes next from the client."""
        self._frames.receive_data(await self.exchange.some_of_the_body())
        return list(self._frames.events())


async def switch(exchange: Exchange) -> Peer:
    """Take the websocket that a request asks for."""
    assert exchange.headers["upgrade"] == "websocket"
    await exchange.raw(_SWITCHING)
    return Peer(exchange)
