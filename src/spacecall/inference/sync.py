"""HF Inference without async."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self

from spacecall._client.blocking import Portal, SyncClosable, SyncConnecting, SyncFiles, hold, wait
from spacecall._wire.inference.models import ModelInfo, RouterModel
from spacecall.chat import ChatReply, Message
from spacecall.files import File
from spacecall.inference.facade import HuggingFaceInference, Kind
from spacecall.inference.providers import Provider
from spacecall.sync import SyncCall

__all__ = ["SyncHuggingFaceInference"]


class SyncHuggingFaceInference(SyncClosable, SyncFiles):
    """The twin of `HuggingFaceInference` without async: the same options, errors and results."""

    def __init__(self, portal: Portal, model: HuggingFaceInference) -> None:
        self._portal = portal
        self._model = model

    @classmethod
    def connect(cls, source: str | None = None, **options: Any) -> SyncConnecting[Self]:
        """`with SyncHuggingFaceInference.connect() as hf`; see `HuggingFaceInference.connect`.

        Or `hf = SyncHuggingFaceInference.connect().open()`, until `hf.close()`.
        """
        opening = HuggingFaceInference.connect(source, **options)

        def connect() -> tuple[Self, Callable[[], None]]:
            portal, model = hold(opening, "<SyncHuggingFaceInference>")
            opened = cls(portal, model)
            opened._close = portal.close
            return opened, portal.close

        return SyncConnecting(connect)

    def chat(self, messages: str | Sequence[Message], **options: Any) -> SyncCall[ChatReply]:
        """Ask for an answer; see `HuggingFaceInference.chat`."""
        model, portal = self._model, self._portal
        return portal.call(lambda: SyncCall(portal, model.chat(messages, **options)))

    def complete(self, messages: str | Sequence[Message], **options: Any) -> SyncCall[ChatReply]:
        """Let a model go on with a text; see `HuggingFaceInference.complete`."""
        model, portal = self._model, self._portal
        return portal.call(lambda: SyncCall(portal, model.complete(messages, **options)))

    def generate(self, prompt: str, **options: Any) -> SyncCall[list[File]]:
        """Make images; see `HuggingFaceInference.generate`."""
        model, portal = self._model, self._portal
        return portal.call(lambda: SyncCall(portal, model.generate(prompt, **options)))

    def models(
        self, kind: Kind = "text", *, trending: float | None = None
    ) -> tuple[ModelInfo, ...]:
        """Models that some provider runs now; see `HuggingFaceInference.models`."""
        return wait(self._portal, lambda: self._model.models(kind, trending=trending))

    def chat_models(self) -> tuple[RouterModel, ...]:
        """The models that the router can chat with."""
        return wait(self._portal, self._model.chat_models)

    def info(self, model: str) -> ModelInfo:
        """A model's metadata; see `HuggingFaceInference.info`."""
        return wait(self._portal, lambda: self._model.info(model))

    def providers(self, model: str) -> tuple[Provider, ...]:
        """Who serves a model; see `HuggingFaceInference.providers`."""
        return wait(self._portal, lambda: self._model.providers(model))
