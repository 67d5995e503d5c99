"""The connection to HF Inference: the router, which runs models, and the Hub, which lists them."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlsplit

import anyio

from spacecall._client.exchanges.service_call import ServiceRunner, open_service_runner
from spacecall._core import app_sources
from spacecall._core.arguments_to_json import find_unsendable
from spacecall._core.gradio_requests import Request
from spacecall._io._http import HttpClient
from spacecall._io.app_http_client import AppHttpClient
from spacecall._io.client_factory import create_client
from spacecall._io.credentials import hub_endpoint
from spacecall._io.fetched_response import FetchedResponse
from spacecall._io.multipart import Multipart
from spacecall._io.request_settings import Settings
from spacecall._io.response_body import read_body
from spacecall._io.retrying import run_with_retries
from spacecall.errors import InvalidInputError, StatusError
from spacecall.hub import find_token
from spacecall.inference._error_bodies import typed_error
from spacecall.options import Auth

if TYPE_CHECKING:
    from spacecall._io._http import Response

_OPENAI_PATHS: Final = re.compile(r"(/chat)?/completions$")
"""The ends of addresses that users copy from the documentation of a service."""
ROUTER: Final = "https://router.huggingface.co"
"""Forwards requests to the providers that run the models."""


def has_openai_path(address: str) -> bool:
    """Return whether the path of an address is that of OpenAI's interface."""
    path = urlsplit(address.strip()).path.rstrip("/")
    return _OPENAI_PATHS.sub("", path).endswith("/v1")


@dataclass(frozen=True, slots=True)
class ServiceAddress:
    """The address of a service with OpenAI's interface.

    Attributes:
        root: the address below which the paths of the router are.
        prefix: what takes the place of `/v1` in OpenAI's paths; empty if `root` has it.
        query: names and values that each request gets, such as `api-version`.
    """

    root: str
    prefix: str = "/v1"
    query: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    @classmethod
    def parse(cls, address: str) -> ServiceAddress:
        """Parse an address: of a host, which has OpenAI's paths below `/v1`; or with a path.

        Raises:
            InvalidInputError: it is not an http(s) URL, or has credentials in it.
        """
        try:
            base = app_sources.base_url(address)
        except InvalidInputError:
            shown = app_sources.without_secrets(address)
            raise InvalidInputError(
                f"invalid base_url {shown!r}: write http://host:port or https://host/path, without "
                "a user name or password"
            ) from None
        base = _OPENAI_PATHS.sub("", base)
        parts = urlsplit(address.strip())
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        root = base.removesuffix("/v1")
        has_prefix = root != base or not urlsplit(base).path
        return cls(root, "/v1" if has_prefix else "", query)

    @property
    def is_router(self) -> bool:
        """Whether this is the router of Hugging Face."""
        return self.root == ROUTER

    def locate(self, request: Request) -> Request:
        """Return a request for one of OpenAI's paths, `/v1/…`, as it is sent to this address."""
        path = self.prefix + request.path.removeprefix("/v1")
        return replace(request, path=path, query={**self.query, **request.query})


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceAccess:
    """The address of HF Inference, the credentials, and the account that pays.

    Attributes:
        api_key: a token; None to look it up with `find_token`.
        auth: replaces `api_key`; sent to Hugging Face and to `Auth.hosts` only.
        base_url: any service with OpenAI's interface.
        bill_to: the organisation that pays.
        settings: of every call; its headers are sent to the router only.
    """

    api_key: str | None = field(default=None, repr=False)
    auth: Auth | None = field(default=None, repr=False)
    base_url: str | None = None
    bill_to: str | None = None
    proxy: str | None = field(default=None, repr=False)
    settings: Settings = field(default_factory=Settings)
    http_client: HttpClient | None = field(default=None, repr=False)

    @property
    def address(self) -> ServiceAddress:
        """The address of the router, or of the service at `base_url`."""
        return ServiceAddress.parse(self.base_url or ROUTER)

    def router_auth(self) -> Auth:
        """Return the credentials for the router.

        An explicit `api_key` is sent to `base_url`; a token that was looked up, to Hugging Face
        only.
        """
        if self.auth is not None:
            return self.auth
        if self.api_key and self.base_url:
            return Auth(token=self.api_key, hosts={urlsplit(self.address.root).hostname or ""})
        return Auth(token=find_token(self.api_key))

    def hub_auth(self) -> Auth:
        """Return the credentials for the Hub, which never gets the key of `base_url`."""
        if self.auth is not None:
            return self.auth
        key_is_for_base_url = self.api_key and self.base_url
        return Auth(token=find_token(None if key_is_for_base_url else self.api_key))


