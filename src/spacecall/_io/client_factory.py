"""The HTTP clients of Spaces."""

from __future__ import annotations

from spacecall._io import _http as http
from spacecall._io.direct_client import IDLE, KEPT, DirectClient, Exclusive
from spacecall._io.interceptor import active
from spacecall._io.proxies import check_environment, check_proxy, mark_proxied, proxied
from spacecall._io.tls import tls


def new_client(proxy: str | None = None) -> http.OwnClient:
    """Return the client for a Space that was given none.

    Streams and short requests are bounded by `Limits`, so the pool is not. Gradio's server closes
    an idle connection after 5 s without saying so: it is dropped here before that.

    Raises:
        InvalidInputError: `proxy`, or one that the environment names, is no address of a proxy that
            httpx can use; `SSL_CERT_FILE` or `SSL_CERT_DIR` names no certificates.
    """
    pool = http.Limits(max_connections=None, max_keepalive_connections=KEPT, keepalive_expiry=IDLE)
    if proxy is not None:
        check_proxy(proxy, "the proxy")
    direct = proxy is None and not proxied()
    interceptor = active()
    if interceptor is None:
        if direct:
            return DirectClient()
        check_environment()
        hooks = {"request": [mark_proxied]} if proxy is not None else None
        return http.AsyncClient(
            limits=pool, follow_redirects=False, proxy=proxy, verify=tls(), event_hooks=hooks
        )
    from spacecall._io.intercepted_transport import Intercepted  # noqa: PLC0415 - few programs need it

    network: http.AsyncBaseTransport = Exclusive()
    if not direct:
        network = http.AsyncHTTPTransport(limits=pool, proxy=proxy, verify=tls())
    return DirectClient(Intercepted(interceptor, network), is_intercepted=True)
