"""The image facades against replicas of their Spaces, on real Gradio 4.44 and 5.50."""

from __future__ import annotations

import struct
import zlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from spacecall import (
    AppError,
    File,
    InvalidInputError,
    Output,
    Progress,
    QuotaExceededError,
    Space,
    ZeroGPU,
)
from spacecall.images import AnyImageModel, ImageModel, SyncImageModel, connect, connect_sync
from spacecall.spaces.flux_1_dev import Flux1Dev
from spacecall.spaces.flux_1_kontext_dev import Flux1KontextDev
from spacecall.spaces.flux_1_schnell import Flux1Schnell
from spacecall.spaces.janus_pro_7b import JanusPro7B
from spacecall.spaces.stable_diffusion_3_5_large import StableDiffusion35Large
from tests.servers import DATA
from tests.spaces.conftest import Replicas

RED = DATA / "red.png"
SIZED = {
    "flux-1-dev": "flux-dev",
    "flux-1-schnell": "flux-schnell",
    "stable-diffusion-3-5-large": "sd-3.5",
}
ALL = {**SIZED, "flux-1-kontext-dev": "flux-kontext-dev", "janus-pro-7b": "janus-pro-7b-image"}


@pytest.fixture(params=SIZED, ids=str)
async def sized(
    request: pytest.FixtureRequest, replica: Replicas
) -> AsyncGenerator[AnyImageModel, None]:
    """Each model that makes images of any size from text, found by its name."""
    async with connect(SIZED[request.param], source=replica(request.param).url) as model:
        yield model


@pytest.fixture(params=ALL, ids=str)
async def model(
    request: pytest.FixtureRequest, replica: Replicas
) -> AsyncGenerator[AnyImageModel, None]:
    """Each image model, found by its name."""
    async with connect(ALL[request.param], source=replica(request.param).url) as model:
        yield model


@dataclass(frozen=True)
class Picture:
    """What a replica has drawn: a PNG of one colour, which tells the seed."""

    width: int
    height: int
    seed: int


async def seen(file: File) -> Picture:
    data = await file.read()
    assert data.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", data[16:24])
    start = data.index(b"IDAT")
    (size,) = struct.unpack(">I", data[start - 4 : start])
    first = zlib.decompressobj().decompress(data[start + 4 : start + 4 + size])
    return Picture(width, height, int.from_bytes(first[1:4]))


SEED = 0x12_34_56


async def test_an_image_has_the_size_and_the_seed_that_were_asked_for(
    sized: AnyImageModel,
) -> None:
    (image,) = await sized.generate("a cat", width=512, height=768, seed=SEED)
    assert await seen(image) == Picture(512, 768, SEED)
    assert image.mime_type == "image/png"


async def test_without_a_seed_every_image_is_another(sized: AnyImageModel) -> None:
    first, second = [await sized.generate("a cat", width=512) for _ in range(2)]
    assert (await seen(first[0])).seed != (await seen(second[0])).seed


async def test_an_image_is_saved_whole(sized: AnyImageModel, tmp_path: Path) -> None:
    (image,) = await sized.generate("a cat", width=512, height=512)
    saved = await image.save(tmp_path)
    assert saved.read_bytes() == await image.read()


async def test_flux_1_dev_shows_previews_before_the_image(replica: Replicas) -> None:
    async with Flux1Dev.connect(replica("flux-1-dev").url) as flux:
        async with flux.generate("/slow cat", width=256, height=512, seed=SEED) as job:
            events = [event async for event in job]
        previews = [event.value for event in events if isinstance(event, Output)]
        assert len(previews) >= 3
        assert [await seen(images[0]) for images in previews[:2]] == [
            Picture(64, 128, 0),
            Picture(64, 128, 1),
        ]
        (image,) = await job.result()
        assert await seen(image) == Picture(256, 512, SEED)
        assert any(isinstance(event, Progress) for event in events)


async def test_flux_1_kontext_dev_changes_an_image(replica: Replicas) -> None:
    async with Flux1KontextDev.connect(replica("flux-1-kontext-dev").url) as flux:
        red = await seen(File(RED))
        for source in (RED, RED.read_bytes(), File(RED)):
            (image,) = await flux.generate("make it blue", image=source, seed=SEED)
            assert await seen(image) == Picture(red.width, red.height, SEED)


async def test_janus_pro_makes_several_images(replica: Replicas) -> None:
    async with JanusPro7B.connect(replica("janus-pro-7b").url) as janus:
        images = await janus.generate("a cat", seed=SEED, guidance=7, temperature=0.5)
        assert [(await seen(image)).seed - SEED for image in images] == [0, 1, 2, 3, 4]
        assert len(await janus.generate("another")) == 5


