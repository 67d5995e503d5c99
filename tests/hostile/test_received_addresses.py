"""Addresses in data of a stranger: of a conversation, and of a file with a signature."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from spacecall import File, Limits, Space
from spacecall.chat import Conversation
from spacecall.errors import ForbiddenAddressError
from spacecall.media import Media
from tests.codegen.apps import FILE
from tests.hostile.server import HostileServer, http
from tests.hostile.test_files import META, painter, serve, uploads

INSIDE: Final = [
    "http://169.254.169.254/latest/meta-data",
    "http://10.0.0.1/x",
    "http://[fd00::1]/x",
    "http://[::ffff:0:169.254.169.254]/x",
    "http://[64:ff9b:1::a9fe:a9fe]/x",
    "http://192.0.0.192/x",
    "http://0xA9FEA9FE/x",
]


def chatter(uri: str) -> Conversation:
    saved = {
        "messages": [{"role": "user", "content": "", "media": [{"kind": "image", "uri": uri}]}]
    }
    return Conversation.from_json(json.dumps(saved))


@pytest.mark.parametrize("url", INSIDE)
@pytest.mark.parametrize("hosts", ["public", "app"])
async def test_a_conversation_of_a_stranger_leads_nowhere_inside(url: str, hosts: Any) -> None:
    (message,) = chatter(url).messages
    again = Conversation.from_json(chatter(url).to_json()).messages[0]
    with serve(painter(FILE), "ok") as server:
        async with Space(server.url, limits=Limits(file_hosts=hosts)) as space:
            for medium in (message.media[0], again.media[0]):
                portable = await Media(Media(medium)).portable()
                with pytest.raises(ForbiddenAddressError):
                    await space.call("/upscale", image=portable.file)
        assert uploads(server) == []


async def test_an_image_of_a_conversation_is_fetched_from_where_files_may_be() -> None:
    web = HostileServer(routes={"/cat.png": lambda _request, _socket: http(b"a cat")})
    with web, serve(painter(FILE), "ok") as server:
        (message,) = chatter(f"{web.url}/cat.png").messages
        async with Space(server.url) as space:
            await space.call("/upscale", image=Media(message.media[0]).file)
        assert b"a cat" in uploads(server)[0]
        async with Space(server.url, limits=Limits(file_hosts="app")) as space:
            with pytest.raises(ForbiddenAddressError):
                await space.call("/upscale", image=Media(message.media[0]).file)
            # what the caller said is the caller's choice, also when it is sent again
            portable = await Media(File(f"{web.url}/cat.png")).portable()
            await space.call("/upscale", image=portable.file)


async def test_the_name_of_a_file_shows_no_signature() -> None:
    signed = {"path": "https://h.example/f.png?X-Amz-Signature=s3cret", "meta": META}
    with serve(painter(FILE), signed) as server:
        async with Space(server.url) as space:
            file = await space.call("/paint", prompt="")
        assert (file.name, "s3cret" in repr(file)) == ("f.png", False)
