"""`Space`, an app that calls are made to, and `Session`."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, TypeVar, Unpack
from urllib.parse import quote

import anyio

from spacecall._client.calls.call import Call
from spacecall._client.calls.caller import Caller, find_dependency
from spacecall._client.calls.prepared_call import DynamicDecoder, PreparedCall
from spacecall._client.calls.queue_call import CallContext, QueueCall
from spacecall._client.calls.row_calls import RowCalls, create_engine
from spacecall._client.concurrency.lifetime import Openable
from spacecall._client.concurrency.task_groups import BackgroundTasks, shielded_task_group
from spacecall._client.discovery.app_description import fetch_config, open_app
from spacecall._client.discovery.open_deadline import OpenDeadline
from spacecall._client.discovery.protocol_check import check_protocol
from spacecall._client.streams.channel import Channel
from spacecall._client.streams.connection import Connection
from spacecall._core import gradio_requests
from spacecall._core.app_config import AppConfig, parse_config
from spacecall._core.app_sources import without_secrets
from spacecall._core.json_values import parse_json
from spacecall._io._http import HttpClient
from spacecall._io.app_http_client import AppHttpClient
from spacecall._io.observer import CLIENT
from spacecall._io.request_settings import Settings
from spacecall._io.tls import ClientCertificate, Verify, create_app_context
from spacecall._option_checks import checked_arguments, checked_call
from spacecall._warnings import CodeLocation, find_caller
from spacecall.errors import AppRestartedError, InvalidInputError, ProtocolError
from spacecall.hooks import Hooks
from spacecall.options import Auth, CallOptions, Limits, OnNewer, Retry, Timeouts
from spacecall.rows import Concurrency, OnQuota, Rows
from spacecall.tickets import Ticket

if TYPE_CHECKING:
    from spacecall._client.calls.row_engine import RowEngine
    from spacecall._client.calls.row_sources import RowOptions

R = TypeVar("R", bound=Mapping[str, Any])


@dataclass(frozen=True, slots=True)
class _Options:
    """The arguments of `Space`."""

    source: str
    auth: Auth | None = field(repr=False)
    settings: Settings
    proxy: str | None = field(repr=False)
    http_client: HttpClient | None
    describe: bool
    on_newer: OnNewer
    location: CodeLocation | None = field(repr=False)


class SpaceView(Caller):
    """A Space with other options for its calls and sessions. Get one from `Space.with_options`."""

    def session(
        self, *, session_hash: str | None = None, cookies: Mapping[str, str] | None = None
    ) -> Session:
        """Open a session: `async with space.session() as chat`. Its calls share State and cookies.

        Args:
            session_hash: of an earlier session, to continue it while the server keeps its State.
            cookies: of that session; they route to the replica that has the State.
        """
        self._context.connection.app_client.check_loop()
        channel = self._context.connection.open_session(session_hash)
        channel.app_client.remember(cookies or {})
        return Session(self._context, channel)

    @checked_arguments
    def collect(self, ticket: Ticket) -> Call[Any]:
        """Return the call of a detached job: await it or enter it.

        The call raises `JobLostError` if the server does not have the job any more, or its result
        was collected before; `AppRestartedError` if the app was restarted.
        """
        connection = self._context.connection
        connection.app_client.check_loop()
        if ticket.space != connection.app_client.base:
            with self._context.redacting():
                raise InvalidInputError(
                    f"the ticket is for {ticket.space}, not for {connection.app_client.base}"
                )

        async def prepare(connection: Connection, *_: object) -> PreparedCall[Any]:
            if ticket.app_id is not None:
                await connection.detect_restart()
                if connection.app.app_id not in (ticket.app_id, None):
                    raise AppRestartedError(
                        "the app was restarted after the job was detached: the job is lost",
                        event_id=ticket.event_id,
                    )
            decoder = DynamicDecoder(connection.file_schemas(ticket.endpoint))
            return PreparedCall(find_dependency(connection, ticket.endpoint), [], decoder)

        channel = connection.open_collecting(ticket.session_hash)
        channel.app_client.remember(ticket.cookies)
        context = self._context._replace(channel=channel, event_id=ticket.event_id)
        return QueueCall(ticket.endpoint, context, prepare)

    @checked_call
    def map(
        self,
        endpoint: str,
        rows: Rows[R],
        *,
        concurrency: Concurrency = "auto",
        ordered: bool = False,
        rate: float | None = None,
        on_quota: OnQuota = "wait",
    ) -> RowCalls[R, Any]:
        """Call an endpoint for each row: `async for outcome in space.map("/caption", rows)`.

        Rows are read and outcomes are kept only as fast as the app and you are: memory stays flat
        for any number of rows. Leaving the loop cancels the calls that run, here and on the server.
        A call that the app did not accept is made again, see `Retry`; after a 429 or 503, all calls
        wait as long as the app asks.

        Args:
            endpoint: its name, as in `call`.
            rows: mappings of arguments by name, from an iterable or an async iterable. An iterable
                other than a list is read in a thread, and may block. A generator is closed at the
                end.
            concurrency: how many calls run at once. With "auto" the number grows with the results,
                and is halved when the app's queue is full or grows, or the app answers 429.
            ordered: give outcomes in the order of the rows, not as they come.
            rate: the most calls that start in a second.
            on_quota: if the ZeroGPU quota is used up, wait until it is restored, or make no more
                calls: after the outcomes of the calls that ran, a QuotaExceededError is raised.

        Raises (when you iterate):
            Exception: what the iterable of rows raised, after the outcomes of the rows before it.
                The error of a call is `RowOutcome.error`.
        """
        from spacecall._client.calls.row_sources import RowOptions  # noqa: PLC0415 - for `map` only

        options = RowOptions(concurrency=concurrency, ordered=ordered, rate=rate, on_quota=on_quota)
        return RowCalls(self._row_engine(endpoint, options), rows)

    def _row_engine(self, endpoint: str, options: RowOptions) -> RowEngine[Any, Any]:
        view = SpaceView(self._context)
        return create_engine(self._context, lambda row: view.call(endpoint, **row), options)

    def with_options(self, **options: Unpack[CallOptions]) -> SpaceView:
        """Return a view of the Space with other options for its calls; see `CallOptions`."""
        return SpaceView(self._context.override(**options))


class Space(SpaceView, Openable[Connection]):
    """A Gradio app: `async with Space("owner/name") as space`.

    Leaving the block cancels the jobs that still run, here and on the server. No task outlives the
    block. Without a block, `space = await Space("owner/name").open()` stays open until
    `await space.aclose()`.

    Args:
        source: a Space's id, the URL of its page on the Hub, or the app's address.
        auth: credentials, see `Auth`.
        timeouts: for every call, see `Timeouts`.
        retry: for every call, see `Retry`.
        limits: for the whole Space, see `Limits`.
        headers: sent with every request to the app, and to no other host.
        proxy: for every request: `http://host:port` or `socks5://user:password@host:port`.
        http_client: an `httpx.AsyncClient` or `httpx2.AsyncClient` for every request. It is not
            closed, and uses its own proxy and certificates.
        verify: how the certificate of the app is checked: a file or folder of certificates in PEM
            that are trusted, an `SSLContext`, or False for no check. Other hosts, such as the Hub,
            are checked as ever.
        cert: a client certificate for the app: a file with a certificate and its key, or a file for
            each, and the password of the key.
        describe: read /info when the Space is opened. With False, `endpoints` is not available
            until `await space.describe()`; typed clients do not need it.
        hooks: functions that are called for requests, retries and calls, see `Hooks`.
        on_newer: what to do if the app uses a protocol that this release does not support: try the
            newest supported one after a `NewerProtocolWarning` ("warn"), or raise ("raise").

    Raises (when the Space is opened):
        TransportError, DeadlineError: the app cannot be reached.
        AuthError: the app requires a login or a token, or refuses the one that it got.
        NotFoundError, ProtocolError: there is no Gradio app at that address.
        UnsupportedProtocolError: the app's protocol is not supported, see `on_newer`.
        InvalidInputError: `source` is neither a Space id nor an address.

    Raises (at once):
        TypeError: an argument is unknown, or has the wrong type.
        ValueError: `proxy`, `verify` or `cert` is given together with `http_client`, or `cert`
            together with an `SSLContext`.
        InvalidInputError: a file of `verify` or `cert` cannot be used.
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
        verify: Verify = True,
        cert: ClientCertificate | None = None,
        hooks: Hooks | None = None,
        describe: bool = True,
        on_newer: OnNewer = "warn",
    ) -> None:
        super().__init__(None)
        if proxy is not None and http_client is not None:
            raise ValueError(
                "proxy cannot be combined with http_client: configure the proxy of that client"
            )
        if http_client is not None and (verify is not True or cert is not None):
            raise ValueError(
                "verify and cert cannot be combined with http_client: configure that client"
            )
        self._options = _Options(
            source=source,
            auth=auth,
            settings=Settings(
                timeouts or Timeouts(),
                retry or Retry(),
                limits or Limits(),
                dict(headers or {}),
                hooks=hooks,
                tls=create_app_context(verify, cert),
            ),
            proxy=proxy,
            http_client=http_client,
            describe=describe,
            on_newer=on_newer,
            location=find_caller(),
        )

    def _manager(self) -> AbstractAsyncContextManager[Connection]:
        return _connected(self._options)

    def _store(self, value: Connection) -> None:
        self._entered_context = CallContext(value, self._options.settings, lifetime=self._lifetime)

    def __repr__(self) -> str:
        return f"<Space {without_secrets(self._options.source)}>"


