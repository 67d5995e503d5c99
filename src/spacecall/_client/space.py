"""The Space, and sessions of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Self

import anyio

from spacecall._client.calls.call import Call
from spacecall._client.calls.caller import Caller, find_dependency
from spacecall._client.calls.prepared_call import DynamicDecoder, PreparedCall
from spacecall._client.calls.queue_call import CallContext, QueueCall
from spacecall._client.concurrency.lifetime import Openable
from spacecall._client.concurrency.task_groups import BackgroundTasks, shielded_task_group
from spacecall._client.discovery.app_description import fetch_config, open_app
from spacecall._client.discovery.open_deadline import OpenDeadline
from spacecall._client.discovery.protocol_check import OnNewer, check_protocol
from spacecall._client.streams.channel import Channel
from spacecall._client.streams.connection import Connection
from spacecall._core.app_config import AppConfig, read_config
from spacecall._core.app_sources import without_secrets
from spacecall._io.app_http_client import HttpClient, Link
from spacecall._io.client_factory import new_client
from spacecall._io.request_settings import Settings
from spacecall._option_checks import checked_arguments, checked_call
from spacecall.errors import AppRestartedError, InvalidInputError
from spacecall.hooks import Hooks
from spacecall.options import Auth, Limits, Retry, Timeouts
from spacecall.tickets import Ticket


@dataclass(frozen=True, slots=True)
class _Options:
    """What a Space is opened with; see `Space`."""

    source: str
    auth: Auth | None = field(repr=False)
    settings: Settings
    proxy: str | None = field(repr=False)
    http_client: HttpClient | None
    describe: bool
    on_newer: OnNewer


class Space(Caller, Openable[Connection]):
    """A Gradio app, for `async with Space("owner/name") as space`.

    Leaving ends what still runs, here and on the server. No task outlives the block. Without a
    block, `space = await Space("owner/name").open()` lasts until `await space.aclose()`.

    Args:
        source: a Space's id or its page on the Hub, or the app's address.
        auth: credentials, see `Auth`.
        timeouts: for every call, see `Timeouts`.
        retry: for every call, see `Retry`.
        limits: see `Limits`.
        headers: sent with every request to the app, to no other host.
        proxy: of every request, as `http://host:port` or `socks5://user:password@host:port`.
        http_client: an `httpx.AsyncClient` to use for every request, and not to close;
            it has its own proxy.
        describe: whether /info is read on entering. Without it `endpoints` is not known at once;
            typed clients do not need it.
        hooks: functions that are called as requests and calls go on, see `Hooks`.
        on_newer: what becomes of an app that announces a protocol which is not known yet: it is
            tried as the newest known one after a `NewerProtocolWarning`, or not.

    Raises (on entering):
        TransportError, DeadlineError: the app cannot be reached.
        AuthError: it wants a login or a token, or refuses this one.
        NotFoundError, ProtocolError: there is no Gradio app at that address.
        UnsupportedProtocolError: it announces a protocol that is not known, see `on_newer`.
        InvalidInputError: `source` is neither an id nor an address.

    Raises (where it is made):
        TypeError: an option is unknown, or not of its type.
    """

    @checked_call
    def __init__(
        self,
        source: str,
        *,
        auth: Auth | None = None,
        timeouts: Timeouts | None = None,
        retry: Retry | None = None,
        limits: Limits | None = None,
        headers: Mapping[str, str] | None = None,
        proxy: str | None = None,
        http_client: HttpClient | None = None,
        hooks: Hooks | None = None,
        describe: bool = True,
        on_newer: OnNewer = "warn",
    ) -> None:
        super().__init__(None)
        if proxy is not None and http_client is not None:
            raise ValueError("give the proxy to the http_client")
        self._options = _Options(
            source=source,
            auth=auth,
            settings=Settings(
                timeouts or Timeouts(),
                retry or Retry(),
                limits or Limits(),
                dict(headers or {}),
                hooks=hooks,
            ),
            proxy=proxy,
            http_client=http_client,
            describe=describe,
            on_newer=on_newer,
        )

    def _manager(self) -> AbstractAsyncContextManager[Connection]:
        return _connected(self._options)

    def _adopt(self, value: Connection) -> None:
        self._entered = CallContext(value, self._options.settings, lifetime=self._lifetime)

    def session(
        self, *, session_hash: str | None = None, cookies: Mapping[str, str] | None = None
    ) -> Session:
        """A session: `async with space.session() as chat`. Its calls share State and cookies.

        Args:
            session_hash: of an earlier session, to go on with its State while the server keeps it.
            cookies: that session's cookies, which lead to the replica where its State is.
        """
        self._context.connection.link.check_loop()
        channel = self._context.connection.open_session(session_hash)
        channel.link.remember(cookies or {})
        return Session(self._context, channel)

    @checked_arguments
    def collect(self, ticket: Ticket) -> Call[Any]:
        """The call of a detached job, to be awaited or entered.

        It raises `JobLostError` if the server does not know the job any more, or its result has
        been collected before; `AppRestartedError` if the app was restarted.
        """
        connection = self._context.connection
        connection.link.check_loop()
        if ticket.space != connection.link.base:
            with self._context.redacting():
                raise InvalidInputError(
                    f"the ticket is for {ticket.space}, not for {connection.link.base}"
                )

        async def prepare(connection: Connection, _: Settings) -> PreparedCall[Any]:
            if ticket.app_id is not None:
                await connection.has_restarted()
                if connection.app.app_id not in (ticket.app_id, None):
                    raise AppRestartedError(
                        "the app was restarted since the ticket was given: the job is gone",
                        event_id=ticket.event_id,
                    )
            decoder = DynamicDecoder(connection.file_schemas(ticket.endpoint))
            return PreparedCall(find_dependency(connection, ticket.endpoint), [], decoder)

        channel = connection.open_channel(session_hash=ticket.session_hash)
        channel.link.remember(ticket.cookies)
        context = replace(self._context, channel=channel, event_id=ticket.event_id)
        return QueueCall(ticket.endpoint, context, prepare)

    def __repr__(self) -> str:
        return f"<Space {without_secrets(self._options.source)}>"


class Session(Caller):
    """A session of a Space: one session_hash, so that `gr.State` is kept between its calls.

    Its calls share one stream. When that breaks, every job of the session is lost, and the session
    takes no further calls; nor does it once the app was restarted. Leaving `async with` ends the
    jobs that still run.
    """

    def __init__(self, context: CallContext, channel: Channel) -> None:
        super().__init__(replace(context, channel=channel))
        self._channel = channel

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End the jobs that still run, here and on the server. Closing twice does nothing."""
        self._context.connection.link.check_loop()
        await self._context.connection.leave(self._channel)

    @property
    def session_hash(self) -> str:
        """Names the session on the server. Whoever has it can read the session's State."""
        return self._channel.session_hash

    @property
    def cookies(self) -> dict[str, str]:
        """The session's cookies, without those of a login."""
        return self._channel.kept_cookies


