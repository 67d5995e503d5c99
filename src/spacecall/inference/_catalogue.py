"""What the Hub and the router know of models, asked once in a while."""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias, TypeVar

from pydantic import TypeAdapter, ValidationError

from spacecall._core.requests import Request
from spacecall._io.answer import Answer
from spacecall._wire.inference.models import ModelInfo, RouterModel, RouterModels
from spacecall.errors import AuthError, InvalidInputError, NotFoundError, ProtocolError
from spacecall.inference._connection import Connection
from spacecall.inference._kept import Kept
from spacecall.inference.aliases import model_path
from spacecall.inference.providers import Provider, read_providers

T = TypeVar("T")
Task: TypeAlias = Literal["text", "image"]
"""What is asked of a model here."""

_TASKS: Final[dict[str, Task]] = {
    "text-generation": "text",
    "image-text-to-text": "text",
    "text-to-image": "image",
}
_MODEL: Final = TypeAdapter(ModelInfo)
_LIST: Final = TypeAdapter(tuple[ModelInfo, ...])
_ROUTED: Final = TypeAdapter(RouterModels)


class Catalogue:
    """Metadata, lists and providers of models; every answer is kept for `lifetime` seconds."""

    def __init__(self, connection: Connection, lifetime: float) -> None:
        self._connection = connection
        self._infos = Kept[ModelInfo](lifetime)
        self._lists = Kept[tuple[ModelInfo, ...]](lifetime)
        self._routed = Kept[tuple[RouterModel, ...]](lifetime)
        self._offers = Kept[tuple[Provider, ...]](lifetime)

    async def info(self, model: str) -> ModelInfo:
        """A model's metadata.

        Raises:
            NotFoundError: the Hub has no such model.
            AuthError: it has none that it shows to this account.
        """

        async def fetch() -> ModelInfo:
            return _read(_MODEL, await self._about(model))

        return await self._infos.get(model, fetch)

    async def task(self, model: str) -> Task:
        """What the model is for.

        Raises:
            NotFoundError, AuthError: see `info`.
            InvalidInputError: for something else than text and images.
        """
        tag = (await self.info(model)).pipeline_tag
        if tag not in _TASKS:
            raise InvalidInputError(
                f"the model {model} is not supported: its task is {tag or 'not known'}, "
                f"not {', '.join(_TASKS)}"
            )
        return _TASKS[tag]

    async def warm(self, tag: str) -> tuple[ModelInfo, ...]:
        """The models for a task that some provider runs."""

        async def fetch() -> tuple[ModelInfo, ...]:
            query = {"inference": "warm", "pipeline_tag": tag}
            answer = await self._connection.ask_hub(Request("GET", "/api/models", query))
            return _read(_LIST, answer)

        return await self._lists.get(tag, fetch)

    async def routed(self) -> tuple[RouterModel, ...]:
        """The models that the router can chat with."""

        async def fetch() -> tuple[RouterModel, ...]:
            answer = await self._connection.ask(Request("GET", "/v1/models"))
            return tuple(_read(_ROUTED, answer).data)

        return await self._routed.get("", fetch)

    async def offers(self, model: str) -> tuple[Provider, ...]:
        """Who serves a model; errors as of `info`."""

        async def fetch() -> tuple[Provider, ...]:
            answer = await self._about(model, {"expand[]": "inferenceProviderMapping"})
            return read_providers(answer.body, model)

        return await self._offers.get(model, fetch)

    async def _about(self, model: str, query: dict[str, str] | None = None) -> Answer:
        request = Request("GET", f"/api/models/{model_path(model)}", query or {})
        try:
            return await self._connection.ask_hub(request)
        except (NotFoundError, AuthError) as error:
            error.args = (_unknown(model, error.status),)
            raise


def _unknown(model: str, status: int | None) -> str:
    if status == 404:
        return f"the model {model} is not supported: the Hub has no such model"
    return (
        f"the model {model} is not supported: the Hub has none, or it is private or gated; "
        "api_key=… of an account that may see it helps"
    )


def _read(adapter: TypeAdapter[T], answer: Answer) -> T:
    try:
        return adapter.validate_json(answer.body)
    except ValidationError as error:
        where: Any = error.errors(include_url=False, include_input=False)[0]["loc"]
        place = ".".join(map(str, where))
        raise ProtocolError(f"{answer.url} answered what is no model, at {place!r}") from error
