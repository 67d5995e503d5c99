"""`ChatSpace`, the chat model of any chat app."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Self, Unpack

from spacecall._client.calls.call import Call
from spacecall._client.calls.caller import Caller
from spacecall._client.concurrency.lifetime import Closable, Connecting, Lifetime, open_lifetime
from spacecall._client.space import Session, Space
from spacecall._client.space_options import SpaceOptions
from spacecall._core.app_config import parse_config
from spacecall._option_checks import checked_arguments, checked_call
from spacecall._suggestions import did_you_mean
from spacecall.chat import ChatReply, Conversation, Message, MessageInput
from spacecall.chat_space._history import read_answer, write_history
from spacecall.chat_space._shape import ChatMapping, ChatShape, find_chat
from spacecall.endpoints import Endpoint, Parameter
from spacecall.errors import InvalidInputError, SpaceError
from spacecall.facades import ServerSessions, Turn, make_portable, read_turn
from spacecall.media import Media, MediaInput

__all__ = ["ChatSpace"]

_MEDIA_INPUTS: Final = ("audio", "file", "image")


class ChatSpace(Closable):
    """A chat app: `gr.ChatInterface`, or a chatbot with a textbox. A `ChatModel`.

    Open one with `connect`.
    """

    def __init__(self, space: Space, shape: ChatShape, inputs: Mapping[str, Any]) -> None:
        self._space = space
        self._shape = shape
        self._inputs = inputs
        self._sessions = ServerSessions(space)

    @classmethod
    @checked_call
    def connect(
        cls,
        source: str,
        *,
        endpoint: str | None = None,
        message: str | None = None,
        history: str | None = None,
        answer: str | int | None = None,
        additional_inputs: Mapping[str, Any] | None = None,
        **options: Unpack[SpaceOptions],
    ) -> Connecting[Self]:
        """Open the chat of an app: `async with ChatSpace.connect("owner/space") as model`.

        Or `model = await ChatSpace.connect(…).open()`, until `await model.aclose()`.

        Args:
            source: a Space's id, the URL of its page on the Hub, or the app's address.
            endpoint: the endpoint that answers. By default it is found by its shape, as are the
                next three.
            message: the parameter that takes the message.
            history: the parameter that takes the earlier messages, as messages or pairs.
            answer: the label or the number, from 0, of the output that has the answer.
            additional_inputs: values of the other parameters, by name, for every call; by default
                the app's own.
            options: those of `Space`.

        Raises (on entering):
            ChatShapeError: the app has no chat, or several.
            NotFoundError: there is no such endpoint, parameter or output.
            SpaceError: the app cannot be reached.
        """
        mapping = ChatMapping(endpoint=endpoint, message=message, history=history, answer=answer)
        options["describe"] = True
        space = Space(source, **options)

        async def connect() -> tuple[Self, Lifetime[Any]]:
            lifetime = await open_lifetime(space)
            try:
                shape = find_chat(parse_config(space.config), space.endpoints, mapping)
            except SpaceError:
                await lifetime.close()
                raise
            model = cls(space, shape, dict(additional_inputs or {}))
            model._lifetime = lifetime
            return model, lifetime

        return Connecting(connect)

    @property
    def space(self) -> Space:
        """The Space that the model calls."""
        return self._space

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint that answers."""
        return self._shape.endpoint

    @property
    def additional_inputs(self) -> tuple[Parameter, ...]:
        """The parameters that take neither the message nor the history."""
        return self._shape.additional_inputs

    @checked_arguments
    def chat(
        self,
        messages: str | Sequence[MessageInput],
        *,
        media: Sequence[MediaInput] = (),
        conversation: Conversation | None = None,
        additional_inputs: Mapping[str, Any] | None = None,
    ) -> Call[ChatReply]:
        """Ask the app: await the call, or enter it to stream `job.text`.

        An app that takes the history gets the whole conversation. An app that stores it in a
        session gets the newest message, and one that does neither gets lines of `Role: text`.

        Args:
            messages: a prompt; or a history, of which the last message is the user's.
            media: files for the last message, if the app takes files.
            conversation: of an earlier reply, to continue it. If the app stores conversations, but
                not this one, or a newer turn of it, the messages are sent in a new session.
            additional_inputs: values of the other parameters, by name, for this call; they override
                those of `connect`.

        Raises (when the call is awaited or entered):
            InvalidInputError: the messages, a medium or an additional input is invalid, or the app
                does not take it.
            AppError: the app failed.
        """
        shape = self._shape
        set_inputs = {**self._inputs, **(additional_inputs or {})}
        session: Session | None = None
        is_stored = False
        if shape.stateful:
            session, is_stored = self._sessions.open(conversation)

        async def steps(caller: Caller) -> Call[ChatReply]:
            inputs = _complete_inputs(shape, set_inputs)
            turn = read_turn(messages, media, conversation, is_stored=is_stored)
            history: Any = None
            if shape.question is not None:
                arguments = _arguments(shape.question, turn, inputs)
                question = await caller.call(shape.question.endpoint.name, **arguments)
                history = _output(shape.question, question)
            saved = turn.messages if session else await make_portable(turn.messages)
            arguments = _arguments(shape, turn, inputs, history)
            call = caller.call(shape.endpoint.name, **arguments)
            return call.map(lambda value: self._reply(_output(shape, value), saved, session))

        return (session or self.space).sequence(shape.endpoint.name, steps)

    def _reply(
        self, output: Any, messages: tuple[Message, ...], session: Session | None
    ) -> ChatReply:
        answer = read_answer(output)
        images = tuple(file for file in answer.files if (file.mime_type or "").startswith("image/"))
        media = tuple(map(Media, images))
        newest = Message("assistant", answer.text, media, reasoning=answer.reasoning)
        turn = (*messages, newest)
        conversation = (
            Conversation(messages=turn) if session is None else self._sessions.save(session, turn)
        )
        return ChatReply(answer.text, conversation, images=images, reasoning=answer.reasoning)


