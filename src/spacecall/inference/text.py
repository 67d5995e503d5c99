"""Chat completions and text generation, by way of the router."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from spacecall._client.call import Call
from spacecall._client.direct import Report
from spacecall._core.messages import wire_size
from spacecall._core.requests import Request
from spacecall._io.body import read
from spacecall._io.settings import Settings
from spacecall._io.sse import events
from spacecall.chat import ChatReply, Conversation, Message
from spacecall.errors import (
    DeadlineError,
    InvalidInputError,
    JobLostError,
    ProtocolError,
    RateLimitedError,
    SpaceError,
    TransportError,
    UnavailableError,
)
from spacecall.inference._catalogue import Catalogue, Task
from spacecall.inference._connection import ROUTER, Connection
from spacecall.inference._folds import ChatFold, Fold, TextFold
from spacecall.inference._prompts import allowed_tokens, prompt_for
from spacecall.inference._requests import Sampling, chat_request, text_request
from spacecall.inference.images import Images
from spacecall.inference.providers import LIVE, Provider, choose, split_model, try_in_turn

__all__ = ["Texts", "Wanted"]

CHAT = "conversational"
"""What providers call chat."""
ROUTER_CHOICES = frozenset({"fastest", "cheapest", "preferred", "auto"})
"""What stands in a provider's place for one that the router chooses."""
HF_INFERENCE = "hf-inference"
"""The provider that generates text: Hugging Face itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Whose answer is wanted.

    Attributes:
        model: its id, maybe with `:provider` behind it.
        provider: who is to run it; wins over what is behind the colon.
        fallback: whether to ask the next one that is live when one answers 402, 404 or 503.
    """

    model: str
    provider: str | None = None
    fallback: bool = False

    @property
    def name(self) -> str:
        """The model's id alone."""
        return split_model(self.model)[0]

    @property
    def asked(self) -> str | None:
        """The provider that was asked for."""
        return self.provider or split_model(self.model)[1]


