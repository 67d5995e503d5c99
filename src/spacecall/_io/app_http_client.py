"""Requests to one app: credentials, cookies, redirects, retries, limits, typed errors."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from copy import copy
from dataclasses import replace
from functools import partial

import anyio

from spacecall._core import gradio_requests
from spacecall._core.gradio_requests import AppRun, Request
from spacecall._core.redaction import Redactor, header_secrets, redact_error, redacting, url_secrets
from spacecall._io import _http as http
from spacecall._io.addresses import AddressPolicy, KnownPeers
from spacecall._io.cookies import AppCookies
from spacecall._io.credentials import (
    MaskedHeaders,
    auth_secrets,
    is_same_host,
    redacted_url,
    token_header,
    user_token,
)
from spacecall._io.deadlines import deadline, timeout_extension
from spacecall._io.decoding import COMPRESSED, IDENTITY
from spacecall._io.event_loops import EventLoopGuard
from spacecall._io.fetched_response import FetchedResponse
from spacecall._io.http_errors import build_status_error, map_http_errors
from spacecall._io.interceptor import CALLER_SECRETS, MAX_EVENT_BYTES, CallerSecrets
from spacecall._io.lent_clients import proxy_secrets, without_cookies
from spacecall._io.log_redaction import redact_logs
from spacecall._io.login import Login, SharedLogin
from spacecall._io.observer import Observer
from spacecall._io.proxies import forwarding_proxy
from spacecall._io.redirects import RedirectError, follow_redirects
from spacecall._io.request_building import build_request, create_get, create_request
from spacecall._io.request_settings import Settings
from spacecall._io.response_body import read_body, read_error_body
from spacecall._io.retrying import OnRetry, run_with_retries
from spacecall._io.run_checks import CONNECTION, RUN_CHECK, RunCheck, RunMonitor
from spacecall._io.tls import APP_CONTEXT
from spacecall._version import __version__
from spacecall.errors import AuthError, DeadlineError, StatusError, TransportError
from spacecall.options import Auth

_FRAMING = {"content-length", "transfer-encoding"}
USER_AGENT = f"spacecall/{__version__}"


class AppHttpClient:
    """Sends the requests to one app, and keeps the app's cookies.

    Cookies of responses do not get into the HTTP client, nor into another `AppHttpClient`. The
    default headers, `auth` and cookies of the HTTP client are sent to this app only, and its
    cookies only if `auth` names no user: they may be of another user.

    Args:
        client: sends every request.
        base: the app's address, without a slash at its end.
        limiter: limits the short requests of a Space that run at the same time.
        defaults: whether the default headers, `auth` and cookies of the client are used at all.

    Attributes:
        checks: knowledge about the runs of the app, shared by all copies for this app.

    Raises:
        ValueError: a default header of the client sets the length of every body.
    """

    def __init__(
        self,
        client: http.HttpClient,
        base: str,
        *,
        auth: Auth | None,
        settings: Settings,
        limiter: anyio.Semaphore,
        defaults: bool = True,
    ) -> None:
        from spacecall._io.direct_client import DirectClient  # noqa: PLC0415 - loads httpx

        if defaults and not client.headers.keys().isdisjoint(_FRAMING):
            raise ValueError(
                "http_client has a default header Content-Length or Transfer-Encoding, which each "
                "request sets itself: remove it from the client"
            )
        self._home = EventLoopGuard()
        self.base, self._tls_base, self.settings = base, base, settings
        self._client = without_cookies(client)
        self._direct = self._client if isinstance(self._client, DirectClient) else None
        self._library = http.library_of(client)
        self._auth = auth
        self._limiter = limiter
        self._defaults = defaults
        self._anonymous = auth is None or not (auth.token or auth.username or auth.cookies)
        self._secrets: set[str] = set()
        self._client_credentials = ""
        self._peers = KnownPeers()
        self.checks = RunMonitor()
        cookies = AppCookies(client.cookies.jar if defaults and self._anonymous else ())
        cookies.remember(auth.cookies if defaults and auth else {})
        self._use_cookies(cookies, SharedLogin())

    def _use_cookies(self, cookies: AppCookies, login: SharedLogin, number: int = 0) -> None:
        self._cookies = cookies
        # Another server (`for_server`) must not get the app's password.
        has_password = self._defaults and self._auth and self._auth.username is not None
        post = self._log_in if has_password else None
        self.login = Login(cookies, post, login, number, self._auth)

    def fork(self) -> AppHttpClient:
        """Return a copy with its own copy of the cookies."""
        app_client = copy(self)
        app_client._secrets = set(self._secrets)
        app_client._use_cookies(self._cookies.fork(), self.login.shared, self.login.number)
        return app_client

    def with_base_url(self, base: str) -> AppHttpClient:
        """Return a copy for another address of the same app."""
        app_client = self.fork()
        app_client.base = app_client._tls_base = base
        return app_client

    def for_server(self, base: str) -> AppHttpClient:
        """Return a client for another server, which gets nothing but a token for its host."""
        app_client = copy(self)
        app_client.base = base
        app_client.settings = replace(self.settings, headers={})
        app_client._defaults = False
        app_client._secrets = set(self._known_secrets(self.settings))
        app_client._client_credentials = ""
        app_client.checks = RunMonitor()
        app_client._use_cookies(AppCookies(), SharedLogin())
        return app_client

    def check_loop(self) -> None:
        """Raise RuntimeError outside of the event loop in which the client was created."""
        self._home.check()

    @property
    def has_token(self) -> bool:
        """Whether requests carry a token."""
        return bool(token_header(self._auth, self.base))

    def user_token(self, settings: Settings) -> str | None:
        """Return the token for `gr.OAuthToken`; see `credentials.user_token`."""
        return user_token(self._auth, settings.oauth_token, self.base)

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies of the app, by name."""
        return self._cookies.values()

    def remember(self, cookies: Mapping[str, str]) -> None:
        """Add cookies that a client had before. Raises ValueError for invalid ones."""
        self._cookies.remember(cookies)

    def hide(self, secret: str) -> None:
        """Redact `secret` too in errors, events and logs."""
        self._secrets.add(secret)

    def redactor(self, settings: Settings | None = None, *, url: str = "") -> Redactor:
        """Return a redactor for the secrets of this client.

        Args:
            settings: of the call, if they differ from those of the client.
            url: of a file; it may contain a signature or a password.
        """
        return Redactor((*self._known_secrets(settings or self.settings), *url_secrets(url)))

    def redacting(self, settings: Settings | None = None) -> AbstractContextManager[None]:
        """Redact every `SpaceError` that is raised inside the block."""
        return redacting(lambda: self.redactor(settings))

    def observer(self, settings: Settings | None = None) -> Observer:
        """Return the observer for a call with these settings: it logs and calls hooks."""
        settings = settings or self.settings
        return Observer(self.base, settings.hooks, lambda: self.redactor(settings))

    def on_retry(self, request: Request, settings: Settings | None = None) -> OnRetry:
        """Return the function that reports the retries of a request."""
        return self.observer(settings).on_retry(f"{request.method} {request.path}")

    def _known_secrets(self, settings: Settings) -> Iterator[str]:
        yield from self._secrets
        yield from self._cookies.values().values()
        yield from self._caller_values(settings)

    def _caller_values(self, settings: Settings) -> Iterator[str]:
        """Yield the secrets that the caller passed."""
        yield from header_secrets(settings.headers.items())
        yield from settings.zero_gpu.headers().values()
        yield settings.oauth_token or ""
        yield from proxy_secrets(self._client)
        if self._defaults:
            yield from header_secrets(self._client.headers.items())
            yield from header_secrets([("authorization", self._client_credentials)])
        yield from auth_secrets(self._auth)

    def _caller_secrets(self, settings: Settings) -> CallerSecrets:
        headers = map(str.lower, (*settings.headers, *settings.zero_gpu.headers()))
        return CallerSecrets(frozenset(headers), frozenset(self._caller_values(settings)))

    def _request_redactor(self, request: http.Request, settings: Settings) -> Redactor:
        """Return a redactor that knows the secrets of one request too."""
        return Redactor(
            (
                *self._known_secrets(settings),
                *header_secrets(request.headers.items()),
                *url_secrets(str(request.url)),
            )
        )

    async def fetch(
        self,
        request: Request,
        settings: Settings | None = None,
        *,
        headers: Mapping[str, str] = {},
        is_limited: bool = True,
        around_attempt: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> FetchedResponse:
        """Send a request and read the response with its body.

        Args:
            is_limited: whether the request waits for the limiter.
            around_attempt: called for each attempt; the attempt runs in its context manager.

        Raises:
            TransportError, DeadlineError, StatusError: see `spacecall.errors`. A redirect of a POST
                or to another host is a StatusError.
            ProtocolError: the body is larger than `Limits.max_body_bytes`.
            RuntimeError: it is called in another event loop.
        """
        self._home.check()
        settings = settings or self.settings

        async def attempt() -> FetchedResponse:
            limiter = self._limiter if is_limited else nullcontext()
            async with limiter:
                url, seconds = self.base + request.path, settings.timeouts.request
                late = partial(self._late, request.method, url, seconds)
                with around_attempt(), deadline(seconds, late):
                    opened = self.open(request, settings, headers=headers, compressed=True)
                    async with opened as response:
                        body = await read_body(response, settings.limits, self.base)
                        return FetchedResponse(
                            str(response.url),
                            response.headers,
                            body,
                            lambda: self._request_redactor(response.request, settings),
                            response.extensions.get(CONNECTION, self.checks.pool),
                        )

        idempotent, on_retry = request.method == "GET", self.on_retry(request, settings)
        return await run_with_retries(
            attempt, settings.retry, idempotent=idempotent, on_retry=on_retry
        )

    @asynccontextmanager
    async def open(
        self,
        request: Request,
        settings: Settings | None = None,
        *,
        headers: Mapping[str, str] = {},
        content: AsyncIterator[bytes] | None = None,
        compressed: bool = False,
    ) -> AsyncGenerator[http.Response, None]:
        """Send a request and yield the response before its body is read. Raises as `fetch` does.

        Args:
            content: the body of an upload. The caller limits its duration.
            compressed: whether the response may be compressed.
        """
        settings = settings or self.settings
        head = None if content is not None else settings.timeouts.request

        def build() -> http.Request:
            plain = partial(create_request, self._library)
            build = self._client.build_request if self._defaults else plain
            built = build_request(build, self._library, self.base, request, headers, content)
            built.headers["accept-encoding"] = COMPRESSED if compressed else IDENTITY
            if request.run is not None:
                built.extensions[RUN_CHECK] = self._run_check(request.run)
            return built

        async with AsyncExitStack() as stack:
            stack.enter_context(map_http_errors(self.base, lambda: self.redactor(settings)))

            async def attempt() -> http.Response:
                return await stack.enter_async_context(self._successful(build(), settings, head))

            # A streamed body cannot be sent again, and a wrong password stays wrong.
            is_final = content is not None or request.form is not None
            yield await (attempt() if is_final else self.login.run_logged_in(attempt, headers))

    async def _log_in(self) -> None:
        assert self._auth is not None
        request = gradio_requests.login(self._auth.username or "", self._auth.password or "")
        try:
            await self.fetch(request, is_limited=False)
        except StatusError as error:
            # Every version of Gradio answers a wrong password with 400.
            if error.status != 400:
                raise
            raise AuthError("wrong username or password", status=400, space=self.base) from error

    @asynccontextmanager
    async def download(
        self, url: str, *, home: str | None = None
    ) -> AsyncGenerator[http.Response, None]:
        """GET a file from any host. Only the app's host gets credentials and cookies.

        Errors inside the `async with` block are not converted: they may be the caller's.

        Args:
            home: the URL to which `Limits.file_hosts` compares the file's; by default the app's.

        Raises:
            ForbiddenAddressError: `Limits.file_hosts` does not allow the address.
        """
        async with AsyncExitStack() as stack:
            with map_http_errors(self.base, lambda: self.redactor(url=url)):
                policy = AddressPolicy(
                    self.settings.limits.file_hosts,
                    self.base if home is None else home,
                    self._peers,
                    self.settings.timeouts.connect,
                )
                seconds = self.settings.timeouts.request

                async def attempt() -> http.Response:
                    request = self._get(url)
                    request.headers["accept-encoding"] = IDENTITY
                    sending = self._successful(request, self.settings, seconds, policy)
                    return await stack.enter_async_context(sending)

                trusted = self._is_same_origin(url)
                response = await (self.login.run_logged_in(attempt) if trusted else attempt())
            yield response

    @asynccontextmanager
    async def _successful(
        self,
        request: http.Request,
        settings: Settings,
        seconds: float | None,
        files: AddressPolicy | None = None,
    ) -> AsyncGenerator[http.Response, None]:
        """Send a request and yield a successful response, which must begin within `seconds`."""
        async with AsyncExitStack() as stack:
            with deadline(seconds, partial(self._late, request.method, str(request.url), seconds)):
                response = await self._follow(request, settings, files)
                stack.push_async_callback(response.aclose)
                if not (response.is_success or response.is_informational):
                    body = await read_error_body(response)
                    raise build_status_error(
                        response.status_code,
                        response.headers,
                        body,
                        now=time.time(),
                        space=self.base,
                        redact=self._request_redactor(response.request, settings),
                        proxy=forwarding_proxy(response.request),
                    )
            yield response

    def _late(self, method: str, url: str, seconds: float | None) -> DeadlineError:
        target = f"{method} {redacted_url(url)}"
        text = f"{target} got no response within {seconds:g} s (Timeouts.request)"
        error = DeadlineError(text, phase="request", space=self.base)
        redact_error(error, self.redactor(url=url))
        return error

    async def _follow(
        self, request: http.Request, settings: Settings, files: AddressPolicy | None
    ) -> http.Response:
        """Send a request and follow redirects of a GET: to other hosts only for files."""

        async def send(request: http.Request) -> http.Response:
            if files is None:
                return await self._send(request, settings)
            return await self._send_for_file(request, settings, files)

        def allows(url: str) -> bool:
            return request.method == "GET" and (files is not None or self._is_same_origin(url))

        try:
            return await follow_redirects(request, send, self._get, allows)
        except RedirectError as error:
            text = self._request_redactor(request, settings)(str(error))
            if error.status is None:
                raise TransportError(text, space=self.base) from None
            raise StatusError(text, status=error.status, space=self.base) from None

    async def _send_for_file(
        self, request: http.Request, settings: Settings, files: AddressPolicy
    ) -> http.Response:
        files.check_url(request.url)
        watch = files.watch(request)
        response = await self._send(request, settings)
        try:
            await watch.check_reused(response)
        except BaseException:
            await response.aclose()
            raise
        return response

    async def _send(self, request: http.Request, settings: Settings) -> http.Response:
        self._home.check()
        if self._client.is_closed:
            raise RuntimeError(
                "the Space or its http_client is closed: make calls and read files before"
            )
        trusted, client_auth = self._prepare(request, settings)
        redactor = partial(self._request_redactor, request, settings)
        send = partial(self.checks.send, self._client, request, client_auth=client_auth)
        with redact_logs(request, redactor, by_httpx=self._direct is None):
            response = await Observer(self.base, settings.hooks, redactor).send(request, send)
        if client_auth and self._client.auth is not None:
            self._client_credentials = request.headers.get("authorization", "")
        if trusted:
            self._peers.record(request.url.host, None)
        if trusted and "set-cookie" in response.headers:
            self._cookies.receive(response)
        return response

    def _run_check(self, run: AppRun) -> RunCheck:
        """Return the check that lets a request go to that run of the app only."""
        settings = self.settings

        def build(path: str) -> http.Request:
            request = self._get(self.base + path)
            short = path != gradio_requests.CONFIG.path
            request.headers["accept-encoding"] = IDENTITY if short else COMPRESSED
            self._prepare(request, settings)
            return request

        return RunCheck(
            run,
            self.checks,
            build,
            limits=settings.limits,
            seconds=settings.timeouts.request,
            observer=self.observer(),
        )

    async def verify(self, run: AppRun) -> None:
        """Check that `run` is still the app's current run. Skipped for an intercepted client.

        Raises:
            OtherRunError: another run is.
            TransportError, DeadlineError: the app cannot be reached.
        """
        if self._direct is not None and self._direct.is_intercepted:
            return
        with map_http_errors(self.base, self.redactor):
            send = partial(self.checks.send, self._client, client_auth=self._defaults)
            await self._run_check(run).verify(send)

    def _prepare(self, request: http.Request, settings: Settings) -> tuple[bool, bool]:
        """Add credentials and cookies.

        Returns:
            Whether the request goes to the app; whether the client's `auth` is used.
        """
        url = str(request.url)
        trusted = self._is_same_origin(url)
        request.headers["user-agent"] = USER_AGENT
        client_auth = False
        if trusted:
            if not self._anonymous:  # the client's cookies may be of another user
                request.headers.pop("cookie", None)
            headers = MaskedHeaders({**token_header(self._auth, url), **settings.headers})
            request.headers.update(headers)
            self._cookies.send(request)
            if "trace" not in request.extensions:
                self._peers.watch(request)
            if self._defaults and "authorization" not in map(str.lower, headers):
                client_auth = True
        if settings.tls is not None and is_same_host(self._tls_base, url):
            request.extensions[APP_CONTEXT] = settings.tls
        request.extensions["timeout"] = timeout_extension(settings.timeouts)
        request.extensions[CALLER_SECRETS] = lambda: self._caller_secrets(settings)
        request.extensions[MAX_EVENT_BYTES] = settings.limits.max_event_bytes
        return trusted, client_auth

    def _get(self, url: str) -> http.Request:
        """Return a GET request; the client's defaults are added for the app's host only."""
        is_own = self._defaults and self._is_same_origin(url)
        return create_get(self._client.build_request if is_own else self._library.request, url)

    def _is_same_origin(self, url: str) -> bool:
        """Return whether `url` is on the app's origin; also with https in place of http."""
        return (bool(self.base) and url.startswith(f"{self.base}/")) or is_same_host(self.base, url)
