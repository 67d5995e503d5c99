"""The scenes that scripts/record records on real Gradio servers, and that these tests replay.

A scene calls an app through the public client, and asserts the results.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

import pytest

from spacecall import AppError, Output, QuotaExceededError, Space
from spacecall.spaces.flux_1_dev import Flux1Dev
from spacecall.spaces.flux_1_kontext_dev import Flux1KontextDev
from spacecall.spaces.flux_1_schnell import Flux1Schnell
from spacecall.spaces.janus_pro_7b import JanusPro7B
from spacecall.spaces.janus_pro_7b.client import JanusPro7bClient as JanusClient
from spacecall.spaces.phi4_multimodal import Phi4Multimodal
from spacecall.spaces.qvq_72b import Qvq72B
from spacecall.spaces.qwen2_5.client import Qwen2_5Client
from spacecall.spaces.qwen2_5_1m_demo.client import Qwen2_5_1mDemoClient
from spacecall.spaces.qwen2_5_max_demo.client import Qwen2_5MaxDemoClient
from spacecall.spaces.qwen3_demo.client import Qwen3DemoClient
from spacecall.spaces.stable_diffusion_3_5_large import StableDiffusion35Large
from tests.cassettes.scripted_calls import play
from tests.servers import DATA, GRADIO_4, GRADIO_5, GRADIO_6, REPLICA

Play: TypeAlias = Callable[[str], Awaitable[None]]

RED = DATA / "red.png"
PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Scene:
    """One recording.

    Attributes:
        app: file in tests/apps.
        version: of Gradio.
        play: makes the calls, to the app's address.
    """

    app: str
    version: str
    play: Play


async def everything(address: str) -> None:
    results = await play(address)
    first = results.pop("first")
    download = results.pop("download")
    message, title = results.pop("error")
    assert results == {
        "stream": ["a0 ", "a0 a1 ", "a0 a1 a2 "],
        "many": {number: f"call {number}" for number in range(20)},
    }
    assert message == "boom2"
    assert title in ("Title2", None), "Gradio 4 has no titles"
    assert download.startswith(PNG)
    assert isinstance(first, str)


async def older(address: str) -> None:
    """Before 4.44 /info has no names of parameters: they are made of the labels."""
    async with Space(address) as space:
        assert await space.call("/echo", text_in="hi") == "hi"
        async with space.call("/stream_text", text_in="a", steps=3) as job:
            assert [value async for value in job.outputs] == ["a0 ", "a0 a1 ", "a0 a1 a2 "]
        image = await space.call("/image", img_in=RED)
        assert (await image.read()).startswith(PNG)
        with pytest.raises(AppError, match=r"^boom2 \["):
            await space.call("/fail2", text_in="x")


async def phi_4(address: str) -> None:
    async with Phi4Multimodal.connect(address) as phi:
        async with phi.chat("One", media=[RED]) as job:
            pieces = [str(piece) async for piece in job.text]
            first = await job.result()
        assert "".join(pieces) == first.text
        assert "image 1 is red.png" in first.text
        second = await phi.chat("Two", conversation=first.conversation)
        assert second.text == "Phi-4 replica turn 2. You said: Two"
        with pytest.raises(QuotaExceededError) as caught:
            await phi.chat("/quota")
        assert (caught.value.requested, caught.value.remaining) == (60.0, 0.0)


async def qvq(address: str) -> None:
    async with Qvq72B.connect(address) as qvq:
        async with qvq.chat("What is this?", media=[RED]) as job:
            pieces = [str(piece) async for piece in job.text]
            reply = await job.result()
        assert len(pieces) > 1
        assert "".join(pieces) == reply.text


async def qwen2_5(address: str) -> None:
    async with Space(address) as space:
        async with Qwen2_5Client(space).model_chat(query="One", system="Be brief.") as job:
            outputs = [event async for event in job if isinstance(event, Output)]
            reply = await job.result()
        assert len(outputs) > 3
        assert reply.chatbot[0][1]["text"].endswith("turn 1. System: Be brief. You said: One")


async def qwen2_5_1m(address: str) -> None:
    async with Space(address) as space, space.session() as session:
        qwen = Qwen2_5_1mDemoClient(session)
        message = await qwen.add_message(message={"files": [], "text": "One"})
        answer = await qwen.answer(chatbot=message.chatbot)
        text = answer.chatbot[0][1][0]["text"]
        assert text.startswith("Qwen2.5-1M replica turn 1. You said: One")


async def qwen2_5_max(address: str) -> None:
    async with Space(address) as space:
        reply = await Qwen2_5MaxDemoClient(space).model_chat(query="One", system="Be brief.")
        ((user, bot),) = reply.qwen2_5_max
        assert user == "One"
        assert bot == "Qwen2.5-Max replica turn 1. System: Be brief. You said: One"


async def qwen3(address: str) -> None:
    settings = {"thinking_budget": 38, "model": "qwen3-235b", "sys_prompt": ""}
    async with Space(address) as space, space.session() as session:
        reply = await Qwen3DemoClient(session).add_message(query="One", settings=settings)
        thoughts, answer = reply.chatbot[-1]["content"]
        assert thoughts["type"] == "tool"
        assert answer["content"].endswith("You said: One")


async def janus(address: str) -> None:
    async with Space(address) as space:
        text = await JanusClient(space).multimodal_understanding(image=RED, question="What?")
        assert text is not None
        assert text.startswith("Janus-Pro replica: 'What?' about a picture of ")
        images = await JanusPro7B(space).generate("a cat", seed=7)
        assert len(images) == 5
        assert await images[4].read()


async def flux_dev(address: str) -> None:
    async with Flux1Dev.connect(address) as flux:
        async with flux.generate("a cat", width=512, height=768) as job:
            previews = [event async for event in job if isinstance(event, Output)]
            (image,) = await job.result()
        assert len(previews) > 1
        assert await image.read()


async def flux_schnell(address: str) -> None:
    async with Flux1Schnell.connect(address) as flux:
        (image,) = await flux.generate("a cat", width=512, height=512)
        assert await image.read()
        (image,) = await flux.generate("a dog", width=512, height=512).with_options(call_api=True)
        assert await image.read()


async def flux_kontext(address: str) -> None:
    async with Flux1KontextDev.connect(address) as flux:
        (image,) = await flux.generate("make it blue", image=RED)
        assert await image.read()


async def sd_3_5(address: str) -> None:
    async with StableDiffusion35Large.connect(address) as model:
        (image,) = await model.generate("a cat", width=512, height=512)
        assert await image.read()


SCENES = {
    "protocol-6.31.0": Scene("protocol_app.py", GRADIO_6, everything),
    "protocol-5.50.0": Scene("protocol_app.py", GRADIO_5, everything),
    "protocol-4.44.1": Scene("protocol_app.py", GRADIO_4, everything),
    "protocol-4.19.2": Scene("protocol_app.py", "4.19.2", older),
    "protocol-4.10.0": Scene("protocol_app.py", "4.10.0", older),
    "phi-4": Scene(str(REPLICA), GRADIO_5, phi_4),
    "qvq-6.31.0": Scene("qvq_replica.py", GRADIO_6, qvq),
    "qvq-5.50.0": Scene("qvq_replica.py", GRADIO_5, qvq),
    "qwen2.5": Scene("spaces/qwen2_5.py", GRADIO_4, qwen2_5),
    "qwen2.5-1m": Scene("spaces/qwen2_5_1m_demo.py", GRADIO_4, qwen2_5_1m),
    "qwen2.5-max": Scene("spaces/qwen2_5_max_demo.py", GRADIO_5, qwen2_5_max),
    "qwen3": Scene("spaces/qwen3_demo.py", GRADIO_5, qwen3),
    "janus-pro-7b": Scene("spaces/janus_pro_7b.py", GRADIO_5, janus),
    "flux-1-dev": Scene("spaces/flux_1_dev.py", GRADIO_5, flux_dev),
    "flux-1-schnell": Scene("spaces/flux_1_schnell.py", GRADIO_4, flux_schnell),
    "flux-1-kontext-dev": Scene("spaces/flux_1_kontext_dev.py", GRADIO_5, flux_kontext),
    "sd-3.5-large": Scene("spaces/stable_diffusion_3_5_large.py", GRADIO_5, sd_3_5),
}
"""Every facade, and every generation of the protocol that the client speaks."""
