"""Microsoft Phi-4 multimodal: chat about text, images and audio.

What is known of the Space was seen on a replica of it, which `spacecall demo` runs.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self

from spacecall import Call, FileInput, Space
from spacecall.chat import ChatReply, Conversation, Message, read_turn
from spacecall.spaces.phi4_multimodal import _generated as wire

__all__ = ["Phi4Multimodal"]


class Phi4Multimodal:
    """Chats with the model; the app's own endpoints are at `endpoints`.

    Args:
        space: stays the caller's to close. `connect` opens one.
    """

    LABEL = "Microsoft Phi-4"

    def __init__(self, space: Space) -> None:
        self._space = space

    @classmethod
    @asynccontextmanager
    async def connect(cls, source: str | None = None, **options: Any) -> AsyncGenerator[Self, None]:
        """`async with Phi4Multimodal.connect() as phi`: on a Space of its own.

        Args:
            source: by default the Space that it is named after.
            options: those of `Space`.
        """
        options.setdefault("describe", False)
        async with Space(source or wire.Phi4Multimodal.SOURCE, **options) as space:
            yield cls(space)

    def chat(
        self,
        messages: str | Sequence[Message],
        *,
        media: Sequence[FileInput] = (),
        conversation: Conversation | None = None,
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

        When the call is awaited or entered, it raises:
            InvalidInputError: the messages or a file do not fit.
            QuotaExceededError: the ZeroGPU quota does not suffice.
            AppError: the model failed.
        """
        session = self._space.session(
            session_hash=conversation.session_hash if conversation else None,
            cookies=conversation.cookies if conversation else None,
        )
        phi = wire.Phi4Multimodal(session)

        async def steps() -> Call[ChatReply]:
            turn = read_turn(messages, media, conversation)
            prompt = wire.MultimodalData(text=turn.prompt, files=list(turn.media))
            shown = await phi.process_message(message=prompt)

            def reply(history: list[wire.Message]) -> ChatReply:
                text = _answer(history)
                said = (*turn.messages, Message("assistant", text))
                return ChatReply(text, Conversation(session.session_hash, said, session.cookies))

            return phi.bot_response(history=shown.chatbot).map(reply)

        return session.sequence("/bot_response", steps)


def _answer(history: list[wire.Message]) -> str:
    """The text of the last message, if it is the model's."""
    last = history[-1] if history else None
    if last is None or last.role != "assistant" or not isinstance(last.content, str):
        return ""
    return last.content
