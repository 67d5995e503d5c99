"""Text generation, on a stand-in; and the formats of prompts."""

from __future__ import annotations

from typing import Any

import pytest

from spacecall import DeadlineError, InvalidInputError, JobLostError, RateLimitedError, Timeouts
from spacecall._wire.inference.models import ModelInfo
from spacecall.chat import Message, MessageInput, Usage
from spacecall.inference import HuggingFaceInference
from spacecall.inference._prompts import build_prompt
from tests.inference.stand_in import StandIn, answering, metadata, offer, opened, streaming, token

GPT2 = "openai-community/gpt2"
PATH = f"/hf-inference/models/{GPT2}"
SAID = (
    Message("system", "Be brief."),
    Message("user", "Hi"),
    Message("assistant", "Hello."),
    Message("user", "Bye"),
)


def model(kind: str = "", end: object = None, name: str = "org/name") -> ModelInfo:
    config = {"model_type": kind, "tokenizer_config": {"eos_token": end}}
    return ModelInfo.model_validate({"id": name, "config": config})


def knows(service: StandIn, **config: Any) -> None:
    service.models[GPT2] = metadata(GPT2, config={"model_type": "gpt2"} | config)


async def test_a_text_streams_without_done_and_without_a_space_before_its_data(
    service: StandIn,
) -> None:
    knows(service)
    messages = [token(" One"), token(" two."), token("</s>", last=" One two.", special=True)]
    service.on(PATH, streaming(*messages, space=""))
    async with opened(service) as (hf, _), hf.text_generation("Count:", model=GPT2, seed=7) as job:
        pieces = [str(piece) async for piece in job.text]
        reply = await job.result()
    assert pieces == [" One", " two."]
    assert reply.finish_reason == "stop"
    assert await service.sent(PATH) == [
        {
            "inputs": "Count:",
            "stream": True,
            "parameters": {"return_full_text": False, "max_new_tokens": 512, "seed": 7},
        }
    ]


async def test_a_text_comes_whole_without_streaming(service: StandIn) -> None:
    knows(service)
    service.on(PATH, answering(200, [{"generated_text": " One."}]))
    async with opened(service) as (hf, _):
        reply = await hf.text_generation(
            "Count:", model=GPT2, stream=False, max_tokens=9, extra_body={"top_p": 0.5}
        )
    assert reply.text == " One."
    (sent,) = await service.sent(PATH)
    assert sent["parameters"] == {"return_full_text": False, "max_new_tokens": 9, "top_p": 0.5}


async def test_an_error_within_the_stream_is_typed(service: StandIn) -> None:
    knows(service)
    service.on(PATH, streaming(token("One"), {"error": "busy", "error_type": "overloaded"}))
    async with opened(service) as (hf, _):
        with pytest.raises(RateLimitedError, match="hf-inference: too many requests: busy"):
            await hf.text_generation("Count:", model=GPT2)


async def test_a_stream_that_ends_before_its_text_is_lost(service: StandIn) -> None:
    knows(service)
    service.on(PATH, streaming(token("One")))
    async with opened(service) as (hf, _):
        with pytest.raises(JobLostError, match="after 3 characters"):
            await hf.text_generation("Count:", model=GPT2)
        service.on(PATH, answering(200, [{"generated_text": "x"}]))
        with pytest.raises(DeadlineError):
            await hf.text_generation("x", model=GPT2).with_options(timeouts=Timeouts(run=1e-9))


