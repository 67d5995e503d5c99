"""Websockets: what is read, answered and refused."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from wsproto.events import (
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    Pong,
    TextMessage,
)

from spacecall._core.gradio_requests import Request
from spacecall._io.ws.connect import open_websocket
from spacecall._io.ws.websocket import WebSocket
from spacecall.errors import AuthError, DeadlineError, ProtocolError, SpaceError, TransportError
from tests.faults.exchanges import Exchange
from tests.faults.websockets import Peer, switch
from tests.io.tools import SETTINGS, open_app_client, server

SOCKET = Request("GET", "/queue/join")


def switching(then: Callable[[Peer], Awaitable[Any]]) -> Callable[[Exchange], Awaitable[None]]:
    """A server that takes the websocket, and does `then`."""

    async def answer(exchange: Exchange) -> None:
        await then(await switch(exchange))

    return answer


@asynccontextmanager
async def opened(
    then: Callable[[Peer], Awaitable[Any]],
) -> AsyncGenerator[WebSocket, None]:
    async with (
        server(switching(then)) as app,
        open_app_client(app.url) as app_client,
        open_websocket(app_client, SOCKET, SETTINGS, headers={}) as socket,
    ):
        yield socket


async def test_texts_come_whole_until_the_server_closes() -> None:
    async def then(peer: Peer) -> None:
        await peer.send(
            TextMessage("one"),
            TextMessage("tw", message_finished=False),
            TextMessage("o", message_finished=True),
            BytesMessage(b"three"),
            CloseConnection(1000),
        )

    async with opened(then) as socket:
        assert [text async for text in socket] == ["one", "two", "three"]


async def test_what_is_sent_arrives_and_a_ping_is_answered() -> None:
    seen: list[Event] = []

    async def then(peer: Peer) -> None:
        await peer.send(Ping(b"there?"))
        while not any(isinstance(event, TextMessage) for event in seen):
            seen.extend(await peer.receive())
        await peer.send(TextMessage("thanks"))
        while not any(isinstance(event, Pong) for event in seen):
            seen.extend(await peer.receive())
        await peer.send(CloseConnection(1000))

    async with opened(then) as socket:
        await socket.send({"data": ["ü"]})
        assert [text async for text in socket] == ["thanks"]
    (sent,) = (event for event in seen if isinstance(event, TextMessage))
    assert json.loads(sent.data) == {"data": ["ü"]}


async def test_who_leaves_says_good_bye() -> None:
    seen: list[Event] = []

    async def then(peer: Peer) -> None:
        await peer.send(TextMessage("first"))
        while not seen:
            seen.extend(await peer.receive())

    async with opened(then) as socket:
        assert await anext(socket) == "first"
    assert isinstance(seen[0], CloseConnection)


async def cut(peer: Peer) -> None:
    await peer.exchange.cut()


async def reset(peer: Peer) -> None:
    await peer.exchange.cut(reset=True)


async def silent(peer: Peer) -> None:
    await peer.exchange.gone()


async def large(peer: Peer) -> None:
    await peer.send(TextMessage("x" * 9_000, message_finished=False), TextMessage("x" * 9_000))


async def nonsense(peer: Peer) -> None:
    await peer.exchange.raw(b"\xff\xff\xff\xff not a frame")


@pytest.mark.parametrize(
    ("then", "error"),
    [
        (cut, TransportError),
        (reset, TransportError),
        (silent, DeadlineError),
        (large, ProtocolError),
        (nonsense, ProtocolError),
    ],
)
async def test_what_ends_it_badly_is_a_typed_error(
    then: Callable[[Peer], Awaitable[None]], error: type[SpaceError]
) -> None:
    async with opened(then) as socket:
        with pytest.raises(error):
            await anext(socket)


async def test_fragments_of_a_websocket_are_bounded_in_bytes() -> None:
    """`Limits.max_event_bytes` is 10,000 here."""
    sent = 0

    async def then(peer: Peer) -> None:
        nonlocal sent
        fragments = [TextMessage("\u20ac" * 10, message_finished=False) for _ in range(333)]
        await peer.send(*fragments, TextMessage("\u20ac", message_finished=True))
        await peer.send(*[TextMessage("", message_finished=False) for _ in range(1000)])
        while True:
            await peer.send(TextMessage("\u20ac", message_finished=False))
            sent += 3

    async with opened(then) as socket:
        assert await anext(socket) == "\u20ac" * 3331
        with pytest.raises(
            ProtocolError, match=r"more than 10000 bytes \(raise Limits\.max_event_bytes\)"
        ):
            await anext(socket)
    assert sent < 10**6


async def test_bytes_that_are_no_text_are_read_as_far_as_they_are() -> None:
    async def then(peer: Peer) -> None:
        await peer.send(
            BytesMessage(b"caf\xc3", message_finished=False),
            BytesMessage(b"\xa9 \xff", message_finished=True),
        )

    async with opened(then) as socket:
        assert await anext(socket) == "caf\u00e9 \ufffd"


async def test_extensions_that_were_not_asked_for_are_refused() -> None:
    async def answer(exchange: Exchange) -> None:
        assert "sec-websocket-extensions" not in exchange.headers
        await exchange.raw(
            b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
            b"sec-websocket-extensions: permessage-deflate\r\n\r\n"
        )

    async with server(answer) as app, open_app_client(app.url) as app_client:
        with pytest.raises(ProtocolError, match="'permessage-deflate'"):
            async with open_websocket(app_client, SOCKET, SETTINGS, headers={}):
                pass


async def test_a_compressed_frame_is_not_a_websockets_traffic() -> None:
    async def then(peer: Peer) -> None:
        await peer.exchange.raw(b"\xc1\x05hello")

    async with opened(then) as socket:
        with pytest.raises(ProtocolError):
            await anext(socket)


@pytest.mark.parametrize(("status", "error"), [(200, ProtocolError), (403, AuthError)])
async def test_a_server_that_gives_no_websocket(status: int, error: type[SpaceError]) -> None:
    async def answer(exchange: Exchange) -> None:
        await exchange.answer(status, {"detail": "no"})

    async with server(answer) as app, open_app_client(app.url) as app_client:
        with pytest.raises(error):
            async with open_websocket(app_client, SOCKET, SETTINGS, headers={}):
                pass