@asynccontextmanager
async def _connected(options: _Options) -> AsyncGenerator[Connection, None]:
    """The app, reached and described; leaving ends every job."""
    async with AsyncExitStack() as stack:
        client = options.http_client
        if client is None:
            client = await stack.enter_async_context(new_client(options.proxy))
        gate = anyio.Semaphore(options.settings.limits.max_concurrent_requests)
        link = Link(client, "", auth=options.auth, settings=options.settings, gate=gate)
        opening = OpenDeadline(options.settings.timeouts)
        with link.redacting(), opening.bounded():
            link, config = await open_app(link, options.source, opening)
            with link.redacting():
                app = await config.read(read_config)
        with link.redacting():
            check_protocol(app, options.on_newer, link)

        async def reread() -> AppConfig:
            opening = OpenDeadline(options.settings.timeouts)
            link.login.shared.refused = False
            with link.redacting(), opening.bounded():
                _, config = await fetch_config(link, opening)
                app = await config.read(read_config)
            check_protocol(app, options.on_newer, link)
            return app

        connection = await stack.enter_async_context(_open(link, app, reread))
        if options.describe:
            await connection.describe(opening)
        yield connection


@asynccontextmanager
async def _open(
    link: Link, app: AppConfig, reread: Callable[[], Awaitable[AppConfig]]
) -> AsyncGenerator[Connection, None]:
    """A connection with its task group."""
    async with shielded_task_group() as group:
        connection = Connection(link, app, BackgroundTasks(group), reread)
        try:
            yield connection
        finally:
            await connection.close()