async def test_continue_goes_on_with_the_last_answer(service: StandIn) -> None:
    knows(service, model_type="llama", tokenizer_config={"eos_token": "<|eot_id|>"})
    service.on(PATH, streaming(token(" more", last=" more")))
    async with opened(service) as (hf, _):
        reply = await hf.text_generation(SAID[:3], model=GPT2, action="continue")
        assert reply.text == " more", "nothing is stripped"
        assert reply.conversation.messages[-1] == Message("assistant", "Hello. more")
        again = await hf.text_generation(
            [], conversation=reply.conversation, model=GPT2, action="continue"
        )
        assert again.conversation.messages[-1].text == "Hello. more more"
        with pytest.raises(InvalidInputError, match="must be the assistant's"):
            await hf.text_generation("Hi", model=GPT2, action="continue")
    first = (await service.sent(PATH))[0]["inputs"]
    assert first.endswith("<|start_header_id|>assistant<|end_header_id|>\n\nHello.")


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("facebook/opt-125m", {"model_type": "opt", "tokenizer_config": {"eos_token": "</s>"}}),
        ("Qwen/base", {"model_type": "qwen2", "tokenizer_config": {"eos_token": "<|im_end|>"}}),
        ("mistralai/base", {"model_type": "mistral", "tokenizer_config": {"eos_token": "</s>"}}),
        ("unknown/model", None),
    ],
)
async def test_a_base_model_gets_the_text_as_it_is(
    service: StandIn, name: str, config: dict[str, Any] | None
) -> None:
    if config is not None:
        service.models[name] = metadata(name, config=config)
    path = f"/hf-inference/models/{name}"
    service.on(path, answering(200, [{"generated_text": " there was <think>"}]))
    async with opened(service) as (hf, _):
        reply = await hf.text_generation("Once upon a time", model=name, stream=False)
    assert reply.text == " there was <think>"
    assert (await service.sent(path))[0]["inputs"] == "Once upon a time"


@pytest.mark.parametrize(
    "config",
    [
        {"tokenizer_config": {"eos_token": "<|im_end|>", "chat_template": "{{ x }}"}},
        {"tokenizer_config": {"eos_token": "<|im_end|>"}, "chat_template_jinja": "{{ x }}"},
    ],
)
async def test_a_chat_model_gets_its_format_unless_it_is_unwanted(
    service: StandIn, config: dict[str, Any]
) -> None:
    service.models[GPT2] = metadata(GPT2, config=config)
    service.on(PATH, answering(200, {"generated_text": "Hi"}))
    async with opened(service) as (hf, _):
        for chat_format in (None, True, False):
            await hf.text_generation("Hi", model=GPT2, chat_format=chat_format, stream=False)
        history: list[MessageInput] = [{"role": "system", "content": "Be brief."}, SAID[1]]
        await hf.text_generation(history, model=GPT2, chat_format=False, stream=False)
    inputs = [request["inputs"] for request in await service.sent(PATH)]
    formatted = "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    plain = "System: Be brief.\nUser: Hi\nAssistant:"
    assert inputs == [formatted, formatted, "Hi", plain]


