"""Chat models by name, against the replica of the Phi-4 Space on Gradio 5.50."""

from __future__ import annotations

import sys

import anyio
import pytest

from spacecall.chat import ChatModel, SyncChatModel, connect, connect_sync
from spacecall.spaces.phi4_multimodal import Phi4Multimodal
from tests.servers import DATA, AppServer


@pytest.mark.parametrize("name", ["phi-4", "Phi-4-Multimodal"])
async def test_a_space_is_found_by_its_aliases(name: str, phi4_app: AppServer) -> None:
    async with connect(name, source=phi4_app.url) as model:
        assert isinstance(model, Phi4Multimodal)
        assert (await model.chat("Hello")).text == "Phi-4 replica turn 1. You said: Hello"


async def test_any_facade_is_a_chat_model(phi4_app: AppServer) -> None:
    async def ask(model: ChatModel) -> str:
        return (await model.chat("Hello")).text

    async with Phi4Multimodal.connect(phi4_app.url) as phi:
        assert await ask(phi) == "Phi-4 replica turn 1. You said: Hello"


def test_the_sync_twin_answers_streams_and_remembers(phi4_app: AppServer) -> None:
    with connect_sync("phi-4", source=phi4_app.url) as model:
        with model.chat("One", media=[DATA / "red.png"]) as job:
            pieces = list(job.text)
            first = job.result()
        assert "".join(pieces) == first.text
        assert "image 1 is red.png" in first.text
        second = model.chat("Two", conversation=first.conversation, zerogpu_uuid="x").result()
        assert second.text == "Phi-4 replica turn 2. You said: Two"


def test_a_facade_has_a_sync_twin_without_its_name(phi4_app: AppServer) -> None:
    with SyncChatModel.connect(Phi4Multimodal.connect(phi4_app.url)) as phi:
        assert phi.chat("Hello").result().text == "Phi-4 replica turn 1. You said: Hello"


def test_an_option_that_the_facade_does_not_have_is_refused(phi4_app: AppServer) -> None:
    with (
        connect_sync("phi-4", source=phi4_app.url) as model,
        pytest.raises(TypeError, match="temperature"),
    ):
        model.chat("Hello", temperature=0.5)


async def test_facades_are_loaded_when_they_are_asked_for() -> None:
    check = "import sys, spacecall.chat; print([m for m in sys.modules if '.spaces.' in m])"
    done = await anyio.run_process([sys.executable, "-c", check])
    assert done.stdout.decode().strip() == "[]"
