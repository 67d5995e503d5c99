"""Requests for text, as values: nothing is sent here."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pydantic import ValidationError

from spacecall._core.requests import Request
from spacecall._problems import problems
from spacecall._wire.inference.chat import (
    CalledFunction,
    CalledTool,
    ChatMessage,
    ChatRequest,
    ImagePart,
    ImageUrl,
    TextPart,
)
from spacecall._wire.inference.text_generation import GenerationParameters, GenerationRequest
from spacecall.chat import Conversation, Media, MediaInput, Message, portable
from spacecall.errors import InvalidInputError
from spacecall.inference.aliases import model_path

__all__ = [
    "MAX_TOKENS",
    "Sampling",
    "chat_request",
    "history",
    "text_request",
    "with_images",
]

MAX_TOKENS: Final = 1024
"""Tokens of an answer, unless another number is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How an answer is made.

    Attributes:
        max_tokens: its longest; None for the model's own.
        stream: whether it comes piece by piece.
        extra_data: further fields of the request, as they are; they win.
    """

    max_tokens: int | None = MAX_TOKENS
    temperature: float | None = None
    seed: int | None = None
    stream: bool = True
    extra_data: Mapping[str, Any] = field(default_factory=dict[str, Any])


def history(
    messages: str | Sequence[Message],
    media: Sequence[MediaInput] = (),
    conversation: Conversation | None = None,
) -> list[Message]:
    """All that was said, the newest last: the service keeps nothing.

    Raises:
        InvalidInputError: there is no message, or the last one is empty.
    """
    given = [Message("user", messages)] if isinstance(messages, str) else list(messages)
    said = [*(conversation.messages if conversation else ()), *given]
    if not said:
        raise InvalidInputError("there is no message")
    last = said[-1] = replace(said[-1], media=(*said[-1].media, *media))
    if not last.content.strip() and not last.media and last.role != "tool":
        raise InvalidInputError("the message is empty: it has neither text nor media")
    return said


async def with_images(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The messages with media that can be sent: addresses, or data URIs.

    Raises:
        InvalidInputError: a medium is no image, or cannot be read.
    """
    for medium in (Media(item) for message in messages for item in message.media):
        if medium.kind != "image":
            raise InvalidInputError(f"only images can go with a message here, not {medium.kind}")
    return await portable(messages)


def chat_request(model: str, messages: Sequence[Message], sampling: Sampling) -> Request:
    """A chat completion. The media of `messages` are those of `with_images`.

    Raises:
        InvalidInputError: an option is not what it should be.
    """
    with _checking():
        body = ChatRequest(
            model=model,
            messages=[_message(message) for message in messages],
            max_tokens=sampling.max_tokens,
            temperature=sampling.temperature,
            seed=sampling.seed,
            stream=sampling.stream or None,
        )
    sent = {**body.model_dump(exclude_none=True), **sampling.extra_data}
    return Request("POST", "/v1/chat/completions", json=sent)


def _message(message: Message) -> ChatMessage:
    parts: list[TextPart | ImagePart] = [
        ImagePart(type="image_url", image_url=ImageUrl(url=medium.uri or ""))
        for medium in message.media
        if isinstance(medium, Media)
    ]
    if parts and message.content:
        parts.insert(0, TextPart(type="text", text=message.content))
    tools = [
        CalledTool(
            id=one.id,
            type="function",
            function=CalledFunction(name=one.name, arguments=one.arguments),
        )
        for one in message.tool_calls
    ]
    return ChatMessage(
        role=message.role,
        content=parts or message.content,
        tool_calls=tools or None,
        tool_call_id=message.tool_call_id,
    )


def text_request(
    model: str, inputs: str, sampling: Sampling, *, return_full_text: bool | None = False
) -> Request:
    """A text that a model of hf-inference goes on with. `extra_data` goes to the parameters.

    Raises:
        InvalidInputError: `model` is no model's id, or an option is not what it should be.
    """
    with _checking():
        named = GenerationParameters(
            return_full_text=return_full_text,
            max_new_tokens=sampling.max_tokens,
            temperature=sampling.temperature,
            seed=sampling.seed,
        )
        body = GenerationRequest(inputs=inputs, stream=sampling.stream or None)
    sent = body.model_dump(exclude_none=True)
    parameters = {**named.model_dump(exclude_none=True), **sampling.extra_data}
    if parameters:
        sent["parameters"] = parameters
    return Request("POST", f"/hf-inference/models/{model_path(model)}", json=sent)


@contextmanager
def _checking() -> Generator[None]:
    try:
        yield
    except ValidationError as error:
        reasons = problems(error)
        raise InvalidInputError("; ".join(reasons), problems=reasons) from error
