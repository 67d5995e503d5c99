"""Build a chat reply from the chunks of a stream, or from a whole response body.

What a service sends in a field that is not read, or in an unexpected form, never costs the answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError

from spacecall._core.json_values import (
    as_dict,
    as_list,
    as_str,
    is_array,
    is_object,
    parse_json,
)
from spacecall._wire.inference.chat import ChatChoice, ChatCompletion, ReplyMessage
from spacecall.chat import ReasoningField, ReplyChoice, TokenLogprob, Usage
from spacecall.chat._text_builder import TextBuilder
from spacecall.chat._think_tags import ThinkTagSplitter
from spacecall.errors import InvalidInputError, ProtocolError
from spacecall.files import File
from spacecall.inference._accumulators import (
    DONE,
    error_in,
    incomplete_error,
    normal_reason,
    unexpected_error,
)
from spacecall.inference._tool_call_builder import ToolCallsBuilder
from spacecall.media import received_medium

__all__ = ["ChatAccumulator"]

_END_MARKS: Final = ("</s>", "<eos>", "<|im_end|>", "<|eot_id|>", "<|endoftext|>", "<|end|>")
_PART_FIELDS: Final = frozenset(("text", "thinking", "image_url"))
_URI: Final = re.compile(r"(?i)https?://|data:")
_END_REASONS: Final = ("eos_token", "eos")
_MAX_NUMBER: Final = 1e15
"""A larger number is not a count, and a probability of this logarithm does not exist."""
_MAX_CHOICES: Final = 128
"""The largest `n` of OpenAI's API; a choice beyond it is not read."""


@dataclass(slots=True)
class ChatAccumulator:
    """Builds a chat completion, or the completion of a text.

    Attributes:
        n: the number of requested choices.
        is_raw: whether the text is returned as it is, with tags of thinking.
        provider: the requested provider, or the one that answered.
        id: of the response.
        model: as the provider calls it.
        raw: the fields of the response, of a stream the last of each.
    """

    n: int = 1
    is_raw: bool = False
    provider: str | None = None
    id: str | None = None
    model: str | None = None
    usage: Usage | None = None
    is_complete: bool = False
    raw: dict[str, Any] = field(default_factory=dict[str, Any])
    _builders: dict[int, _ChoiceBuilder] = field(default_factory=dict[int, "_ChoiceBuilder"])

    @property
    def text(self) -> str:
        """The text of the first choice so far."""
        return self._first.splitter.text

    @property
    def finish_reason(self) -> str | None:
        """Of the first choice, as sent, but with `stop` and `length` in place of other names."""
        return self._first.finish_reason

    @property
    def reasoning_field(self) -> ReasoningField | None:
        """The field of the message that had the reasoning; None if the text had it, or nothing."""
        return self._first.reasoning_field

    @property
    def choices(self) -> tuple[ReplyChoice, ...]:
        """The choices so far; at least one."""
        builders = self._builders or {0: self._first}
        return tuple(builders[index].build(index) for index in sorted(builders))

    @property
    def has_finished(self) -> bool:
        """Whether all choices have a finish reason; little may follow."""
        reasons = [builder.finish_reason for builder in self._builders.values()]
        return len(reasons) >= self.n and None not in reasons

    def feed(self, event: str) -> bool:
        """Add an event; see `Accumulator.feed`."""
        if not event.strip():
            return False
        if event.strip() == DONE:
            self._end_stream(is_marked=True)
            return False
        if self.has_finished:
            return self._read_end(event)
        changes = [self._builder(choice).add(choice) for choice in self._parse(event)]
        return any(changes)

    def read_body(self, body: bytes) -> None:
        """Read a response; see `Accumulator.read_body`."""
        text = body.decode(errors="replace")
        choices = self._parse(text)
        is_reply = [
            choice.message is not None or choice.delta is not None or choice.text is not None
            for choice in choices
        ]
        if not choices or not all(is_reply):
            raise unexpected_error(text)
        for position, choice in enumerate(choices):
            index = choice.index if isinstance(choice.index, int) else position
            builder = self._builders.setdefault(index, self._new_builder())
            builder.add(choice, is_whole=True)
        self._complete()

    def finish(self) -> None:
        """Check the end of the stream; see `Accumulator.finish`."""
        if not self.is_complete:
            self._end_stream(is_marked=False)

    @property
    def _first(self) -> _ChoiceBuilder:
        if 0 not in self._builders:
            return next(iter(self._builders.values()), self._new_builder())
        return self._builders[0]

    def _builder(self, choice: ChatChoice) -> _ChoiceBuilder:
        index = choice.index if isinstance(choice.index, int) else 0
        builder = self._builders.get(index) or self._new_builder()
        if len(self._builders) < _MAX_CHOICES:
            self._builders[index] = builder
        return builder

    def _new_builder(self) -> _ChoiceBuilder:
        return _ChoiceBuilder(ThinkTagSplitter(is_raw=self.is_raw))

    def _end_stream(self, *, is_marked: bool) -> None:
        """Take a stream as complete. Some services send no reason, but mark the end.

        Raises:
            ProtocolError: there is no choice, though the end is marked.
            JobLostError: a choice has no finish reason, though another has, or no mark came.
        """
        reasons = [builder.finish_reason for builder in self._builders.values()]
        if is_marked and not reasons:
            raise ProtocolError("the chat completion has no choices")
        has_reasons = any(reasons) or not is_marked
        if not reasons or (has_reasons and None in reasons):
            raise incomplete_error(self.text)
        self._complete()

    def _complete(self) -> None:
        for builder in self._builders.values():
            builder.finish()
        self.is_complete = True

    def _read_end(self, event: str) -> bool:
        """Read what follows the answers, such as the usage; nothing there makes them invalid."""
        with suppress(ValueError, RecursionError):
            fields = as_dict(parse_json(event))
            self._read_fields(fields)
            choices = ChatCompletion.model_validate(fields).choices or []
            changes = [self._builder(choice).add(choice) for choice in choices if choice.delta]
            return any(changes)
        return False

    def _parse(self, text: str) -> list[ChatChoice]:
        error = error_in(text, self.provider)
        if error is not None:
            raise error
        try:
            fields = parse_json(text)
            choices = ChatCompletion.model_validate(fields).choices
        except (ValueError, RecursionError, ValidationError):
            # Not chained: the error repeats the body, which may hold a secret.
            raise unexpected_error(text) from None
        self._read_fields(as_dict(fields))
        return choices or []

    def _read_fields(self, fields: Mapping[str, Any]) -> None:
        self.raw |= {name: value for name, value in fields.items() if value is not None}
        self.id = _text_or_number(fields.get("id")) or self.id
        self.model = as_str(fields.get("model")) or self.model
        self.provider = as_str(fields.get("provider")) or self.provider
        self.usage = _usage(fields.get("usage")) or self.usage


