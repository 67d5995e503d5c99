"""Other Spaces of the same family, each row of what is known of them: paths, data in, data out.

On replicas (tests/apps/spaces) on real Gradio 4.44 and 5.50, by the clients generated from them.
What the image models do beyond that is in test_images.py.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from spacecall import Output, Space
from spacecall.spaces.flux_1_dev import Flux1Dev
from spacecall.spaces.flux_1_kontext_dev import Flux1KontextDev
from spacecall.spaces.flux_1_schnell import Flux1Schnell
from spacecall.spaces.janus_pro_7b import JanusPro7B
from spacecall.spaces.janus_pro_7b.client import JanusPro7bClient as JanusClient
from spacecall.spaces.qwen2_5.client import Qwen2_5Client
from spacecall.spaces.qwen2_5_1m_demo.client import Qwen2_5_1mDemoClient
from spacecall.spaces.qwen2_5_max_demo.client import Qwen2_5MaxDemoClient
from spacecall.spaces.qwen3_demo.client import Qwen3DemoClient
from spacecall.spaces.stable_diffusion_3_5_large import StableDiffusion35Large
from tests.chat.wire import Wire, watched
from tests.servers import DATA
from tests.spaces.conftest import Replicas

RED = DATA / "red.png"
SYSTEM = "Be brief."


@pytest.fixture
async def wire() -> AsyncGenerator[Wire, None]:
    async with watched() as wire:
        yield wire


@asynccontextmanager
async def opened(url: str, wire: Wire) -> AsyncGenerator[Space, None]:
    async with Space(url, http_client=wire.client) as space:
        wire.requests.clear()
        yield space


def joined(wire: Wire, path: str = "/gradio_api/queue/join") -> list[Any]:
    """What the one job was given; it was sent to that very path."""
    (request,) = wire.to("/queue/join")
    assert request.url.path == path
    return list(wire.bodies("/queue/join")[0]["data"])


async def test_janus_pro_7b_chat(replica: Replicas, wire: Wire) -> None:
    async with opened(replica("janus-pro-7b").url, wire) as space:
        answer = await JanusClient(space).multimodal_understanding(image=RED, question="What?")
        image, *arguments = joined(wire)
        assert image["orig_name"] == "red.png"
        assert arguments == ["What?", 42, 0.95, 0.1]
        assert answer is not None
        assert answer.startswith("Janus-Pro replica: 'What?' about a picture of ")
        wire.requests.clear()
        answer = await JanusClient(space).multimodal_understanding(
            image=None, question="Hi", seed=7
        )
        assert joined(wire) == [None, "Hi", 7, 0.95, 0.1]
        assert answer is not None
        assert "no picture, seed 7" in answer


async def test_janus_pro_7b_image(replica: Replicas, wire: Wire) -> None:
    async with opened(replica("janus-pro-7b").url, wire) as space:
        images = await JanusPro7B(space).generate("a cat", seed=7)
    assert joined(wire) == ["a cat", 7, 5, 1]
    assert len(images) == 5
    assert all(image.url for image in images)


async def test_flux_1_dev(replica: Replicas, wire: Wire) -> None:
    async with (
        opened(replica("flux-1-dev").url, wire) as space,
        Flux1Dev(space).generate("a cat", width=512, height=768) as job,
    ):
        previews = [event.value async for event in job if isinstance(event, Output)]
        (image,) = await job.result()
    assert joined(wire) == ["a cat", 0, True, 512, 768, 3.5, 28]
    assert len(previews) > 1, "previews while generating"
    assert image.url


async def test_flux_1_schnell(replica: Replicas, wire: Wire) -> None:
    """Others call it at `/call/infer`; both have no prefix."""
    async with opened(replica("flux-1-schnell").url, wire) as space:
        call = Flux1Schnell(space).generate("a cat", width=768, height=768, num_inference_steps=2)
        (image,) = await call
        assert joined(wire, "/queue/join") == ["a cat", 0, True, 768, 768, 2]
        wire.requests.clear()
        again = Flux1Schnell(space).generate("a cat", width=768, height=768, num_inference_steps=2)
        assert await again.with_options(call_api=True)
        (request,) = wire.to("/call/infer")
        assert request.url.path == "/call/infer"
        assert wire.bodies("/call/infer")[0]["data"] == ["a cat", 0, True, 768, 768, 2]
    assert "/file=" in (image.url or "")


async def test_flux_1_kontext_dev(replica: Replicas, wire: Wire) -> None:
    async with opened(replica("flux-1-kontext-dev").url, wire) as space:
        (image,) = await Flux1KontextDev(space).generate("make it blue", image=RED)
    source, *arguments = joined(wire)
    assert source["meta"] == {"_type": "gradio.FileData"}
    assert arguments == ["make it blue", 0, True, 2.5, 28]
    assert image.url


async def test_stable_diffusion_3_5_large(replica: Replicas, wire: Wire) -> None:
    """Others call it at `/gradio_api/call/infer`."""
    options: dict[str, Any] = {"guidance_scale": 4.5, "num_inference_steps": 50}
    async with opened(replica("stable-diffusion-3-5-large").url, wire) as space:
        call = StableDiffusion35Large(space).generate(
            "a cat", negative_prompt="dogs", width=1024, height=512, **options
        )
        (image,) = await call.with_options(call_api=True)
    (request,) = wire.to("/call/infer")
    assert request.url.path == "/gradio_api/call/infer"
    sent = wire.bodies("/call/infer")[0]["data"]
    assert sent == ["a cat", "dogs", 0, True, 1024, 512, 4.5, 50]
    assert image.url


async def test_qwen2_5_max_demo(replica: Replicas, wire: Wire) -> None:
    async with opened(replica("qwen2-5-max-demo").url, wire) as space:
        qwen = Qwen2_5MaxDemoClient(space)
        first = await qwen.model_chat(query="One", system=SYSTEM)
        assert joined(wire) == ["One", [], SYSTEM]
        ((user, bot),) = first.qwen2_5_max
        assert user == "One"
        assert bot == f"Qwen2.5-Max replica turn 1. System: {SYSTEM} You said: One"
        second = await qwen.model_chat(query="Two", history=first.qwen2_5_max, system=SYSTEM)
        assert str(second.qwen2_5_max[-1][1]).startswith("Qwen2.5-Max replica turn 2.")


async def test_qwen2_5(replica: Replicas, wire: Wire) -> None:
    async with (
        opened(replica("qwen2-5").url, wire) as space,
        Qwen2_5Client(space).model_chat(query="One", system=SYSTEM) as job,
    ):
        texts = [event.value.chatbot async for event in job if isinstance(event, Output)]
        reply = await job.result()
    assert joined(wire, "/queue/join") == ["One", [], SYSTEM, "72B"]
    assert len(texts) > 3
    assert reply.chatbot[0][1]["text"].endswith(f"turn 1. System: {SYSTEM} You said: One")


async def test_qwen2_5_1m_demo(replica: Replicas, wire: Wire) -> None:
    """Two steps in one session. Others ask `/run/predict` for the first, as the Space's page does.

    In the replica JSON stands for the Space's own components, and a function that gives JSON is
    called through the queue.
    """
    async with opened(replica("qwen2-5-1m-demo").url, wire) as space:
        qwen = Qwen2_5_1mDemoClient(space.session())
        state = await qwen.add_message(message={"files": [], "text": "One"})
        answered = await qwen.answer(chatbot=state.chatbot)
    first, second = wire.bodies("/queue/join")
    assert first["data"] == [{"files": [], "text": "One"}, [], []]
    question, *arguments = second["data"]
    assert question[0][0]["text"] == "One"
    assert arguments == [None, 0]
    assert first["session_hash"] == second["session_hash"]
    assert {request.url.path for request in wire.to("/queue/join")} == {"/queue/join"}
    text = answered.chatbot[0][1][0]["text"]
    assert text.startswith("Qwen2.5-1M replica turn 1. You said: One")


async def test_qwen3_demo(replica: Replicas, wire: Wire) -> None:
    settings = {"thinking_budget": 38, "model": "qwen3-235b", "sys_prompt": SYSTEM}
    async with opened(replica("qwen3-demo").url, wire) as space, space.session() as session:
        qwen = Qwen3DemoClient(session)
        reply = await qwen.add_message(query="One", settings=settings)
        assert joined(wire) == ["One", settings, None, None]
        thoughts, answer = reply.chatbot[-1]["content"]
        assert thoughts["type"] == "tool"
        assert answer["content"].endswith(f"turn 1. qwen3-235b, System: {SYSTEM} You said: One")
        again = await qwen.add_message(query="Two", settings=settings)
        assert "turn 2." in again.chatbot[-1]["content"][1]["content"]
