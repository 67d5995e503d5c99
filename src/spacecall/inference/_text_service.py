"""Chat completions through the router."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import fields
from functools import partial
from typing import Final, TypeVar

import anyio
from pydantic import BaseModel

from spacecall._client.exchanges.service_call import ProgressSink
from spacecall._core.gradio_requests import Request
from spacecall._io.request_settings import Settings
from spacecall._option_checks import create_unchecked
from spacecall._suggestions import did_you_mean
from spacecall._warnings import CodeLocation, CutReplyWarning, warn_at
from spacecall.chat import ChatReply, Conversation, Message, ParsedReply
from spacecall.errors import (
    AuthError,
    InvalidInputError,
    NotFoundError,
    ProtocolError,
    SpaceError,
)
from spacecall.inference._aliases import ALIASES, MAKES_IMAGES
from spacecall.inference._chat_accumulator import ChatAccumulator
from spacecall.inference._finish_reasons import explain_incomplete
from spacecall.inference._image_providers.image_request import check_image_request
from spacecall.inference._image_service import ImageService
from spacecall.inference._model_catalog import ModelCatalog
from spacecall.inference._provider_choice import (
    LIVE,
    ModelChoice,
    Provider,
    with_fallback,
)
from spacecall.inference._reply_reader import (
    AUTO,
    ROUTER_CHOICES,
    ReplyReader,
    TextCall,
    partial_results,
)
from spacecall.inference._router import RouterConnection
from spacecall.inference._text_requests import Sampling, build_chat_request
from spacecall.media import Media

__all__ = ["TextService", "parsed_reply"]

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")

CHAT = "conversational"
"""The providers' name of the chat task."""
HUB_SECONDS: Final = 5.0
"""How long a chat waits for the Hub."""
HUB_PAUSE: Final = 60.0
"""How long the Hub is not asked after it could not be reached, in seconds."""