COMPLETION = {
    "id": "cmpl-1",
    "model": "m",
    "choices": [{"index": 0, "text": " One.", "finish_reason": "length", "logprobs": None}],
    "usage": {"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5},
}


def piece(text: str, reason: str | None = None) -> dict[str, Any]:
    return {"id": "cmpl-1", "choices": [{"index": 0, "text": text, "finish_reason": reason}]}


@pytest.mark.parametrize(
    ("provider", "path"),
    [
        ("featherless-ai", "/featherless-ai/v1/completions"),
        ("together", "/together/v1/completions"),
        ("novita", "/novita/v3/openai/completions"),
        ("deepinfra", "/deepinfra/v1/openai/completions"),
    ],
)
async def test_providers_complete_a_text(service: StandIn, provider: str, path: str) -> None:
    knows(service)
    service.mapping[GPT2] = {provider: offer("their-gpt2", "text-generation")}
    service.on(path, streaming(piece(" One"), piece(".", "stop"), done=True))
    async with opened(service) as (hf, _):
        for requested in (None, provider):
            reply = await hf.text_generation("Count:", model=GPT2, stop=["\n"], provider=requested)
            assert (reply.text, reply.provider, reply.id) == (" One.", provider, "cmpl-1")
    for body in await service.sent(path):
        assert body == {
            "model": "their-gpt2",
            "prompt": "Count:",
            "max_tokens": 512,
            "stop": ["\n"],
            "stream": True,
            "stream_options": {"include_usage": True},
        }


@pytest.mark.parametrize("stream", [True, False])
async def test_one_s_own_server_completes_a_text(service: StandIn, stream: bool) -> None:
    """TGI and vLLM have the same path; the Hub is not asked."""
    last = piece("", "length") | {"usage": COMPLETION["usage"]}
    whole = answering(200, COMPLETION)
    service.on("/v1/completions", streaming(piece(" One."), last) if stream else whole)
    async with HuggingFaceInference.connect(service.url) as hf:
        reply = await hf.text_generation("Count:", model="qwen:8b", top_p=0.5, stream=stream)
    assert (reply.text, reply.finish_reason) == (" One.", "length")
    assert reply.usage == Usage(2, 3, 5)
    (exchange,) = service.seen
    body = await exchange.json()
    assert (body["model"], body["top_p"]) == ("qwen:8b", 0.5)


async def test_the_next_provider_completes_a_text(service: StandIn) -> None:
    knows(service)
    service.mapping[GPT2] = {
        name: offer(name, "text-generation") for name in ("together", "featherless-ai", "other")
    }
    service.on("/together/v1/completions", answering(503, {"error": "busy"}))
    service.on("/featherless-ai/v1/completions", answering(200, COMPLETION))
    async with opened(service) as (hf, _):
        reply = await hf.text_generation("Count:", model=GPT2, fallback=True, stream=False)
        assert (reply.text, reply.provider) == (" One.", "featherless-ai")
        with pytest.raises(InvalidInputError, match="does not support other: use one of hf-inf"):
            await hf.text_generation("Hi", model=f"{GPT2}:other")


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        (model("gpt2"), "System: Be brief.\nUser: Hi\nAssistant: Hello.\nUser: Bye\nAssistant:"),
        (model("gemma2", "<eos>"), "System: Be brief.\nUser: Hi\nAssistant: Hello.\nUser: Bye\nA"),
        (model(), "System: Be brief.\nUser: Hi\nAssistant: Hello.\nUser: Bye\nAssistant:"),
        (
            model("mistral", "</s>", "mistralai/Mistral-7B"),
            "<s>[INST] Be brief.\n\nHi [/INST] Hello.</s>[INST] Bye [/INST]",
        ),
        (
            model("mistral", "</s>", "HuggingFaceH4/zephyr-7b-beta"),
            "<|system|>\nBe brief.</s>\n<|user|>\nHi</s>\n<|assistant|>\nHello.</s>\n<|user|>\nBye",
        ),
        (model("phi3", "<|endoftext|>"), "<|system|>\nBe brief.<|endoftext|>\n<|user|>\nHi<|end"),
        (
            model("qwen2", {"content": "<|im_end|>"}),
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n",
        ),
        (
            model("deepseek_v3", {"content": "<｜end▁of▁sentence｜>"}),
            "<｜begin▁of▁sentence｜>Be brief.<｜User｜>Hi<｜Assistant｜>Hello.<｜end▁of▁sentence｜>"
            "<｜User｜>Bye<｜Assistant｜>",
        ),
        (
            model("llama", "<|eot_id|>"),
            "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>",
        ),
    ],
    ids=lambda model_info: getattr(getattr(model_info, "config", None), "model_type", "") or "text",
)
def test_a_prompt_is_in_its_model_s_format(info: ModelInfo, expected: str) -> None:
    assert build_prompt(SAID, info).startswith(expected)


@pytest.mark.parametrize(
    ("info", "end"),
    [
        (model("mistral", "</s>", "mistralai/M"), "[/INST] Hello."),
        (model("qwen2", "<|im_end|>"), "<|im_start|>assistant\nHello."),
        (model("llama", "<|eot_id|>"), "<|end_header_id|>\n\nHello."),
        (model("gpt2"), "Assistant: Hello."),
        (model("deepseek_v3", "<｜end▁of▁sentence｜>"), "<｜Assistant｜>Hello."),
    ],
    ids=["mistral", "chatml", "llama", "plain", "deepseek"],
)
def test_to_continue_there_is_neither_an_opener_nor_an_end_mark(info: ModelInfo, end: str) -> None:
    assert build_prompt(SAID[:3], info, continues=True).endswith(end)


def test_a_long_history_is_not_shortened() -> None:
    many = [Message("user", "x" * 1000) for _ in range(20)]
    assert len(build_prompt(many, model("gpt2"))) > 20_000
