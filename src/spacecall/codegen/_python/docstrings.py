"""Docstrings of a generated module, from what the app says of itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Set

from spacecall.codegen._literals import one_line
from spacecall.codegen._python.module_plan import Model, Operation, Value

__all__ = ["of_client", "of_method", "of_model", "of_outputs", "short"]

_SECTION = re.compile(r"\n\s*\n|\n\s*(?:Args|Arguments|Attributes|Parameters|Returns)\s*:")
_LONGEST = 400


def of_client(title: str, origin: str, *, synchronous: bool) -> list[str]:
    """Of the class."""
    how = "without async" if synchronous else "as async methods"
    about = short(title) or "A Gradio app"
    return [f"{about}: its endpoints {how}.", f"Generated from {origin}."]


def of_model(model: Model) -> list[str]:
    """Of an object type."""
    return [short(_SECTION.split(model.description)[0]) or f"The app's `{_code(model.key)}`."]


def of_outputs(operation: Operation) -> list[str]:
    """Of the named tuple that an endpoint gives."""
    return [f"What `{_code(operation.api_name)}` gives.", *_list("Attributes", operation.outputs)]


def of_method(operation: Operation, unlisted: Set[str] = frozenset()) -> list[str]:
    """Of a method.

    Args:
        operation: the endpoint.
        unlisted: its parameters with so many choices that their type does not list them.
    """
    name = f"`{_code(operation.api_name)}`"
    about = short(_SECTION.split(operation.description)[0])
    facts = [f"The endpoint {name}."] if about else []
    if operation.streaming:
        facts.append("Streams: each value that comes while it works replaces the one before.")
    if operation.stateful:
        facts.append("Uses State: calls in one session share it, other calls do not.")
    if operation.event_data:
        facts.append(
            "Reads what somebody selects or clicks on the page, which a call does not send: it may "
            "fail."
        )
    lines = [about or f"Call {name}.", *([" ".join(facts)] if facts else [])]
    lines += _list("Args", operation.inputs, unlisted)
    if len(operation.outputs) == 1:
        lines += ["Returns:", f"    {_remark(operation.outputs[0])}"]
    return lines


def short(text: str) -> str:
    """A text of the app on one line, cut after 400 characters."""
    line = one_line(text)
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST].rsplit(' ', 1)[0]} …"


def _list(title: str, values: Iterable[Value], unlisted: Set[str] = frozenset()) -> list[str]:
    lines = [
        f"    {one.parameter}: {_remark(one, is_unlisted=one.parameter in unlisted)}"
        for one in values
    ]
    return [f"{title}:", *lines] if lines else []


def _remark(one: Value, *, is_unlisted: bool = False) -> str:
    """Label, remark, and a default that the signature cannot show."""
    parts = [short(one.label), short(one.description)]
    if is_unlisted:
        parts.append("one of the app's choices, too many to list here: the call checks it")
    if one.app_default:
        parts.append("if you leave it out, the app's own default is sent")
    return "; ".join(dict.fromkeys(part.rstrip(".;") for part in parts if part)) + "."


def _code(text: str) -> str:
    return short(text).replace("`", "'")
