"""Text generation: models continue a text, at a provider or at your own server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final, Protocol

from spacecall._client.exchanges.service_call import ProgressSink
from spacecall._core.gradio_requests import Request
from spacecall._io.request_settings import Settings
from spacecall._wire.inference.models import ModelInfo
from spacecall.chat import ChatReply, Conversation, Message
from spacecall.errors import InvalidInputError, SpaceError, StatusError
from spacecall.inference._accumulators import TextAccumulator
from spacecall.inference._chat_accumulator import ChatAccumulator
from spacecall.inference._model_catalog import ModelCatalog
from spacecall.inference._prompts import build_prompt, is_chat_model
from spacecall.inference._provider_choice import LIVE, ModelChoice, Provider, with_fallback
from spacecall.inference._reply_reader import AUTO, ReplyReader, TextCall, partial_results
from spacecall.inference._router import RouterConnection
from spacecall.inference._text_requests import (
    Sampling,
    build_completion_request,
    build_native_request,
    build_text_request,
)

__all__ = ["TEXT_PROVIDERS", "Generation", "GenerationService"]

TASK: Final = "text-generation"
HF_INFERENCE: Final = "hf-inference"
OWN_SERVER: Final = "/v1/completions"
_PATHS: Final[Mapping[str, str]] = {
    "deepinfra": "/deepinfra/v1/openai/completions",
    "featherless-ai": "/featherless-ai/v1/completions",
    "novita": "/novita/v3/openai/completions",
    "together": "/together/v1/completions",
}
TEXT_PROVIDERS: Final = (HF_INFERENCE, *_PATHS)
"""The providers that text generation supports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """A text to generate.

    Attributes:
        messages: the history; a prompt is the only message.
        is_prompt: whether the caller passed a text instead of messages.
        chat_format: whether to write the messages in the model's format; None to do so for
            messages, and for chat models.
        continues: whether the model continues the last message, which is the assistant's.
    """

    messages: Sequence[Message]
    is_prompt: bool
    chat_format: bool | None
    continues: bool