class RouterConnection:
    """Send requests to the router and to the Hub while `HuggingFaceInference` is open.

    A refusal raises a typed `StatusError` with `provider`, `estimated_time` and `retry_after`.

    Args:
        address: of the router, or of another service.
        router: runs the models.
        hub: has their metadata.
        direct: runs the calls.
    """

    def __init__(
        self,
        address: ServiceAddress,
        router: AppHttpClient,
        hub: AppHttpClient,
        direct: ServiceRunner,
    ) -> None:
        self.address = address
        self.router = router
        self.hub = hub
        self.direct = direct

    async def fetch(
        self,
        request: Request,
        settings: Settings | None = None,
        *,
        provider: str | None = None,
        headers: Mapping[str, str] = {},
    ) -> FetchedResponse:
        """Send a request to the router and read the whole response.

        A POST, which runs a model, may take `Timeouts.run`.
        """
        settings = settings or self.router.settings
        if request.method == "POST":
            timeouts = replace(settings.timeouts, request=settings.timeouts.run)
            settings = replace(settings, timeouts=timeouts)
        with self.typed_errors(request, provider):
            return await self.router.fetch(request, settings, headers=headers, is_limited=False)

    async def upload(
        self,
        request: Request,
        build_body: Callable[[], Multipart],
        settings: Settings,
        provider: str | None,
    ) -> bytes:
        """POST a form with a file and return the response's body. The job limits its duration.

        Args:
            build_body: builds the form, again for each attempt.
        """

        async def attempt() -> bytes:
            form = build_body()
            async with (
                aclosing(form.body()) as content,
                self.router.open(
                    request, settings, headers=form.headers, content=content
                ) as response,
            ):
                return await read_body(response, settings.limits, self.router.base)

        on_retry = self.router.on_retry(request, settings)
        with self.typed_errors(request, provider):
            return await run_with_retries(
                attempt, settings.retry, idempotent=False, on_retry=on_retry
            )

    @asynccontextmanager
    async def open(
        self,
        request: Request,
        settings: Settings | None = None,
        *,
        provider: str | None = None,
        headers: Mapping[str, str] = {},
    ) -> AsyncGenerator[Response, None]:
        """Send a request to the router and yield the response, whose body is not read yet."""
        async with AsyncExitStack() as stack:

            async def attempt() -> Response:
                opening = self.router.open(request, settings, headers=headers)
                return await stack.enter_async_context(opening)

            retry = (settings or self.router.settings).retry
            on_retry = self.router.on_retry(request, settings)
            with self.typed_errors(request, provider):
                response = await run_with_retries(
                    attempt, retry, idempotent=False, on_retry=on_retry
                )
            yield response

    async def fetch_from_hub(self, request: Request) -> FetchedResponse:
        """Send a request to the Hub and read the whole response."""
        with self.typed_errors(request, None, is_hub=True):
            return await self.hub.fetch(request)

    @contextmanager
    def typed_errors(
        self, request: Request, provider: str | None, *, is_hub: bool = False
    ) -> Generator[None]:
        """Replace a `StatusError` inside by a typed one, with its endpoint and without secrets."""
        try:
            yield
        except StatusError as error:
            if error.status is None:  # raised before anything was sent
                if problems := find_unsendable(request.json, lambda _: False):
                    raise InvalidInputError("; ".join(problems), problems=problems) from None
                raise
            error.endpoint = request.path
            raise typed_error(
                error,
                provider=provider,
                redact=self.router.redactor(),
                is_own_service=not (is_hub or self.address.is_router),
            ) from None


@asynccontextmanager
async def open_router(access: InferenceAccess) -> AsyncGenerator[RouterConnection, None]:
    """Open the connection; leaving the block cancels the calls that still run."""
    if access.proxy is not None and access.http_client is not None:
        raise ValueError("give the proxy to the http_client")
    settings = access.settings
    billing = {"x-hf-bill-to": access.bill_to} if access.bill_to else {}
    async with AsyncExitStack() as stack:
        client = access.http_client
        if client is None:
            client = await stack.enter_async_context(create_client(access.proxy))
        limiter = anyio.Semaphore(settings.limits.max_concurrent_requests)
        auth, hub_auth, address = access.router_auth(), access.hub_auth(), access.address
        router = AppHttpClient(
            client,
            address.root,
            auth=auth,
            settings=settings.override(headers=billing),
            limiter=limiter,
        )
        hub_settings = replace(settings, headers={})
        hub = AppHttpClient(
            client,
            hub_endpoint(),
            auth=hub_auth,
            settings=hub_settings,
            limiter=limiter,
            defaults=False,
        )
        direct = await stack.enter_async_context(
            open_service_runner(router.base, router.settings, router.redactor)
        )
        if hub_auth.token:
            router.hide(hub_auth.token)
        for value in address.query.values():  # some services take their key there
            router.hide(value)
        yield RouterConnection(address, router, hub, direct)
