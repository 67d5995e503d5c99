"""Qwen QVQ-72B preview: answers questions about one image, after long reasoning.

This client was tested on a replica of the Space (tests/apps/qvq_replica.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from spacecall import Call, InvalidInputError
from spacecall._client.calls.caller import Caller
from spacecall._option_checks import checked_arguments
from spacecall.chat import ChatReply, Conversation, Message, MessageInput
from spacecall.facades import SpaceFacade, Turn, make_portable, read_turn
from spacecall.media import Media, MediaInput
from spacecall.spaces.qvq_72b import client as wire

__all__ = ["Qvq72B"]

# The first Gradio release whose simple call API reports the error of the app.
_REPORTS_ERRORS = (6,)


class Qvq72B(SpaceFacade):
    """A chat with the model. A `ChatModel`."""

    LABEL = "Qwen QVQ-72B"
    SOURCE = wire.Qvq72bClient.SOURCE
    DEFAULT_MODEL = "qwen-qvq-72b-preview"
    """The only model of this Space; it takes one image."""
    MODELS = (DEFAULT_MODEL,)
    ALIASES: ClassVar[Mapping[str, str]] = {"qvq-72b": DEFAULT_MODEL}

    @checked_arguments
    def chat(
        self,
        messages: str | Sequence[MessageInput],
        *,
        media: Sequence[MediaInput] = (),
        conversation: Conversation | None = None,
        model: str = DEFAULT_MODEL,
        api_key: str | None = None,
    ) -> Call[ChatReply]:
        """Ask the model: await the call, or enter it to stream `job.text`.

        The app has no State: every call sends the whole conversation, as lines of `Role: text`.
        The call uses the simple call API if that reports the app's errors (Gradio 6), without
        queue, progress and log events; otherwise the queue. To choose, use
        `with_options(call_api=…)` on the call.

        Args:
            messages: a prompt; or a history, of which the last message is the user's.
            media: an image for the last message. The newest image of the history is sent.
            conversation: of an earlier reply, to continue it.
            model: this Space has one model.
            api_key: a token, sent to the app as `Authorization: Bearer` with this call only. It is
                not stored in the facade or in the reply's conversation.

        Raises (when the call is awaited or entered):
            InvalidInputError: the messages are invalid, or have audio or several images.
            QuotaExceededError: the ZeroGPU quota is insufficient.
            AppError: the model failed.
        """
        space = self.space.with_options(call_api=self.space.gradio_version >= _REPORTS_ERRORS)

        async def steps(caller: Caller) -> Call[ChatReply]:
            if self.ALIASES.get(model, model) not in self.MODELS:
                raise InvalidInputError(
                    f"the Space has no model {model!r}, only {self.DEFAULT_MODEL}"
                )
            turn = read_turn(messages, media, conversation)
            image = _image(turn)
            portable_messages = await make_portable(turn.messages)
            qvq = wire.Qvq72bClient(caller)
            answers = qvq.generate(image=image.file if image else None, prompt=turn.prompt)
            return answers.map(lambda text: _reply(portable_messages, text or ""))

        call = space.sequence("/generate", steps)
        if api_key is None:
            return call
        return call.with_options(headers={"authorization": f"Bearer {api_key}"})


def _image(turn: Turn) -> Media | None:
    """Return the newest image, which the question is about.

    Raises:
        InvalidInputError: a medium is not an image, or the newest message with images has several.
    """
    for medium in turn.media:
        if medium.kind != "image":
            raise InvalidInputError(f"QVQ-72B takes one image, not {medium.kind}")
    newest = next((message.media for message in reversed(turn.messages) if message.media), ())
    if len(newest) > 1:
        raise InvalidInputError(f"QVQ-72B takes one image per message, got {len(newest)}")
    return Media(newest[0]) if newest else None


def _reply(messages: tuple[Message, ...], text: str) -> ChatReply:
    return ChatReply(text, Conversation(messages=(*messages, Message("assistant", text))))
