"""Find the chat of an app: the endpoint that answers, and what its inputs and outputs mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NoReturn, TypeAlias

from spacecall._core.app_components import Component
from spacecall._core.app_config import AppConfig
from spacecall._core.app_functions import Dependency
from spacecall._core.endpoint_names import match_endpoint
from spacecall._suggestions import did_you_mean
from spacecall.endpoints import Endpoint, Parameter
from spacecall.errors import NotFoundError

__all__ = ["ChatMapping", "ChatShape", "ChatShapeError", "HistoryFormat", "find_chat"]

HistoryFormat: TypeAlias = Literal["gradio3-pairs", "pairs", "messages", "parts"]
"""The value of a chatbot: pairs, in Gradio 3 without files; messages with one content; or messages
with a list of contents.
"""

_TEXT_INPUTS: Final = ("multimodaltextbox", "textbox")
_TEXT_OUTPUTS: Final = ("json", "textbox", "markdown", "html", "multimodaltextbox")
_REMEDY: Final = (
    "map one with connect(…, endpoint='/name', message='its text parameter', "
    "history='its chatbot parameter', answer=number of the output)"
)

_UNNAMED: Final = (
    "its author can name one: msg.submit(…, api_name='chat'), which an app of Gradio 3 needs"
)


class ChatShapeError(NotFoundError):
    """The app's chat was not found, or several were.

    Attributes:
        endpoints: the endpoints that could be the chat; all endpoints if none could.
    """

    def __init__(self, message: str, endpoints: Sequence[str]) -> None:
        super().__init__(message)
        self.endpoints = tuple(endpoints)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatMapping:
    """What the caller says about the app; None for what is to be found.

    Attributes:
        endpoint: the endpoint that answers.
        message: its parameter that takes the message.
        history: its parameter that takes the earlier messages.
        answer: the label or the number, from 0, of its output that has the answer.
    """

    endpoint: str | None = None
    message: str | None = None
    history: str | None = None
    answer: str | int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatShape:
    """The endpoint that answers, and its use.

    Attributes:
        endpoint: the endpoint.
        message: the parameter that takes the message; None if the message is the last of `history`.
        history: the parameter that takes the earlier messages; None if the app stores them, or
            does not have any.
        history_format: of that parameter.
        answer: the number of the output that has the answer.
        defaults: values of other parameters for which /info has no default, as the page has them.
        question: an endpoint that first adds the message to the history; None if there is none.
    """

    endpoint: Endpoint
    message: Parameter | None
    history: Parameter | None
    history_format: HistoryFormat
    answer: int
    defaults: Mapping[str, Any]
    question: ChatShape | None = None

    @property
    def stateful(self) -> bool:
        """Whether the app stores a part of the conversation in a session."""
        return self.endpoint.stateful or (self.question is not None and self.question.stateful)

    @property
    def additional_inputs(self) -> tuple[Parameter, ...]:
        """The parameters of both endpoints that take neither the message nor the history."""
        steps = (self,) if self.question is None else (self.question, self)
        return tuple(
            parameter
            for step in steps
            for parameter in step.endpoint.parameters
            if parameter not in (step.message, step.history)
        )


@dataclass(frozen=True, slots=True)
class _Function:
    """An endpoint with its function in /config."""

    endpoint: Endpoint
    dependency: Dependency

    @property
    def message(self) -> Parameter | None:
        """The text that the function takes: if there are several, one that it clears."""
        cleared = {component.id for component in self.dependency.visible_returns}
        pairs = zip(self.endpoint.parameters, self.dependency.visible_inputs, strict=False)
        texts = [pair for pair in pairs if pair[0].component in _TEXT_INPUTS]
        texts.sort(key=lambda pair: (pair[0].component, pair[1].id not in cleared))
        return texts[0][0] if texts else None

    @property
    def history(self) -> Parameter | None:
        """The chatbot that the function takes."""
        parameters = self.endpoint.parameters
        return next((item for item in parameters if item.component == "chatbot"), None)

    @property
    def defaults(self) -> dict[str, Any]:
        """The values on the page of its parameters without a default (Gradio 3)."""
        pairs = zip(self.endpoint.parameters, self.dependency.visible_inputs, strict=False)
        return {
            parameter.name: component.initial_value
            for parameter, component in pairs
            if parameter.required and component.initial_value is not None
        }

    def output(self, kinds: Iterable[str]) -> int | None:
        """Return the number of the first output of the first kind that there is."""
        components = [value.component for value in self.endpoint.returns]
        return next((components.index(kind) for kind in kinds if kind in components), None)

    @property
    def slots(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The ids of its inputs and outputs: the same function may have several triggers."""
        inputs, outputs = self.dependency.inputs, self.dependency.outputs
        return tuple(item.id for item in inputs), tuple(item.id for item in outputs)


def find_chat(app: AppConfig, endpoints: Mapping[str, Endpoint], mapping: ChatMapping) -> ChatShape:
    """Return the chat of an app.

    The shapes are those of `gr.ChatInterface`, and of a chatbot beside a textbox: a function that
    takes the text and returns the chatbot; or one that adds the text to the chatbot, and one after
    it that adds the answer.

    Raises:
        ChatShapeError: there is no chat, or there are several.
        NotFoundError: `mapping` names an endpoint, a parameter or an output that does not exist.
    """
    functions = {
        name: _Function(endpoint, dependency)
        for name, endpoint in endpoints.items()
        if (dependency := app.find(name)) is not None
    }
    if mapping.endpoint is None:
        function = _only(_candidates(functions.values()), functions)
    else:
        name = match_endpoint(mapping.endpoint, functions)
        if name is None:
            hint = did_you_mean(mapping.endpoint, functions, _listed(functions))
            raise NotFoundError(f"the app has no endpoint {mapping.endpoint!r}; {hint}")
        function = functions[name]
    shape = _shape(app, function, mapping)
    follower = _follower(function, functions.values()) if mapping == ChatMapping() else None
    if follower is None:
        return shape
    return _shape(app, follower, mapping, question=shape)


