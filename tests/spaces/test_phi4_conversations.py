"""Conversations with a replica of the Phi-4 Space on real Gradio 5.50: many, in two processes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence

import anyio
import pytest

from spacecall.chat import Conversation, Message
from spacecall.media import Media
from spacecall.spaces.phi4_multimodal import Phi4Multimodal
from tests import servers
from tests.conftest import ServerPool
from tests.servers import DATA, AppServer

RED = DATA / "red.png"
TONE = DATA / "tone.wav"

# Given the conversations as JSON, it goes on with all of them at once and prints the new ones.
_SECOND_TURNS = """
import anyio, json, sys
from spacecall.chat import Conversation
from spacecall.spaces.phi4_multimodal import Phi4Multimodal

async def main():
    saved = [Conversation.from_json(one) for one in json.load(sys.stdin)]
    found = [None] * len(saved)

    async def talk(number):
        reply = await phi.chat(f"Again {number}", conversation=saved[number])
        found[number] = reply.conversation.to_json()

    async with Phi4Multimodal.connect(sys.argv[1]) as phi, anyio.create_task_group() as group:
        for number in range(len(saved)):
            group.start_soon(talk, number)
    print(json.dumps(found))

anyio.run(main)
"""


@pytest.fixture(scope="session")
def quick_phi4(app_server: ServerPool) -> AppServer:
    """The replica, writing without pauses."""
    return app_server(str(servers.REPLICA), servers.GRADIO_5, env={"REPLICA_WORD_DELAY": "0"})


async def second_turns(address: str, first: Sequence[Conversation]) -> list[Conversation]:
    """Go on with conversations in another process."""
    command = [sys.executable, "-W", "error", "-c", _SECOND_TURNS, address]
    saved = json.dumps([conversation.to_json() for conversation in first]).encode()
    done = await anyio.run_process(command, input=saved, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return [Conversation.from_json(conversation) for conversation in json.loads(done.stdout)]


def texts(conversation: Conversation) -> list[str]:
    """Texts of the messages, line by line."""
    return [message.text for message in conversation.messages]


async def test_two_turns_with_an_image_and_a_clip_the_second_in_another_process(
    quick_phi4: AppServer,
) -> None:
    prompt = [Message("system", "Be brief."), Message("user", "Hello", media=[RED, TONE])]
    async with Phi4Multimodal.connect(quick_phi4.url) as phi:
        first = await phi.chat(prompt)
    assert "image 1 is red.png (image/png, 75 bytes)." in first.text
    assert "audio 2 is tone.wav (audio/x-wav, 1644 bytes)." in first.text
    (second,) = await second_turns(quick_phi4.url, [first.conversation])
    assert texts(second) == [
        *("Be brief.", "Hello", first.text),
        *("Again 0", "Phi-4 replica turn 2. You said: Again 0"),
    ]


async def test_fifty_conversations_at_once_do_not_mix(quick_phi4: AppServer) -> None:
    first: dict[int, Conversation] = {}

    async def talk(number: int) -> None:
        media = [Media(RED, name=f"red-{number}.png"), Media(TONE, name=f"tone-{number}.wav")]
        reply = await phi.chat(f"I am {number}", media=media)
        assert reply.text.startswith(f"Phi-4 replica turn 1. You said: I am {number} image 1 is")
        assert f"image 1 is red-{number}.png (image/png, 75 bytes)." in reply.text
        assert f"audio 2 is tone-{number}.wav (audio/x-wav, 1644 bytes)." in reply.text
        first[number] = reply.conversation

    with anyio.fail_after(100):
        async with (
            Phi4Multimodal.connect(quick_phi4.url) as phi,
            anyio.create_task_group() as group,
        ):
            for number in range(50):
                group.start_soon(talk, number)
        assert len({conversation.session_hash for conversation in first.values()}) == 50
        second = await second_turns(quick_phi4.url, [first[number] for number in range(50)])
    for number, conversation in enumerate(second):
        assert texts(conversation)[2:] == [
            f"Again {number}",
            f"Phi-4 replica turn 2. You said: Again {number}",
        ]
