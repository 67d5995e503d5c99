"""Microsoft Phi-4 multimodal: chat about text, images and audio.

What is known of the Space was seen on a replica of it, which `spacecall demo` runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar
from uuid import uuid4

from spacecall import Call, InvalidInputError, ZeroGPU
from spacecall._client.caller import Caller
from spacecall._client.space import Session
from spacecall._option_checks import checked_arguments
from spacecall.chat import ChatReply, Conversation, MediaInput, Message, Turn, read_turn
from spacecall.spaces._facade import SpaceFacade
from spacecall.spaces.phi4_multimodal import _generated as wire

__all__ = ["Phi4Multimodal"]


class Phi4Multimodal(SpaceFacade):
    """Chats with the model. A `ChatModel`."""

    LABEL = "Microsoft Phi-4"
    SOURCE = wire.Phi4Multimodal.SOURCE
    DEFAULT_MODEL = "phi-4-multimodal"
    """It sees images too."""
    MODELS = (DEFAULT_MODEL,)
    ALIASES: ClassVar[Mapping[str, str]] = {"phi-4": DEFAULT_MODEL}

    @checked_arguments
    def chat(
        self,
        messages: str | Sequence[Message],
        *,
        media: Sequence[MediaInput] = (),
        conversation: Conversation | None = None,
        model: str = DEFAULT_MODEL,
        api_key: str | None = None,
        zerogpu_uuid: str | None = None,
        cookies: Mapping[str, str] | None = None,
    ) -> Call[ChatReply]:
        """Ask for an answer: await it, or enter it for `job.text`, the answer as it is written.

        The app takes two steps, which share a session: the message with its media is put into the
        chat and into the session's State, then the answer is streamed.

        Args:
            messages: a prompt; or a history, system and assistant messages included, of which the
                last is the user's.
            media: images and audio for the last message, all sent in one upload.
            conversation: of an earlier reply. The model remembers it, media included, so that only
                the newest message is sent.
            model: there is one.
            api_key: a ZeroGPU token, `ZeroGPU.token`: the answer runs on its user's quota. Neither
                the facade nor the reply's conversation keeps it.
            zerogpu_uuid: of an anonymous visitor, `ZeroGPU.uuid`; not kept either.
            cookies: for this conversation, besides those that it has.

        When the call is awaited or entered, it raises:
            InvalidInputError: the messages or a medium do not fit.
            QuotaExceededError: the ZeroGPU quota does not suffice.
            AppError: the model failed.
        """
        kept = conversation.session_hash if conversation else None
        session = self._space.session(
            session_hash=kept or uuid4().hex,
            cookies={**(conversation.cookies if conversation else {}), **(cookies or {})},
        )

        async def steps(caller: Caller) -> Call[ChatReply]:
            if self.ALIASES.get(model, model) not in self.MODELS:
                raise InvalidInputError(
                    f"the Space has no model {model!r}, only {self.DEFAULT_MODEL}"
                )
            turn = read_turn(messages, media, conversation)
            phi = wire.Phi4Multimodal(caller)
            prompt = wire.MultimodalData(
                text=turn.prompt, files=[medium.file for medium in turn.media]
            )
            shown = await phi.process_message(message=prompt)
            answers = phi.bot_response(history=shown.chatbot)
            return answers.map(lambda history: _reply(turn, history, session))

        # The Space's own page asks in this way.
        caller = session.with_options(headers={"referer": f"{session.url}?__theme=light"})
        call = caller.sequence("/bot_response", steps)
        if api_key is None and zerogpu_uuid is None:
            return call
        return call.with_options(zero_gpu=ZeroGPU(token=api_key, uuid=zerogpu_uuid))


def _reply(turn: Turn, history: list[wire.Message], session: Session) -> ChatReply:
    """The last message of the chat as the answer, if it is the model's."""
    last = history[-1] if history else None
    answered = last is not None and last.role == "assistant" and isinstance(last.content, str)
    text = str(last.content) if last and answered else ""
    told = [replace(message, media=()) for message in turn.messages]  # the server keeps them
    said = (*told, Message("assistant", text))
    return ChatReply(text, Conversation(session.session_hash, said, session.cookies))
