"""Metadata, lists and providers of models, fetched from the Hub and the router."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final, Literal, TypeAlias, TypeVar

from pydantic import TypeAdapter, ValidationError

from spacecall._core.gradio_requests import Request
from spacecall._io.fetched_response import FetchedResponse
from spacecall._wire.inference.models import ModelInfo, RouterModel, RouterModels
from spacecall.errors import AuthError, NotFoundError, ProtocolError
from spacecall.inference._aliases import model_path
from spacecall.inference._provider_choice import Provider, read_providers
from spacecall.inference._router import RouterConnection
from spacecall.inference._ttl_cache import TTLCache

T = TypeVar("T")
HubKind: TypeAlias = Literal["model", "space", "neither"]
"""What the Hub has by an id."""
_IMAGE_TASKS: Final = frozenset({"text-to-image", "image-to-image"})
_MODEL: Final = TypeAdapter(ModelInfo)
_LIST: Final = TypeAdapter(tuple[ModelInfo, ...])
_ROUTED: Final = TypeAdapter(RouterModels)


class ModelCatalog:
    """Fetch metadata, lists and providers of models; cache each response for `ttl` seconds."""

    def __init__(self, connection: RouterConnection, ttl: float) -> None:
        self._connection = connection
        self._infos = TTLCache[ModelInfo](ttl)
        self._lists = TTLCache[tuple[ModelInfo, ...]](ttl)
        self._router_models = TTLCache[tuple[RouterModel, ...]](ttl)
        self._providers = TTLCache[tuple[Provider, ...]](ttl)

    async def info(self, model: str) -> ModelInfo:
        """Return a model's metadata.

        Raises:
            NotFoundError: the Hub does not have the model.
            AuthError: the model does not exist, or this account may not see it.
        """

        async def fetch() -> ModelInfo:
            return _read(_MODEL, await self._fetch_model(model))

        return await self._infos.get(model, fetch)

    async def makes_images(self, model: str) -> bool:
        """Return whether the Hub says that the model makes images.

        Raises:
            SpaceError: the Hub does not say.
        """
        return (await self.info(model)).pipeline_tag in _IMAGE_TASKS

    async def kind_of(self, name: str) -> HubKind:
        """Return what the Hub has by an id, `owner/name`; a model comes before a Space.

        Raises:
            SpaceError: the Hub does not say.
        """
        space = Request("GET", f"/api/spaces/{model_path(name)}")
        if await self._has(partial(self.info, name)):
            return "model"
        has_space = await self._has(partial(self._connection.fetch_from_hub, space))
        return "space" if has_space else "neither"

    async def _has(self, fetch: Callable[[], Awaitable[object]]) -> bool:
        """Return whether the Hub has what `fetch` fetches.

        Without a token, the Hub answers 401 for everything that it does not show to everybody.
        """
        try:
            await fetch()
        except (NotFoundError, AuthError) as error:
            if error.status == 404 or (error.status == 401 and not self._connection.hub.has_token):
                return False
            raise
        return True

    def explain_neither(self, name: str) -> str:
        """Return the message of the error for an id that is neither a model nor a Space."""
        who = "the account of your token may not see it"
        private = who if self._connection.hub.has_token else "it is private, which needs a token"
        return (
            f"the Hub has neither a model nor a Space {name}, or {private}; to ask HF Inference "
            f"nevertheless, write {name}:auto"
        )

    async def list_warm(self, tag: str) -> tuple[ModelInfo, ...]:
        """List the models for a task (a pipeline tag) that a provider runs now."""

        async def fetch() -> tuple[ModelInfo, ...]:
            query = {"inference": "warm", "pipeline_tag": tag}
            response = await self._connection.fetch_from_hub(Request("GET", "/api/models", query))
            return _read(_LIST, response)

        return await self._lists.get(tag, fetch)

    async def list_router_models(self) -> tuple[RouterModel, ...]:
        """List the models that the router can chat with."""

        async def fetch() -> tuple[RouterModel, ...]:
            request = self._connection.address.locate(Request("GET", "/v1/models"))
            response = await self._connection.fetch(request)
            return tuple(_read(_ROUTED, response).data)

        return await self._router_models.get("", fetch)

    async def providers(self, model: str) -> tuple[Provider, ...]:
        """Return the providers of a model. Raises as `info` does."""

        async def fetch() -> tuple[Provider, ...]:
            query = {"expand[]": "inferenceProviderMapping"}
            response = await self._fetch_model(model, query)
            return read_providers(response.body, model)

        return await self._providers.get(model, fetch)

    async def _fetch_model(
        self, model: str, query: dict[str, str] | None = None
    ) -> FetchedResponse:
        request = Request("GET", f"/api/models/{model_path(model)}", query or {})
        try:
            return await self._connection.fetch_from_hub(request)
        except (NotFoundError, AuthError) as error:
            error.args = (_explain_missing(model, error.status),)
            raise


def _explain_missing(model: str, status: int | None) -> str:
    if status == 404:
        return f"the model {model} is not supported: the Hub does not have it"
    return (
        f"the model {model} is not supported: it does not exist, or it is private or gated; "
        "pass the api_key=… of an account that may see it"
    )


def _read(adapter: TypeAdapter[T], response: FetchedResponse) -> T:
    try:
        return adapter.validate_json(response.body)
    except ValidationError as error:
        location: Any = error.errors(include_url=False, include_input=False)[0]["loc"]
        field = ".".join(map(str, location))
        raise ProtocolError(
            f"{response.url} did not answer with models: unexpected value at {field!r}"
        ) from error
