"""Answers in the shapes of chat services, from their public documentation.

Each service answers the same question with a reasoning (where it has one), a text and two tool
calls, streamed and whole. The numbers and names differ, as theirs do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["SHAPES", "ServiceShape"]

CREATED = 1_760_000_000


@dataclass(frozen=True)
class ServiceShape:
    """The answers of one service.

    Attributes:
        chunks: the events of a stream.
        whole: the body of an answer that is not streamed.
        headers: of both.
        ids: of the tool calls.
        model: as the service calls it.
        reasoning: what it sends of it.
        usage: prompt, completion, total and reasoning tokens.
        done: whether the stream ends with `[DONE]`.
    """

    chunks: list[dict[str, Any]]
    whole: dict[str, Any]
    ids: tuple[str, str]
    model: str
    usage: tuple[int, int, int, int | None]
    reasoning: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    done: bool = True


def tool(call_id: str, city: str, **fields: Any) -> dict[str, Any]:
    """A whole tool call."""
    function = {"name": "temperature", "arguments": f'{{"city": "{city}"}}'}
    return {"id": call_id, "type": "function", "function": function} | fields


def pieces(index: int, call_id: str, city: str) -> list[dict[str, Any]]:
    """A tool call in three deltas."""
    start = {"name": "temperature", "arguments": ""}
    return [
        {"index": index, "id": call_id, "type": "function", "function": start},
        {"index": index, "function": {"arguments": '{"city": '}},
        {"index": index, "function": {"arguments": f'"{city}"}}'}},
    ]


def event(head: Mapping[str, Any], delta: Any, reason: str | None = None, **more: Any) -> Any:
    """An event of a stream with one choice."""
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
    return {**head, "object": "chat.completion.chunk", "choices": [choice], **more}


def answer(head: Mapping[str, Any], message: Any, usage: Any, **more: Any) -> dict[str, Any]:
    """A whole answer with one choice."""
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "tool_calls"}
    completion = {**head, "object": "chat.completion", "choices": [choice], "usage": usage}
    return completion | more


def _openai() -> ServiceShape:
    head = {
        "id": "chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG",
        "created": CREATED,
        "model": "gpt-4o-mini-2024-07-18",
        "service_tier": "default",
        "system_fingerprint": "fp_44709d6fcb",
    }
    usage = {
        "prompt_tokens": 19,
        "completion_tokens": 30,
        "total_tokens": 49,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "rejected_prediction_tokens": 0},
    }
    calls = [*pieces(0, "call_a", "Oslo"), *pieces(1, "call_b", "Paris")]
    return ServiceShape(
        chunks=[
            event(head, {"role": "assistant", "content": "", "refusal": None}, usage=None),
            event(head, {"content": "Let me"}, usage=None, obfuscation="x1"),
            event(head, {"content": " look."}, usage=None, obfuscation="x2"),
            *(event(head, {"tool_calls": [call]}, usage=None) for call in calls),
            event(head, {}, "tool_calls", usage=None),
            {**head, "object": "chat.completion.chunk", "choices": [], "usage": usage},
        ],
        whole=answer(
            head,
            {
                "role": "assistant",
                "content": "Let me look.",
                "refusal": None,
                "annotations": [],
                "tool_calls": [tool("call_a", "Oslo"), tool("call_b", "Paris")],
            },
            usage,
        ),
        ids=("call_a", "call_b"),
        model="gpt-4o-mini-2024-07-18",
        usage=(19, 30, 49, 0),
    )


def _router() -> ServiceShape:
    """The router of Hugging Face, which passes on a provider's answer: Cerebras."""
    head = {
        "id": "chatcmpl-a2d46b0e",
        "created": CREATED,
        "model": "gpt-oss-120b",
        "system_fingerprint": "fp_8c1f4a7b",
    }
    usage = {
        "prompt_tokens": 80,
        "completion_tokens": 60,
        "total_tokens": 140,
        "completion_tokens_details": {"reasoning_tokens": 12},
    }
    times = {"queue_time": 0.0001, "total_time": 0.1, "created": CREATED + 0.5}
    calls = [tool("e1", "Oslo"), tool("e2", "Paris")]
    message = {"role": "assistant", "content": "Let me look.", "reasoning": "I need both."}
    return ServiceShape(
        chunks=[
            event(head, {"role": "assistant"}),
            event(head, {"reasoning": "I need"}),
            event(head, {"reasoning": " both."}),
            event(head, {"content": "Let me look."}),
            event(head, {"tool_calls": [call | {"index": i} for i, call in enumerate(calls)]}),
            event(head, {}, "tool_calls", usage=usage, time_info=times),
        ],
        whole=answer(head, message | {"tool_calls": calls}, usage, time_info=times),
        ids=("e1", "e2"),
        model="gpt-oss-120b",
        usage=(80, 60, 140, 12),
        reasoning="I need both.",
        headers={"x-inference-provider": "cerebras"},
    )