def _arguments(
    shape: ChatShape, turn: Turn, inputs: Mapping[str, Any], history: Any = None
) -> dict[str, Any]:
    """Return the arguments of a call of the shape's endpoint.

    Args:
        inputs: values of additional inputs; those of another endpoint are left out.
        history: the value of the chatbot with the message in it; None to write it.

    Raises:
        InvalidInputError: the app takes no such medium, or no such history.
    """
    names = {parameter.name for parameter in shape.endpoint.parameters}
    arguments = {name: value for name, value in inputs.items() if name in names}
    newest = turn.messages[-1]
    prompt, media = turn.prompt, turn.media
    if shape.history is not None:
        prompt, media = newest.text, tuple(map(Media, newest.media))
        earlier = turn.messages if shape.message is None else turn.messages[:-1]
        if history is None:
            history = write_history(earlier, shape.history_format)
        arguments[shape.history.name] = history
    if shape.message is None:
        return arguments
    if shape.message.component == "multimodaltextbox":
        files = [medium.file for medium in media]
        return {**arguments, shape.message.name: {"text": prompt, "files": files}}
    arguments[shape.message.name] = prompt
    for medium in media:
        arguments[_parameter_of(medium, shape, arguments)] = medium.file
    return arguments


def _parameter_of(medium: Media, shape: ChatShape, arguments: Mapping[str, Any]) -> str:
    """Return the name of a free parameter that takes a medium."""
    for parameter in shape.endpoint.parameters:
        if parameter.name not in arguments and parameter.component in (medium.kind, "file"):
            return parameter.name
    raise InvalidInputError(
        f"{shape.endpoint.name} does not take {medium.file.name!r}: none of its parameters is free "
        f"for {medium.kind}"
    )


def _complete_inputs(shape: ChatShape, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the additional inputs, with the values on the page that /info does not have.

    Raises:
        InvalidInputError: an additional input is unknown or missing.
    """
    names = [parameter.name for parameter in shape.additional_inputs]
    for name in inputs:
        if name not in names:
            labels = {parameter.label: parameter.name for parameter in shape.additional_inputs}
            hint = did_you_mean(name, names, f"there is {', '.join(names) or 'none'}")
            if name in labels:
                hint = f"it is the label of {labels[name]!r}: write that name"
            raise InvalidInputError(f"{name!r} is not an additional input of the app; {hint}")
    defaults = {**shape.defaults, **(shape.question.defaults if shape.question else {})}
    complete = {name: value for name, value in defaults.items() if name in names} | dict(inputs)
    for parameter in shape.additional_inputs:
        # A medium of the message may be for it.
        is_medium = parameter.component in _MEDIA_INPUTS
        if parameter.required and parameter.name not in complete and not is_medium:
            raise InvalidInputError(
                f"the app needs a value of {parameter.name!r} ({parameter.label}): pass "
                f"additional_inputs={{{parameter.name!r}: …}}"
            )
    return complete


def _output(shape: ChatShape, value: Any) -> Any:
    """Return the output with the answer among those of a call."""
    return value if len(shape.endpoint.returns) == 1 else value[shape.answer]
