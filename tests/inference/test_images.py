"""Text-to-image at the providers, on a stand-in for the router; their images are elsewhere."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Any

import anyio
import pytest

from spacecall import (
    AppError,
    File,
    InvalidInputError,
    JobCancelledError,
    Limits,
    Log,
    NotFoundError,
    Output,
    ProtocolError,
)
from spacecall.inference import (
    HuggingFaceInference,
    NoProviderError,
    ProvidersFailedError,
    SyncHuggingFaceInference,
)
from tests.faults.exchanges import Exchange
from tests.inference.stand_in import PNG, TOKEN, StandIn, answering, offer, opened

FLUX = "black-forest-labs/FLUX.1-dev"
TASK = "text-to-image"
PATHS = {
    "hf-inference": f"/hf-inference/models/{FLUX}",
    "together": "/together/v1/images/generations",
    "nscale": "/nscale/v1/images/generations",
    "fal-ai": "/fal-ai/fal-ai/flux/dev",
    "replicate": "/replicate/v1/models/bfl/flux-dev/predictions",
    "wavespeed": "/wavespeed/api/v3/wavespeed-ai/flux-dev",
    "zai-org": "/zai-org/api/paas/v4/async/images/generations",
}
NAMES = {
    "hf-inference": FLUX,
    "fal-ai": "fal-ai/flux/dev",
    "replicate": "bfl/flux-dev",
    "wavespeed": "wavespeed-ai/flux-dev",
}
WAVESPEED_TASK = "/wavespeed/api/v3/predictions/t1/result"
ZAI_TASK = "/zai-org/api/paas/v4/async-result/t1"
FAL_QUEUE = "/fal-ai/fal-ai/flux/requests/r1"
WAVESPEED_BEGUN: dict[str, Any] = {
    "data": {
        "status": "created",
        "urls": {"get": "https://api.wavespeed.ai/api/v3/predictions/t1/result"},
    }
}
ZAI_BEGUN: dict[str, Any] = {"id": "t1", "task_status": "PROCESSING"}


@pytest.fixture
async def service(service: StandIn) -> StandIn:
    """All providers serve the model."""
    service.mapping[FLUX] = {name: offer(NAMES.get(name, "flux"), TASK) for name in PATHS}
    return service


B64 = {"b64_json": b64encode(PNG).decode()}


def image_at(service: StandIn) -> str:
    service.on("/images/cat.png", answering(200, PNG, content_type="image/png"))
    return f"{service.url}/images/cat.png"


def answer_of(provider: str, url: str) -> Any:
    encoded = b64encode(PNG).decode()
    match provider:
        case "together":
            return {"data": [{"b64_json": encoded}]}
        case "nscale":
            return {"data": [{"url": url}]}
        case "fal-ai":
            return {"images": [{"url": url, "content_type": "image/png"}]}
        case "wavespeed":
            return {"data": {"id": "t1", "status": "completed", "outputs": [url]}}
        case "zai-org":
            return {"id": "t1", "task_status": "SUCCESS", "image_result": [{"url": url}]}
        case _:
            return {"id": "p1", "status": "succeeded", "output": url}


@pytest.mark.parametrize("provider", PATHS)
async def test_an_image_of_each_provider_is_a_file(
    service: StandIn, provider: str, tmp_path: Path
) -> None:
    """Bytes, base64 and addresses alike; what is fetched elsewhere is fetched without the key."""
    url = image_at(service)
    path = PATHS[provider]
    if provider == "hf-inference":
        service.on(path, answering(200, PNG, content_type="image/png"))
    else:
        service.on(path, answering(200, answer_of(provider, url)))
    async with opened(service) as (hf, doors):
        doors.allow(service.url)
        (image,) = await hf.generate("a cat", model=f"flux:{provider}", aspect_ratio="16:9", seed=7)
        saved = await image.save(tmp_path)
    assert isinstance(image, File)
    assert saved.read_bytes() == PNG
    assert saved.suffix == ".png"
    (order,) = service.to(path)
    assert order.headers["authorization"] == f"Bearer {TOKEN}"
    sent = await order.json()
    flat = sent | sent.get("parameters", {}) | sent.get("input", {}) | sent.get("image_size", {})
    assert flat.get("size") == "832x480" or (flat["width"], flat["height"]) == (832, 480)
    assert flat["seed"] == 7
    for fetched in service.to("/images/cat.png"):
        assert "authorization" not in fetched.headers


async def test_sizes_and_words_of_each_provider(service: StandIn) -> None:
    url = image_at(service)
    for name in ("together", "fal-ai", "replicate"):
        service.on(PATHS[name], answering(200, answer_of(name, url)))
    service.on(PATHS["hf-inference"], answering(200, PNG, content_type="image/png"))
    async with opened(service) as (hf, _):
        for name in ("hf-inference", "together", "fal-ai", "replicate"):
            await hf.generate("a cat", provider=name, width=512, height=256, num_inference_steps=4)
    assert await service.sent(PATHS["hf-inference"]) == [
        {
            "inputs": "a cat",
            "parameters": {"width": 512, "height": 256, "num_inference_steps": 4},
        }
    ]
    (order,) = service.to(PATHS["hf-inference"])
    assert order.headers["accept"] == "image/png"
    (together,) = await service.sent(PATHS["together"])
    assert (together["steps"], together["response_format"]) == (4, "base64")
    (fal,) = await service.sent(PATHS["fal-ai"])
    assert fal["image_size"] == {"width": 512, "height": 256}
    (replicate,) = service.to(PATHS["replicate"])
    assert replicate.headers["prefer"] == "wait"


async def test_an_explicit_size_wins_over_the_ratio(service: StandIn) -> None:
    service.on(PATHS["hf-inference"], answering(200, PNG, content_type="image/png"))
    async with opened(service) as (hf, _):
        for options in ({"aspect_ratio": "1:1"}, {"aspect_ratio": "9:16"}, {"width": 640}):
            arguments: dict[str, Any] = {"aspect_ratio": "16:9"} | options
            await hf.generate("a cat", **arguments)
    sent = [item["parameters"] for item in await service.sent(PATHS["hf-inference"])]
    sizes = [(item["width"], item["height"]) for item in sent]
    assert sizes == [(1024, 1024), (480, 832), (640, 480)]


async def test_several_images_of_a_provider_that_makes_one_are_several_orders(
    service: StandIn,
) -> None:
    service.on(PATHS["hf-inference"], answering(200, PNG, content_type="image/png"))
    async with opened(service) as (hf, _), hf.generate("a cat", n=3, seed=7) as job:
        counts = [len(event.value) async for event in job if isinstance(event, Output)]
        images = await job.result()
    assert counts == [1, 2]
    assert len({image.name for image in images}) == 3
    sent = await service.sent(PATHS["hf-inference"])
    assert [item["parameters"]["seed"] for item in sent] == [7, 8, 9]


async def test_a_prediction_that_takes_longer_is_waited_for(service: StandIn) -> None:
    url = image_at(service)
    service.on(PATHS["replicate"], answering(201, {"id": "p1", "status": "processing"}))
    look = "/replicate/v1/predictions/p1"
    service.on(
        look,
        answering(200, {"id": "p1", "status": "processing"}),
        answering(200, {"id": "p1", "status": "succeeded", "output": [url]}),
    )
    async with opened(service) as (hf, doors):
        doors.allow(service.url)
        (image,) = await hf.generate("a cat", provider="replicate")
        assert await image.read() == PNG
    assert [item.method for item in service.to(look)] == ["GET", "GET"]


@pytest.mark.parametrize(
    ("provider", "task_path", "begun"),
    [("wavespeed", WAVESPEED_TASK, WAVESPEED_BEGUN), ("zai-org", ZAI_TASK, ZAI_BEGUN)],
)
async def test_a_task_is_polled_through_the_router(
    service: StandIn, provider: str, task_path: str, begun: dict[str, Any]
) -> None:
    url = image_at(service)
    service.on(PATHS[provider], answering(200, begun))
    service.on(task_path, answering(200, begun), answering(200, answer_of(provider, url)))
    async with opened(service) as (hf, doors):
        doors.allow(service.url)
        (image,) = await hf.generate("a cat", provider=provider)
        assert await image.read() == PNG
    polls = service.to(task_path)
    assert [poll.headers["authorization"] for poll in polls] == [f"Bearer {TOKEN}"] * 2
    if provider == "zai-org":
        assert polls[0].headers["x-source-channel"] == "hugging_face"


@pytest.mark.parametrize(
    ("provider", "answer", "error"),
    [
        ("wavespeed", {"data": {"status": "failed", "error": "too hot"}}, AppError),
        ("wavespeed", {"data": {"status": "completed", "outputs": []}}, ProtocolError),
        ("wavespeed", {"data": {"status": "created"}}, ProtocolError),
        ("wavespeed", {"data": {"urls": {"get": "https://x/api/v3/../../secret"}}}, ProtocolError),
        ("zai-org", {"id": "t1", "task_status": "FAIL"}, AppError),
        ("zai-org", {"id": "t1", "task_status": "SUCCESS"}, ProtocolError),
        ("zai-org", {"id": "../t", "task_status": "PROCESSING"}, ProtocolError),
    ],
)
async def test_a_task_that_fails_is_a_typed_error(
    service: StandIn, provider: str, answer: dict[str, Any], error: type[Exception]
) -> None:
    service.on(PATHS[provider], answering(200, answer))
    async with opened(service) as (hf, _):
        with pytest.raises(error):
            await hf.generate("a cat", provider=provider)


@pytest.mark.parametrize("status", ["error", "staging"])
async def test_a_provider_that_you_name_is_tried_with_a_warning(
    service: StandIn, status: str
) -> None:
    service.mapping[FLUX] = {"together": offer("flux", TASK, status)}
    url = image_at(service)
    service.on(PATHS["together"], answering(200, answer_of("together", url)))
    async with opened(service) as (hf, doors):
        doors.allow(service.url)
        async with hf.generate("a cat", provider="together") as job:
            logs = [event async for event in job if isinstance(event, Log)]
            (image,) = await job.result()
        assert await image.read() == PNG
        assert [(log.level, log.message) for log in logs] == [
            ("warning", f"together: the Hub says that its status is {status!r}")
        ]
        with pytest.raises(NoProviderError, match="no provider is live"):
            await hf.generate("a cat")


async def test_five_images_have_five_names(service: StandIn) -> None:
    url = image_at(service)
    images = [{"url": url}] * 3 + [{"url": f"{url}#a"}, {"url": url.replace("cat", "CAT")}]
    service.on(PATHS["fal-ai"], answering(200, {"images": images}))
    async with opened(service) as (hf, _):
        files = await hf.generate("a cat", provider="fal-ai", n=5)
    assert len({file.name.casefold() for file in files}) == 5


@pytest.mark.parametrize("provider", ["hf-inference", "together", "replicate", "wavespeed"])
async def test_an_image_is_made_from_an_image(service: StandIn, provider: str) -> None:
    url = image_at(service)
    service.mapping[FLUX] = {
        name: offer(NAMES.get(name, "flux"), "image-to-image") for name in PATHS
    }
    service.on(PATHS[provider], answering(200, answer_of(provider, url)))
    if provider == "hf-inference":
        service.on(PATHS[provider], answering(200, PNG, content_type="image/png"))
    async with opened(service) as (hf, doors):
        doors.allow(service.url)
        (image,) = await hf.generate("in blue", image=PNG, provider=provider, seed=7)
        assert await image.read() == PNG
    (sent,) = await service.sent(PATHS[provider])
    encoded = b64encode(PNG).decode()
    uri = f"data:image/png;base64,{encoded}"
    match provider:
        case "hf-inference":
            assert sent == {"inputs": encoded, "parameters": {"prompt": "in blue", "seed": 7}}
        case "together":
            assert (sent["prompt"], sent["reference_images"]) == ("in blue", [uri])
        case "replicate":
            assert sent["input"]["input_images"] == [uri]
            assert sent["input"]["prompt"] == "in blue"
        case _:
            assert sent == {"prompt": "in blue", "image": uri, "seed": 7}


async def test_fal_ai_makes_an_image_from_an_image_in_its_queue(service: StandIn) -> None:
    url = image_at(service)
    queued = {"status": "IN_QUEUE", "response_url": "https://queue.fal.run/fal-ai/flux/requests/r1"}
    service.mapping[FLUX] = {"fal-ai": offer(NAMES["fal-ai"], "image-to-image")}
    service.on(PATHS["fal-ai"], answering(200, queued))
    done = queued | {"status": "COMPLETED"}
    service.on(f"{FAL_QUEUE}/status", answering(200, queued), answering(200, done))
    service.on(FAL_QUEUE, answering(200, answer_of("fal-ai", url)))
    async with opened(service) as (hf, doors):
        doors.allow(service.url)
        (image,) = await hf.generate("in blue", image=PNG)
        assert await image.read() == PNG
        bad = queued | {"response_url": "https://queue.fal.run/../secret"}
        service.on(PATHS["fal-ai"], answering(200, bad))
        with pytest.raises(ProtocolError, match="invalid address"):
            await hf.generate("in blue", image=PNG)
        with pytest.raises(NoProviderError, match="no provider"):
            await hf.generate("in blue")
    queries = [item.query for item in service.seen if item.path.startswith("/fal-ai")]
    assert queries == [{"_subdomain": "queue"}] * 5


async def test_hf_inference_fetches_no_image(service: StandIn) -> None:
    service.mapping[FLUX] = {"hf-inference": offer(FLUX, "image-to-image")}
    async with opened(service) as (hf, _):
        with pytest.raises(InvalidInputError, match="pass the content, not a URL"):
            await hf.generate("in blue", image="https://host.invalid/cat.png")


async def test_giving_up_ends_a_prediction_at_the_provider(service: StandIn) -> None:
    looked, stopped = anyio.Event(), anyio.Event()
    busy = {"id": "p1", "status": "processing"}
    service.on(PATHS["replicate"], answering(201, busy))

    async def look(exchange: Exchange) -> None:
        looked.set()
        await exchange.answer(200, busy)

    async def stop(exchange: Exchange) -> None:
        stopped.set()
        await exchange.answer(200, busy)

    service.on("/replicate/v1/predictions/p1", look)
    service.on("/replicate/v1/predictions/p1/cancel", stop)
    async with opened(service) as (hf, _):
        async with hf.generate("a cat", provider="replicate"):
            await looked.wait()
        with anyio.fail_after(20):
            await stopped.wait()


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        ({"id": "p1", "status": "failed", "error": "NSFW"}, AppError, "NSFW"),
        ({"id": "p1", "status": "canceled"}, JobCancelledError, "canceled"),
        (
            {"id": "p1", "status": "succeeded", "output": "/etc/x"},
            ProtocolError,
            "sent ./etc/x. instead",
        ),
        (
            {"id": "p1", "status": "succeeded", "output": [1]},
            ProtocolError,
            "the provider sent 1 instead of the URL",
        ),
        ({"id": "../x", "status": "starting"}, ProtocolError, "no id"),
        ([], ProtocolError, "the provider did not send a prediction: "),
    ],
    ids=["failed", "cancelled", "path", "number", "id", "list"],
)
async def test_what_is_no_image_is_a_typed_error(
    service: StandIn, answer: object, kind: type[Exception], words: str
) -> None:
    service.on(PATHS["replicate"], answering(200, answer))
    async with opened(service) as (hf, _):
        with pytest.raises(kind, match=words):
            await hf.generate("a cat", provider="replicate")


async def test_a_web_page_in_place_of_an_image_is_a_typed_error(service: StandIn) -> None:
    service.on(PATHS["hf-inference"], answering(200, b"<html>", content_type="image/png"))
    async with opened(service) as (hf, _):
        with pytest.raises(ProtocolError, match="expected an image"):
            await hf.generate("a cat")


async def test_the_next_live_provider_is_asked_when_asked_for(service: StandIn) -> None:
    spent = answering(402, {"error": "no credits"})
    service.on(PATHS["hf-inference"], spent)
    service.on(PATHS["together"], answering(200, {"data": [{"b64_json": b64encode(PNG).decode()}]}))
    async with opened(service) as (hf, _):
        (image,) = await hf.generate("a cat", fallback=True)
        assert await image.read() == PNG
        for path in PATHS.values():
            service.on(path, spent)
        with pytest.raises(ProvidersFailedError) as caught:
            await hf.generate("a cat", fallback=True)
        assert [item.provider for item in caught.value.attempts] == list(PATHS)


async def test_what_nobody_can_make_is_refused_before_anything_is_sent(service: StandIn) -> None:
    async with opened(service) as (hf, _):
        for options, words in (
            ({"aspect_ratio": "4:3"}, "use 1:1, 16:9, 9:16"),
            ({"width": 0}, "at least 1 pixel"),
            ({"n": 0}, "at least 1 image"),
            ({"image": b"RIFF    WAVEfmt "}, "is not an image"),
            (
                {"provider": "hf-inference", "response_format": "url"},
                "does not support response_format",
            ),
        ):
            arguments: dict[str, Any] = options
            with pytest.raises(InvalidInputError, match=words):
                await hf.generate("a cat", **arguments)
        with pytest.raises(NoProviderError, match="does not support groq for this task"):
            await hf.generate("a cat", provider="groq")
    assert all(item.method == "GET" for item in service.seen)


def test_without_async_too(
    service_thread: StandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", service_thread.url)
    service_thread.on("/v1/images/generations", answering(200, {"data": [B64]}))
    with SyncHuggingFaceInference.connect(service_thread.url) as hf:
        (image,) = hf.generate("a cat").result()
        assert hf.save(image, tmp_path).read_bytes() == hf.read(image) == PNG


async def test_another_service_makes_images_by_openai_s_interface(service: StandIn) -> None:
    """At its own path and query, with the name of the model as it is; the Hub is not asked."""
    path = "/openai/v3/images/generations"
    service.on(path, answering(200, {"data": [B64, {"url": f"{service.url}/b.png"}]}))
    address = f"{service.url}/openai/v3?api-version=1"
    limits = Limits(file_hosts="any")
    async with HuggingFaceInference.connect(address, image_model="flux", limits=limits) as hf:
        images = await hf.generate("a cat", aspect_ratio="16:9", n=2, seed=7, guidance_scale=2.5)
        assert [image.name for image in images] == ["image.png", "b.png"]
        assert await images[0].read() == PNG
        await hf.generate("a cat", response_format="base64", model="dall-e:3")
        with pytest.raises(InvalidInputError, match="another base_url does not take it"):
            await hf.generate("a cat", image=PNG)
        with pytest.raises(InvalidInputError, match="needs both width and height"):
            await hf.generate("a cat", width=512)
        service.on(path, answering(404, {"detail": "Not Found"}))
        with pytest.raises(NotFoundError, match="Not Found") as caught:
            await hf.generate("a cat")
        assert caught.value.provider is None
    first, second, _ = await service.sent(path)
    options = {"size": "832x480", "n": 2, "seed": 7, "guidance_scale": 2.5}
    assert first == {"prompt": "a cat", "model": "flux", **options}
    assert second == {"prompt": "a cat", "model": "dall-e:3", "response_format": "b64_json"}
    assert [item.path for item in service.seen] == [path] * 3
    assert service.seen[0].query == {"api-version": "1"}
