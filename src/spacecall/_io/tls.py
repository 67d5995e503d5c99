"""The certificates that https connections trust."""

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
    """Return the SSL context of the HTTP library, created once: reading certificates takes 20 ms.

    `SSL_CERT_FILE` and `SSL_CERT_DIR` replace its certificates.

    Raises:
        InvalidInputError: the path in such a variable has no certificates.
    """
    variable = next((name for name in _VARIABLES if os.environ.get(name)), "")
    path = Path(os.environ.get(variable, ""))
    remedy = f"{variable} is {shorten(str(path))}: set it to certificates in PEM, or unset it"
    if variable == "SSL_CERT_DIR" and not path.is_dir():
        raise InvalidInputError(f"{remedy} (the folder does not exist)")
    try:
        return http.create_ssl_context()
    except OSError as error:  # ssl.SSLError is one
        if not variable:
            raise
        raise InvalidInputError(f"{remedy} ({error.strerror or error})") from error