class TextService:
    """Run chat completions.

    Args:
        connection: to the router.
        catalog: has the models' tasks and providers.
        images: answers chats with models that make images.
    """

    def __init__(
        self, connection: RouterConnection, catalog: ModelCatalog, images: ImageService
    ) -> None:
        self._connection = connection
        self._reader = ReplyReader(connection)
        self._catalog = catalog
        self._images = images
        self._hub_pause_end = -math.inf

    async def chat(
        self,
        report: ProgressSink[ChatReply],
        settings: Settings,
        messages: Sequence[Message],
        choice: ModelChoice,
        sampling: Sampling,
        location: CodeLocation | None = None,
    ) -> ChatReply:
        """Return a chat completion; a model that makes images answers with those.

        Args:
            messages: with portable media.
            location: of the call, for warnings.
        """
        if await self._makes_images(choice):
            with self._explaining_names(choice):
                return await self._generate_images(settings, messages, choice, sampling)

        async def attempt(provider: Provider | None, settings: Settings) -> ChatReply:
            suffix = provider.name if provider else choice.requested_provider
            suffix = None if suffix == AUTO else suffix
            model = f"{choice.name}:{suffix}" if suffix else choice.name
            # A choice that the router resolves is not a provider.
            provider_name = None if suffix in ROUTER_CHOICES else suffix
            accumulator = ChatAccumulator(n=sampling.n or 1, provider=provider_name)

            def reply() -> ChatReply:
                return _chat_reply(accumulator, messages)

            def build_request(sampling: Sampling) -> Request:
                request = build_chat_request(model, messages, sampling)
                return self._connection.address.locate(request)

            on_change = partial_results(report, reply)
            call = TextCall(build_request, accumulator, settings, on_change, reply)
            complete = await self._reader.run(call, sampling)
            _warn_if_incomplete(complete, sampling, location)
            return complete

        with self._explaining_names(choice):
            if not choice.fallback:
                return await attempt(None, settings)
            return await with_fallback(await self._providers_in_order(choice), attempt, settings)

    @contextmanager
    def _explaining_names(self, choice: ModelChoice) -> Generator[None]:
        """Let the error for a model that nobody serves say how to open a Space of that id."""
        try:
            yield
        except NotFoundError as error:
            if hint := self._hint(choice):
                error.args = (f"{error.message}; {hint}",)
            raise

    def _hint(self, choice: ModelChoice) -> str:
        is_known = choice.name in MAKES_IMAGES or choice.requested_provider is not None
        if is_known or not self._connection.address.is_router:
            return ""
        if "/" in choice.name:
            return f"if it is a Space, write spaces/{choice.name} (spacecall.chat.connect)"
        return did_you_mean(choice.name, ALIASES, "a model's id is owner/name")

    async def _providers_in_order(self, choice: ModelChoice) -> list[Provider]:
        """Return the requested provider, or the router's choice, and then the live ones."""
        requested = choice.requested_provider
        providers: tuple[Provider, ...] = ()
        with suppress(SpaceError, TimeoutError), anyio.fail_after(HUB_SECONDS):
            providers = await self._catalog.providers(choice.name)
        live = [item for item in providers if (item.task, item.status) == (CHAT, LIVE)]
        if requested is None and live:
            return live
        first = Provider(requested or AUTO, choice.name, CHAT)
        return [first, *(item for item in live if item.name != requested)]

    async def _makes_images(self, choice: ModelChoice) -> bool:
        """Return whether the model makes images; False if the Hub does not say."""
        if not self._connection.address.is_router:
            return False
        if choice.name in MAKES_IMAGES:
            return MAKES_IMAGES[choice.name]
        return await self._ask_hub(partial(self._catalog.makes_images, choice.name)) or False

    async def names_space(self, name: str) -> bool:
        """Return whether the Hub has a Space `owner/name`, and no model.

        The Hub is asked about the model what the first chat asks, and its answer is cached. If the
        Hub does not say, the name is that of a model.

        Raises:
            NotFoundError: the Hub has neither.
        """
        kind = await self._ask_hub(partial(self._catalog.kind_of, name))
        if kind == "neither":
            raise NotFoundError(self._catalog.explain_neither(name))
        return kind == "space"

    async def _ask_hub(self, ask: Callable[[], Awaitable[T]]) -> T | None:
        """Return what the Hub says; None if it does not say, or cannot be reached now."""
        if anyio.current_time() < self._hub_pause_end:
            return None
        try:
            with anyio.fail_after(HUB_SECONDS):
                return await ask()
        except (NotFoundError, AuthError, InvalidInputError, ProtocolError):
            return None  # about this model; the router may know more
        except (SpaceError, TimeoutError):
            self._hub_pause_end = anyio.current_time() + HUB_PAUSE
            return None

    async def _generate_images(
        self,
        settings: Settings,
        messages: Sequence[Message],
        choice: ModelChoice,
        sampling: Sampling,
    ) -> ChatReply:
        newest = messages[-1]
        fields = {name: value for name, value in sampling.extra_body.items() if name != "tools"}
        build_request = partial(
            check_image_request,
            newest.text,
            image=next((part for part in newest.parts if isinstance(part, Media)), None),
            seed=sampling.seed,
            extra_body=fields,
        )
        call = self._images.generate(build_request, choice).map(
            lambda images: ChatReply(
                "",
                Conversation(messages=(*messages, Message("assistant", ""))),
                "stop",
                images=tuple(images),
            )
        )
        return await call.with_options(
            timeouts=settings.timeouts, retry=settings.retry, headers=settings.headers
        )


def _chat_reply(accumulator: ChatAccumulator, messages: Sequence[Message]) -> ChatReply:
    choices = accumulator.choices
    first = choices[0]
    answer = create_unchecked(
        Message,
        role="assistant",
        content=first.text,
        tool_calls=first.tool_calls,
        reasoning=first.reasoning,
        reasoning_field=accumulator.reasoning_field,
    )
    return ChatReply(
        first.text,
        Conversation(messages=(*messages, answer)),
        first.finish_reason,
        images=first.images,
        usage=accumulator.usage,
        tool_calls=first.tool_calls,
        reasoning=first.reasoning,
        refusal=first.refusal,
        logprobs=first.logprobs,
        model=accumulator.model,
        provider=accumulator.provider,
        id=accumulator.id,
        choices=choices,
        raw=dict(accumulator.raw),
    )


def parsed_reply(response_format: type[M], reply: ChatReply) -> ParsedReply[M]:
    """Return the reply with its format."""
    values = {item.name: getattr(reply, item.name) for item in fields(ChatReply)}
    return ParsedReply(**values, response_format=response_format)


def _warn_if_incomplete(
    reply: ChatReply, sampling: Sampling, location: CodeLocation | None
) -> None:
    limits = {"max_tokens": sampling.max_tokens, **sampling.extra_body}
    limit = limits.get("max_completion_tokens") or limits["max_tokens"]
    remedy = f"raise max_tokens (now {limit or 'that of the service'})"
    if reason := explain_incomplete(reply, remedy):
        warn_at(location, reason, CutReplyWarning)
