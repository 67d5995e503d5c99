"""Chat completions and text generation through the router."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

import anyio
from pydantic import BaseModel

from spacecall._client.exchanges.service_call import ProgressSink
from spacecall._core.gradio_requests import Request
from spacecall._core.queue_messages import wire_size
from spacecall._io.event_stream import iterate_data
from spacecall._io.request_settings import Settings
from spacecall._io.response_body import read_body
from spacecall._warnings import CutReplyWarning
from spacecall.chat import ChatReply, Conversation, Message, ParsedReply
from spacecall.errors import (
    AuthError,
    DeadlineError,
    InvalidInputError,
    JobLostError,
    NotFoundError,
    ProtocolError,
    SpaceError,
    TransportError,
)
from spacecall.inference._accumulators import Accumulator, TextAccumulator
from spacecall.inference._aliases import MAKES_IMAGES
from spacecall.inference._chat_accumulator import ChatAccumulator
from spacecall.inference._image_providers.image_request import check_image_request
from spacecall.inference._image_service import ImageService
from spacecall.inference._model_catalog import ModelCatalog
from spacecall.inference._prompts import build_prompt, limit_tokens
from spacecall.inference._providers import (
    LIVE,
    ModelChoice,
    Provider,
    split_model,
    with_fallback,
)
from spacecall.inference._router import RouterConnection
from spacecall.inference._text_requests import Sampling, build_chat_request, build_text_request
from spacecall.media import Media

if TYPE_CHECKING:
    from spacecall._io._http import Response

__all__ = ["TextService", "parsed_reply"]

M = TypeVar("M", bound=BaseModel)

CHAT = "conversational"
"""The providers' name of the chat task."""
AUTO = "auto"
"""The router's own choice of a provider, as without a suffix."""
ROUTER_CHOICES = frozenset({"fastest", "cheapest", "preferred", AUTO})
"""Provider suffixes that let the router choose a provider."""
HUB_SECONDS: Final = 5.0
"""How long a chat waits for the Hub."""
HUB_PAUSE: Final = 60.0
"""How long the Hub is not asked after it could not be reached, in seconds."""
AFTER_ANSWER: Final = 3.0
"""Seconds to wait for the usage and the end of a stream after the end of the answer."""
HF_INFERENCE = "hf-inference"
"""Hugging Face's own provider, the only one for text generation."""


@dataclass(frozen=True, slots=True)
class _TextCall:
    """A request for text, and what it fills and notifies.

    Attributes:
        on_change: called with the number of bytes received when the text has changed.
    """

    request: Request
    reply: Accumulator
    settings: Settings
    on_change: Callable[[int], None]


class TextService:
    """Run chat completions and text generation.

    Args:
        connection: to the router.
        catalog: has the models' tasks and providers.
        images: answers chats with models that make images.
    """

    def __init__(
        self, connection: RouterConnection, catalog: ModelCatalog, images: ImageService
    ) -> None:
        self._connection = connection
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
    ) -> ChatReply:
        """Return a chat completion; a model that makes images answers with those.

        Args:
            messages: with portable media.
        """
        if await self._makes_images(choice):
            return await self._generate_images(settings, messages, choice, sampling)

        async def attempt(provider: Provider | None, settings: Settings) -> ChatReply:
            provider_name = provider.name if provider else choice.requested_provider
            provider_name = None if provider_name == AUTO else provider_name
            model = f"{choice.name}:{provider_name}" if provider_name else choice.name
            accumulator = ChatAccumulator(n=sampling.n or 1, provider=provider_name)

            def reply() -> ChatReply:
                return _chat_reply(accumulator, messages)

            on_change = _partial_results(report, reply)

            async def run(sampling: Sampling) -> ChatReply:
                request = build_chat_request(model, messages, sampling)
                request = self._connection.address.locate(request)
                call = _TextCall(request, accumulator, settings, on_change)
                await self._run(call, stream=sampling.stream)
                return _checked_reply(reply(), sampling)

            try:
                return await run(_with_usage(sampling))
            except InvalidInputError as error:
                if "stream_options" in sampling.extra_body or "stream_options" not in error.body:
                    raise
                return await run(sampling)  # the service does not know this option

        if not choice.fallback or not self._connection.address.is_router:
            return await attempt(None, settings)
        return await with_fallback(await self._providers_in_order(choice), attempt, settings)

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

    async def generate(
        self,
        report: ProgressSink[ChatReply],
        settings: Settings,
        messages: Sequence[Message],
        model: str,
        sampling: Sampling,
        *,
        continues: bool,
    ) -> ChatReply:
        """Return a text generated by hf-inference from a prompt in the model's own format.

        Args:
            continues: whether the model continues the last message, which is the assistant's.
        """
        name, provider = split_model(model)
        if provider not in (None, HF_INFERENCE):
            raise InvalidInputError(
                f"text generation runs on {HF_INFERENCE} only, not on {provider}"
            )
        if continues and messages[-1].role != "assistant":
            raise InvalidInputError("to continue, the last message must be the assistant's")
        info = await self._catalog.info(name)
        prompt = build_prompt(messages, info, continues=continues)
        sampling = replace(sampling, max_tokens=limit_tokens(sampling.max_tokens, info))
        accumulator = TextAccumulator(strip=not continues, provider=HF_INFERENCE)
        history = messages[:-1] if continues else messages
        beginning = messages[-1].text if continues else ""

        def reply() -> ChatReply:
            answer = Message("assistant", beginning + accumulator.text)
            conversation = Conversation(messages=(*history, answer))
            return ChatReply(accumulator.text, conversation, accumulator.finish_reason)

        request = build_text_request(name, prompt, sampling)
        call = _TextCall(request, accumulator, settings, _partial_results(report, reply))
        await self._run(call, stream=sampling.stream)
        return reply()

    async def _run(self, call: _TextCall, *, stream: bool) -> None:
        """Send a request and fill its reply; errors get the endpoint and the address."""
        connection = self._connection
        try:
            # An error inside a stream is typed and redacted like a refusal.
            with connection.typed_errors(call.request, call.reply.provider):
                if stream:
                    await self._stream(call)
                else:
                    await self._fetch(call)
        except SpaceError as error:
            error.endpoint, error.space = call.request.path, connection.router.base
            raise

    async def _fetch(self, call: _TextCall) -> None:
        # No byte arrives before the whole response is ready.
        timeouts = replace(call.settings.timeouts, idle=call.settings.timeouts.run)
        settings = replace(call.settings, timeouts=timeouts)
        response = await self._connection.fetch(
            call.request, settings, provider=call.reply.provider
        )
        _read_provider(response.headers, call.reply)
        call.reply.read_body(response.body)

    async def _stream(self, call: _TextCall) -> None:
        connection, reply = self._connection, call.reply
        is_open = False
        try:
            opening = connection.open(call.request, call.settings, provider=reply.provider)
            async with opening as response:
                is_open = True
                _read_provider(response.headers, reply)
                if "event-stream" in response.headers.get("content-type", ""):
                    await _read_events(response, call)
                else:
                    limits = call.settings.limits
                    reply.read_body(await read_body(response, limits, connection.router.base))
        except (TransportError, DeadlineError) as error:
            if reply.has_finished:
                return
            if not is_open or isinstance(error, DeadlineError):
                raise
            raise JobLostError(f"the answer was cut off: {error.message}") from error
        reply.finish()

    async def _makes_images(self, choice: ModelChoice) -> bool:
        """Return whether the model makes images; False if the Hub does not say."""
        if not self._connection.address.is_router:
            return False
        if choice.name in MAKES_IMAGES:
            return MAKES_IMAGES[choice.name]
        if anyio.current_time() < self._hub_pause_end:
            return False
        try:
            with anyio.fail_after(HUB_SECONDS):
                return await self._catalog.makes_images(choice.name)
        except (NotFoundError, AuthError):  # the router may know more
            return False
        except (SpaceError, TimeoutError):
            self._hub_pause_end = anyio.current_time() + HUB_PAUSE
            return False

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


