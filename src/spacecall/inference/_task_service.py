"""Embeddings and speech through the router, or at another service with OpenAI's interface."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, Final, TypeVar

from spacecall._client.calls.call import Call
from spacecall._client.exchanges.service_call import ProgressSink
from spacecall._core.gradio_requests import Request
from spacecall._io.fetched_response import FetchedResponse
from spacecall._io.multipart import Multipart
from spacecall._io.request_settings import Settings
from spacecall._io.web_files import WebSource
from spacecall.errors import InvalidInputError, ProtocolError, SpaceError
from spacecall.files import File, file_of
from spacecall.inference._error_bodies import stream_error
from spacecall.inference._model_catalog import ModelCatalog
from spacecall.inference._provider_choice import (
    ModelChoice,
    Provider,
    choose_providers,
    with_fallback,
)
from spacecall.inference._router import RouterConnection
from spacecall.inference._task_requests import (
    EMBEDDINGS,
    OPENAI,
    SPEECH,
    TRANSCRIPTION_FORMS,
    TRANSCRIPTIONS,
    Transcription,
    build_embeddings_request,
    build_speech_request,
    build_transcription_form,
    build_transcription_request,
    read_embeddings,
    read_speech,
    read_transcription,
)
from spacecall.media import Media, MediaInput

__all__ = ["TaskService"]

T = TypeVar("T")

FEATURE_EXTRACTION: Final = "feature-extraction"
SPEECH_RECOGNITION: Final = "automatic-speech-recognition"
TEXT_TO_SPEECH: Final = "text-to-speech"


@contextmanager
def _reading(
    request: Request, connection: RouterConnection, provider: Provider, body: bytes
) -> Generator[None]:
    """Give errors inside the endpoint and the address; a body may be an error in spite of a 200."""
    name = provider.name or None
    try:
        with connection.typed_errors(request, name):
            try:
                yield
            except ProtocolError:
                error = stream_error(body.decode(errors="replace"), provider=name)
                if error is None:
                    raise
                raise error from None
    except SpaceError as error:
        error.endpoint, error.space = request.path, connection.router.base
        raise


class TaskService:
    """Run embeddings and speech.

    Args:
        connection: to the router.
        catalog: has the models' providers.
    """

    def __init__(self, connection: RouterConnection, catalog: ModelCatalog) -> None:
        self._connection = connection
        self._catalog = catalog

    def embed(
        self,
        texts: Sequence[str],
        choice: ModelChoice,
        *,
        batch_size: int,
        extra_body: Mapping[str, Any],
    ) -> Call[list[list[float]]]:
        """Return a call for vectors; see `HuggingFaceInference.feature_extraction`."""

        async def service(
            report: ProgressSink[list[list[float]]], settings: Settings
        ) -> list[list[float]]:
            if batch_size < 1:
                raise InvalidInputError(f"batch_size must be at least 1 text, got {batch_size}")
            if not texts:
                return []

            async def attempt(provider: Provider, settings: Settings) -> list[list[float]]:
                vectors: list[list[float]] = []
                for start in range(0, len(texts), batch_size):
                    batch = texts[start : start + batch_size]
                    request = build_embeddings_request(provider, batch, extra_body)
                    response = await self._fetch(request, provider, settings)
                    with _reading(request, self._connection, provider, response.body):
                        vectors += read_embeddings(provider, response.body, len(batch))
                    if report.is_followed and len(vectors) < len(texts):
                        report.output(list(vectors), len(response.body))
                return vectors

            return await self._run(choice, FEATURE_EXTRACTION, EMBEDDINGS, attempt, settings)

        return self._connection.direct.call(FEATURE_EXTRACTION, service)

    def transcribe(
        self, audio: MediaInput, choice: ModelChoice, *, extra_body: Mapping[str, Any]
    ) -> Call[Transcription]:
        """Return a call for a text; see `HuggingFaceInference.automatic_speech_recognition`."""

        async def service(_: ProgressSink[Transcription], settings: Settings) -> Transcription:
            medium = Media(audio, kind="audio")
            uri = await medium.data_uri()

            async def attempt(provider: Provider, settings: Settings) -> Transcription:
                if provider.name in TRANSCRIPTION_FORMS:
                    name = medium.file.name
                    form = partial(build_transcription_form, provider.model, uri, name, extra_body)
                    return await self._transcribe_form(provider, form, settings)
                request = build_transcription_request(provider, uri, extra_body)
                response = await self._fetch(request, provider, settings)
                with _reading(request, self._connection, provider, response.body):
                    return read_transcription(response.body)

            return await self._run(choice, SPEECH_RECOGNITION, TRANSCRIPTIONS, attempt, settings)

        return self._connection.direct.call(SPEECH_RECOGNITION, service)

    async def _transcribe_form(
        self, provider: Provider, build_form: Callable[[], Multipart], settings: Settings
    ) -> Transcription:
        connection = self._connection
        request = self._locate(Request("POST", TRANSCRIPTION_FORMS[provider.name]), provider)
        settings = _for_model(settings)
        body = await connection.upload(request, build_form, settings, provider.name or None)
        with _reading(request, connection, provider, body):
            return read_transcription(body)

    def speak(
        self, text: str, choice: ModelChoice, *, voice: str | None, extra_body: Mapping[str, Any]
    ) -> Call[File]:
        """Return a call for audio; see `HuggingFaceInference.text_to_speech`."""

        async def service(_: ProgressSink[File], settings: Settings) -> File:
            if not text.strip():
                raise InvalidInputError("the text to speak is empty: pass the words to say")

            async def attempt(provider: Provider, settings: Settings) -> File:
                request = build_speech_request(provider, text, voice, extra_body)
                response = await self._fetch(request, provider, settings)
                with _reading(request, self._connection, provider, response.body):
                    audio = read_speech(provider, response)
                if isinstance(audio, File):
                    return audio
                router = self._connection.router
                return file_of(WebSource(router, audio.url, mime_type=audio.mime_type, size=None))

            return await self._run(choice, TEXT_TO_SPEECH, SPEECH, attempt, settings)

        return self._connection.direct.call(TEXT_TO_SPEECH, service)

    async def _run(
        self,
        choice: ModelChoice,
        task: str,
        supported: Collection[str],
        attempt: Callable[[Provider, Settings], Awaitable[T]],
        settings: Settings,
    ) -> T:
        """Call `attempt` with the provider of the model, or with the service at `base_url`."""
        if not self._connection.address.is_router:
            return await attempt(Provider(OPENAI, choice.name, task), settings)
        providers = choose_providers(
            await self._catalog.providers(choice.name),
            model=choice.name,
            task=task,
            requested=choice.requested_provider,
            supported=supported,
        )
        return await with_fallback(
            providers if choice.fallback else providers[:1], attempt, settings
        )

    async def _fetch(
        self, request: Request, provider: Provider, settings: Settings
    ) -> FetchedResponse:
        request = self._locate(request, provider)
        return await self._connection.fetch(
            request, _for_model(settings), provider=provider.name or None
        )

    def _locate(self, request: Request, provider: Provider) -> Request:
        is_own = provider.name == OPENAI
        return self._connection.address.locate(request) if is_own else request


def _for_model(settings: Settings) -> Settings:
    """Return settings for a response of which no byte arrives before all of it is ready."""
    return replace(settings, timeouts=replace(settings.timeouts, idle=settings.timeouts.run))
