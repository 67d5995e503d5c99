"""Microsoft Phi-4 multimodal: chat about text, images and audio.

This client was tested on a replica of the Space, which `spacecall demo` runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from spacecall import Call, InvalidInputError, Space, ZeroGPU
from spacecall._client.calls.caller import Caller
from spacecall._option_checks import checked_arguments
from spacecall.chat import ChatReply, Conversation, Message, MessageInput
from spacecall.facades import ServerSessions, SpaceFacade, read_turn
from spacecall.media import MediaInput
from spacecall.spaces.phi4_multimodal import client as wire

__all__ = ["Phi4Multimodal"]


class Phi4Multimodal(SpaceFacade):
    """A chat with the model. A `ChatModel`."""

    LABEL = "Microsoft Phi-4"
    SOURCE = wire.Phi4MultimodalClient.SOURCE
    DEFAULT_MODEL = "phi-4-multimodal"
    """The only model of this Space; it takes images and audio."""
    MODELS = (DEFAULT_MODEL,)
    ALIASES: ClassVar[Mapping[str, str]] = {"phi-4": DEFAULT_MODEL}

    def __init__(self, space: Space) -> None:
        super().__init__(space)
        self._sessions = ServerSessions(space)

    @checked_arguments
    def chat(
        self,
        messages: str | Sequence[MessageInput],
        *,
        media: Sequence[MediaInput] = (),
        conversation: Conversation | None = None,
        model: str = DEFAULT_MODEL,
        api_key: str | None = None,
        zerogpu_uuid: str | None = None,
        cookies: Mapping[str, str] | None = None,
    ) -> Call[ChatReply]:
        """Ask the model: await the call, or enter it to stream `job.text`.

        The app needs two calls in one session: the first adds the message with its media to the
        chat and to the session's State, the second streams the answer.

        Args:
            messages: a prompt; or a history, which may have system and assistant messages, and ends
                with a message of the user.
            media: images and audio for the last message, sent in one upload.
            conversation: of an earlier reply. The server still has it, media included, so only the
                newest message is sent. If the server does not have it, or has a newer turn of it,
                its messages are sent in a new session, without the media.
            model: this Space has one model.
            api_key: a ZeroGPU token (`ZeroGPU.token`): the answer uses its user's quota. It is not
                stored in the facade or in the reply's conversation.
            zerogpu_uuid: of an anonymous visitor (`ZeroGPU.uuid`); not stored either.
            cookies: for this conversation, in addition to its own.

        Raises (when the call is awaited or entered):
            InvalidInputError: the messages or a medium are invalid.
            QuotaExceededError: the ZeroGPU quota is insufficient.
            AppError: the model failed.
        """
        session, is_stored = self._sessions.open(conversation, cookies)

        async def steps(caller: Caller) -> Call[ChatReply]:
            if self.ALIASES.get(model, model) not in self.MODELS:
                raise InvalidInputError(
                    f"the Space has no model {model!r}: leave out model, or use "
                    f"{self.DEFAULT_MODEL!r}"
                )
            turn = read_turn(messages, media, conversation, is_stored=is_stored)
            phi = wire.Phi4MultimodalClient(caller)
            prompt = wire.MultimodalData(
                text=turn.prompt, files=[medium.file for medium in turn.media]
            )
            state = await phi.process_message(message=prompt)
            answers = phi.bot_response(history=state.chatbot)

            def reply(chat: list[wire.Message]) -> ChatReply:
                text = _answer(chat)
                messages = (*turn.messages, Message("assistant", text))
                return ChatReply(text, self._sessions.save(session, messages))

            return answers.map(reply)

        # The referer that the Space's own page sends.
        caller = session.with_options(headers={"referer": f"{session.url}?__theme=light"})
        call = caller.sequence("/bot_response", steps)
        if api_key is None and zerogpu_uuid is None:
            return call
        return call.with_options(zero_gpu=ZeroGPU(token=api_key, uuid=zerogpu_uuid))


def _answer(chat: list[wire.Message]) -> str:
    """Return the text of the last message of the chat, if it is the model's."""
    last = chat[-1] if chat else None
    is_answer = last is not None and last.role == "assistant" and isinstance(last.content, str)
    return str(last.content) if last and is_answer else ""
