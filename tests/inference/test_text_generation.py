"""Text generation on hf-inference, on a stand-in; and the formats of prompts."""

from __future__ import annotations

from typing import Any

import pytest

from spacecall import DeadlineError, InvalidInputError, JobLostError, RateLimitedError, Timeouts
from spacecall._wire.inference.models import ModelInfo
from spacecall.chat import Message
from spacecall.inference._prompts import build_prompt, limit_tokens, shorten_history
from tests.inference.stand_in import StandIn, answering, metadata, opened, streaming, token

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
    assert pieces == ["One", " two."]
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
    assert reply.text == "One."
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
        assert again.conversation.messages[-1].content == "Hello. more more"
        with pytest.raises(InvalidInputError, match="must be the assistant's"):
            await hf.text_generation("Hi", model=GPT2, action="continue")
    first = (await service.sent(PATH))[0]["inputs"]
    assert first.endswith("<|start_header_id|>assistant<|end_header_id|>\n\nHello.")


async def test_another_provider_generates_no_text(service: StandIn) -> None:
    async with opened(service) as (hf, _):
        with pytest.raises(InvalidInputError, match="hf-inference only, not on together"):
            await hf.text_generation("Hi", model=f"{GPT2}:together")


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


def test_a_long_history_is_shortened() -> None:
    """Over 4096 characters: first and last three of more than six; else system and last user."""
    plain = model("gpt2")
    fits = Message("user", "x" * (4096 - len("User: \nUser: Bye\nAssistant:")))
    long = Message("user", f"{fits.content}x")
    assert build_prompt([fits, SAID[3]], plain).startswith("User: xxx")
    assert build_prompt([long, SAID[3]], plain) == "Bye"
    assert build_prompt([SAID[0], long, *SAID[2:]], plain) == (
        "System: Be brief.\nUser: Bye\nAssistant:"
    )
    many = [Message("user", str(number)) for number in range(8)]
    assert shorten_history([*many, long]) == [*many[:3], *many[6:], long]


def test_what_is_to_be_continued_is_not_left_out() -> None:
    beginning = Message("assistant", "y" * 4096)
    assert shorten_history([*SAID[:2], beginning], continues=True) == [*SAID[:2], beginning]
    assert build_prompt([*SAID[:2], beginning], model("gpt2"), continues=True).endswith(
        "Assistant: " + "y" * 4096
    )
    assert shorten_history([beginning]) == [beginning], "something is to be asked"


def test_gpt2_has_room_for_half_of_what_is_usual() -> None:
    assert limit_tokens(1024, model("gpt2")) == 512
    assert limit_tokens(1000, model("gpt2")) == 1000
    assert limit_tokens(1024, model("llama")) == 1024
    assert limit_tokens(None, model("gpt2")) is None