async def _read_events(response: Response, call: _TextCall) -> None:
    """Feed the events of a stream to the reply until it is complete.

    Some services do not close the stream after an answer: that is waited for `AFTER_ANSWER` only.

    Raises:
        ProtocolError: the stream is larger than `Limits.max_body_bytes`.
    """
    limits, reply, received = call.settings.limits, call.reply, 0
    with anyio.CancelScope() as scope:
        async with aclosing(iterate_data(response, limit=limits.max_event_bytes)) as stream:
            async for event in stream:
                received += wire_size(event)
                if received > limits.max_body_bytes:
                    raise ProtocolError(
                        f"the answer has more than {limits.max_body_bytes} bytes "
                        "(raise Limits.max_body_bytes)"
                    )
                if reply.feed(event):
                    call.on_change(received)
                if reply.is_complete:
                    return
                if reply.has_finished:
                    scope.deadline = min(scope.deadline, anyio.current_time() + AFTER_ANSWER)


def _read_provider(headers: Mapping[str, str], reply: Accumulator) -> None:
    """Read who answered; a choice that the router resolves is not a provider."""
    requested = None if reply.provider in ROUTER_CHOICES else reply.provider
    reply.provider = headers.get("x-inference-provider") or requested


def _chat_reply(accumulator: ChatAccumulator, messages: Sequence[Message]) -> ChatReply:
    choices = accumulator.choices
    first = choices[0]
    answer = Message(
        "assistant",
        first.text,
        tool_calls=first.tool_calls,
        reasoning=first.reasoning,
        reasoning_field=accumulator.reasoning_field,
    )
    return ChatReply(
        first.text,
        Conversation(messages=(*messages, answer)),
        first.finish_reason,
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


def _with_usage(sampling: Sampling) -> Sampling:
    """Return the options with a request for the usage of a stream, which is left out otherwise."""
    if not sampling.stream:
        return sampling
    options = {"stream_options": {"include_usage": True}}
    return replace(sampling, parameters={**options, **sampling.parameters})


def parsed_reply(response_format: type[M], reply: ChatReply) -> ParsedReply[M]:
    """Return the reply with its format."""
    values = {item.name: getattr(reply, item.name) for item in fields(ChatReply)}
    return ParsedReply(**values, response_format=response_format)


def _checked_reply(reply: ChatReply, sampling: Sampling) -> ChatReply:
    """Return the reply; warn if it has no answer because the model thought for too long."""
    if reply.is_cut_while_thinking:
        warnings.warn(
            "the reply was cut off while the model was thinking, before its answer: raise "
            f"max_tokens (now {sampling.max_tokens or 'the default of the model'})",
            CutReplyWarning,
            stacklevel=2,
        )
    return reply


def _partial_results(
    report: ProgressSink[ChatReply], reply: Callable[[], ChatReply]
) -> Callable[[int], None]:
    """Return a callback that reports the reply so far, if the job is followed."""

    def on_change(size: int) -> None:
        if report.is_followed:
            report.output(reply(), size)

    return on_change
