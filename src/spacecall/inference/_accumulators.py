"""Build a generated text from the chunks of a stream, or from a whole response body."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from spacecall._wire.inference.text_generation import Generated, GeneratedToken, GenerationDetails
from spacecall.chat import Usage
from spacecall.chat._text_builder import TextBuilder
from spacecall.errors import JobLostError, ProtocolError, StatusError
from spacecall.inference._error_bodies import stream_error

__all__ = [
    "DONE",
    "Accumulator",
    "TextAccumulator",
    "error_in",
    "incomplete_error",
    "normal_reason",
    "parse_chunk",
    "unexpected_error",
]

DONE: Final = "[DONE]"
# Older servers and some providers use other names.
_REASONS: Final = {
    "eos_token": "stop",
    "eos": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_length": "length",
}
_GENERATED: Final[TypeAdapter[Generated | list[Generated]]] = TypeAdapter(
    Generated | list[Generated]
)
_REPLY: Final = re.compile(r'"(choices":\s*\[|token":\s*\{)')
M = TypeVar("M", bound=BaseModel)


class Accumulator(Protocol):
    """Builds one reply."""

    provider: str | None

    @property
    def is_complete(self) -> bool:
        """Whether the reply is complete, and nothing is to follow."""
        ...

    @property
    def has_finished(self) -> bool:
        """Whether the answer is complete; its usage may follow."""
        ...

    def feed(self, event: str) -> bool:
        """Add the data of one SSE event; return whether the reply has changed.

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
class TextAccumulator:
    """Builds a generated text.

    Attributes:
        strip: whether to remove white space before the first word.
        finish_reason: `stop` or `length`; None if the server does not send it.
    """

    strip: bool = True
    provider: str | None = None
    finish_reason: str | None = None
    usage: Usage | None = None
    is_complete: bool = False
    _builder: TextBuilder = field(default_factory=TextBuilder)

    @property
    def text(self) -> str:
        """The text so far."""
        return str(self._builder)

    @property
    def has_finished(self) -> bool:
        """Whether the text is complete."""
        return self.is_complete

    def feed(self, event: str) -> bool:
        """Add an event; see `Accumulator.feed`."""
        if event.strip() in ("", DONE):
            return False
        chunk = parse_chunk(GeneratedToken, event, self.provider)
        has_changed = not chunk.token.special and self._add_text(chunk.token.text)
        if chunk.generated_text is not None:
            reason = chunk.details.finish_reason if chunk.details else None
            reason = reason or ("stop" if chunk.token.special else "length")
            self.finish_reason = normal_reason(reason)
            self._read_usage(chunk.details)
            self.is_complete = True
        return has_changed

    def read_body(self, body: bytes) -> None:
        """Read a response; see `Accumulator.read_body`."""
        body_text = body.decode(errors="replace")
        try:
            texts = _GENERATED.validate_json(body_text)
        except ValidationError:
            # Not chained: pydantic's error repeats the body, which may hold a secret.
            error = stream_error(body_text, provider=self.provider)
            raise error or unexpected_error(body_text) from None
        first = texts if isinstance(texts, Generated) else next(iter(texts), None)
        if first is None:
            raise unexpected_error(body_text)
        self._add_text(first.generated_text)
        reason = first.details.finish_reason if first.details else None
        self.finish_reason = normal_reason(reason) if reason else None
        self._read_usage(first.details)
        self.is_complete = True

    def finish(self) -> None:
        """Check the end of the stream; see `Accumulator.finish`."""
        if not self.is_complete:
            raise incomplete_error(self.text)

    def _read_usage(self, details: GenerationDetails | None) -> None:
        count = details.generated_tokens if details else None
        self.usage = Usage(completion_tokens=count) if isinstance(count, int) else None

    def _add_text(self, text: str) -> bool:
        """Add to the text; return whether it has changed."""
        text = text if self._builder or not self.strip else text.lstrip()
        self._builder.add(text)
        return bool(text)


def parse_chunk(model: type[M], text: str, provider: str | None) -> M:
    """Parse an event of a stream.

    Raises:
        StatusError: it is an error.
        ProtocolError: it is not a `model`.
    """
    error = error_in(text, provider)
    if error is not None:
        raise error
    try:
        return model.model_validate_json(text)
    except ValidationError:
        # Not chained: pydantic's error repeats the body, which may hold a secret.
        raise unexpected_error(text) from None


def error_in(text: str, provider: str | None) -> StatusError | None:
    """Return the error that a body or an event of a stream carries."""
    if '"error"' not in text and _REPLY.search(text):
        return None
    return stream_error(text, provider=provider)


def normal_reason(reason: str) -> str:
    """Return a finish reason with `stop` and `length` in place of their other names."""
    return _REASONS.get(reason, reason)


def unexpected_error(text: str) -> ProtocolError:
    """Return the error for a text that is not a reply."""
    return ProtocolError(f"the server did not answer with a model's reply: {text[:200]!r}")


def incomplete_error(text: str) -> JobLostError:
    """Return the error for a stream that ended after `text`, before its reply was complete."""
    return JobLostError(
        f"the stream ended before the reply was complete, after {len(text)} characters"
    )
