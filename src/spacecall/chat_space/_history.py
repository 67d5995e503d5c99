"""Write messages as the value of a chatbot, and read the answer in an output."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from spacecall._core.chat_messages import (
    answer_contents,
    answer_text,
    as_messages,
    content_text,
    is_pairs,
    thought_text,
)
from spacecall._core.json_values import is_array, is_object
from spacecall.chat import Message
from spacecall.chat._think_tags import ThinkTagSplitter
from spacecall.chat_space._shape import HistoryFormat
from spacecall.errors import InvalidInputError
from spacecall.files import File
from spacecall.media import Media

__all__ = ["Answer", "read_answer", "write_history"]


def write_history(messages: Sequence[Message], history_format: HistoryFormat) -> list[Any]:
    """Return messages, whose media are `Media`, as the value of a chatbot.

    Raises:
        InvalidInputError: the chatbot cannot hold a message with this role.
    """
    if history_format in ("gradio3-pairs", "pairs"):
        return _pairs(messages, takes_files=history_format == "pairs")
    return [entry for message in messages for entry in _entries(message, history_format)]


def _entries(message: Message, history_format: HistoryFormat) -> list[dict[str, Any]]:
    if message.role == "tool":
        raise InvalidInputError("a Gradio app takes no tool messages: leave them out")
    files = [_file(medium) for medium in message.media]
    if history_format == "parts":
        parts: list[Any] = [{"type": "file", **file} for file in files]
        if message.text or not parts:
            parts.append({"type": "text", "text": message.text})
        return [{"role": message.role, "content": parts}]
    contents: list[Any] = [*files, message.text] if message.text or not files else files
    return [{"role": message.role, "content": content} for content in contents]


def _pairs(messages: Sequence[Message], *, takes_files: bool) -> list[list[Any]]:
    """Return pairs of the user's and the assistant's part; a file is a part of its own."""
    pairs: list[list[Any]] = []
    for message in messages:
        if message.role not in ("user", "assistant"):
            raise InvalidInputError(
                f"the app's chat takes no {message.role} message: leave it out, or see whether an "
                "additional input of the app takes its text"
            )
        if message.media and not takes_files:
            raise InvalidInputError("a chat of Gradio 3 takes no files: leave out the media")
        parts = [_file(medium) for medium in message.media]
        for part in [*parts, message.text] if message.text or not parts else parts:
            if message.role == "user":
                pairs.append([part, None])
            elif pairs and pairs[-1][1] is None:
                pairs[-1][1] = part
            else:
                pairs.append([None, part])
    return pairs


def _file(medium: object) -> dict[str, Any]:
    return {"file": cast("Media", medium).file, "alt_text": None}


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of an app.

    Attributes:
        reasoning: messages with a title, which are thoughts and tool calls, and what is between
            think tags in the text.
    """

    text: str
    reasoning: str = ""
    files: tuple[File, ...] = ()


def read_answer(value: object) -> Answer:
    """Return the answer in the value of a chatbot, or of any output."""
    answer = _read_output(value)
    tags = ThinkTagSplitter()
    tags.feed(answer.text)
    tags.finish()
    reasoning = "\n".join(filter(None, (answer.reasoning, tags.reasoning)))
    return replace(answer, text=tags.text, reasoning=reasoning)


def _read_output(value: object) -> Answer:
    chat = as_messages(value) or (value if is_pairs(value) else None)
    if chat is not None:
        contents = [*answer_contents(chat)]
        files = tuple(_files(reversed(contents)))
        return Answer(answer_text(chat), thought_text(chat), files)
    if value is None or isinstance(value, str):
        return Answer(value or "")
    if is_array(value) or is_object(value) or isinstance(value, File):
        return Answer(content_text(value), files=tuple(_files([value])))
    return Answer(str(value))


def _files(values: Iterable[Any]) -> Iterable[File]:
    for value in values:
        if isinstance(value, File):
            yield value
        elif isinstance(value, list | tuple):
            yield from _files(cast("Iterable[Any]", value))
        elif is_object(value):  # a component repeats its value among its properties
            yield from _files([value.get("value")] if "component" in value else value.values())