class Session(Caller):
    """A session of a Space: its calls have one `session_hash`, so that they share `gr.State`.

    The calls share one stream. If it breaks, every job of the session is lost, and the session
    takes no further calls; the same holds if the app is restarted. Leaving the block cancels the
    jobs that still run.
    """

    def __init__(self, context: CallContext, channel: Channel) -> None:
        super().__init__(context._replace(channel=channel))
        self._channel = channel

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Cancel the jobs that still run, here and on the server. Closing twice does nothing."""
        self._context.connection.app_client.check_loop()
        await self._context.connection.close_session(self._channel)

    async def deep_link(self) -> str:
        """Return an address that opens the app's page with the values of this session.

        The app stores the values that the session's calls have sent and received. Gradio has such
        links since 5.23 (`gr.DeepLinkButton`).

        Raises:
            InvalidInputError: the session has made no call.
            NotFoundError: the app has no such links.
        """
        channel, connection = self._channel, self._context.connection
        connection.check_open()
        with self._context.redacting():
            answer = await channel.app_client.fetch(
                gradio_requests.deep_link(channel.app, channel.session_hash)
            )
            link = _parse_deep_link(answer.body)
        return f"{connection.app_client.base}/?deep_link={link}"

    @property
    def session_hash(self) -> str:
        """The server's id of the session. It is a secret: it gives access to the State."""
        return self._channel.session_hash

    @property
    def cookies(self) -> dict[str, str]:
        """The session's cookies, without login cookies."""
        return self._channel.session_cookies


