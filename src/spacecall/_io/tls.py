"""Which certificates are trusted."""

from __future__ import annotations

import os
import ssl
from functools import cache
from pathlib import Path

from spacecall._io import _http as http
from spacecall._visible import shorten
from spacecall.errors import InvalidInputError

_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


@cache
def ssl_context() -> ssl.SSLContext:
    """Those of httpx (`SSL_CERT_FILE` and `SSL_CERT_DIR` count), shared: reading takes 20 ms.

    Raises:
        InvalidInputError: such a variable names no certificates.
    """
    variable = next((name for name in _VARIABLES if os.environ.get(name)), "")
    path = Path(os.environ.get(variable, ""))
    remedy = f"{variable} is {shorten(str(path))}: name certificates in PEM, or unset it"
    if variable == "SSL_CERT_DIR" and not path.is_dir():
        raise InvalidInputError(f"{remedy} (there is no such folder)")
    try:
        return http.create_ssl_context()
    except OSError as error:  # ssl.SSLError is one
        if not variable:
            raise
        raise InvalidInputError(f"{remedy} ({error.strerror or error})") from error
