"""The options that say which certificates an app has, and which one is shown to it."""

from __future__ import annotations

import os
from pathlib import Path
from ssl import SSLContext
from typing import Annotated, Final, TypeAlias

import typer

from spacecall._io.tls import KEY_PASSWORD_REMEDY, ClientCertificate, create_app_context
from spacecall._regular_files import NotRegularFileError, open_if_regular
from spacecall.errors import InvalidInputError

__all__ = ["CaFileOption", "CertKeyOption", "CertOption", "load_certificates"]

CaFileOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--ca-file",
        metavar="PATH",
        help="Trust the certificates in this file or folder (PEM) for the app's own host, and no "
        "others.",
        show_default=False,
    ),
]
"""`--ca-file`, for every command that reaches an app."""

CertOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--cert",
        metavar="PATH",
        help="Show this client certificate (PEM) to the app.",
        show_default=False,
    ),
]
"""`--cert`, for every command that reaches an app."""

CertKeyOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--cert-key",
        metavar="PATH",
        help="The key of --cert, if another file has it. The password of an encrypted key comes "
        "from SPACECALL_CERT_PASSWORD.",
        show_default=False,
    ),
]
"""`--cert-key`, for every command that reaches an app."""

_PASSWORD: Final = "SPACECALL_CERT_PASSWORD"  # noqa: S105 - the name of a variable
_PASSWORD_REMEDY: Final = f"set {_PASSWORD}"


def load_certificates(ca_file: str, cert: str, cert_key: str) -> SSLContext | None:
    """Return the SSL context for an app's host; None without these options.

    Args:
        ca_file: the value of `--ca-file`; empty without it.
        cert: the value of `--cert`; empty without it.
        cert_key: the value of `--cert-key`; empty without it.

    Raises:
        InvalidInputError: a file has no certificate or no key, or the key's password is missing or
            wrong. The message names the option.
    """
    if cert_key and not cert:
        raise InvalidInputError("--cert-key is the key of a certificate: add --cert")
    for option, path in (("--ca-file", ca_file), ("--cert", cert), ("--cert-key", cert_key)):
        _check_not_special(option, path)
    password = os.environ.get(_PASSWORD)
    certificate: ClientCertificate | None = None
    if cert:
        key = cert_key or cert
        certificate = (cert, key) if password is None else (cert, key, password)
    try:
        return create_app_context(ca_file or True, certificate)
    except InvalidInputError as error:
        argument, _, problem = error.message.partition(": ")
        option = {"verify": "--ca-file", "cert": "--cert"}.get(argument, argument)
        problem = problem.replace(KEY_PASSWORD_REMEDY, _PASSWORD_REMEDY)
        raise InvalidInputError(f"{option}: {problem}") from error


def _check_not_special(option: str, path: str) -> None:
    """Refuse a pipe or device, which OpenSSL would wait for."""
    if not path or Path(path).is_dir():
        return
    try:
        open_if_regular(Path(path)).close()
    except NotRegularFileError as error:
        raise InvalidInputError(f"{option}: {path!r} {error.strerror}") from error
    except (OSError, ValueError):  # OpenSSL says more
        return
