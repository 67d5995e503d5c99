"""Which certificates are trusted."""

from __future__ import annotations

import ssl
from functools import cache

import httpx


@cache
def tls() -> ssl.SSLContext:
    """Those of httpx (`SSL_CERT_FILE` counts), shared: reading them takes 20 ms."""
    return httpx.create_ssl_context()