def _candidates(functions: Iterable[_Function]) -> list[_Function]:
    """Return the functions that take a message; without such, those that only take a history."""
    asking: dict[object, _Function] = {}
    answering: dict[object, _Function] = {}
    for function in functions:
        has_chatbot = function.output(("chatbot",)) is not None
        if function.message is not None and (has_chatbot or _is_interface(function.dependency)):
            asking.setdefault(function.slots, function)
        elif has_chatbot and function.history is not None:
            answering.setdefault(function.slots, function)
    if asking:
        return list(asking.values())
    streaming = [function for function in answering.values() if function.endpoint.streaming]
    return streaming or list(answering.values())


def _is_interface(dependency: Dependency) -> bool:
    """Return whether a function is that of a `gr.ChatInterface`: it returns the text and State."""
    inputs, outputs = dependency.inputs, dependency.outputs
    return (
        len(inputs) > 1
        and len(outputs) > 1
        and inputs[0].kind in _TEXT_INPUTS
        and outputs[0].kind in _TEXT_OUTPUTS
        and inputs[1].is_state
        and inputs[1].id == outputs[1].id
    )


def _only(candidates: Sequence[_Function], functions: Mapping[str, _Function]) -> _Function:
    if len(candidates) == 1:
        return candidates[0]
    names = [function.endpoint.name for function in candidates]
    if names:
        raise ChatShapeError(
            f"the app has several chats: {', '.join(names)}; choose one with "
            f"connect(…, endpoint={names[0]!r})",
            names,
        )
    remedy = _REMEDY if functions else _UNNAMED
    raise ChatShapeError(
        "the app has no chat: no endpoint takes a text and returns a chatbot, as gr.ChatInterface "
        f"does; {_listed(functions)}; {remedy}",
        list(functions),
    )


def _listed(functions: Mapping[str, _Function]) -> str:
    return f"its endpoints are {', '.join(functions)}" if functions else "it has no named endpoint"


def _follower(function: _Function, functions: Iterable[_Function]) -> _Function | None:
    """Return the function that the page runs after `function` to add the answer to the chatbot."""
    if function.history is None or function.output(("chatbot",)) is None:
        return None
    for candidate in functions:
        if (
            candidate.dependency.trigger_after == function.dependency.fn_index
            and candidate.history is not None
            and candidate.message is None
            and candidate.output(("chatbot",)) is not None
        ):
            return candidate
    return None


def _shape(
    app: AppConfig,
    function: _Function,
    mapping: ChatMapping,
    *,
    question: ChatShape | None = None,
) -> ChatShape:
    message, history = function.message, function.history
    if mapping.message is not None:
        message = _parameter(function, mapping.message)
    if mapping.history is not None:
        history = _parameter(function, mapping.history)
    if message is None and history is None:
        _refuse(function, "it takes neither a text nor a chatbot", "message")
    answer = function.output(("chatbot", *_TEXT_OUTPUTS))
    if mapping.answer is not None:
        answer = _output(function, mapping.answer)
    if answer is None:
        _refuse(function, "none of its outputs is a chatbot or a text", "answer")
    return ChatShape(
        endpoint=function.endpoint,
        message=message,
        history=history,
        history_format=_history_format(app, function, history),
        answer=answer,
        defaults=function.defaults,
        question=question,
    )


def _refuse(function: _Function, reason: str, keyword: str) -> NoReturn:
    name = function.endpoint.name
    parameters = ", ".join(item.name for item in function.endpoint.parameters) or "none"
    message = f"{name} is not a chat: {reason}; pass {keyword}= to connect"
    details = f"its parameters are {parameters}, its outputs {_outputs(function)}"
    raise ChatShapeError(f"{message} ({details})", [name])


def _parameter(function: _Function, name: str) -> Parameter:
    names = [parameter.name for parameter in function.endpoint.parameters]
    if name in names:
        return function.endpoint.parameters[names.index(name)]
    hint = did_you_mean(name, names, f"its parameters are {', '.join(names) or 'none'}")
    raise NotFoundError(f"{function.endpoint.name} has no parameter {name!r}; {hint}")


def _output(function: _Function, answer: str | int) -> int:
    labels = [value.label for value in function.endpoint.returns]
    if isinstance(answer, str) and answer in labels:
        return labels.index(answer)
    if isinstance(answer, int) and 0 <= answer < len(labels):
        return answer
    raise NotFoundError(
        f"{function.endpoint.name} has no output {answer!r}; its outputs are {_outputs(function)}"
    )


def _outputs(function: _Function) -> str:
    outputs = enumerate(function.endpoint.returns)
    names = [f"{number} ({value.label or value.component})" for number, value in outputs]
    return ", ".join(names) or "none"


def _history_format(
    app: AppConfig, function: _Function, history: Parameter | None
) -> HistoryFormat:
    if history is None or history.component != "chatbot":
        return "messages"
    components = function.dependency.visible_inputs
    index = function.endpoint.parameters.index(history)
    chatbot = components[index] if index < len(components) else Component(id=-1, type="")
    if app.version_info >= (6,):
        return "parts"
    if app.version_info < (4,):
        return "gradio3-pairs"
    return "messages" if chatbot.props.get("type") == "messages" else "pairs"
