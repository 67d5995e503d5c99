"""The Hugging Face Hub: the address and state of a Space, waking it, and tokens for it.

::

    async with Hub() as hub:
        await hub.wait_until_ready("owner/name", timeout=300, on_stage=print)
        async with Space("owner/name") as space: ...
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TypeAlias, TypeVar
from urllib.parse import urlsplit

import anyio

from spacecall._client.concurrency.lifetime import Openable
from spacecall._client.concurrency.portal import Portal, SyncOpenable, hold_open, wait
from spacecall._client.discovery.hub_requests import fetch_from_hub, fetch_host, fetch_runtime
from spacecall._client.discovery.readiness import ReadinessPoller
from spacecall._core import hub_api
from spacecall._core.app_sources import base_url, space_id, without_secrets
from spacecall._core.hub_api import Runtime, SpaceInfo, Stage, ZeroGPUQuota
from spacecall._io import token_lookup
from spacecall._io._http import HttpClient
from spacecall._io.app_http_client import AppHttpClient
from spacecall._io.client_factory import create_client
from spacecall._io.credentials import hub_endpoint
from spacecall._io.request_settings import Settings
from spacecall._option_checks import checked_call
from spacecall.errors import InvalidInputError
from spacecall.hooks import Hooks
from spacecall.options import Auth, Limits, Retry, Timeouts

__all__ = [
    "Hub",
    "OnStage",
    "Runtime",
    "SpaceInfo",
    "Stage",
    "SyncHub",
    "ZeroGPUQuota",
    "find_token",
]

T = TypeVar("T")
OnStage: TypeAlias = Callable[[Stage], object]
"""A function that `Hub.wait_until_ready` calls with each new stage."""


def find_token(token: str | None = None) -> str | None:
    """Look up a Hugging Face token, for Hugging Face hosts only.

    Return the first of: `token`, the variable `HF_TOKEN`, and the file that `hf auth login` writes
    (`HF_TOKEN_PATH`, else `token` in `HF_HOME`; not read if `HF_HUB_DISABLE_IMPLICIT_TOKEN` is
    set). An empty `token` means no token: nothing is looked up.
    """
    if token is not None:
        return token.strip() or None
    stored = token_lookup.find_token()
    return stored.value if stored else None


class Hub(Openable[AppHttpClient]):
    """A client of the Hub: `async with Hub() as hub`. Name Spaces by id or by their page's URL.

    Without a block, `hub = await Hub().open()` stays open until `await hub.aclose()`.

    Args:
        token: sent to the Hub, and over https to the Spaces that are visited; by default
            `find_token` looks it up.
        endpoint: the Hub's address; by default `HF_ENDPOINT`, or huggingface.co. A token that was
            looked up is not sent to this address.
        timeouts: of each request: `connect`, `idle`, and `request` for all of it.
        retry: of each request; waits for a `Retry-After` up to `Retry.wait_max`.
        proxy: of every request, see `Space`.
        http_client: an `httpx.AsyncClient` or `httpx2.AsyncClient` for every request; it is not
            closed.
        hooks: functions that are called for requests and retries, see `Hooks`.

    All methods raise:
        AuthError: 401, 403: the token is missing, invalid, or lacks permissions.
        NotFoundError: 404: the Space does not exist, or the token may not see it.
        RateLimitedError: 429, with `retry_after` in seconds if the Hub sends it.
        SpaceError: the Hub cannot be reached, or its response is unexpected.
        InvalidInputError: the name is not a Space id.
    """

    @checked_call
    def __init__(
        self,
        token: str | None = None,
        endpoint: str | None = None,
        *,
        timeouts: Timeouts | None = None,
        retry: Retry | None = None,
        proxy: str | None = None,
        http_client: HttpClient | None = None,
        hooks: Hooks | None = None,
    ) -> None:
        self._base = base_url(endpoint) if endpoint else hub_endpoint()
        hosts = [urlsplit(self._base).hostname or ""] if endpoint and token else []
        self._auth = Auth(token=find_token(token), hosts=hosts)
        self._settings = Settings(timeouts or Timeouts(), retry or Retry(), hooks=hooks)
        self._proxy = proxy
        self._http_client = http_client
        self._opened: AppHttpClient | None = None

    def _manager(self) -> AbstractAsyncContextManager[AppHttpClient]:
        return _open_hub_client(
            self._base, self._auth, self._settings, self._proxy, self._http_client
        )

    def _store(self, value: AppHttpClient) -> None:
        self._opened = value

    def __repr__(self) -> str:
        return f"<Hub {without_secrets(self._base)}>"

    async def space(self, space: str) -> SpaceInfo:
        """Return the description of a Space: SDK, version, visibility, runtime."""
        name = _name(space)
        return await fetch_from_hub(
            self._hub_client, hub_api.space_request(name), hub_api.parse_space, name
        )

    async def runtime(self, space: str) -> Runtime:
        """Return the runtime of a Space: stage, hardware, replicas, domains, commit."""
        return await fetch_runtime(self._hub_client, _name(space))

    async def host(self, space: str) -> str:
        """Return the address of a Space's app, such as `https://owner-name.hf.space`."""
        return await fetch_host(self._hub_client, _name(space))

    async def jwt(self, space: str, expiration: datetime | None = None) -> str:
        """Request a token that identifies its user to one Space, for `ZeroGPU(token=…)`.

        Args:
            space: owner/name.
            expiration: when it expires, with a time zone; by default in 10 minutes.
        """
        name = _name(space)
        until = expiration or datetime.now(UTC) + timedelta(minutes=10)
        return await fetch_from_hub(
            self._hub_client, hub_api.jwt_request(name, until), hub_api.parse_jwt, name
        )

    async def zero_gpu_quota(self) -> ZeroGPUQuota:
        """Return the ZeroGPU quota of the token's user."""
        return await fetch_from_hub(self._hub_client, hub_api.QUOTA_REQUEST, hub_api.parse_quota)

    async def wait_until_ready(
        self,
        space: str,
        *,
        timeout: float = 600.0,  # noqa: ASYNC109 - the error has the stage
        interval: float = 1.0,
        on_stage: OnStage | None = None,
    ) -> Runtime:
        """Wait until a Space runs and its app answers; a visit wakes a sleeping Space.

        Args:
            space: owner/name.
            timeout: seconds in total, whatever the stage.
            interval: seconds before the second poll; up to ten times as many later, or the Hub's
                Retry-After.
            on_stage: called with each new stage.

        Raises:
            SpaceStateError: the Space is paused, failed or stopped and will not start without its
                owner. The message says what to do.
            DeadlineError: it does not run after `timeout`; the message has its stage.
        """
        hub_client = self._hub_client
        poller = ReadinessPoller(hub_client, _name(space), on_stage or (lambda _: None))
        with hub_client.redacting():
            with anyio.move_on_after(timeout):
                return await poller.until_ready(interval)
            raise poller.timeout_error(timeout)

    @property
    def _hub_client(self) -> AppHttpClient:
        if self._opened is None:
            raise RuntimeError("open the Hub first: async with Hub() as hub")
        if self._lifetime is None or not self._lifetime.is_open:
            raise RuntimeError("the Hub is closed: use it inside its with block")
        self._opened.check_loop()
        return self._opened


