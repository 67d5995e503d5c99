"""Replies of chat models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from spacecall._problems import validation_problems
from spacecall.chat._conversation import Conversation
from spacecall.chat._message import ToolCall
from spacecall.errors import ProtocolError
from spacecall.files import File

__all__ = ["ChatReply", "ParsedReply", "ReplyChoice", "TokenLogprob", "Usage"]

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Usage:
    """The token usage of an answer; None if the service does not count.

    Attributes:
        completion_tokens: of the reasoning and the answer.
        reasoning_tokens: the part of `completion_tokens` that the model spent on thinking.
        cached_tokens: the part of `prompt_tokens` that the service had cached.
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    reasoning_tokens: int | None = None
    cached_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """The logarithm of the probability of a token of an answer.

    Attributes:
        logprob: None if the service does not say.
        alternatives: the most likely tokens at this position, if they were requested.
    """

    token: str
    logprob: float | None
    alternatives: tuple[TokenLogprob, ...] = ()


@dataclass(frozen=True, slots=True)
class ReplyChoice:
    """One of several answers to the same messages; see `ChatReply` for the attributes."""

    index: int = 0
    text: str = ""
    reasoning: str = ""
    finish_reason: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    refusal: str | None = None
    logprobs: tuple[TokenLogprob, ...] = ()
    images: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True)
class ChatReply:
    """A reply; during streaming, the reply so far.

    Attributes:
        text: the whole text.
        conversation: pass it with the next message to continue.
        finish_reason: `stop`; `length` if the limit of tokens cut the answer off; `tool_calls` and
            others, an open set; None if the service does not say.
        images: made by the model.
        usage: of tokens; None if the service does not count.
        tool_calls: requested by the model.
        reasoning: the model's thinking, if the service sends it.
        refusal: why the model does not answer; None if it answers.
        logprobs: of the tokens, if they were requested.
        model: as the service calls it.
        provider: who answered; None if the service does not say.
        id: of the reply at the service.
        choices: all answers if several were requested (`n`); this reply has the first one's fields.
        raw: the JSON of the response. Of a streamed reply, the last value of each field of its
            events.
    """

    text: str
    conversation: Conversation
    finish_reason: str | None = None
    images: tuple[File, ...] = ()
    usage: Usage | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    reasoning: str = ""
    refusal: str | None = None
    logprobs: tuple[TokenLogprob, ...] = ()
    model: str | None = None
    provider: str | None = None
    id: str | None = None
    choices: tuple[ReplyChoice, ...] = field(default=(), repr=False)
    raw: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False, compare=False)

    @property
    def is_cut_while_thinking(self) -> bool:
        """Whether `max_tokens` ended the reply before the model began its answer."""
        has_answer = self.text.strip() or self.tool_calls
        return self.finish_reason == "length" and bool(self.reasoning) and not has_answer


@dataclass(frozen=True, slots=True)
class ParsedReply(ChatReply, Generic[M]):
    """A reply whose text is the JSON of a pydantic model.

    Attributes:
        response_format: the model; None only for a reply that was made without one.
    """

    response_format: type[M] | None = None

    @property
    def parsed(self) -> M:
        """The value, which is validated at each access.

        Raises:
            ProtocolError: the text is not a value of the model: the reply was cut off or refused,
                or the service does not support the format.
        """
        if self.response_format is None:
            raise ProtocolError("the reply has no response_format")
        try:
            return self.response_format.model_validate_json(_without_fence(self.text))
        except ValidationError as error:
            reasons = "; ".join(validation_problems(error))
        cause = "it was cut off by max_tokens: " if self.finish_reason == "length" else ""
        cause = "the model refused: " if self.refusal else cause
        # Not chained: pydantic's error repeats the text.
        raise ProtocolError(f"the reply is not a {self.response_format.__name__}: {cause}{reasons}")


def _without_fence(text: str) -> str:
    """Return the content of a fenced block of Markdown, in which some models write JSON."""
    text = text.strip()
    if not (text.startswith("```") and text.endswith("```")):
        return text
    return text.partition("\n")[2].removesuffix("```")
