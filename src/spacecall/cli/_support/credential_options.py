"""Give commands the options of credentials."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeAlias

from spacecall.cli._support.app_access import (
    Credentials,
    ForOption,
    HeaderOption,
    OAuthTokenOption,
    TimeoutOption,
    TokenOption,
    UserOption,
)
from spacecall.cli._support.tls_options import CaFileOption, CertKeyOption, CertOption

__all__ = ["ReadCredentials", "takes_credentials"]

ReadCredentials: TypeAlias = Callable[[], Credentials]
"""Reads the options of credentials; see `Credentials.from_options`."""

_Command: TypeAlias = Callable[..., None]


def _options(
    *,
    token: TokenOption = "",
    oauth_token: OAuthTokenOption = "",
    user: UserOption = "",
    headers: HeaderOption = None,
    recipient: ForOption = "",
    ca_file: CaFileOption = "",
    cert: CertOption = "",
    cert_key: CertKeyOption = "",
    timeout: TimeoutOption = None,
) -> None:
    """Declare the options, in the order of the help; the names are those of `from_options`."""


def takes_credentials(*, oauth_token: bool = False) -> Callable[[_Command], _Command]:
    """Add the options of credentials to a command, in place of its parameter `read_credentials`.

    The command gets a `ReadCredentials` there.

    Args:
        oauth_token: whether it calls an endpoint, and has the option `--oauth-token` too.
    """
    options = dict(inspect.signature(_options, eval_str=True).parameters)
    if not oauth_token:
        del options["oauth_token"]

    def decorate(command: _Command) -> _Command:
        @functools.wraps(command)
        def run(**arguments: Any) -> None:
            values = {name: arguments.pop(name) for name in options}
            command(**arguments, read_credentials=lambda: Credentials.from_options(**values))

        signature = inspect.signature(command, eval_str=True)
        parameters: list[inspect.Parameter] = []
        for parameter in signature.parameters.values():
            parameters += options.values() if parameter.name == "read_credentials" else [parameter]
        # Typer reads the options of a command from its signature.
        setattr(run, "__signature__", signature.replace(parameters=parameters))  # noqa: B010
        return run

    return decorate
