"""Build a reply from the chunks of a stream, or from a whole response body."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from spacecall._wire.inference.chat import CalledTool, ChatChunk, ChatCompletion
from spacecall._wire.inference.chat import Usage as WireUsage
from spacecall._wire.inference.text_generation import Generated, GeneratedToken
from spacecall.chat import ToolCall, Usage
from spacecall.errors import JobLostError, ProtocolError
from spacecall.inference._error_bodies import stream_error

__all__ = ["Accumulator", "ChatAccumulator", "TextAccumulator"]

DONE: Final = "[DONE]"
# Older servers and some providers use other names.
_REASONS: Final = {"eos_token": "stop", "eos": "stop", "stop_sequence": "stop"}
_END_MARKS: Final = ("</s>", "<eos>", "<|im_end|>", "<|eot_id|>", "<|endoftext|>", "<|end|>")
_GENERATED: Final[TypeAdapter[Generated | list[Generated]]] = TypeAdapter(
    Generated | list[Generated]
)
M = TypeVar("M", bound=BaseModel)


class Accumulator(Protocol):
    """Builds one reply."""

    provider: str | None

    @property
    def is_complete(self) -> bool:
        """Whether the reply is complete."""
        ...

    def feed(self, event: str) -> bool:
        """Add the data of one SSE event; return whether the text has changed.

        Raises:
            StatusError: the event is an error.
            ProtocolError: the event is not a chunk of a reply.
        """
        ...

    def read_body(self, body: bytes) -> None:
        """Read a whole response body. Raises as `feed` does."""
        ...

    def finish(self) -> None:
        """Check, at the end of the stream, that the reply is complete.

        Raises:
            JobLostError: the stream ended before the reply was complete.
        """
        ...


@dataclass(slots=True)
class ChatAccumulator:
    """Builds a chat completion.

    Attributes:
        text: the text so far.
        finish_reason: as the server sent it, except that `stop` replaces its other names.
    """

    provider: str | None = None
    text: str = ""
    finish_reason: str | None = None
    usage: Usage | None = None
    is_complete: bool = False
    _tools: dict[int, _ToolCallBuilder] = field(default_factory=dict[int, "_ToolCallBuilder"])

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The tool calls that the model requests, in its order."""
        builders = (self._tools[index] for index in sorted(self._tools))
        return tuple(ToolCall(tool.id, tool.name, tool.arguments) for tool in builders)

    def feed(self, event: str) -> bool:
        """Add an event; see `Accumulator.feed`."""
        if event.strip() == DONE:
            self.is_complete = True
            return False
        chunk = _parse(ChatChunk, event, self.provider)
        self._set_usage(chunk.usage)
        text_before = self.text
        for choice in chunk.choices:
            if choice.index:  # one completion is requested (n=1): the first
                continue
            reason = choice.finish_reason or None
            if choice.delta is not None:
                self._add_text(choice.delta.content or "", is_last=reason is not None)
                self._add_tool_calls(choice.delta.tool_calls or ())
            self.finish_reason = _REASONS.get(reason, reason) if reason else self.finish_reason
        return self.text != text_before

    def read_body(self, body: bytes) -> None:
        """Read a response; see `Accumulator.read_body`."""
        completion = _parse(ChatCompletion, body.decode(errors="replace"), self.provider)
        if not completion.choices:
            raise ProtocolError("the chat completion has no choices")
        self._set_usage(completion.usage)
        choice = completion.choices[0]
        reason = choice.finish_reason
        self._add_text(choice.message.content or "", is_last=True)
        self._add_tool_calls(choice.message.tool_calls or ())
        self.finish_reason = _REASONS.get(reason, reason) if reason else None
        self.is_complete = True

    def finish(self) -> None:
        """Check the end of the stream; see `Accumulator.finish`."""
        if not self.is_complete and self.finish_reason is None:
            raise _incomplete(self.text)

    def _add_text(self, text: str, *, is_last: bool) -> None:
        # Text-generation-inference up to 2.0 sends the end mark as the last piece of the text.
        for mark in _END_MARKS if is_last else ():
            text = text.removesuffix(mark)
        self.text += text

    def _add_tool_calls(self, tools: Sequence[CalledTool]) -> None:
        for position, tool in enumerate(tools):
            index = position if tool.index is None else tool.index
            self._tools.setdefault(index, _ToolCallBuilder()).add(tool)

    def _set_usage(self, usage: WireUsage | None) -> None:
        if usage is not None:
            self.usage = Usage(usage.prompt_tokens, usage.completion_tokens, usage.total_tokens)


@dataclass(slots=True)
class _ToolCallBuilder:
    """Builds a tool call from its deltas."""

    id: str = ""
    name: str = ""
    arguments: str = ""

    def add(self, delta: CalledTool) -> None:
        self.id = str(delta.id) if delta.id not in (None, "") else self.id
        if delta.function is None:
            return
        self.name = self.name or delta.function.name or ""
        arguments = delta.function.arguments
        if arguments is not None:
            self.arguments += arguments if isinstance(arguments, str) else json.dumps(arguments)


@dataclass(slots=True)
class TextAccumulator:
    """Builds a generated text.

    Attributes:
        strip: whether to remove white space before the first word.
        finish_reason: `stop` or `length`; None if the server does not send it.
    """

    strip: bool = True
    provider: str | None = None
    text: str = ""
    finish_reason: str | None = None
    is_complete: bool = False

    def feed(self, event: str) -> bool:
        """Add an event; see `Accumulator.feed`."""
        if event.strip() == DONE:
            return False
        chunk = _parse(GeneratedToken, event, self.provider)
        text_before = self.text
        if not chunk.token.special:
            self._add_text(chunk.token.text)
        if chunk.generated_text is not None:
            reason = chunk.details.finish_reason if chunk.details else None
            reason = reason or ("stop" if chunk.token.special else "length")
            self.finish_reason = _REASONS.get(reason, reason)
            self.is_complete = True
        return self.text != text_before

    def read_body(self, body: bytes) -> None:
        """Read a response; see `Accumulator.read_body`."""
        body_text = body.decode(errors="replace")
        try:
            texts = _GENERATED.validate_json(body_text)
        except ValidationError:
            # Not chained: pydantic's error repeats the body, which may hold a secret.
            error = stream_error(body_text, provider=self.provider)
            raise error or _unexpected(body_text) from None
        first = texts if isinstance(texts, Generated) else next(iter(texts), None)
        if first is None:
            raise _unexpected(body_text)
        self._add_text(first.generated_text)
        reason = first.details.finish_reason if first.details else None
        self.finish_reason = _REASONS.get(reason, reason) if reason else None
        self.is_complete = True

    def finish(self) -> None:
        """Check the end of the stream; see `Accumulator.finish`."""
        if not self.is_complete:
            raise _incomplete(self.text)

    def _add_text(self, text: str) -> None:
        self.text += text if self.text or not self.strip else text.lstrip()


def _parse(model: type[M], text: str, provider: str | None) -> M:
    error = stream_error(text, provider=provider) if '"error"' in text else None
    if error is not None:
        raise error
    try:
        return model.model_validate_json(text)
    except ValidationError:
        raise _unexpected(text) from None


def _unexpected(text: str) -> ProtocolError:
    return ProtocolError(f"the server did not answer with a model's reply: {text[:200]!r}")


def _incomplete(text: str) -> JobLostError:
    return JobLostError(
        f"the stream ended before the reply was complete, after {len(text)} characters"
    )