async def test_options_of_a_model_are_checked_against_its_schema(replica: Replicas) -> None:
    async with StableDiffusion35Large.connect(replica("stable-diffusion-3-5-large").url) as model:
        options: dict[str, Any] = {"guidance_scale": 5.5, "num_inference_steps": 20}
        assert await model.generate("a cat", negative_prompt="dogs", **options)
        with pytest.raises(InvalidInputError, match="width"):
            await model.generate("a cat", width=100)


async def test_what_a_model_cannot_use_is_refused(replica: Replicas) -> None:
    async with Space(replica("flux-1-schnell").url) as space:
        with pytest.raises(InvalidInputError, match="does not support image"):
            Flux1Schnell(space).generate("a cat", image=RED)
        with pytest.raises(InvalidInputError, match="does not support width"):
            JanusPro7B(space).generate("a cat", width=512)
        with pytest.raises(InvalidInputError, match="does not support height"):
            Flux1KontextDev(space).generate("a cat", image=RED, height=512)
        with pytest.raises(InvalidInputError, match="pass image="):
            Flux1KontextDev(space).generate("a cat")
        with pytest.raises(InvalidInputError, match="is not an image: it is audio"):
            Flux1KontextDev(space).generate("a cat", image=DATA / "tone.wav")


async def test_errors_are_typed(model: AnyImageModel) -> None:
    image = RED if "Kontext" in type(model).__name__ else None
    with pytest.raises(QuotaExceededError) as caught:
        await model.generate("/quota", image=image)
    assert (caught.value.requested, caught.value.remaining) == (60, 0)
    assert "<" not in caught.value.message
    with pytest.raises(AppError, match="GPU task aborted"):
        await model.generate("/aborted", image=image)
    with pytest.raises(AppError, match="hides its message"):
        await model.generate("/crash", image=image)


async def test_an_image_in_the_making_can_be_given_up(sized: AnyImageModel) -> None:
    with anyio.fail_after(30):
        async with sized.generate("/slow cat", width=512) as job:
            async for _ in job:
                break
        assert await sized.generate("a cat", width=512)


async def test_zero_gpu_credentials_are_a_call_s_own_and_go_with_its_join_only(
    replica: Replicas,
) -> None:
    requests: list[tuple[str, str | None, str | None]] = []

    async def watch(response: httpx.Response) -> None:
        request = response.request
        headers = request.headers
        token, uuid = headers.get("x-zerogpu-token"), headers.get("x-zerogpu-uuid")
        requests.append((request.url.path.rpartition("/")[2], token, uuid))

    async with (
        httpx.AsyncClient(event_hooks={"response": [watch]}) as client,
        Flux1KontextDev.connect(replica("flux-1-kontext-dev").url, http_client=client) as flux,
    ):

        async def ask(user: str) -> None:
            call = flux.generate("a cat", image=RED)
            await call.with_options(zero_gpu=ZeroGPU(token=f"t-{user}", uuid=f"u-{user}"))

        async with anyio.create_task_group() as group:
            for user in ("ann", "bob"):
                group.start_soon(ask, user)
        await flux.generate("a cat", image=RED)
    joins = sorted((token or "", uuid or "") for path, token, uuid in requests if path == "join")
    assert joins == [("", ""), ("t-ann", "u-ann"), ("t-bob", "u-bob")]
    assert all((token, uuid) == (None, None) for path, token, uuid in requests if path != "join")
    assert {path for path, *_ in requests} >= {"upload", "join", "data"}


async def test_flux_1_schnell_and_its_files_have_no_prefix(replica: Replicas) -> None:
    async with Flux1Schnell.connect(replica("flux-1-schnell").url) as flux:
        (image,) = await flux.generate("a cat", num_inference_steps=4)
    assert "/gradio_api" not in (image.url or "")
    assert "/file=" in (image.url or "")


def test_without_async_too(replica: Replicas, tmp_path: Path) -> None:
    url = replica("flux-1-dev").url
    with connect_sync("spaces/black-forest-labs/FLUX.1-dev", source=url) as model:
        (image,) = model.generate("a cat", width=256, height=256, num_inference_steps=4).result()
        assert model.save(image, tmp_path).read_bytes() == model.read(image)
        with model.generate("a cat", width=256) as job:
            assert len(list(job.outputs)) >= 1
    with SyncImageModel.connect(Flux1Dev.connect(url)) as flux:
        assert flux.generate("a cat", width=256).result()


def test_every_facade_is_an_image_model() -> None:
    space = Space("owner/name")
    facades: list[ImageModel] = [
        Flux1Dev(space),
        Flux1KontextDev(space),
        Flux1Schnell(space),
        JanusPro7B(space),
        StableDiffusion35Large(space),
    ]
    assert all(facade.generate.__doc__ for facade in facades)