class Texts:
    """Makes the calls that answer with text; what `HuggingFaceInference` is made of."""

    def __init__(self, connection: Connection, catalogue: Catalogue, images: Images) -> None:
        self._connection = connection
        self._catalogue = catalogue
        self._images = images

    async def chat(
        self,
        report: Report[ChatReply],
        settings: Settings,
        said: Sequence[Message],
        wanted: Wanted,
        sampling: Sampling,
    ) -> ChatReply:
        """A chat completion; or images, of a model that makes those. `said` is of `with_images`."""
        if await self._task(wanted.name) == "image":
            return await self._drawn(settings, said, wanted, sampling)

        async def attempt(offer: Provider | None, settings: Settings) -> ChatReply:
            asked = offer.name if offer else wanted.asked
            model = f"{wanted.name}:{asked}" if asked else wanted.name
            request = chat_request(model, said, sampling)
            fold = ChatFold(provider=asked)

            def reply() -> ChatReply:
                answer = Message("assistant", fold.text, tool_calls=fold.tool_calls)
                return ChatReply(
                    fold.text,
                    Conversation(messages=(*said, answer)),
                    fold.finish_reason,
                    usage=fold.usage,
                    tool_calls=fold.tool_calls,
                )

            await self._answer(request, fold, settings, sampling, _told(report, reply))
            return reply()

        if not wanted.fallback:
            return await attempt(None, settings)
        offers = await self._catalogue.offers(wanted.name)
        if wanted.asked in ROUTER_CHOICES:
            others = [one for one in offers if (one.task, one.status) == (CHAT, LIVE)]
            order = [Provider(wanted.asked, wanted.name, CHAT), *others]
        else:
            order = choose(offers, model=wanted.name, task=CHAT, asked=wanted.asked)
        return await try_in_turn(order, attempt, settings)

    async def complete(
        self,
        report: Report[ChatReply],
        settings: Settings,
        said: Sequence[Message],
        model: str,
        sampling: Sampling,
        *,
        go_on: bool,
    ) -> ChatReply:
        """A text that hf-inference goes on with, in the model's own format."""
        name, provider = split_model(model)
        if provider not in (None, HF_INFERENCE):
            raise InvalidInputError(f"{provider} generates no text here: {HF_INFERENCE} does")
        if go_on and said[-1].role != "assistant":
            raise InvalidInputError("to continue, the last message must be the assistant's")
        info = await self._catalogue.info(name)
        prompt = prompt_for(said, info, go_on=go_on)
        limited = replace(sampling, max_tokens=allowed_tokens(sampling.max_tokens, info))
        fold = TextFold(strip=not go_on, provider=HF_INFERENCE)
        before = said[:-1] if go_on else said
        begun = said[-1].content if go_on else ""

        def reply() -> ChatReply:
            answer = Message("assistant", begun + fold.text)
            return ChatReply(
                fold.text, Conversation(messages=(*before, answer)), fold.finish_reason
            )

        request = text_request(name, prompt, limited)
        await self._answer(request, fold, settings, limited, _told(report, reply))
        return reply()

    async def _answer(
        self,
        request: Request,
        fold: Fold,
        settings: Settings,
        sampling: Sampling,
        tell: Callable[[int], None],
    ) -> None:
        """Send a request, and put the answer together; `tell` is called when there is more.

        Args:
            tell: is given the bytes that have come.
        """
        connection = self._connection
        try:
            # Of the refusals within an answer too.
            with connection.refusals(request, fold.provider):
                if sampling.stream:
                    await self._stream(request, fold, settings, tell)
                else:
                    await self._whole(request, fold, settings)
        except SpaceError as error:
            error.endpoint, error.space = request.path, connection.router.base
            raise

    async def _whole(self, request: Request, fold: Fold, settings: Settings) -> None:
        # Nothing comes before the whole answer does.
        patience = replace(settings.timeouts, idle=settings.timeouts.run)
        patient = replace(settings, timeouts=patience)
        answer = await self._connection.ask(request, patient, provider=fold.provider)
        fold.whole(answer.body)

    async def _stream(
        self, request: Request, fold: Fold, settings: Settings, tell: Callable[[int], None]
    ) -> None:
        connection, limits = self._connection, settings.limits
        opened, received = False, 0
        try:
            async with connection.open(request, settings, provider=fold.provider) as response:
                opened = True
                if "event-stream" not in response.headers.get("content-type", ""):
                    fold.whole(await read(response, limits, connection.router.base))
                    return
                async with aclosing(events(response, limit=limits.event)) as said:
                    async for event in said:
                        received += wire_size(event)
                        if received > limits.body:
                            raise ProtocolError(
                                f"an answer of more than {limits.body} bytes (raise Limits.body)"
                            )
                        if fold.feed(event):
                            tell(received)
                        if fold.ended:
                            return
        except TransportError as error:
            if not opened:
                raise
            raise JobLostError(f"the answer was cut off: {error.message}") from error
        fold.close()

    async def _task(self, model: str) -> Task:
        """What the model is for; of a Hub that cannot say, and of another address: text."""
        if self._connection.router.base != ROUTER:
            return "text"
        try:
            return await self._catalogue.task(model)
        except (TransportError, DeadlineError, UnavailableError, RateLimitedError):
            return "text"

    async def _drawn(
        self, settings: Settings, said: Sequence[Message], wanted: Wanted, sampling: Sampling
    ) -> ChatReply:
        call: Call[ChatReply] = self._images.generate(
            said[-1].content,
            image=next(iter(said[-1].media), None),
            model=wanted.model,
            provider=wanted.provider,
            fallback=wanted.fallback,
            seed=sampling.seed,
            extra_data={
                key: sampling.extra_data[key] for key in sampling.extra_data if key != "tools"
            },
        ).map(
            lambda images: ChatReply(
                "",
                Conversation(messages=(*said, Message("assistant", ""))),
                "stop",
                images=tuple(images),
            )
        )
        return await call.with_options(
            timeouts=settings.timeouts, retry=settings.retry, headers=settings.headers
        )


def _told(report: Report[ChatReply], reply: Callable[[], ChatReply]) -> Callable[[int], None]:
    """Tells the answer so far to whoever listens."""

    def tell(size: int) -> None:
        if report.followed:
            report.output(reply(), size)

    return tell
