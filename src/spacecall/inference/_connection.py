"""The way to HF Inference: the router that runs models, and the Hub that knows them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import anyio

from spacecall._client.direct import Direct, open_direct
from spacecall._core.requests import Request
from spacecall._core.sources import base_url
from spacecall._io.answer import Answer
from spacecall._io.clients import new_client
from spacecall._io.credentials import hub_endpoint
from spacecall._io.link import HttpClient, Link
from spacecall._io.retry import retrying
from spacecall._io.settings import Settings
from spacecall.errors import StatusError
from spacecall.hub import find_token
from spacecall.inference._errors import refusal
from spacecall.options import Auth

if TYPE_CHECKING:
    from httpx import Response

ROUTER: Final = "https://router.huggingface.co"
"""Where models run; it passes requests on to the providers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How HF Inference is reached, and on whose account.

    Attributes:
        api_key: a token; None for the one that `find_token` finds.
        auth: in place of `api_key`, sent to Hugging Face and to its own hosts alone.
        api_base: another address than the router's, which takes the same requests.
        bill_to: an organisation that pays.
        settings: of every call; its headers go to the router only.
    """

    api_key: str | None = field(default=None, repr=False)
    auth: Auth | None = field(default=None, repr=False)
    api_base: str | None = None
    bill_to: str | None = None
    proxy: str | None = field(default=None, repr=False)
    settings: Settings = field(default_factory=Settings)
    http_client: HttpClient | None = field(default=None, repr=False)

    @property
    def base(self) -> str:
        """The router's address, or its substitute, without `/v1`."""
        return base_url(self.api_base or ROUTER).removesuffix("/v1")

    def router_auth(self) -> Auth:
        """An explicit key goes wherever it is said to; one that was found, to Hugging Face only."""
        if self.auth is not None:
            return self.auth
        if self.api_key and self.api_base:
            return Auth(token=self.api_key, hosts={urlsplit(self.base).hostname or ""})
        return Auth(token=find_token(self.api_key))

    def hub_auth(self) -> Auth:
        """The key of another address is not shown to the Hub."""
        if self.auth is not None:
            return self.auth
        elsewhere = self.api_key and self.api_base
        return Auth(token=find_token(None if elsewhere else self.api_key))


class Connection:
    """What is open while `HuggingFaceInference` is.

    Every refusal is a typed `StatusError` with its `provider`, `estimated_time` and `retry_after`.

    Args:
        router: where models run.
        hub: where their metadata is.
        direct: what calls run on.
    """

    def __init__(self, router: Link, hub: Link, direct: Direct) -> None:
        self.router = router
        self.hub = hub
        self.direct = direct

    async def ask(
        self,
        request: Request,
        settings: Settings | None = None,
        *,
        provider: str | None = None,
        headers: Mapping[str, str] = {},
    ) -> Answer:
        """Send a request to the router, and read the whole answer; a model has `Timeouts.run`."""
        settings = settings or self.router.settings
        if request.method == "POST":
            timeouts = replace(settings.timeouts, request=settings.timeouts.run)
            settings = replace(settings, timeouts=timeouts)
        with self.refusals(request, provider):
            return await self.router.fetch(request, settings, headers=headers, gated=False)

    @asynccontextmanager
    async def open(
        self,
        request: Request,
        settings: Settings | None = None,
        *,
        provider: str | None = None,
        headers: Mapping[str, str] = {},
    ) -> AsyncGenerator[Response, None]:
        """Send a request to the router; the body of the answer is still to be read."""
        async with AsyncExitStack() as stack:

            async def attempt() -> Response:
                opening = self.router.open(request, settings, headers=headers)
                return await stack.enter_async_context(opening)

            retry = (settings or self.router.settings).retry
            with self.refusals(request, provider):
                response = await retrying(attempt, retry, idempotent=False)
            yield response

    async def ask_hub(self, request: Request) -> Answer:
        """Send a request to the Hub, and read the whole answer."""
        with self.refusals(request, None):
            return await self.hub.fetch(request)

    @contextmanager
    def refusals(self, request: Request, provider: str | None) -> Generator[None]:
        """Make a refusal within what it should be: typed, with its place, without secrets."""
        try:
            yield
        except StatusError as error:
            if error.status is None:  # found here: nothing was sent
                raise
            error.endpoint = request.path
            raise refusal(error, provider=provider, redact=self.router.redactor()) from None


@asynccontextmanager
async def connect(access: Access) -> AsyncGenerator[Connection, None]:
    """Open the way; leaving ends the calls that still run."""
    if access.proxy is not None and access.http_client is not None:
        raise ValueError("give the proxy to the http_client")
    settings = access.settings
    billed = {"x-hf-bill-to": access.bill_to} if access.bill_to else {}
    async with AsyncExitStack() as stack:
        client = access.http_client
        if client is None:
            client = await stack.enter_async_context(new_client(access.proxy))
        gate = anyio.Semaphore(settings.limits.requests)
        auth, hub_auth = access.router_auth(), access.hub_auth()
        router = Link(
            client, access.base, auth=auth, settings=settings.override(headers=billed), gate=gate
        )
        bare = replace(settings, headers={})
        hub = Link(client, hub_endpoint(), auth=hub_auth, settings=bare, gate=gate, defaults=False)
        direct = await stack.enter_async_context(open_direct(router.settings, router.redactor))
        if hub_auth.token:
            router.hide(hub_auth.token)
        yield Connection(router, hub, direct)
