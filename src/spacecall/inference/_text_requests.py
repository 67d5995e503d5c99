"""Build requests for text; nothing is sent here."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pydantic import ValidationError

from spacecall._core.gradio_requests import Request
from spacecall._problems import validation_problems
from spacecall._wire.inference.chat import (
    AudioPart,
    AudioUrlPart,
    CalledFunction,
    CalledTool,
    ChatMessage,
    ChatRequest,
    CompletionRequest,
    ImagePart,
    ImageUrl,
    InputAudio,
    MediaUrl,
    TextPart,
    VideoPart,
)
from spacecall._wire.inference.text_generation import GenerationParameters, GenerationRequest
from spacecall.chat import (
    ChatParameters,
    ContentPart,
    Conversation,
    Message,
    MessageInput,
    VideoUrl,
)
from spacecall.chat._message import read_media
from spacecall.chat._message_dicts import empty_message, read_messages
from spacecall.errors import InvalidInputError
from spacecall.inference._aliases import model_path
from spacecall.inference._response_formats import ResponseFormat, response_format_json
from spacecall.media import MediaInput

__all__ = [
    "TEXT_TOKENS",
    "Sampling",
    "build_chat_request",
    "build_completion_request",
    "build_native_request",
    "build_text_request",
    "join_history",
    "read_sampling",
    "with_usage",
]

TEXT_TOKENS: Final = 512
"""The default limit of tokens of a generated text: GPT-2 has room for 1024 with the prompt."""
_AUDIO_FORMATS: Final = {"mpeg": "mp3", "mp4": "m4a", "wave": "wav"}
_PARAMETERS: Final = frozenset(
    {
        "top_p",
        "frequency_penalty",
        "presence_penalty",
        "stop",
        "logprobs",
        "top_logprobs",
        "reasoning_effort",
        "tool_choice",
        "parallel_tool_calls",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """The sampling options of a request.

    Attributes:
        max_tokens: the limit of tokens per answer; None for that of the service.
        n: the number of answers.
        parameters: more fields of a chat request, by their names in the interface of OpenAI.
        stream: whether to stream the answer.
        extra_body: more fields of the request, sent unchanged; they override the others.
    """

    max_tokens: int | None = None
    temperature: float | None = None
    seed: int | None = None
    n: int | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])
    stream: bool = True
    extra_body: Mapping[str, Any] = field(default_factory=dict[str, Any])


def read_sampling(options: ChatParameters, response_format: ResponseFormat | None) -> Sampling:
    """Return the sampling options among the options of a chat.

    Raises:
        InvalidInputError: the response format or `n` is invalid.
    """
    extra_body = dict(options.get("extra_body") or {})
    n = extra_body.get("n", options.get("n"))
    if isinstance(n, int) and n < 1:
        raise InvalidInputError(f"n must be at least 1 answer, got {n}")
    fields: dict[str, Any] = {
        name: value for name, value in options.items() if name in _PARAMETERS and value is not None
    }
    if tools := options.get("tools"):
        fields["tools"] = [dict(tool) for tool in tools]
    if (format_json := response_format_json(response_format)) is not None:
        fields["response_format"] = format_json
    return Sampling(
        max_tokens=options.get("max_tokens"),
        temperature=options.get("temperature"),
        seed=options.get("seed"),
        n=n if isinstance(n, int) else None,
        parameters=fields,
        stream=extra_body.get("stream", options.get("stream", True)) is not False,
        extra_body=extra_body,
    )


def join_history(
    messages: str | Sequence[MessageInput],
    media: Sequence[MediaInput] = (),
    conversation: Conversation | None = None,
) -> list[Message]:
    """Return all messages of the conversation, the newest last: the service is stateless.

    Raises:
        InvalidInputError: there are no messages, or one is invalid, or the last message is empty.
    """
    history = [*(conversation.messages if conversation else ()), *read_messages(messages)]
    if not history:
        raise InvalidInputError("messages is empty: pass a prompt or at least one Message")
    attached = read_media(media, "media")
    last = history[-1] = replace(history[-1], media=(*history[-1].media, *attached))
    if last.is_empty and last.role != "tool":
        raise empty_message(messages)
    return history


def build_chat_request(model: str, messages: Sequence[Message], sampling: Sampling) -> Request:
    """Build a request for a chat completion of messages whose media are portable.

    Raises:
        InvalidInputError: an option is invalid.
    """
    # Services want the thinking back while tools are called, and later ignore or refuse it.
    roles = [message.role for message in messages]
    last_question = max((i for i, role in enumerate(roles) if role == "user"), default=-1)
    with _invalid_input():
        body = ChatRequest(
            model=model,
            messages=[
                _message(message, with_reasoning=position > last_question)
                for position, message in enumerate(messages)
            ],
            max_tokens=sampling.max_tokens,
            temperature=sampling.temperature,
            seed=sampling.seed,
            stream=sampling.stream or None,
        )
    counts = {"n": sampling.n} if sampling.n is not None else {}
    fields = {
        **body.model_dump(exclude_none=True),
        **counts,
        **sampling.parameters,
        **sampling.extra_body,
    }
    return Request("POST", "/v1/chat/completions", json=fields)


def _message(message: Message, *, with_reasoning: bool) -> ChatMessage:
    parts = message.parts
    tools = [
        CalledTool(
            id=call.id,
            type="function",
            function=CalledFunction(name=call.name, arguments=call.arguments),
            extra_content=dict(call.extra_content) if call.extra_content else None,
        )
        for call in message.tool_calls
    ]
    reasoning = message.reasoning if with_reasoning and tools else None
    is_text = not parts or (len(parts) == 1 and isinstance(parts[0], str))
    return ChatMessage(
        role=message.role,
        name=message.name,
        content=message.text if is_text else [_part(part) for part in parts],
        tool_calls=tools or None,
        tool_call_id=message.tool_call_id,
        reasoning=reasoning if message.reasoning_field == "reasoning" else None,
        reasoning_content=reasoning if message.reasoning_field == "reasoning_content" else None,
    )


def _part(part: ContentPart) -> TextPart | ImagePart | AudioPart | AudioUrlPart | VideoPart:
    if isinstance(part, str):
        return TextPart(type="text", text=part)
    if isinstance(part, VideoUrl):
        return VideoPart(type="video_url", video_url=MediaUrl(url=part.url))
    uri = part.uri or ""
    if part.kind == "image":
        image = ImageUrl(url=uri, detail=part.detail)
        return ImagePart(type="image_url", image_url=image)
    head, comma, data = uri.partition(",")
    if comma and head.startswith("data:") and head.endswith(";base64"):
        audio = InputAudio(data=data, format=_audio_format(part.file.mime_type or head))
        return AudioPart(type="input_audio", input_audio=audio)
    return AudioUrlPart(type="audio_url", audio_url=MediaUrl(url=uri))


def _audio_format(mime_type: str) -> str:
    """Return the name of an audio format, such as `wav` for `audio/x-wav`."""
    name = mime_type.partition("/")[2].partition(";")[0].removeprefix("x-")
    return _AUDIO_FORMATS.get(name, name)


def with_usage(sampling: Sampling) -> Sampling:
    """Return the options with a request for the usage of a stream, which is left out otherwise."""
    if not sampling.stream:
        return sampling
    options = {"stream_options": {"include_usage": True}}
    return replace(sampling, parameters={**options, **sampling.parameters})


def build_completion_request(path: str, model: str, prompt: str, sampling: Sampling) -> Request:
    """Build a request for the completion of a text.

    Raises:
        InvalidInputError: an option is invalid.
    """
    with _invalid_input():
        body = CompletionRequest(
            model=model,
            prompt=prompt,
            max_tokens=sampling.max_tokens,
            temperature=sampling.temperature,
            seed=sampling.seed,
            stream=sampling.stream or None,
        )
    fields = body.model_dump(exclude_none=True)
    return Request("POST", path, json={**fields, **sampling.parameters, **sampling.extra_body})


def build_text_request(
    model: str, inputs: str, sampling: Sampling, *, return_full_text: bool | None = False
) -> Request:
    """Build a request for text generation by hf-inference; see `build_native_request`.

    Raises:
        InvalidInputError: `model` is not a model id, or an option is invalid.
    """
    path = f"/hf-inference/models/{model_path(model)}"
    return build_native_request(path, inputs, sampling, return_full_text=return_full_text)


def build_native_request(
    path: str, inputs: str, sampling: Sampling, *, return_full_text: bool | None = False
) -> Request:
    """Build a request in the interface of text-generation-inference.

    `extra_body` joins the parameters.

    Raises:
        InvalidInputError: an option is invalid.
    """
    with _invalid_input():
        options = GenerationParameters(
            return_full_text=return_full_text,
            max_new_tokens=sampling.max_tokens,
            temperature=sampling.temperature,
            seed=sampling.seed,
        )
        body = GenerationRequest(inputs=inputs, stream=sampling.stream or None)
    fields = body.model_dump(exclude_none=True)
    more = {key: value for key, value in sampling.parameters.items() if key != "stream_options"}
    parameters = {**options.model_dump(exclude_none=True), **more, **sampling.extra_body}
    if parameters:
        fields["parameters"] = parameters
    return Request("POST", path, json=fields)


@contextmanager
def _invalid_input() -> Generator[None]:
    try:
        yield
    except ValidationError as error:
        reasons = validation_problems(error)
        raise InvalidInputError("; ".join(reasons), problems=reasons) from error