@dataclass(slots=True)
class _ChoiceBuilder:
    """Builds one choice."""

    splitter: ThinkTagSplitter
    reasoning: TextBuilder = field(default_factory=TextBuilder)
    reasoning_field: ReasoningField | None = None
    refusal: TextBuilder = field(default_factory=TextBuilder)
    finish_reason: str | None = None
    tool_calls: ToolCallsBuilder = field(default_factory=ToolCallsBuilder)
    images: list[File] = field(default_factory=list[File])
    logprobs: list[TokenLogprob] = field(default_factory=list[TokenLogprob])
    _built: ReplyChoice | None = None

    def build(self, index: int) -> ReplyChoice:
        """Return the choice so far; it is built once after each change."""
        if self._built is None:
            self._built = self._build(index)
        return self._built

    def finish(self) -> None:
        """Take the text as complete."""
        self.splitter.finish()
        self._built = None

    def _build(self, index: int) -> ReplyChoice:
        return ReplyChoice(
            index=index,
            text=self.splitter.text,
            reasoning=str(self.reasoning) + self.splitter.reasoning,
            finish_reason=self.finish_reason,
            tool_calls=self.tool_calls.build(),
            refusal=str(self.refusal) or None,
            logprobs=tuple(self.logprobs),
            images=tuple(self.images),
        )

    def add(self, choice: ChatChoice, *, is_whole: bool = False) -> bool:
        """Add a chunk's choice, or a whole one; return whether the choice has changed."""
        self._built = None
        reason = as_str(choice.finish_reason) or None
        message = choice.message or choice.delta or ReplyMessage()
        has_content = message.content not in (None, "")
        text, thinking = _split_content(message.content if has_content else choice.text)
        if reason in _END_REASONS:
            # Text-generation-inference up to 2.0 sends the end mark as the last piece of the text.
            text = _without_end_mark(text)
        thinking = self._reasoning_of(message) or thinking
        refusal = as_str(message.refusal)
        calls = message.tool_calls or _legacy_call(message.function_call)
        has_calls = self.tool_calls.add(calls, is_whole=is_whole)
        self.splitter.feed(text)
        self.reasoning.add(thinking)
        self.refusal.add(refusal)
        self.logprobs += _logprobs(choice.logprobs)
        images = _images([*(_parts_of(message.content) or ()), *as_list(message.images)])
        self.images += images
        if reason is not None:
            self.finish_reason = normal_reason(reason)
            self.splitter.finish()
        return bool(text or thinking or refusal or has_calls or images)

    def _reasoning_of(self, message: ReplyMessage) -> str:
        # During a change of names, a service may send both.
        if thinking := as_str(message.reasoning_content):
            self.reasoning_field = self.reasoning_field or "reasoning_content"
        elif thinking := as_str(message.reasoning):
            self.reasoning_field = self.reasoning_field or "reasoning"
        return thinking


