"""The certificates that https connections trust, and those that they show."""

from __future__ import annotations

import os
import ssl
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeAlias

from spacecall._io import _http as http
from spacecall._regular_files import open_if_regular
from spacecall._visible import shorten
from spacecall.errors import InvalidInputError

Verify: TypeAlias = bool | str | os.PathLike[str] | ssl.SSLContext
"""What is trusted: see `Space`."""

ClientCertificate: TypeAlias = (
    str
    | os.PathLike[str]
    | tuple[str | os.PathLike[str], str | os.PathLike[str]]
    | tuple[str | os.PathLike[str], str | os.PathLike[str], str]
)
"""A file with a certificate and its key, or a file for each and the password of the key."""

APP_CONTEXT: Final = "spacecall.tls"
"""The extension of a request with the SSL context for the app's host; None for the default one."""

UNTRUSTED_REMEDY: Final = "trust its authority with verify= or SSL_CERT_FILE"
MISSING_CERTIFICATE_REMEDY: Final = "pass it as cert="
KEY_PASSWORD_REMEDY: Final = "write (certificate, key, password)"  # noqa: S105 - a text
"""What a message says to do in Python; the command says which option helps instead."""

_MAX_PARTS = 3
# Numbers of OpenSSL: no certificate of the issuer (2, 20, 21), self-signed (18, 19).
_UNKNOWN_AUTHORITY = (2, 18, 19, 20, 21)
_REFUSED_CERTIFICATE = ("ALERT_UNKNOWN_CA", "ALERT_BAD_CERTIFICATE", "ALERT_CERTIFICATE_EXPIRED")
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
        _check_regular(path if variable else None)
        return http.create_ssl_context()
    except OSError as error:  # ssl.SSLError is one
        if not variable:
            raise
        raise InvalidInputError(f"{remedy} ({error.strerror or error})") from error


def create_app_context(
    verify: Verify = True,  # noqa: FBT002 - the names and values that HTTP clients have
    cert: ClientCertificate | None = None,
) -> ssl.SSLContext | None:
    """Return the SSL context for an app's host; None for the default one.

    Raises:
        InvalidInputError: a file has no certificate or no key, or the key's password is missing or
            wrong.
        TypeError: `cert` is not one of its forms.
        ValueError: there are both a context and a certificate.
    """
    if isinstance(verify, ssl.SSLContext):
        if cert is not None:
            raise ValueError("load the certificate into the SSLContext, and leave out cert")
        return verify
    if verify is True and cert is None:
        return None
    context = _trusting(verify)
    if cert is not None:
        _load_certificate(context, cert)
    return context


def _load_certificate(context: ssl.SSLContext, cert: ClientCertificate) -> None:
    parts: tuple[Any, ...] = cert if isinstance(cert, tuple) else (cert,)
    paths, password = parts[:2], parts[2] if len(parts) == _MAX_PARTS else None
    are_paths = all(isinstance(path, (str, os.PathLike)) for path in paths)
    if not are_paths or not 1 <= len(parts) <= _MAX_PARTS or not isinstance(password, str | None):
        raise TypeError("cert must be a path, (certificate, key) or (certificate, key, password)")
    certificate, key, *_ = (*paths, None)
    provider = _KeyPassword(shorten(str(key or certificate)), password)
    try:
        _check_regular(*(Path(part) for part in paths if part is not None))
        context.load_cert_chain(certificate, key, provider)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        belong_together = not _reason(error).endswith("MISMATCH")  # which a wrong password hides
        if provider.was_asked and belong_together:
            raise InvalidInputError(
                f"cert: the password of the key {provider.key} is wrong"
            ) from error
        name = shorten(str(certificate))
        if key is None or key == certificate:
            problem = f"{name} has no certificate, or no private key, in PEM"
        else:
            problem = (
                f"cannot load the certificate {name} with the key {shorten(str(key))}: both must "
                "be PEM, and belong together"
            )
        raise InvalidInputError(f"cert: {problem} ({_reason(error)})") from error


class _KeyPassword:
    """Returns the password of a key. OpenSSL asks for it only if the key is encrypted.

    Without this, OpenSSL would ask on the terminal.

    Args:
        key: the file, for messages.
        password: None if the caller gave none.
    """

    def __init__(self, key: str, password: str | None) -> None:
        self.key = key
        self._password = password
        self.was_asked = False

    def __call__(self) -> str:
        if self._password is None:
            raise InvalidInputError(f"cert: the key {self.key} is encrypted: {KEY_PASSWORD_REMEDY}")
        self.was_asked = True
        return self._password


def describe_tls_error(error: ssl.SSLError) -> str:
    """Return why the handshake failed, and which option helps."""
    reason: str = getattr(error, "reason", None) or str(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        is_unknown = error.verify_code in _UNKNOWN_AUTHORITY
        remedy = f": {UNTRUSTED_REMEDY}" if is_unknown else ""
        return f"{reason} ({error.verify_message.rstrip('.')}){remedy}"
    if reason.endswith("ALERT_CERTIFICATE_REQUIRED"):
        return f"{reason}: the server requires a client certificate: {MISSING_CERTIFICATE_REMEDY}"
    if reason.endswith(_REFUSED_CERTIFICATE):
        return f"{reason}: the server refused the client certificate (cert=)"
    return reason


def _trusting(verify: bool | str | os.PathLike[str]) -> ssl.SSLContext:  # noqa: FBT001
    if verify is True:
        return http.create_ssl_context()
    if verify is False:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    path = Path(verify)
    is_folder = path.is_dir()
    try:
        _check_regular(path)
        return ssl.create_default_context(
            cafile=None if is_folder else path, capath=path if is_folder else None
        )
    except OSError as error:
        raise InvalidInputError(
            f"verify: {shorten(str(path))} has no certificates in PEM ({_reason(error)})"
        ) from error


def _check_regular(*paths: Path | None) -> None:
    """Raise an OSError for a pipe or device, which OpenSSL would wait for."""
    for path in paths:
        if path is not None and not path.is_dir():
            open_if_regular(path).close()


def _reason(error: Exception) -> str:
    return getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