class GenerationService:
    """Run text generation.

    Args:
        connection: to the router, or to a server with OpenAI's interface.
        catalog: has the models' formats and providers.
    """

    def __init__(self, connection: RouterConnection, catalog: ModelCatalog) -> None:
        self._connection = connection
        self._catalog = catalog
        self._reader = ReplyReader(connection)

    async def generate(
        self,
        report: ProgressSink[ChatReply],
        settings: Settings,
        generation: Generation,
        choice: ModelChoice,
        sampling: Sampling,
    ) -> ChatReply:
        """Return a generated text.

        Raises:
            InvalidInputError: the provider does not generate text, or there is nothing to continue.
        """
        messages = generation.messages
        if generation.continues and messages[-1].role != "assistant":
            raise InvalidInputError("to continue, the last message must be the assistant's")
        for message in messages:
            if not all(isinstance(part, str) for part in message.parts):
                raise InvalidInputError("text generation takes texts only: use chat for media")
        providers = await self._providers(choice)
        prompt, is_raw = await self._prompt(generation, choice.name)
        history = messages[:-1] if generation.continues else messages
        beginning = messages[-1].text if generation.continues else ""

        async def attempt(
            provider: Provider | None, settings: Settings, *, is_native: bool = False
        ) -> ChatReply:
            strips = not (is_raw or generation.continues)
            accumulator = _accumulator(provider, strips=strips, is_native=is_native)

            def reply() -> ChatReply:
                return _reply(accumulator, history, beginning)

            def build_request(sampling: Sampling) -> Request:
                if is_native:
                    native = build_native_request("/", prompt, sampling)
                    return replace(native, query=self._connection.address.query)
                if provider is None:
                    own = build_completion_request(OWN_SERVER, choice.name, prompt, sampling)
                    return self._connection.address.locate(own)
                if provider.name == HF_INFERENCE:
                    return build_text_request(choice.name, prompt, sampling)
                path = _PATHS[provider.name]
                return build_completion_request(path, provider.model, prompt, sampling)

            on_change = partial_results(report, reply)
            call = TextCall(build_request, accumulator, settings, on_change, reply)
            return await self._reader.run(call, sampling)

        if not providers:
            return await _at_own_server(attempt, settings)
        if not choice.fallback:
            return await attempt(providers[0], settings)
        return await with_fallback(providers, attempt, settings)

    async def _providers(self, choice: ModelChoice) -> list[Provider]:
        """Return the providers to try, the requested one first; none for one's own server."""
        requested = choice.requested_provider
        requested = None if requested == AUTO else requested
        if requested is None and not self._connection.address.is_router:
            return []
        if requested is not None and requested not in TEXT_PROVIDERS:
            raise InvalidInputError(
                f"text generation does not support {requested}: use one of "
                f"{', '.join(TEXT_PROVIDERS)}"
            )
        offers: tuple[Provider, ...] = ()
        if requested != HF_INFERENCE:
            with suppress(SpaceError):  # hf-inference needs no offer
                offers = await self._catalog.providers(choice.name)
        live = [
            offer
            for offer in offers
            if (offer.task, offer.status) == (TASK, LIVE) and offer.name in TEXT_PROVIDERS
        ]
        if requested is None:
            return live or [Provider(HF_INFERENCE, choice.name, TASK)]
        offered = [offer for offer in offers if (offer.name, offer.task) == (requested, TASK)]
        first = (offered or [Provider(requested, choice.name, TASK)])[0]
        return [first, *(offer for offer in live if offer.name != requested)]

    async def _prompt(self, generation: Generation, model: str) -> tuple[str, bool]:
        """Return the prompt, and whether it is the caller's text as it is."""
        chat_format = generation.chat_format
        info: ModelInfo | None = None
        if not self._connection.address.is_router:
            chat_format = chat_format or False  # the Hub need not know the model
        if generation.is_prompt and chat_format is None:
            chat_format = False
            with suppress(SpaceError):  # without metadata, it is not a chat model
                info = await self._catalog.info(model)
                chat_format = is_chat_model(info)
        if chat_format is False and generation.is_prompt:
            return generation.messages[-1].text, True
        if chat_format is False:
            info = ModelInfo(id=model)  # plain lines
        info = info or await self._catalog.info(model)
        return build_prompt(generation.messages, info, continues=generation.continues), False


class _Attempt(Protocol):
    async def __call__(
        self, provider: Provider | None, settings: Settings, *, is_native: bool = False
    ) -> ChatReply: ...


async def _at_own_server(attempt: _Attempt, settings: Settings) -> ChatReply:
    """Ask one's own server in OpenAI's interface, or else in that of text-generation-inference."""
    try:
        return await attempt(None, settings)
    except StatusError as error:
        if not _lacks_path(error):
            raise
        missing = error
    try:
        return await attempt(None, settings, is_native=True)
    except StatusError as error:
        if _lacks_path(error):
            raise missing from None
        raise


def _lacks_path(error: StatusError) -> bool:
    """Return whether a server does not have the path: a missing model is an error in JSON."""
    return error.status in (404, 405) and error.body.lstrip()[:1] not in ("{", "[")


def _accumulator(
    provider: Provider | None, *, strips: bool, is_native: bool
) -> TextAccumulator | ChatAccumulator:
    if is_native or (provider is not None and provider.name == HF_INFERENCE):
        return TextAccumulator(strip=strips, provider=provider.name if provider else None)
    return ChatAccumulator(is_raw=True, provider=provider.name if provider else None)


def _reply(
    accumulator: TextAccumulator | ChatAccumulator, history: Sequence[Message], beginning: str
) -> ChatReply:
    answer = Message("assistant", beginning + accumulator.text)
    reply = ChatReply(
        accumulator.text,
        Conversation(messages=(*history, answer)),
        accumulator.finish_reason,
        usage=accumulator.usage,
        provider=accumulator.provider,
    )
    if isinstance(accumulator, TextAccumulator):
        return reply
    return replace(
        reply,
        logprobs=accumulator.choices[0].logprobs,
        model=accumulator.model,
        id=accumulator.id,
        raw=dict(accumulator.raw),
    )