def _legacy_call(function: object) -> list[Mapping[str, Any]]:
    """Return the tool calls of a `function_call`."""
    return [{"function": function}] if is_object(function) else []


def _split_content(content: object) -> tuple[str, str]:
    """Return the text and the thinking of a content: a text, parts, or another value as JSON."""
    if content is None or isinstance(content, str):
        return content or "", ""
    parts = _parts_of(content)
    if parts is None:
        return json.dumps(content, ensure_ascii=False), ""
    text = thinking = ""
    for part in parts:
        fields = as_dict(part)
        text += as_str(part) or as_str(fields.get("text"))
        # Mistral: the thinking is a list of text parts.
        thought = fields.get("thinking")
        thinking += as_str(thought) or "".join(
            as_str(as_dict(piece).get("text")) for piece in as_list(thought)
        )
    return text, thinking


def _parts_of(content: object) -> list[Any] | None:
    """Return the parts of a content; None if it is another value, such as an object of JSON."""
    if is_object(content):
        return None if _PART_FIELDS.isdisjoint(content) else [content]
    if not is_array(content):
        return None
    is_list = not content or any(
        isinstance(part, str) or "type" in as_dict(part) or _parts_of(part) for part in content
    )
    return content if is_list else None


def _images(parts: Sequence[object]) -> list[File]:
    """Return the images of parts and of `images`; an image that cannot be read is left out."""
    images: list[File] = []
    for part in parts:
        image = as_dict(part).get("image_url")
        uri = as_str(image) or as_str(as_dict(image).get("url"))
        if _URI.match(uri):
            with suppress(InvalidInputError):
                images.append(received_medium(uri, "image").file)
    return images


def _without_end_mark(text: str) -> str:
    for mark in _END_MARKS:
        text = text.removesuffix(mark)
    return text


def _logprobs(value: object) -> list[TokenLogprob]:
    fields = as_dict(value)
    if content := as_list(fields.get("content")):
        return [_token_logprob(token) for token in content if is_object(token)]
    pairs = zip(as_list(fields.get("tokens")), as_list(fields.get("token_logprobs")), strict=False)
    return [TokenLogprob(str(token), _number(logprob)) for token, logprob in pairs]


def _token_logprob(token: Mapping[str, Any]) -> TokenLogprob:
    tops = [top for top in as_list(token.get("top_logprobs")) if is_object(top)]
    return TokenLogprob(
        as_str(token.get("token")),
        _number(token.get("logprob")),
        tuple(TokenLogprob(as_str(top.get("token")), _number(top.get("logprob"))) for top in tops),
    )


def _usage(value: object) -> Usage | None:
    fields = as_dict(value)
    completion = as_dict(fields.get("completion_tokens_details"))
    prompt = as_dict(fields.get("prompt_tokens_details"))
    usage = Usage(
        prompt_tokens=_count(fields.get("prompt_tokens")),
        completion_tokens=_count(fields.get("completion_tokens")),
        total_tokens=_count(fields.get("total_tokens")),
        reasoning_tokens=_count(completion.get("reasoning_tokens", fields.get("reasoning_tokens"))),
        cached_tokens=_count(prompt.get("cached_tokens")),
    )
    return None if usage == Usage() else usage


def _count(value: object) -> int | None:
    number = _number(value)
    return int(number) if number is not None and number == number // 1 else None


def _number(value: object) -> float | None:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    return float(value) if abs(value) < _MAX_NUMBER else None


def _text_or_number(value: object) -> str | None:
    is_text = isinstance(value, (str, int)) and not isinstance(value, bool)
    return str(value) if is_text and value != "" else None
