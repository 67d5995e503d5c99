"""HF Inference without async."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Self, TypeVar, Unpack, overload

from pydantic import BaseModel

from spacecall._client.concurrency.portal import (
    Portal,
    SyncClosable,
    SyncConnecting,
    connect_twin,
    wait,
)
from spacecall._client.concurrency.sync_files import SyncFiles
from spacecall._wire.inference.models import ModelInfo, RouterModel
from spacecall.chat import ChatParameters, ChatReply, Conversation, MessageInput, ParsedReply
from spacecall.files import File
from spacecall.inference._huggingface import HuggingFaceInference, Kind
from spacecall.inference._options import ImageOptions, InferenceOptions, TaskOptions, TextOptions
from spacecall.inference._provider_choice import Provider
from spacecall.inference._task_requests import Transcription
from spacecall.media import MediaInput
from spacecall.sync import SyncCall

__all__ = ["SyncHuggingFaceInference"]

M = TypeVar("M", bound=BaseModel)


class SyncHuggingFaceInference(SyncClosable, SyncFiles):
    """`HuggingFaceInference` without async, with the same options, errors and results."""

    def __init__(self, portal: Portal, model: HuggingFaceInference) -> None:
        self._portal = portal
        self._model = model

    @classmethod
    def connect(
        cls, base_url: str | None = None, **options: Unpack[InferenceOptions]
    ) -> SyncConnecting[Self]:
        """Open HF Inference for `with`; see `HuggingFaceInference.connect`.

        Or `hf = SyncHuggingFaceInference.connect().open()`, until `hf.close()`.
        """
        opening = HuggingFaceInference.connect(base_url, **options)
        return connect_twin(cls, opening, "<SyncHuggingFaceInference>")

    @overload
    def chat(
        self,
        messages: str | Sequence[MessageInput],
        *,
        media: Sequence[MediaInput] = (),
        conversation: Conversation | None = None,
        response_format: type[M],
        **options: Unpack[ChatParameters],
    ) -> SyncCall[ParsedReply[M]]: ...

    @overload
    def chat(
        self,
        messages: str | Sequence[MessageInput],
        *,
        media: Sequence[MediaInput] = (),
        conversation: Conversation | None = None,
        response_format: Mapping[str, Any] | None = None,
        **options: Unpack[ChatParameters],
    ) -> SyncCall[ChatReply]: ...

    def chat(
        self,
        messages: str | Sequence[MessageInput],
        *,
        media: Sequence[MediaInput] = (),
        conversation: Conversation | None = None,
        response_format: type[BaseModel] | Mapping[str, Any] | None = None,
        **options: Unpack[ChatParameters],
    ) -> SyncCall[ChatReply] | SyncCall[ParsedReply[Any]]:
        """Ask a chat model; see `HuggingFaceInference.chat`."""
        model, portal = self._model, self._portal
        chat = partial(model.chat, messages, media=media, conversation=conversation, **options)

        def start() -> SyncCall[ChatReply] | SyncCall[ParsedReply[Any]]:
            if isinstance(response_format, type):
                return SyncCall(portal, chat(response_format=response_format))
            return SyncCall(portal, chat(response_format=response_format))

        return portal.call(start)

    def text_generation(
        self,
        messages: str | Sequence[MessageInput],
        *,
        conversation: Conversation | None = None,
        **options: Unpack[TextOptions],
    ) -> SyncCall[ChatReply]:
        """Generate text; see `HuggingFaceInference.text_generation`."""
        model, portal = self._model, self._portal

        def start() -> SyncCall[ChatReply]:
            call = model.text_generation(messages, conversation=conversation, **options)
            return SyncCall(portal, call)

        return portal.call(start)

    def generate(
        self,
        prompt: str,
        *,
        image: MediaInput | None = None,
        width: int | None = None,
        height: int | None = None,
        seed: int | None = None,
        **options: Unpack[ImageOptions],
    ) -> SyncCall[list[File]]:
        """Generate images; see `HuggingFaceInference.generate`."""
        model, portal = self._model, self._portal

        def start() -> SyncCall[list[File]]:
            call = model.generate(
                prompt, image=image, width=width, height=height, seed=seed, **options
            )
            return SyncCall(portal, call)

        return portal.call(start)

    def feature_extraction(
        self,
        texts: str | Sequence[str],
        *,
        model: str,
        batch_size: int = 32,
        **options: Unpack[TaskOptions],
    ) -> SyncCall[list[list[float]]]:
        """Embed texts; see `HuggingFaceInference.feature_extraction`."""
        hf, portal = self._model, self._portal

        def start() -> SyncCall[list[list[float]]]:
            call = hf.feature_extraction(texts, model=model, batch_size=batch_size, **options)
            return SyncCall(portal, call)

        return portal.call(start)

    def automatic_speech_recognition(
        self, audio: MediaInput, *, model: str, **options: Unpack[TaskOptions]
    ) -> SyncCall[Transcription]:
        """Write down a recording; see `HuggingFaceInference.automatic_speech_recognition`."""
        hf, portal = self._model, self._portal

        def start() -> SyncCall[Transcription]:
            call = hf.automatic_speech_recognition(audio, model=model, **options)
            return SyncCall(portal, call)

        return portal.call(start)

    def text_to_speech(
        self, text: str, *, model: str, voice: str | None = None, **options: Unpack[TaskOptions]
    ) -> SyncCall[File]:
        """Read a text aloud; see `HuggingFaceInference.text_to_speech`."""
        hf, portal = self._model, self._portal

        def start() -> SyncCall[File]:
            return SyncCall(portal, hf.text_to_speech(text, model=model, voice=voice, **options))

        return portal.call(start)

    def models(
        self, kind: Kind = "text", *, min_trending_score: float | None = None
    ) -> tuple[ModelInfo, ...]:
        """List the models that a provider runs now; see `HuggingFaceInference.models`."""
        return wait(
            self._portal,
            lambda: self._model.models(kind, min_trending_score=min_trending_score),
        )

    def chat_models(self) -> tuple[RouterModel, ...]:
        """List the models that the router can chat with, and their providers."""
        return wait(self._portal, self._model.chat_models)

    def info(self, model: str) -> ModelInfo:
        """Return a model's metadata; see `HuggingFaceInference.info`."""
        return wait(self._portal, lambda: self._model.info(model))

    def providers(self, model: str) -> tuple[Provider, ...]:
        """Return the providers of a model; see `HuggingFaceInference.providers`."""
        return wait(self._portal, lambda: self._model.providers(model))
