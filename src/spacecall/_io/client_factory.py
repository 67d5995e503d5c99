"""Creates the HTTP client of a Space that got no `http_client`."""

from __future__ import annotations

from functools import partial
from ssl import SSLContext
from typing import Any

from spacecall._io import _http as http
from spacecall._io.direct_client import IDLE_SECONDS, MAX_IDLE, DirectClient, OneConnectionTransport
from spacecall._io.interceptor import active_interceptor
from spacecall._io.proxies import (
    check_environment_proxies,
    check_proxy,
    environment_has_proxy,
    proxy_marker,
)
from spacecall._io.tls import APP_CONTEXT, ssl_context


def create_client(
    proxy: str | None = None, app_context: SSLContext | None = None
) -> http.OwnClient:
    """Return a new client. The caller closes it.

    `Limits` bounds streams and short requests, so the pool has no limit. Gradio's server closes an
    idle connection after 5 s without announcing it: the client closes it before.

    Args:
        proxy: for every request; None for the proxies of the environment.
        app_context: the SSL context of the requests to the app, which name it in `APP_CONTEXT`.

    Raises:
        InvalidInputError: `proxy` or a proxy of the environment is not a valid URL, or
            `SSL_CERT_FILE` or `SSL_CERT_DIR` has no certificates.
    """
    pool = http.Limits(
        max_connections=None, max_keepalive_connections=MAX_IDLE, keepalive_expiry=IDLE_SECONDS
    )
    if proxy is not None:
        check_proxy(proxy, "the proxy")
    direct = proxy is None and not environment_has_proxy()
    interceptor = active_interceptor()
    if interceptor is None:
        if direct:
            return DirectClient()
        check_environment_proxies()
        hooks = {"request": [proxy_marker(proxy)]} if proxy is not None else None
        create = partial(
            _ProxiedClient, limits=pool, follow_redirects=False, proxy=proxy, event_hooks=hooks
        )
        client = create(verify=ssl_context())
        if app_context is not None:
            client.app_client = create(verify=app_context)
        return client
    from spacecall._io.intercepted_transport import InterceptedTransport  # noqa: PLC0415 - few programs need it

    network: http.AsyncBaseTransport = OneConnectionTransport()
    if not direct:
        network = http.AsyncHTTPTransport(limits=pool, proxy=proxy, verify=ssl_context())
    return DirectClient(InterceptedTransport(interceptor, network), is_intercepted=True)


class _ProxiedClient(http.AsyncClient):
    """The client of the HTTP library, which knows proxies.

    Attributes:
        app_client: sends the requests to the app, if their SSL context is not the default one.
    """

    app_client: http.AsyncClient | None = None

    async def send(self, request: http.Request, **options: Any) -> http.Response:
        """Send a request; see the HTTP library."""
        if self.app_client is not None and request.extensions.get(APP_CONTEXT) is not None:
            return await self.app_client.send(request, **options)
        return await super().send(request, **options)

    async def __aexit__(self, *error: Any) -> None:
        try:
            if self.app_client is not None:
                await self.app_client.aclose()
        finally:
            await super().__aexit__(*error)