def _parse_deep_link(body: bytes) -> str:
    """Return the id of a deep link, percent-encoded."""
    try:
        link = parse_json(body)
    except (ValueError, RecursionError):
        link = None
    if not isinstance(link, str):
        raise ProtocolError("the response to /deep_link is not the id of a link")
    if not link:
        raise InvalidInputError("the app has no values of this session: make a call first")
    return quote(link, safe="")


@asynccontextmanager
async def _connected(options: _Options) -> AsyncGenerator[Connection, None]:
    """Open the app and read its description; leaving cancels every job."""
    from spacecall._io.client_factory import create_client  # noqa: PLC0415 - loads httpx

    async with AsyncExitStack() as stack:
        client = options.http_client
        if client is None:
            client = await stack.enter_async_context(
                create_client(options.proxy, options.settings.tls)
            )
        limiter = anyio.Semaphore(options.settings.limits.max_concurrent_requests)
        app_client = AppHttpClient(
            client, "", auth=options.auth, settings=options.settings, limiter=limiter
        )
        deadline = OpenDeadline(options.settings.timeouts)
        app_client.observer().log(CLIENT, logging.DEBUG, "open %s", without_secrets(options.source))
        with app_client.redacting(), deadline.enforce():
            app_client, config = await open_app(app_client, options.source, deadline)
            with app_client.redacting():
                app = await config.read(parse_config)
        with app_client.redacting():
            check_protocol(app, options.on_newer, app_client, options.location)

        async def refetch_config() -> tuple[AppConfig, bytes]:
            deadline = OpenDeadline(options.settings.timeouts)
            app_client.login.shared.refused = False
            with app_client.redacting(), deadline.enforce():
                _, config = await fetch_config(app_client, deadline)
                app = await config.read(parse_config)
            check_protocol(app, options.on_newer, app_client, options.location)
            return app, config.body

        connection = await stack.enter_async_context(
            _open_connection(app_client, app, config.body, refetch_config)
        )
        if options.describe:
            await connection.describe(deadline)
        app_client.observer().log(
            CLIENT, logging.INFO, "opened %s (Gradio %s)", app_client.base, app.version
        )
        yield connection
        app_client.observer().log(CLIENT, logging.DEBUG, "close %s", app_client.base)


@asynccontextmanager
async def _open_connection(
    app_client: AppHttpClient,
    app: AppConfig,
    config: bytes,
    refetch_config: Callable[[], Awaitable[tuple[AppConfig, bytes]]],
) -> AsyncGenerator[Connection, None]:
    """Open a connection with its task group."""
    async with shielded_task_group() as group:
        connection = Connection(app_client, app, config, BackgroundTasks(group), refetch_config)
        try:
            yield connection
        finally:
            await connection.close()
