"""The Hugging Face Hub: where a Space runs, whether it does, how to wake it, and tokens for it.

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

from spacecall._client.blocking import Portal, SyncOpenable, hold, wait
from spacecall._client.hub import ask, find_host, find_runtime
from spacecall._client.lifetime import Openable
from spacecall._client.waiting import Watch
from spacecall._core import hub as api
from spacecall._core.hub import Runtime, SpaceInfo, Stage, ZeroGPUQuota
from spacecall._core.sources import base_url, space_id, without_secrets
from spacecall._io import tokens
from spacecall._io.clients import new_client
from spacecall._io.credentials import hub_endpoint
from spacecall._io.link import HttpClient, Link
from spacecall._io.settings import Settings
from spacecall._option_checks import checked_call
from spacecall.errors import InvalidInputError
from spacecall.options import Auth, Limits, Retry, Timeouts

__all__ = ["Hub", "Runtime", "SpaceInfo", "Stage", "SyncHub", "ZeroGPUQuota", "find_token"]

T = TypeVar("T")
OnStage: TypeAlias = Callable[[Stage], object]


def find_token(token: str | None = None) -> str | None:
    """A Hugging Face token, for Hugging Face hosts only.

    The first of: `token`, the variable `HF_TOKEN`, and the file that `hf auth login` writes
    (`HF_TOKEN_PATH`, else `token` in `HF_HOME`; not read if `HF_HUB_DISABLE_IMPLICIT_TOKEN` is
    set). An empty `token` is none, and nothing is looked up.
    """
    if token is not None:
        return token.strip() or None
    found = tokens.find_token()
    return found.value if found else None


class Hub(Openable[Link]):
    """The Hub, for `async with Hub() as hub`. Spaces are named by id or by their page's address.

    Without a block, `hub = await Hub().open()` lasts until `await hub.aclose()`.

    Args:
        token: sent to the Hub, and over https to the Spaces that are visited; looked up by
            `find_token` if it is not given.
        endpoint: the Hub's address; `HF_ENDPOINT` or huggingface.co if it is not given. A token
            that was looked up is not sent to another address that is given here.
        timeouts: of each request: `connect`, `idle`, and `request` for all of it.
        retry: of each request; a `Retry-After` is waited for up to `Retry.max_wait`.
        proxy: of every request, see `Space`.
        http_client: an `httpx.AsyncClient` to use for every request, and not to close.

    All methods raise:
        AuthError: 401, 403: the token is missing, wrong, or not enough.
        NotFoundError: 404: no such Space, or the token may not see it.
        RateLimitedError: 429, with `retry_after` in seconds where the Hub says so.
        SpaceError: the Hub cannot be reached, or its answer is not understood.
        InvalidInputError: what names the Space is no id.
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
    ) -> None:
        self._base = base_url(endpoint) if endpoint else hub_endpoint()
        hosts = [urlsplit(self._base).hostname or ""] if endpoint and token else []
        self._auth = Auth(token=find_token(token), hosts=hosts)
        self._settings = Settings(timeouts or Timeouts(), retry or Retry())
        self._proxy = proxy
        self._http_client = http_client
        self._opened: Link | None = None

    def _manager(self) -> AbstractAsyncContextManager[Link]:
        return _linked(self._base, self._auth, self._settings, self._proxy, self._http_client)

    def _adopt(self, value: Link) -> None:
        self._opened = value

    def __repr__(self) -> str:
        return f"<Hub {without_secrets(self._base)}>"

    async def space(self, space: str) -> SpaceInfo:
        """What the Hub knows of a Space: SDK and version, whether it is private, runtime."""
        name = _name(space)
        return await ask(self._link, api.space(name), api.read_space, name)

    async def runtime(self, space: str) -> Runtime:
        """How a Space runs: stage, hardware, replicas, domains, commit."""
        return await find_runtime(self._link, _name(space))

    async def host(self, space: str) -> str:
        """The address of a Space's app, such as `https://owner-name.hf.space`."""
        return await find_host(self._link, _name(space))

    async def jwt(self, space: str, expiration: datetime | None = None) -> str:
        """A token that names its user to this Space alone: `ZeroGPU(token=…)` takes it.

        Args:
            space: owner/name.
            expiration: until when it holds, with a time zone; 10 minutes from now by default.
        """
        name = _name(space)
        until = expiration or datetime.now(UTC) + timedelta(minutes=10)
        return await ask(self._link, api.jwt(name, until), api.read_jwt, name)

    async def zero_gpu_quota(self) -> ZeroGPUQuota:
        """The GPU time on ZeroGPU Spaces that the token's user has left."""
        return await ask(self._link, api.QUOTA, api.read_quota)

    async def wait_until_ready(
        self,
        space: str,
        *,
        timeout: float = 600.0,  # noqa: ASYNC109 - the error says how far the Space is
        interval: float = 1.0,
        on_stage: OnStage | None = None,
    ) -> Runtime:
        """Wait until a Space runs and its app answers; one that sleeps is woken by a visit.

        Args:
            space: owner/name.
            timeout: seconds in all, whatever the stage: one that is BUILDING can build for ever.
            interval: seconds until the Hub is asked again at first; up to ten times as long later,
                or as long as the Hub asks for (Retry-After).
            on_stage: called with each stage, when it is seen first.

        Raises:
            SpaceStateError: it will not run by itself: paused, failed, stopped. The message says
                what to do.
            DeadlineError: it does not run after `timeout`; the message says how far it is.
        """
        link = self._link
        watch = Watch(link, _name(space), on_stage or (lambda _: None))
        with link.redacting():
            with anyio.move_on_after(timeout):
                return await watch.until_ready(interval)
            raise watch.overdue(timeout)

    @property
    def _link(self) -> Link:
        if self._opened is None:
            raise RuntimeError("open the Hub first: async with Hub() as hub")
        if self._lifetime is None or not self._lifetime.is_open:
            raise RuntimeError("the Hub is closed: use it inside its async with block")
        self._opened.check_loop()
        return self._opened


