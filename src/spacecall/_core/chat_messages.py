"""Read the answer in the value of a chatbot: a list of messages, or of pairs.

A chatbot holds messages with a role (since Gradio 4.44), whose content is a text, an object with a
file or component, or (since 6) a list of those; or pairs of the user's and the assistant's part (up
to Gradio 5). Typed clients give them as objects.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeGuard, cast

from spacecall._core.json_values import is_array, is_object

__all__ = [
    "answer_contents",
    "answer_text",
    "as_messages",
    "content_text",
    "is_messages",
    "is_pairs",
    "thought_text",
]


def is_messages(value: object) -> TypeGuard[Sequence[Any]]:
    """Return whether the value is a list of messages; an empty list is not."""
    return is_array(value) and bool(value) and all(map(_has_role, value))


def as_messages(value: object) -> Sequence[Any] | None:
    """Return the messages of a value, which may be a single message; None if it has none.

    A `gr.ChatInterface` sends what its function returns: a text, a message, or several.
    """
    messages = [value] if is_object(value) else value
    return messages if is_messages(messages) else None


def is_pairs(value: object) -> TypeGuard[Sequence[Any]]:
    """Return whether the value is a list of pairs of the user's and the assistant's part."""
    return is_array(value) and bool(value) and all(map(_is_pair, value))


def answer_contents(value: Sequence[Any]) -> Iterator[Any]:
    """Return what the assistant said after the user's last message, the newest first.

    Thoughts and tool calls, which have a title, are not a part of the answer.

    Args:
        value: a list of messages or pairs.
    """
    return (content for content, has_title in _said(value) if not has_title)


def thought_text(value: Sequence[Any]) -> str:
    """Return the texts of the thoughts and tool calls before or after the last answer, in order.

    Args:
        value: a list of messages or pairs; pairs have no thoughts.
    """
    texts = [content_text(content) for content, has_title in _said(value) if has_title]
    return "\n".join(text for text in reversed(texts) if text)


def _said(value: Sequence[Any]) -> Iterator[tuple[Any, bool]]:
    """Yield what the assistant said after the user's last message, and whether it has a title."""
    for item in reversed(value):
        if _is_pair(item):
            yield item[1], False
            if item[0] is not None:
                return
        elif _get(item, "role") == "user":
            return
        elif _get(item, "role") == "assistant":
            yield _get(item, "content"), bool(_get(_get(item, "metadata"), "title"))


def answer_text(value: Sequence[Any]) -> str:
    """Return the text of the last answer in a list of messages or pairs; empty before it begins."""
    texts = map(content_text, answer_contents(value))
    return next((text for text in texts if text), "")


def content_text(content: object) -> str:
    """Return the text of a message's content; empty if it is a file or a component."""
    if isinstance(content, str):
        return content
    if is_array(content):
        return "".join(map(content_text, content))
    text = _get(content, "text")
    return text if isinstance(text, str) else ""


def _is_pair(item: object) -> bool:
    return isinstance(item, list | tuple) and len(cast("Sequence[Any]", item)) == 2


def _has_role(item: object) -> bool:
    return isinstance(_get(item, "role"), str) and _get(item, "content", item) is not item


def _get(item: object, name: str, default: object = None) -> Any:
    return item.get(name, default) if is_object(item) else getattr(item, name, default)