@asynccontextmanager
async def _open_hub_client(
    base: str, auth: Auth, settings: Settings, proxy: str | None, http_client: HttpClient | None
) -> AsyncGenerator[AppHttpClient, None]:
    """Open a client of the Hub, with a new HTTP client if `http_client` is None."""
    new = create_client(proxy) if http_client is None else None
    client = new or http_client
    assert client is not None
    limiter = anyio.Semaphore(Limits().max_concurrent_requests)
    try:
        yield AppHttpClient(client, base, auth=auth, settings=settings, limiter=limiter)
    finally:
        if new is not None:
            await new.aclose()


class SyncHub(SyncOpenable):
    """The Hub without async: `with SyncHub() as hub`; see `Hub` for arguments and errors.

    Without a block, `hub = SyncHub().open()` stays open until `hub.close()`.
    """

    @checked_call
    def __init__(
        self,
        token: str | None = None,
        endpoint: str | None = None,
        *,
        timeouts: Timeouts | None = None,
        retry: Retry | None = None,
        proxy: str | None = None,
        http_client: HttpClient | None = None,
        hooks: Hooks | None = None,
    ) -> None:
        self._hub = Hub(
            token,
            endpoint,
            timeouts=timeouts,
            retry=retry,
            proxy=proxy,
            http_client=http_client,
            hooks=hooks,
        )

    def __repr__(self) -> str:
        return repr(self._hub)

    def _hold_open(self) -> Portal:
        portal, _ = hold_open(self._hub, repr(self))
        return portal

    def space(self, space: str) -> SpaceInfo:
        """Return the description of a Space; see `Hub.space`."""
        return self._wait(lambda: self._hub.space(space))

    def runtime(self, space: str) -> Runtime:
        """Return the runtime of a Space; see `Hub.runtime`."""
        return self._wait(lambda: self._hub.runtime(space))

    def host(self, space: str) -> str:
        """Return the address of a Space's app."""
        return self._wait(lambda: self._hub.host(space))

    def jwt(self, space: str, expiration: datetime | None = None) -> str:
        """Request a token for one Space; see `Hub.jwt`."""
        return self._wait(lambda: self._hub.jwt(space, expiration))

    def zero_gpu_quota(self) -> ZeroGPUQuota:
        """Return the ZeroGPU quota of the token's user."""
        return self._wait(self._hub.zero_gpu_quota)

    def wait_until_ready(
        self,
        space: str,
        *,
        timeout: float = 600.0,
        interval: float = 1.0,
        on_stage: OnStage | None = None,
    ) -> Runtime:
        """Wait until a Space runs; see `Hub.wait_until_ready`.

        `on_stage` is called in the thread of the event loop.
        """
        return self._wait(
            lambda: self._hub.wait_until_ready(
                space, timeout=timeout, interval=interval, on_stage=on_stage
            )
        )

    def _wait(self, work: Callable[[], Awaitable[T]]) -> T:
        return wait(self._portal, work)


def _name(space: str) -> str:
    name = space_id(space)
    if name is None:
        raise InvalidInputError(f"{space!r} is not a Space id: write owner/name")
    return name
