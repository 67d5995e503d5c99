"""Answers as they come: pieces of a stream put together, or whole ones read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from spacecall._wire.inference.chat import CalledTool, ChatChunk, ChatCompletion
from spacecall._wire.inference.chat import Usage as WireUsage
from spacecall._wire.inference.text_generation import Generated, GeneratedToken
from spacecall.chat import ToolCall, Usage
from spacecall.errors import JobLostError, ProtocolError
from spacecall.inference._errors import in_band

__all__ = ["ChatFold", "Fold", "TextFold"]

DONE: Final = "[DONE]"
# Older servers and some providers have names of their own.
_REASONS: Final = {"eos_token": "stop", "eos": "stop", "stop_sequence": "stop"}
_END_MARKS: Final = ("</s>", "<eos>", "<|im_end|>", "<|eot_id|>", "<|endoftext|>", "<|end|>")
_GENERATED: Final[TypeAdapter[Generated | list[Generated]]] = TypeAdapter(
    Generated | list[Generated]
)
M = TypeVar("M", bound=BaseModel)


class Fold(Protocol):
    """What an answer is put together in."""

    provider: str | None

    @property
    def ended(self) -> bool:
        """Whether nothing more is to come."""
        ...

    def feed(self, said: str) -> bool:
        """Take one event of a stream; whether the text has changed.

        Raises:
            StatusError: it is an error.
            ProtocolError: it is nothing known.
        """
        ...

    def whole(self, body: bytes) -> None:
        """Take the whole answer. Raises as `feed` does."""
        ...

    def close(self) -> None:
        """The stream is over.

        Raises:
            JobLostError: before the answer was.
        """
        ...


@dataclass(slots=True)
class ChatFold:
    """A chat completion.

    Attributes:
        text: so far.
        finish_reason: as the server gave it, but `stop` for every name of that.
    """

    provider: str | None = None
    text: str = ""
    finish_reason: str | None = None
    usage: Usage | None = None
    ended: bool = False
    _tools: dict[int, _Piece] = field(default_factory=dict[int, "_Piece"])

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """What the model wants to be called, in its order."""
        pieces = (self._tools[place] for place in sorted(self._tools))
        return tuple(ToolCall(one.id, one.name, one.arguments) for one in pieces)

    def feed(self, said: str) -> bool:
        """See `Fold.feed`."""
        if said.strip() == DONE:
            self.ended = True
            return False
        chunk = _message(ChatChunk, said, self.provider)
        self._count(chunk.usage)
        before = self.text
        for choice in chunk.choices:
            if choice.index:  # the first answer is the one: n=1
                continue
            reason = choice.finish_reason or None
            if choice.delta is not None:
                self._add(choice.delta.content or "", last=reason is not None)
                self._call(choice.delta.tool_calls or ())
            self.finish_reason = _REASONS.get(reason, reason) if reason else self.finish_reason
        return self.text != before

    def whole(self, body: bytes) -> None:
        """See `Fold.whole`."""
        found = _message(ChatCompletion, body.decode(errors="replace"), self.provider)
        if not found.choices:
            raise ProtocolError("the answer has no choices")
        self._count(found.usage)
        choice = found.choices[0]
        reason = choice.finish_reason
        self._add(choice.message.content or "", last=True)
        self._call(choice.message.tool_calls or ())
        self.finish_reason = _REASONS.get(reason, reason) if reason else None
        self.ended = True

    def close(self) -> None:
        """See `Fold.close`."""
        if not self.ended and self.finish_reason is None:
            raise _cut(self.text)

    def _add(self, piece: str, *, last: bool) -> None:
        # Text-generation-inference up to 2.0 gives the end mark as the last piece of the text.
        for mark in _END_MARKS if last else ():
            piece = piece.removesuffix(mark)
        self.text += piece

    def _call(self, tools: Sequence[CalledTool]) -> None:
        for place, tool in enumerate(tools):
            index = place if tool.index is None else tool.index
            self._tools.setdefault(index, _Piece()).add(tool)

    def _count(self, usage: WireUsage | None) -> None:
        if usage is not None:
            self.usage = Usage(usage.prompt_tokens, usage.completion_tokens, usage.total_tokens)


@dataclass(slots=True)
class _Piece:
    """A tool call so far."""

    id: str = ""
    name: str = ""
    arguments: str = ""

    def add(self, tool: CalledTool) -> None:
        self.id = str(tool.id) if tool.id not in (None, "") else self.id
        if tool.function is None:
            return
        self.name = self.name or tool.function.name or ""
        given = tool.function.arguments
        if given is not None:
            self.arguments += given if isinstance(given, str) else json.dumps(given)


@dataclass(slots=True)
class TextFold:
    """A text that a model goes on with.

    Attributes:
        strip: whether white space before the first word is left out.
        finish_reason: stop or length; None where the server does not say.
    """

    strip: bool = True
    provider: str | None = None
    text: str = ""
    finish_reason: str | None = None
    ended: bool = False

    def feed(self, said: str) -> bool:
        """See `Fold.feed`."""
        if said.strip() == DONE:
            return False
        event = _message(GeneratedToken, said, self.provider)
        before = self.text
        if not event.token.special:
            self._add(event.token.text)
        if event.generated_text is not None:
            given = event.details.finish_reason if event.details else None
            reason = given or ("stop" if event.token.special else "length")
            self.finish_reason = _REASONS.get(reason, reason)
            self.ended = True
        return self.text != before

    def whole(self, body: bytes) -> None:
        """See `Fold.whole`."""
        said = body.decode(errors="replace")
        try:
            found = _GENERATED.validate_json(said)
        except ValidationError:
            # Not as its cause: that repeats the answer, and whatever is in it.
            raise in_band(said, provider=self.provider) or _odd(said) from None
        first = found if isinstance(found, Generated) else next(iter(found), None)
        if first is None:
            raise _odd(said)
        self._add(first.generated_text)
        reason = first.details.finish_reason if first.details else None
        self.finish_reason = _REASONS.get(reason, reason) if reason else None
        self.ended = True

    def close(self) -> None:
        """See `Fold.close`."""
        if not self.ended:
            raise _cut(self.text)

    def _add(self, piece: str) -> None:
        self.text += piece if self.text or not self.strip else piece.lstrip()


def _message(model: type[M], said: str, provider: str | None) -> M:
    error = in_band(said, provider=provider) if '"error"' in said else None
    if error is not None:
        raise error
    try:
        return model.model_validate_json(said)
    except ValidationError:
        raise _odd(said) from None


def _odd(said: str) -> ProtocolError:
    return ProtocolError(f"this is no answer of a model: {said[:200]!r}")


def _cut(text: Any) -> JobLostError:
    return JobLostError(f"the stream ended before the answer did, after {len(text)} characters")
