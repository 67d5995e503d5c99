"""The options of calls of chat models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, TypedDict

from pydantic import BaseModel

__all__ = ["ChatModelOptions", "ChatParameters", "ReasoningEffort", "ToolChoice"]

ReasoningEffort: TypeAlias = Literal["none", "minimal", "low", "medium", "high", "xhigh"]
"""How much a model thinks; each model supports some of these."""
ToolChoice: TypeAlias = Literal["auto", "none", "required"] | Mapping[str, Any]
"""Whether the model calls tools; or the tool that it must call, in OpenAI's format."""


class ChatParameters(TypedDict, total=False):
    """The options of chat services with the interface of OpenAI; see `HuggingFaceInference.chat`.

    Attributes:
        model: its id on the Hub or an alias, optionally with `:provider`, `:fastest`, `:cheapest`
            or `:preferred`.
        provider: the provider that runs the model; overrides the one after the colon. Neither it
            nor `fallback` is for another `base_url`.
        fallback: whether to try the next live provider if one has no credits, lacks the
            model, is busy or fails (402, 404, 429, 500, 502, 503, 504).
        stream: whether to stream the answer.
        max_tokens: the limit of tokens of the answer, reasoning included; None for that of the
            service.
        temperature: the sampling temperature.
        top_p: the share of the probability mass that is sampled from.
        frequency_penalty: lowers the probability of tokens by how often they were used.
        presence_penalty: lowers the probability of tokens that were used.
        stop: texts before which the answer ends.
        seed: the same seed gives the same answer, as far as the model is deterministic.
        n: the number of answers, in `ChatReply.choices`.
        logprobs: whether to return `ChatReply.logprobs`.
        top_logprobs: the number of alternatives of each token.
        reasoning_effort: how much the model thinks.
        tools: tool definitions, sent unchanged; `ChatReply.tool_calls` has the model's calls.
        tool_choice: whether, or which of, the tools must be called.
        parallel_tool_calls: whether the model may request several calls at once.
        extra_body: more fields of the request, sent unchanged; they override the others.
    """

    model: str | None
    provider: str | None
    fallback: bool
    stream: bool
    max_tokens: int | None
    temperature: float | None
    top_p: float | None
    frequency_penalty: float | None
    presence_penalty: float | None
    stop: str | Sequence[str] | None
    seed: int | None
    n: int | None
    logprobs: bool | None
    top_logprobs: int | None
    reasoning_effort: ReasoningEffort | None
    tools: Sequence[Mapping[str, Any]]
    tool_choice: ToolChoice | None
    parallel_tool_calls: bool | None
    extra_body: Mapping[str, Any] | None


class ChatModelOptions(ChatParameters, total=False):
    """The options of the `chat` methods of all models; see there.

    A call with an option that the model does not have is a TypeError.

    Attributes:
        response_format: see `HuggingFaceInference.chat`.
        api_key: a token for this call, of models on Spaces.
        zerogpu_uuid: of Phi-4.
        cookies: of Phi-4.
        additional_inputs: of any chat app.
    """

    response_format: type[BaseModel] | Mapping[str, Any] | None
    api_key: str | None
    zerogpu_uuid: str | None
    cookies: Mapping[str, str] | None
    additional_inputs: Mapping[str, Any] | None
