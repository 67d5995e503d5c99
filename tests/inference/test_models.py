"""Lists, metadata, providers and names of models, on a stand-in for the Hub and the router."""

from __future__ import annotations

import anyio
import pytest

from spacecall import InvalidInputError, NotFoundError, ProtocolError
from spacecall.inference import ALIASES, SyncHuggingFaceInference
from spacecall.inference._aliases import model_id, model_path
from spacecall.inference._provider_choice import choose_providers, read_providers, split_model
from tests.inference.stand_in import StandIn, answering, metadata, offer, opened

LLAMA = "meta-llama/Llama-3.3-70B-Instruct"


async def test_lists_are_of_warm_models_that_many_look_at(service: StandIn) -> None:
    """Trending: at least 10 for text, 20 for images; the most looked at come first."""
    service.models.clear()
    for name, tag, score in (
        *(("a/nine", "text-generation", 9), ("a/ten", "text-generation", 10)),
        *(("a/ninety", "text-generation", 90), ("a/draws", "text-to-image", 20)),
        *(("a/sketches", "text-to-image", 19), ("a/sees", "image-text-to-text", 10)),
    ):
        service.models[name] = metadata(name, tag, trendingScore=score)
    async with opened(service) as (hf, _):
        assert [item.id for item in await hf.models()] == ["a/ninety", "a/ten"]
        assert [item.id for item in await hf.models("image")] == ["a/draws"]
        assert [item.id for item in await hf.models("vision")] == ["a/sees"]
        assert [item.id for item in await hf.models("image", min_trending_score=0)] == [
            "a/draws",
            "a/sketches",
        ]


async def test_what_was_asked_is_kept_for_its_lifetime(service: StandIn) -> None:
    async with opened(service, cache_ttl=3600) as (hf, _):
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(hf.info, LLAMA)
        assert (await hf.info("llama-3")).id == LLAMA
        assert len(service.seen) == 1, "one request for all who want it at once"
        await hf.models()
        await hf.models()
        assert len(service.seen) == 2
    service.seen.clear()
    async with opened(service, cache_ttl=0) as (hf, _):
        await hf.info(LLAMA)
        await hf.info(LLAMA)
    assert len(service.seen) == 2


async def test_an_unknown_model_is_not_supported_and_that_is_not_kept(service: StandIn) -> None:
    async with opened(service) as (hf, _):
        for _ in range(2):
            with pytest.raises(NotFoundError, match="not supported: the Hub does not"):
                await hf.info("some/model")
        service.models["some/model"] = metadata("some/model")
        assert (await hf.info("some/model")).pipeline_tag == "text-generation"
        with pytest.raises(InvalidInputError, match="is not a model id"):
            await hf.info("../../whoami")


async def test_the_router_s_own_list(service: StandIn) -> None:
    provider = {"provider": "together", "status": "live", "supports_tools": True}
    listed = {"object": "list", "data": [{"id": LLAMA, "owned_by": "x", "providers": [provider]}]}
    service.on("/v1/models", answering(200, listed))
    async with opened(service) as (hf, _):
        (providers,) = await hf.chat_models()
        assert providers.id == LLAMA
        assert providers.providers is not None
        assert providers.providers[0].supports_tools
        service.on("/v1/models", answering(200, {"data": 1}))
        assert await hf.chat_models(), "it was kept"


async def test_an_answer_that_is_no_model_is_told_so(service: StandIn) -> None:
    service.on(f"/api/models/{LLAMA}", answering(200, {"name": "x"}))
    async with opened(service) as (hf, _):
        with pytest.raises(ProtocolError, match="unexpected value at 'id'"):
            await hf.info(LLAMA)


async def test_the_mapping_of_providers_in_both_shapes(service: StandIn) -> None:
    by_name = {"together": offer("t/llama"), "slow": offer("s", status="staging")}
    service.mapping[LLAMA] = by_name
    listed = [{"provider": name} | entry for name, entry in by_name.items()]
    async with opened(service) as (hf, _):
        providers = await hf.providers("llama-3")
    assert [(item.name, item.model, item.status) for item in providers] == [
        ("together", "t/llama", "live"),
        ("slow", "s", "staging"),
    ]
    as_list = b'{"inferenceProviderMapping": %s}' % str(listed).replace("'", '"').encode()
    assert read_providers(as_list, LLAMA) == providers
    assert [
        item.name for item in choose_providers(providers, model=LLAMA, task="conversational")
    ] == ["together"]


@pytest.mark.parametrize(
    "alias",
    [
        *("qwen-2.5-72b", "llama-3", "llama-3.3-70b", "command-r-plus", "deepseek-r1", "qwq-32b"),
        *("nemotron-70b", "qwen-2.5-coder-32b", "llama-3.2-11b", "mistral-nemo", "phi-3.5-mini"),
        *("flux", "flux-dev", "flux-schnell", "qwen-2-vl-7b", "gemma-2-27b", "qwen-2-72b"),
        *("qvq-72b", "sd-3.5"),
    ],
)
def test_an_alias_leads_to_a_model_of_the_hub(alias: str) -> None:
    assert "/" in model_id(alias)
    assert model_id(f"{alias.upper()}:together") == f"{ALIASES[alias]}:together"


def test_mistake_an_alias_to_the_coder_model() -> None:
    assert model_id("qwen-2.5-72b") == "Qwen/Qwen2.5-72B-Instruct"


def test_an_id_stays_as_it_is() -> None:
    assert model_id("Some/Model:fal-ai") == "Some/Model:fal-ai"
    assert split_model("Some/Model:fal-ai") == ("Some/Model", "fal-ai")
    assert model_path("Some/Model-1.5") == "Some/Model-1.5"


def test_without_async_too(service_thread: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", service_thread.url)
    service_thread.mapping[LLAMA] = {"together": offer("t/llama")}
    service_thread.on("/v1/models", answering(200, {"data": [{"id": LLAMA}]}))
    with SyncHuggingFaceInference.connect(service_thread.url) as hf:
        assert hf.info("llama-3").id == LLAMA
        assert hf.providers("llama-3")[0].name == "together"
        assert hf.models("text", min_trending_score=0)
        assert hf.chat_models()[0].id == LLAMA
