"""HF Inference, for `async with HuggingFaceInference.connect() as hf`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

from spacecall._client.call import Call
from spacecall._client.direct import Report
from spacecall._client.lifetime import Closable, Connecting, Lifetime
from spacecall._io.link import HttpClient
from spacecall._io.settings import Settings
from spacecall._option_checks import checked_arguments, checked_call
from spacecall._wire.inference.models import ModelInfo, RouterModel
from spacecall.chat import ChatReply, Conversation, MediaInput, Message
from spacecall.inference._catalogue import Catalogue
from spacecall.inference._connection import Access, Connection, connect
from spacecall.inference._requests import MAX_TOKENS, Sampling, history, with_images
from spacecall.inference.aliases import ALIASES, TEXT_MODEL, VISION_MODEL, model_id
from spacecall.inference.images import Images
from spacecall.inference.providers import Provider, split_model
from spacecall.inference.text import Texts, Wanted
from spacecall.options import Auth, Limits, Retry, Timeouts

__all__ = ["HuggingFaceInference", "Kind"]

Kind = Literal["text", "vision", "image"]
"""What models are for: chat and text, chat about images, making images."""

_TAGS: dict[Kind, tuple[str, float]] = {
    "text": ("text-generation", 10),
    "vision": ("image-text-to-text", 10),
    "image": ("text-to-image", 20),
}
_TIMEOUTS = Timeouts(run=600, idle=120)


class HuggingFaceInference(Images, Closable):
    """Chat, text and images from models that Hugging Face and its partners run.

    A `ChatModel` and an `ImageModel`. Get one from `connect`.
    """

    LABEL = "Hugging Face Inference"
    ALIASES: ClassVar[Mapping[str, str]] = ALIASES

    def __init__(self, connection: Connection, model: str | None, lifetime: float) -> None:
        super().__init__(connection, Catalogue(connection, lifetime))
        self._model = model
        self._texts = Texts(connection, self._catalogue, self)

    @classmethod
    @checked_call
    def connect(
        cls,
        source: str | None = None,
        *,
        model: str | None = None,
        api_key: str | None = None,
        auth: Auth | None = None,
        bill_to: str | None = None,
        timeouts: Timeouts | None = None,
        retry: Retry | None = None,
        limits: Limits | None = None,
        headers: Mapping[str, str] | None = None,
        proxy: str | None = None,
        http_client: HttpClient | None = None,
        lifetime: float = 3600,
    ) -> Connecting[Self]:
        """Open the way; leaving ends the calls that still run. Nothing is asked yet.

        Or `hf = await HuggingFaceInference.connect().open()`, until `await hf.aclose()`.

        Args:
            source: another address than the router's, that takes the same requests.
            model: for chat and text, where a call names none.
            api_key: a token of Hugging Face, or of `source` if that is given, which sees it then;
                looked up by `spacecall.hub.find_token` if there is none, for Hugging Face alone.
            auth: in place of `api_key`: the token goes to Hugging Face and to `Auth.hosts` alone.
            bill_to: the organisation that pays (`X-HF-Bill-To`).
            timeouts: of every call; by default 600 s for an answer, and 120 s without a word of it.
            retry: of every call.
            limits: of every call.
            headers: sent to the router, or to `source`.
            proxy: see `Space`.
            http_client: an `httpx.AsyncClient` to use for every request, and not to close.
            lifetime: seconds for which lists and metadata of models are kept.
        """
        access = Access(
            api_key=api_key,
            auth=auth,
            api_base=source,
            bill_to=bill_to,
            proxy=proxy,
            settings=Settings(
                timeouts or _TIMEOUTS, retry or Retry(), limits or Limits(), dict(headers or {})
            ),
            http_client=http_client,
        )

        async def open_way() -> tuple[Self, Lifetime[Any]]:
            way = Lifetime(connect(access), f"<{cls.__name__}>")
            hf = cls(await way.open(), model, lifetime)
            hf._lifetime = way
            return hf, way

        return Connecting(open_way)

    @checked_arguments
    def chat(
        self,
        messages: str | Sequence[Message],
        *,
        media: Sequence[MediaInput] = (),
        conversation: Conversation | None = None,
        model: str | None = None,
        provider: str | None = None,
        fallback: bool = False,
        stream: bool = True,
        max_tokens: int | None = MAX_TOKENS,
        temperature: float | None = None,
        seed: int | None = None,
        tools: Sequence[Mapping[str, Any]] = (),
        extra_data: Mapping[str, Any] | None = None,
    ) -> Call[ChatReply]:
        """Ask for an answer: await it, or enter it for `job.text`, the answer as it is written.

        Of a model that makes images the answer is in `ChatReply.images`.

        Args:
            messages: a prompt; or messages, of which the last is answered.
            media: images for the last message.
            conversation: of an earlier reply, to go on with; it goes whole, images included.
            model: its id on the Hub or an alias, maybe with `:provider`, `:fastest`, `:cheapest` or
                `:preferred` behind it.
            provider: who is to run it; wins over what is behind the colon.
            fallback: whether to ask the next provider that is live when one answers 402, 404 or
                503.
            stream: whether the answer is asked for piece by piece.
            max_tokens: its longest; None for the model's own.
            temperature: how freely the model chooses.
            seed: the same seed gives the same answer, as far as the model keeps to that.
            tools: functions that the model may want to be called, as the service describes them:
                they are passed on, and `ChatReply.tool_calls` has what it wants.
            extra_data: further fields of the request, sent as they are; they win.

        When the call is awaited or entered, it raises:
            InvalidInputError: the messages or an option do not fit; or the model is for neither
                text nor images.
            NotFoundError: there is no such model, or nobody serves it.
            StatusError: the provider refused; see `spacecall.errors`.
            JobLostError: the answer was cut off.
        """
        more = {"tools": [dict(tool) for tool in tools]} if tools else {}
        sampling = Sampling(
            max_tokens=max_tokens,
            temperature=temperature,
            seed=seed,
            stream=stream,
            extra_data={**more, **(extra_data or {})},
        )

        async def service(report: Report[ChatReply], settings: Settings) -> ChatReply:
            said = await with_images(history(messages, media, conversation))
            usual = VISION_MODEL if any(message.media for message in said) else TEXT_MODEL
            chosen = model_id(model or self._model or usual)
            wanted = Wanted(model=chosen, provider=provider, fallback=fallback)
            return await self._texts.chat(report, settings, said, wanted, sampling)

        return self._connection.direct.call("chat", service)

    @checked_arguments
    def complete(
        self,
        messages: str | Sequence[Message],
        *,
        conversation: Conversation | None = None,
        model: str | None = None,
        action: Literal["continue"] | None = None,
        stream: bool = True,
        max_tokens: int | None = MAX_TOKENS,
        temperature: float | None = None,
        seed: int | None = None,
        extra_data: Mapping[str, Any] | None = None,
    ) -> Call[ChatReply]:
        """Let a model of hf-inference go on with a text, written in the model's own format.

        For models that cannot chat, such as gpt2; `chat` is for the others. Of more than 4096
        characters the middle is left out.

        Args:
            messages: a prompt, or messages.
            conversation: of an earlier reply, to go on with.
            model: its id on the Hub, or an alias.
            action: `continue` goes on with the assistant's last message; `ChatReply.text` is what
                is added to it.
            stream: whether the text is asked for piece by piece.
            max_tokens: how long it may become; None for the model's own.
            temperature: how freely the model chooses.
            seed: the same seed gives the same text, as far as the model keeps to that.
            extra_data: further parameters, sent as they are; they win.

        When the call is awaited or entered, it raises what `chat` does.
        """
        sampling = Sampling(
            max_tokens=max_tokens,
            temperature=temperature,
            seed=seed,
            stream=stream,
            extra_data=dict(extra_data or {}),
        )

        async def service(report: Report[ChatReply], settings: Settings) -> ChatReply:
            go_on = action == "continue"
            given = () if go_on and not messages else messages
            said = history(given, (), conversation)
            chosen = model_id(model or self._model or TEXT_MODEL)
            return await self._texts.complete(report, settings, said, chosen, sampling, go_on=go_on)

        return self._connection.direct.call("text-generation", service)

    async def models(
        self, kind: Kind = "text", *, trending: float | None = None
    ) -> tuple[ModelInfo, ...]:
        """Models that some provider runs now (warm), those that many look at first.

        Others can be asked too.

        Args:
            kind: what they are for.
            trending: the least trending score; by default 10, and 20 of those that make images; 0
                for all.
        """
        tag, usual = _TAGS[kind]
        least = usual if trending is None else trending
        found = [
            one for one in await self._catalogue.warm(tag) if (one.trendingScore or 0) >= least
        ]
        return tuple(sorted(found, key=lambda one: -(one.trendingScore or 0)))

    async def chat_models(self) -> tuple[RouterModel, ...]:
        """The models that the router can chat with, and their providers."""
        return await self._catalogue.routed()

    async def info(self, model: str) -> ModelInfo:
        """A model's metadata.

        Raises:
            NotFoundError: the Hub has no such model.
            AuthError: it has none that it shows to this account.
        """
        return await self._catalogue.info(split_model(model_id(model))[0])

    async def providers(self, model: str) -> tuple[Provider, ...]:
        """Who serves a model, in the order of the account. Raises as `info` does."""
        return await self._catalogue.offers(split_model(model_id(model))[0])