@asynccontextmanager
async def _linked(
    base: str, auth: Auth, settings: Settings, proxy: str | None, http_client: HttpClient | None
) -> AsyncGenerator[Link, None]:
    """A link to the Hub, with a client of its own if none was given."""
    owned = new_client(proxy) if http_client is None else None
    client = owned or http_client
    assert client is not None
    gate = anyio.Semaphore(Limits().requests)
    try:
        yield Link(client, base, auth=auth, settings=settings, gate=gate)
    finally:
        if owned is not None:
            await owned.aclose()


class SyncHub(SyncOpenable):
    """The Hub without async, for `with SyncHub() as hub`; see `Hub` for arguments and errors.

    Without a block, `hub = SyncHub().open()` lasts until `hub.close()`.
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
    ) -> None:
        self._hub = Hub(
            token,
            endpoint,
            timeouts=timeouts,
            retry=retry,
            proxy=proxy,
            http_client=http_client,
        )

    def __repr__(self) -> str:
        return repr(self._hub)

    def _hold(self) -> Portal:
        portal, _ = hold(self._hub, repr(self))
        return portal

    def space(self, space: str) -> SpaceInfo:
        """What the Hub knows of a Space."""
        return self._wait(lambda: self._hub.space(space))

    def runtime(self, space: str) -> Runtime:
        """How a Space runs."""
        return self._wait(lambda: self._hub.runtime(space))

    def host(self, space: str) -> str:
        """The address of a Space's app."""
        return self._wait(lambda: self._hub.host(space))

    def jwt(self, space: str, expiration: datetime | None = None) -> str:
        """A token that names its user to this Space alone; see `Hub.jwt`."""
        return self._wait(lambda: self._hub.jwt(space, expiration))

    def zero_gpu_quota(self) -> ZeroGPUQuota:
        """The GPU time on ZeroGPU Spaces that the token's user has left."""
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
        raise InvalidInputError(f"{space!r} is no Space id (owner/name)")
    return name
