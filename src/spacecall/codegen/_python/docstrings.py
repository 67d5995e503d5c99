"""Write the docstrings of a generated module from the app's own descriptions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Set

from spacecall.codegen._literals import one_line
from spacecall.codegen._python.module_plan import MethodPlan, ModelPlan, ValuePlan

__all__ = [
    "client_docstring",
    "method_docstring",
    "model_docstring",
    "outputs_docstring",
    "shorten",
    "stream_docstring",
]

_SECTION = re.compile(r"\n\s*\n|\n\s*(?:Args|Arguments|Attributes|Parameters|Returns)\s*:")
_MAX_LENGTH = 400


def client_docstring(title: str, origin: str, *, synchronous: bool) -> list[str]:
    """Return the docstring of a client's class."""
    style = "without async" if synchronous else "as async methods"
    name = shorten(title) or "A Gradio app"
    return [f"{name}: its endpoints {style}.", f"Generated from {origin}."]


def model_docstring(model: ModelPlan) -> list[str]:
    """Return the docstring of an object type's class."""
    return [shorten(_SECTION.split(model.description)[0]) or f"The app's `{_code(model.key)}`."]


def outputs_docstring(operation: MethodPlan) -> list[str]:
    """Return the docstring of the named tuple that holds an endpoint's outputs."""
    return [
        f"What `{_code(operation.api_name)}` gives.",
        *_section("Attributes", operation.outputs),
    ]


def method_docstring(operation: MethodPlan, unlisted: Set[str] = frozenset()) -> list[str]:
    """Return the docstring of a method.

    Args:
        operation: the endpoint.
        unlisted: the parameters whose type does not list their choices, because they are too many.
    """
    name = f"`{_code(operation.api_name)}`"
    summary = shorten(_SECTION.split(operation.description)[0])
    facts = [f"The endpoint {name}."] if summary else []
    if operation.streaming:
        facts.append("Streams: each value that comes while it works replaces the one before.")
    if operation.stateful:
        facts.append("Uses State: calls in one session share it, other calls do not.")
    if operation.event_data:
        facts.append(
            "Reads what somebody selects or clicks on the page: pass `with_options(event_data=…)`."
        )
    if operation.oauth:
        verb = "Requires" if operation.oauth == "required" else "Can use"
        facts.append(
            f"{verb} the token of a Hugging Face user: pass `with_options(oauth_token=…)`."
        )
    lines = [summary or f"Call {name}.", *([" ".join(facts)] if facts else [])]
    lines += _section("Args", operation.inputs, unlisted)
    if len(operation.outputs) == 1:
        lines += ["Returns:", f"    {_describe_value(operation.outputs[0])}"]
    elif operation.outputs:
        fields = ", ".join(output.field for output in operation.outputs)
        lines += ["Returns:", f"    {operation.output_class}: a tuple of {fields}."]
    return lines


def stream_docstring(
    operation: MethodPlan, value: ValuePlan, inputs: Iterable[ValuePlan], unlisted: Set[str]
) -> list[str]:
    """Return the docstring of a method that streams inputs.

    Args:
        operation: the endpoint.
        value: the input that takes the stream.
        inputs: the other inputs.
        unlisted: as of `method_docstring`.
    """
    name, streamed = _code(operation.api_name), _code(value.parameter)
    return [
        f"Open a stream of inputs to `{name}`: enter it, then `send` each `{streamed}`.",
        *_section("Args", inputs, unlisted),
    ]


def shorten(text: str) -> str:
    """Return an app's text on one line, cut after 400 characters."""
    line = one_line(text)
    return line if len(line) <= _MAX_LENGTH else f"{line[:_MAX_LENGTH].rsplit(' ', 1)[0]} …"


def _section(
    title: str, values: Iterable[ValuePlan], unlisted: Set[str] = frozenset()
) -> list[str]:
    lines = [
        f"    {value.parameter}: {_describe_value(value, is_unlisted=value.parameter in unlisted)}"
        for value in values
    ]
    return [f"{title}:", *lines] if lines else []


def _describe_value(value: ValuePlan, *, is_unlisted: bool = False) -> str:
    """Return the label, the description, and a note on a default that the signature cannot show."""
    parts = [shorten(value.label), shorten(value.description), shorten(value.choice_names)]
    if is_unlisted:
        parts.append("one of the app's choices, too many to list here: the call checks it")
    if value.app_default:
        parts.append("if you leave it out, the app's own default is sent")
    return "; ".join(dict.fromkeys(part.rstrip(".;") for part in parts if part)) + "."


def _code(text: str) -> str:
    return shorten(text).replace("`", "'")
