"""The client of HF Inference: `async with HuggingFaceInference.connect() as hf`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Literal, Self, TypeVar, Unpack, overload

from pydantic import BaseModel

from spacecall._client.calls.call import Call
from spacecall._client.concurrency.lifetime import Closable, Connecting, Lifetime
from spacecall._client.exchanges.service_call import ProgressSink
from spacecall._io._http import HttpClient
from spacecall._io.request_settings import Settings
from spacecall._option_checks import checked_arguments, checked_call
from spacecall._warnings import find_caller
from spacecall._wire.inference.models import ModelInfo, RouterModel
from spacecall.chat import ChatParameters, ChatReply, Conversation, MessageInput, ParsedReply
from spacecall.errors import InvalidInputError
from spacecall.facades import make_portable
from spacecall.files import File
from spacecall.hooks import Hooks
from spacecall.inference._aliases import (
    ALIASES,
    IMAGE_MODEL,
    TEXT_MODEL,
    VISION_MODEL,
    bare_model_id,
    model_id,
)
from spacecall.inference._generation_service import Generation, GenerationService
from spacecall.inference._image_providers.image_request import ImageFormat, check_image_request
from spacecall.inference._image_service import ImageService
from spacecall.inference._model_catalog import ModelCatalog
from spacecall.inference._options import TaskOptions
from spacecall.inference._provider_choice import ModelChoice, Provider
from spacecall.inference._router import InferenceAccess, RouterConnection, open_router
from spacecall.inference._task_requests import Transcription
from spacecall.inference._task_service import TaskService
from spacecall.inference._text_requests import TEXT_TOKENS, Sampling, join_history, read_sampling
from spacecall.inference._text_service import TextService, parsed_reply
from spacecall.media import MediaInput
from spacecall.options import Auth, Limits, Retry, Timeouts

__all__ = ["HuggingFaceInference", "Kind"]

M = TypeVar("M", bound=BaseModel)
Kind = Literal["text", "vision", "image"]
"""What models are for: chat and text, chat with images, image generation."""

_TAGS: dict[Kind, tuple[str, float]] = {
    "text": ("text-generation", 10),
    "vision": ("image-text-to-text", 10),
    "image": ("text-to-image", 20),
}
_TIMEOUTS = Timeouts(run=600, idle=120)


class HuggingFaceInference(Closable):
    """Chat, text, images, embeddings and speech of models that Hugging Face's partners run.

    A `ChatModel` and an `ImageModel`. Open one with `connect`.
    """

    LABEL = "Hugging Face Inference"
    ALIASES: ClassVar[Mapping[str, str]] = ALIASES

    def __init__(
        self,
        connection: RouterConnection,
        model: str | None,
        image_model: str | None,
        cache_ttl: float,
    ) -> None:
        self._connection = connection
        self._model = model
        self._image_model = image_model
        self._catalog = ModelCatalog(connection, cache_ttl)
        self._images = ImageService(connection, self._catalog)
        self._generations = GenerationService(connection, self._catalog)
        self._texts = TextService(connection, self._catalog, self._images)
        self._tasks = TaskService(connection, self._catalog)

    @classmethod
    @checked_call
    def connect(
        cls,
        base_url: str | None = None,
        *,
        model: str | None = None,
        image_model: str | None = None,
        api_key: str | None = None,
        auth: Auth | None = None,
        bill_to: str | None = None,
        timeouts: Timeouts | None = None,
        retry: Retry | None = None,
        limits: Limits | None = None,
        headers: Mapping[str, str] | None = None,
        proxy: str | None = None,
        http_client: HttpClient | None = None,
        hooks: Hooks | None = None,
        cache_ttl: float = 3600,
    ) -> Connecting[Self]:
        """Open HF Inference for `async with`; leaving the block cancels the calls still running.

        Or `hf = await HuggingFaceInference.connect().open()`, until `await hf.aclose()`. Opening
        sends no request.

        Args:
            base_url: any service with OpenAI's interface, with its path and query if it has them:
                `http://127.0.0.1:11434`, `https://host/api/v3`. It gets the names of models as they
                are, and the Hub is not asked.
            model: the default model for chat and text.
            image_model: the default model for images.
            api_key: a token of Hugging Face. If `base_url` is set, the token is sent there and not
                to the Hub. Without one, `spacecall.hub.find_token` looks up a token, which is sent
                to Hugging Face only.
            auth: replaces `api_key`; the token is sent to Hugging Face and `Auth.hosts` only.
            bill_to: the organisation that pays (`X-HF-Bill-To`).
            timeouts: of every call; by default 600 s for an answer and 120 s between its chunks.
            retry: of every call.
            limits: of every call.
            headers: sent to the router, or to `base_url`.
            proxy: see `Space`.
            http_client: an `httpx.AsyncClient` or `httpx2.AsyncClient` for every request; it is not
                closed.
            hooks: functions that are called for requests, retries and calls, see `Hooks`.
            cache_ttl: seconds for which lists and metadata of models are cached.

        Raises:
            TypeError: an option is unknown, or its type is wrong.
        """
        access = InferenceAccess(
            api_key=api_key,
            auth=auth,
            base_url=base_url,
            bill_to=bill_to,
            proxy=proxy,
            settings=Settings(
                timeouts or _TIMEOUTS,
                retry or Retry(),
                limits or Limits(),
                dict(headers or {}),
                hooks=hooks,
            ),
            http_client=http_client,
        )

        async def open_client() -> tuple[Self, Lifetime[Any]]:
            lifetime = Lifetime(open_router(access), f"<{cls.__name__}>")
            hf = cls(await lifetime.open(), model, image_model, cache_ttl)
            hf._lifetime = lifetime
            return hf, lifetime

        return Connecting(open_client)

    @overload
    def chat(
        self,
        messages: str | Sequence[MessageInput],
        *,
        media: Sequence[MediaInput] = (),
        conversation: Conversation | None = None,
        response_format: type[M],
        **options: Unpack[ChatParameters],
    ) -> Call[ParsedReply[M]]: ...

    @overload
    def chat(
        self,
        messages: str | Sequence[MessageInput],
        *,
        media: Sequence[MediaInput] = (),
        conversation: Conversation | None = None,
        response_format: Mapping[str, Any] | None = None,
        **options: Unpack[ChatParameters],
    ) -> Call[ChatReply]: ...

    @checked_arguments
    def chat(
        self,
        messages: str | Sequence[MessageInput],
        *,
        media: Sequence[MediaInput] = (),
        conversation: Conversation | None = None,
        response_format: type[BaseModel] | Mapping[str, Any] | None = None,
        **options: Unpack[ChatParameters],
    ) -> Call[ChatReply] | Call[ParsedReply[Any]]:
        """Ask a chat model: await the call, or enter it to stream `job.text`.

        A model that makes images answers with `ChatReply.images`.

        Args:
            messages: a prompt; or messages, of which the last is answered.
            media: images and audio for the last message.
            conversation: of an earlier reply, to continue it; all of it is sent, with its media.
            response_format: a pydantic model, for a reply with `parsed`; or OpenAI's JSON.
            options: see `ChatParameters`. By default the answer is streamed, and as long as the
                service lets it be.

        Raises (when the call is awaited or entered):
            InvalidInputError: the messages or an option are invalid, or the model makes neither
                text nor images.
            NotFoundError: the model does not exist, or no provider serves it.
            StatusError: the provider refused; see `spacecall.errors`.
            FailedReplyError: the model failed during its answer.
            JobLostError: the stream broke before the answer was complete.

        Warns:
            CutReplyWarning: the limit of tokens, or a filter, ended the answer.
        """
        sampling = read_sampling(options, response_format)
        location = find_caller()
        model = options.get("model")

        async def service(report: ProgressSink[ChatReply], settings: Settings) -> ChatReply:
            history = await make_portable(join_history(messages, media, conversation))
            is_text = all(isinstance(part, str) for message in history for part in message.parts)
            default = TEXT_MODEL if is_text else VISION_MODEL
            name = _first_of(model, self._model, default)
            fallback = options.get("fallback", False)
            choice = self._choice(name, options.get("provider"), fallback=fallback)
            return await self._texts.chat(report, settings, history, choice, sampling, location)

        call = self._connection.direct.call("chat", service)
        if not isinstance(response_format, type):
            return call
        return call.map(partial(parsed_reply, response_format))

    @checked_arguments
    def text_generation(
        self,
        messages: str | Sequence[MessageInput],
        *,
        conversation: Conversation | None = None,
        model: str | None = None,
        provider: str | None = None,
        fallback: bool = False,
        chat_format: bool | None = None,
        action: Literal["continue"] | None = None,
        stream: bool = True,
        max_tokens: int | None = TEXT_TOKENS,
        temperature: float | None = None,
        top_p: float | None = None,
        stop: Sequence[str] | None = None,
        seed: int | None = None,
        extra_body: Mapping[str, Any] | None = None,
    ) -> Call[ChatReply]:
        """Let a model continue a text: `ChatReply.text` is the added text, with leading blanks.

        This is for models that cannot chat, such as gpt2; use `chat` for the others. Nothing is
        left out of a long prompt: the provider refuses one that is too long.

        Args:
            messages: a text, which is sent as it is unless the model is a chat model; or messages,
                which are sent as a text in the model's format.
            conversation: of an earlier reply, to continue it.
            model: its id on the Hub, or an alias, optionally with `:provider`.
            provider: one of `TEXT_PROVIDERS`; overrides the one after the colon. By default the
                first live provider of the model, or hf-inference. Your own server (`base_url`) is
                asked at `/v1/completions`.
            fallback: whether to try the next live provider after 402, 404 or 503.
            chat_format: whether to use the model's format for chats, which its metadata decide;
                False sends a text as it is, and messages as lines of `Role: text`.
            action: `continue` continues the assistant's last message.
            stream: whether to stream the text.
            max_tokens: the limit of tokens of the text; None for the model's default.
            temperature: the sampling temperature.
            top_p: the share of the probability mass that is sampled from.
            stop: texts that end the generated text.
            seed: the same seed gives the same text, as far as the model is deterministic.
            extra_body: more fields of the request, of hf-inference more parameters, sent unchanged;
                they override the others.

        Raises (when the call is awaited or entered): the errors of `chat`.
        """
        parameters: dict[str, Any] = {"top_p": top_p, "stop": stop and [*stop]}
        sampling = Sampling(
            max_tokens=max_tokens,
            temperature=temperature,
            seed=seed,
            parameters={name: value for name, value in parameters.items() if value is not None},
            stream=(extra_body or {}).get("stream", stream) is not False,
            extra_body=dict(extra_body or {}),
        )

        async def service(report: ProgressSink[ChatReply], settings: Settings) -> ChatReply:
            continues = action == "continue"
            newest = () if continues and not messages else messages
            generation = Generation(
                messages=join_history(newest, (), conversation),
                is_prompt=isinstance(newest, str) and conversation is None,
                chat_format=chat_format,
                continues=continues,
            )
            name = _first_of(model, self._model, TEXT_MODEL)
            choice = self._choice(name, provider, fallback=fallback)
            return await self._generations.generate(report, settings, generation, choice, sampling)

        return self._connection.direct.call("text-generation", service)

    @checked_arguments
    def generate(
        self,
        prompt: str,
        *,
        image: MediaInput | None = None,
        width: int | None = None,
        height: int | None = None,
        seed: int | None = None,
        model: str | None = None,
        provider: str | None = None,
        fallback: bool = False,
        aspect_ratio: str | None = None,
        negative_prompt: str | None = None,
        guidance_scale: float | None = None,
        num_inference_steps: int | None = None,
        n: int | None = None,
        response_format: ImageFormat | None = None,
        extra_body: Mapping[str, Any] | None = None,
    ) -> Call[list[File]]:
        """Generate images: await the call; or enter it for its events and partial `job.outputs`.

        Args:
            prompt: describes the image.
            image: the image to start from, for models and providers that have image-to-image.
            width: in pixels; overrides `aspect_ratio`.
            height: in pixels; overrides `aspect_ratio`.
            seed: the same seed gives the same image, as far as the model is deterministic.
            model: its id on the Hub or an alias, optionally with `:provider`.
            provider: the provider that makes the images; by default the first live provider, in
                the order of the account, that supports the options. One that you name is tried even
                if the Hub's last check of it failed, with a `Log` event as a warning.
            fallback: whether to try the next live provider if one has no credits, lacks the
                model, is busy or fails (402, 404, 429, 500, 502, 503, 504).
            aspect_ratio: one of `ASPECT_RATIOS`.
            negative_prompt: describes what the image must not show.
            guidance_scale: how closely the image follows the prompt.
            num_inference_steps: more steps are slower and better.
            n: the number of images. If the provider makes one image per request, several requests
                are sent, each with the next seed.
            response_format: `base64` for images inside the response, `url` for images that are
                fetched when they are read; by default the provider's best format.
            extra_body: more fields of the provider's request, sent unchanged; they override the
                others.

        Raises (when the call is awaited or entered):
            InvalidInputError: an option is invalid, or the provider does not support it.
            NoProviderError: no provider, or not the requested one, serves the model.
            ProvidersFailedError: several providers were tried, and each refused.
            StatusError: the provider refused; see `spacecall.errors`.
            ProtocolError: the provider did not answer with images.
            JobError: the model failed.
        """
        build_request = partial(
            check_image_request,
            prompt,
            image=image,
            width=width,
            height=height,
            aspect_ratio=aspect_ratio,
            n=n,
            response_format=response_format,
            seed=seed,
            negative_prompt=negative_prompt,
            guidance_scale=guidance_scale,
            num_inference_steps=num_inference_steps,
            extra_body=extra_body,
        )
        name = _first_of(model, self._image_model, IMAGE_MODEL)
        choice = self._choice(name, provider, fallback=fallback)
        return self._images.generate(build_request, choice)

    @checked_arguments
    def feature_extraction(
        self,
        texts: str | Sequence[str],
        *,
        model: str,
        batch_size: int = 32,
        **options: Unpack[TaskOptions],
    ) -> Call[list[list[float]]]:
        """Embed texts: return one vector for each text, in order, as a list of floats.

        Args:
            texts: one text or several.
            model: its id on the Hub, optionally with `:provider`.
            batch_size: the number of texts per request.
            options: see `TaskOptions`.

        Raises (when the call is awaited or entered): the errors of `generate`.
        """
        choice, extra_body = self._task_choice(model, options)
        batch = [texts] if isinstance(texts, str) else list(texts)
        return self._tasks.embed(batch, choice, batch_size=batch_size, extra_body=extra_body)

    @checked_arguments
    def automatic_speech_recognition(
        self, audio: MediaInput, *, model: str, **options: Unpack[TaskOptions]
    ) -> Call[Transcription]:
        """Write down what is said in a recording.

        Args:
            audio: anything that `Media` takes; its content is sent.
            model: its id on the Hub, optionally with `:provider`.
            options: see `TaskOptions`.

        Raises (when the call is awaited or entered): the errors of `generate`.
        """
        choice, extra_body = self._task_choice(model, options)
        return self._tasks.transcribe(audio, choice, extra_body=extra_body)

    @checked_arguments
    def text_to_speech(
        self, text: str, *, model: str, voice: str | None = None, **options: Unpack[TaskOptions]
    ) -> Call[File]:
        """Read a text aloud; return the audio.

        Args:
            text: the text.
            model: its id on the Hub, optionally with `:provider`.
            voice: one of the model's; some models need one.
            options: see `TaskOptions`.

        Raises (when the call is awaited or entered): the errors of `generate`.
        """
        choice, extra_body = self._task_choice(model, options)
        return self._tasks.speak(text, choice, voice=voice, extra_body=extra_body)

    def _task_choice(
        self, model: str, options: TaskOptions
    ) -> tuple[ModelChoice, Mapping[str, Any]]:
        fallback = options.get("fallback", False)
        choice = self._choice(model, options.get("provider"), fallback=fallback)
        return choice, options.get("extra_body") or {}

    def _choice(self, model: str, provider: str | None, *, fallback: bool) -> ModelChoice:
        """Return the choice of a model, whose name another service than the router gets as it is.

        Raises:
            InvalidInputError: an option is empty, or is not for another service.
        """
        is_router = self._connection.address.is_router
        return ModelChoice(
            model=model_id(model) if is_router else model,
            provider=provider,
            fallback=fallback,
            verbatim=not is_router,
        )

    async def _names_space(self, name: str) -> bool:
        """Return whether `owner/name` is a Space; see `TextService.names_space`."""
        return await self._texts.names_space(name)

    async def models(
        self, kind: Kind = "text", *, min_trending_score: float | None = None
    ) -> tuple[ModelInfo, ...]:
        """List the models that a provider runs now (warm), the highest trending score first.

        You can call other models too.

        Args:
            kind: what the models are for.
            min_trending_score: by default 10, and 20 for `image`; 0 lists all.
        """
        if kind not in _TAGS:
            raise InvalidInputError(f"kind must be {', '.join(_TAGS)}, got {kind!r}")
        tag, default = _TAGS[kind]
        minimum = default if min_trending_score is None else min_trending_score
        warm = await self._catalog.list_warm(tag)
        trending = [model for model in warm if (model.trendingScore or 0) >= minimum]
        return tuple(sorted(trending, key=lambda model: -(model.trendingScore or 0)))

    async def chat_models(self) -> tuple[RouterModel, ...]:
        """List the models that the router can chat with, and their providers."""
        return await self._catalog.list_router_models()

    async def info(self, model: str) -> ModelInfo:
        """Return a model's metadata.

        Raises:
            NotFoundError: the Hub does not have the model.
            AuthError: the model does not exist, or this account may not see it.
        """
        return await self._catalog.info(bare_model_id(model))

    async def providers(self, model: str) -> tuple[Provider, ...]:
        """Return the providers of a model, in the order of the account. Raises as `info` does."""
        return await self._catalog.providers(bare_model_id(model))


def _first_of(*models: str | None) -> str:
    return next(model for model in models if model is not None)