def _tgi() -> ServiceShape:
    """Text-generation-inference 3: its ids are numbers as texts, and repeat names."""
    head = {
        "id": "",
        "created": CREATED,
        "model": "Qwen/Qwen3-8B",
        "system_fingerprint": "3.3.4-sha-9f38d93",
    }
    usage = {"prompt_tokens": 40, "completion_tokens": 25, "total_tokens": 65}
    calls = [
        event(head, {"role": "assistant", "tool_calls": [call]}, usage=None)
        for call in [*pieces(0, "0", "Oslo"), *pieces(1, "1", "Paris")]
    ]
    text = [
        event(head, {"role": "assistant", "content": text}, usage=None)
        for text in ("<think>", "\nI need both.\n", "</think>", "\n\nLet me", " look.")
    ]
    message = {
        "role": "assistant",
        "content": "<think>\nI need both.\n</think>\n\nLet me look.",
        "tool_calls": [tool("0", "Oslo"), tool("1", "Paris")],
    }
    return ServiceShape(
        chunks=[
            *text,
            *calls,
            event(head, {"role": "assistant", "content": ""}, "tool_calls", usage=None),
            {**head, "object": "chat.completion.chunk", "choices": [], "usage": usage},
        ],
        whole=answer(head, message, usage),
        ids=("0", "1"),
        model="Qwen/Qwen3-8B",
        usage=(40, 25, 65, None),
        reasoning="I need both.",
    )


def _vllm() -> ServiceShape:
    head = {"id": "chatcmpl-62d5", "created": CREATED, "model": "deepseek-ai/DeepSeek-V3.1"}
    usage = {
        "prompt_tokens": 31,
        "total_tokens": 81,
        "completion_tokens": 50,
        "prompt_tokens_details": None,
    }
    calls = [*pieces(0, "chatcmpl-tool-1", "Oslo"), *pieces(1, "chatcmpl-tool-2", "Paris")]
    message = {
        "role": "assistant",
        "content": "Let me look.",
        "refusal": None,
        "annotations": None,
        "audio": None,
        "function_call": None,
        "tool_calls": [tool("chatcmpl-tool-1", "Oslo"), tool("chatcmpl-tool-2", "Paris")],
        "reasoning": "I need both.",
        "reasoning_content": "I need both.",
    }
    both = {"reasoning": "I need both.", "reasoning_content": "I need both."}
    return ServiceShape(
        chunks=[
            event(head, {"role": "assistant", "content": ""}, prompt_token_ids=None),
            event(head, both, token_ids=None),
            event(head, {"content": "Let me look."}, token_ids=None),
            *(event(head, {"tool_calls": [call]}) for call in calls),
            event(head, {"content": ""}, "tool_calls", stop_reason=None),
            {**head, "object": "chat.completion.chunk", "choices": [], "usage": usage},
        ],
        whole=answer(head, message, usage, kv_transfer_params=None, prompt_logprobs=None),
        ids=("chatcmpl-tool-1", "chatcmpl-tool-2"),
        model="deepseek-ai/DeepSeek-V3.1",
        usage=(31, 50, 81, None),
        reasoning="I need both.",
    )


def _ollama() -> ServiceShape:
    """Ollama: each tool call comes whole, and older versions give all the index 0."""
    head = {
        "id": "chatcmpl-554",
        "created": CREATED,
        "model": "qwen3:8b",
        "system_fingerprint": "fp_ollama",
    }
    usage = {"prompt_tokens": 150, "completion_tokens": 90, "total_tokens": 240}
    calls = [tool("call_1bcd", "Oslo", index=0), tool("call_2bcd", "Paris", index=0)]
    start = {"role": "assistant", "content": ""}
    message = start | {"content": "Let me look.", "reasoning": "I need both."}
    return ServiceShape(
        chunks=[
            event(head, start | {"reasoning": "I need"}),
            event(head, start | {"reasoning": " both."}),
            event(head, start | {"content": "Let me look."}),
            *(event(head, start | {"tool_calls": [call]}) for call in calls),
            event(head, start, "tool_calls"),
            {**head, "object": "chat.completion.chunk", "choices": [], "usage": usage},
        ],
        whole=answer(head, message | {"tool_calls": calls}, usage),
        ids=("call_1bcd", "call_2bcd"),
        model="qwen3:8b",
        usage=(150, 90, 240, None),
        reasoning="I need both.",
    )


def _llama_cpp() -> ServiceShape:
    head = {
        "id": "chatcmpl-Nv8P",
        "created": CREATED,
        "model": "gpt-oss-20b",
        "system_fingerprint": "b6500-4f7e8d6b",
    }
    usage = {"completion_tokens": 44, "prompt_tokens": 73, "total_tokens": 117}
    timings = {"prompt_n": 73, "prompt_ms": 120.5, "predicted_per_second": 33.1}
    calls = [*pieces(0, "q1", "Oslo"), *pieces(1, "q2", "Paris")]
    message = {
        "role": "assistant",
        "reasoning_content": "I need both.",
        "content": "Let me look.",
        "tool_calls": [tool("q1", "Oslo"), tool("q2", "Paris")],
    }
    return ServiceShape(
        chunks=[
            event(head, {"role": "assistant", "content": None}),
            event(head, {"reasoning_content": "I need both."}),
            event(head, {"content": "Let me look."}),
            *(event(head, {"tool_calls": [call]}) for call in calls),
            event(head, {}, "tool_calls"),
            {
                **head,
                "object": "chat.completion.chunk",
                "choices": [],
                "usage": usage,
                "timings": timings,
            },
        ],
        whole=answer(head, message, usage, timings=timings),
        ids=("q1", "q2"),
        model="gpt-oss-20b",
        usage=(73, 44, 117, None),
        reasoning="I need both.",
    )


SHAPES = {
    "openai": _openai(),
    "router": _router(),
    "tgi": _tgi(),
    "vllm": _vllm(),
    "ollama": _ollama(),
    "llama.cpp": _llama_cpp(),
}
