"""Creates the HTTP client of a Space that got no `http_client`."""

from __future__ import annotations

from spacecall._io import _http as http
from spacecall._io.direct_client import IDLE_SECONDS, MAX_IDLE, DirectClient, OneConnectionTransport
from spacecall._io.interceptor import active_interceptor
from spacecall._io.proxies import (
    check_environment_proxies,
    check_proxy,
    environment_has_proxy,
    proxy_marker,
)
from spacecall._io.tls import ssl_context


def create_client(proxy: str | None = None) -> http.OwnClient:
    """Return a new client. The caller closes it.

    `Limits` bounds streams and short requests, so the pool has no limit. Gradio's server closes an
    idle connection after 5 s without announcing it: the client closes it before.

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
        return http.AsyncClient(
            limits=pool,
            follow_redirects=False,
            proxy=proxy,
            verify=ssl_context(),
            event_hooks=hooks,
        )
    from spacecall._io.intercepted_transport import InterceptedTransport  # noqa: PLC0415 - few programs need it

    network: http.AsyncBaseTransport = OneConnectionTransport()
    if not direct:
        network = http.AsyncHTTPTransport(limits=pool, proxy=proxy, verify=ssl_context())
    return DirectClient(InterceptedTransport(interceptor, network), is_intercepted=True)
