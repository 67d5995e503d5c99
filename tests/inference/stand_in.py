"""A stand-in for the router of HF Inference and for the Hub's metadata of models, over loopback.

Their shapes are those of the recordings in `tapes`, of the known public API where there is none.
Nothing here is Hugging Face.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from spacecall.inference import HuggingFaceInference
from spacecall.options import Limits, Retry, Timeouts
from tests.faults.exchanges import Exchange, Handler, serving
from tests.hub.fake_hub import Doors

ROUTER = "router.huggingface.co"
HUB = "huggingface.co"
CHAT = "/v1/chat/completions"
TOKEN = "hf_0123456789abcdef"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(16)
QUICK = Retry(attempts=2, wait_initial=0, jitter=0)


def metadata(model: str, tag: str = "text-generation", **fields: Any) -> dict[str, Any]:
    """What the Hub says of a model."""
    return {"id": model, "author": model.partition("/")[0], "pipeline_tag": tag} | fields


def offer(model: str, task: str = "conversational", status: str = "live") -> dict[str, str]:
    """A provider's entry in the mapping of a model."""
    return {"providerId": model, "task": task, "status": status}


def chunk(content: str = "", reason: str | None = None, **delta: Any) -> dict[str, Any]:
    """A piece of a chat completion."""
    return {
        "object": "chat.completion.chunk",
        "choices": [{"index": 0, "delta": {"content": content} | delta, "finish_reason": reason}],
    }


def whole(content: str, reason: str = "stop", **message: Any) -> dict[str, Any]:
    """A chat completion."""
    answer = {"role": "assistant", "content": content} | message
    return {
        "object": "chat.completion",
        "choices": [{"index": 0, "message": answer, "finish_reason": reason}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
    }


def token(text: str, *, last: str | None = None, special: bool = False) -> dict[str, Any]:
    """A piece of a generated text; `last` is all of it."""
    return {
        "token": {"id": 1, "text": text, "logprob": -0.1, "special": special},
        "generated_text": last,
        "details": None if last is None else {"finish_reason": "eos_token"},
    }


def saying(*texts: str, done: bool = True) -> Handler:
    """A stream that says these pieces of a chat, and ends as it should."""
    last = [*[chunk(text) for text in texts], chunk(reason="stop")]
    return streaming(*last, done=done)


def streaming(*messages: Mapping[str, Any], done: bool = False, space: str = " ") -> Handler:
    """A stream of messages, with a last one where the protocol has it."""

    async def answer(exchange: Exchange) -> None:
        await exchange.begin()
        for message in messages:
            await exchange.send(f"data:{space}{json.dumps(message)}\n\n".encode())
        await exchange.send(b"data: [DONE]\n\n" if done else b"")
        await exchange.end()

    return answer


def answering(status: int, content: Any, **headers: str) -> Handler:
    """A whole answer."""

    async def answer(exchange: Exchange) -> None:
        renamed = {name.replace("_", "-"): value for name, value in headers.items()}
        await exchange.answer(status, content, renamed)

    return answer


@dataclass(eq=False)
class StandIn:
    """Both services.

    Attributes:
        answers: of the router, by path; of a list the next one, the last again and again.
        models: the Hub's metadata, by id.
        mapping: who serves a model, by id.
        seen: what was asked, in order.
    """

    url: str = ""
    answers: dict[str, list[Handler]] = field(default_factory=dict[str, list[Handler]])
    models: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    mapping: dict[str, Any] = field(default_factory=dict[str, Any])
    seen: list[Exchange] = field(default_factory=list[Exchange])

    def on(self, path: str, *answers: Handler) -> None:
        """Let the router answer so."""
        self.answers[path] = list(answers)

    def to(self, path: str) -> list[Exchange]:
        """What a path was asked."""
        return [exchange for exchange in self.seen if exchange.path == path]

    async def sent(self, path: str) -> list[Any]:
        """The JSON that a path was sent."""
        return [await exchange.json() for exchange in self.to(path)]

    async def __call__(self, exchange: Exchange) -> None:
        await exchange.body()
        self.seen.append(exchange)
        handlers = self.answers.get(exchange.path)
        if handlers:
            handler = handlers.pop(0) if len(handlers) > 1 else handlers[0]
            return await handler(exchange)
        if exchange.path == "/api/models":
            return await exchange.answer(200, self._list(exchange.query))
        name = exchange.path.removeprefix("/api/models/")
        if name not in self.models:
            return await exchange.answer(404, {"error": "Repository not found"})
        if "expand[]" in exchange.query:
            mapping = {"inferenceProviderMapping": self.mapping.get(name, {})}
            return await exchange.answer(200, {"id": name} | mapping)
        return await exchange.answer(200, self.models[name])

    def _list(self, query: Mapping[str, str]) -> Sequence[dict[str, Any]]:
        assert query["inference"] == "warm"
        tag = query["pipeline_tag"]
        return [model for model in self.models.values() if model["pipeline_tag"] == tag]


@asynccontextmanager
async def standing_in() -> AsyncGenerator[StandIn, None]:
    """A stand-in that runs while inside; it knows the default models."""
    stand_in = StandIn()
    for name in ("Qwen/Qwen2.5-72B-Instruct", "meta-llama/Llama-3.3-70B-Instruct"):
        stand_in.models[name] = metadata(name)
    vision = "meta-llama/Llama-3.2-11B-Vision-Instruct"
    stand_in.models[vision] = metadata(vision, "image-text-to-text")
    flux = "black-forest-labs/FLUX.1-dev"
    stand_in.models[flux] = metadata(flux, "text-to-image")
    async with serving(stand_in) as stand_in.url:
        yield stand_in


@asynccontextmanager
async def opened(
    service: StandIn, **options: Any
) -> AsyncGenerator[tuple[HuggingFaceInference, Doors], None]:
    """The facade, whose requests to Hugging Face by their real names come to the stand-in."""
    doors = Doors([(ROUTER, service.url), (HUB, service.url)])
    options.setdefault("api_key", TOKEN)
    options.setdefault("retry", QUICK)
    options.setdefault("limits", Limits(file_hosts="any"))  # the stand-in is on loopback
    options.setdefault("timeouts", Timeouts(run=60, idle=30))
    async with (
        httpx.AsyncClient(transport=doors) as client,
        HuggingFaceInference.connect(http_client=client, **options) as hf,
    ):
        yield hf, doors
