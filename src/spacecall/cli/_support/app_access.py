"""The options and credentials with which commands reach an app."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from ssl import SSLContext
from typing import Annotated, Final, TypeAlias

import typer

from spacecall._io import token_lookup
from spacecall._io.request_settings import Settings
from spacecall._io.token_lookup import Token
from spacecall.cli._outputs.terminal import prompt_password, stderr_is_terminal, stdin_is_terminal
from spacecall.cli._support.credential_scope import (
    Recipient,
    StoredApp,
    format_recipient,
    is_live,
    unbound_error,
    unmatched_error,
)
from spacecall.cli._support.tls_options import load_certificates
from spacecall.errors import InvalidInputError
from spacecall.options import Auth, Retry, Timeouts, check_header, check_headers

__all__ = [
    "Access",
    "Credentials",
    "ForOption",
    "HeaderOption",
    "OAuthTokenOption",
    "TimeoutOption",
    "Token",
    "TokenOption",
    "UserOption",
    "resolve_token",
]

TokenOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--token",
        metavar="TOKEN",
        help="A Hugging Face token, for private Spaces; only Hugging Face gets it. "
        "[default: HF_TOKEN, or the token that is saved on this machine]",
        show_default=False,
    ),
]
"""`--token`, for every command that reaches an app."""

UserOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--user",
        metavar="NAME",
        help="The user name, for an app with a login. The password comes from SPACECALL_PASSWORD, "
        "or from a prompt. [default: SPACECALL_USERNAME]",
        show_default=False,
    ),
]
"""`--user`, for every command that reaches an app."""

OAuthTokenOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--oauth-token",
        metavar="TOKEN",
        help="The Hugging Face token of the user for whom the app acts. The app can read it. Only "
        "endpoints that ask for a token get it. [default: SPACECALL_OAUTH_TOKEN]",
        show_default=False,
    ),
]
"""`--oauth-token`, for commands that call an endpoint."""

HeaderOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--header",
        "-H",
        metavar="'NAME: VALUE'",
        help="Send this header with every request to the app. Repeatable.",
        show_default=False,
    ),
]
"""`--header`, for every command that reaches an app."""

ForOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--for",
        metavar="APP",
        help="The only app that gets the user, the password, the headers and the certificates: a "
        "host, host:port, an address or a Space id. Required if the app's address comes from a "
        "file. "
        "[default: SPACECALL_FOR]",
        show_default=False,
    ),
]
"""`--for`, for every command that reaches an app."""

TimeoutOption: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        metavar="SECONDS",
        help="Give up after this time, and cancel the call on the server.",
        show_default=False,
    ),
]
"""`--timeout`, for every command that reaches an app."""


_OAUTH_TOKEN: Final = "SPACECALL_OAUTH_TOKEN"  # noqa: S105 - the name of a variable


def resolve_token(option: str = "") -> Token | None:
    """Return the Hugging Face token of `--token`, or the one of the environment.

    See `spacecall.hub.find_token` for where the environment's token is looked for.
    """
    return Token(option.strip(), "--token") if option.strip() else token_lookup.find_token()


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach one app.

    Attributes:
        timeout: seconds to open the app, and for each call; None for the defaults.
        headers: sent with every request to the app.
        oauth_token: the token of the user for whom the app acts; None for none.
        tls: the certificates for the app's host; None for the default ones.
    """

    auth: Auth | None
    timeout: float | None
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    oauth_token: str | None = field(default=None, repr=False)
    tls: SSLContext | None = field(default=None, repr=False)

    @property
    def timeouts(self) -> Timeouts:
        """The timeouts of a Space."""
        defaults = Timeouts()
        if self.timeout is None:
            return defaults
        connect = min(self.timeout, defaults.connect or self.timeout)
        return Timeouts(open=self.timeout, connect=connect, total=self.timeout)

    @property
    def settings(self) -> Settings:
        """The settings for fetching the description of an app."""
        return Settings(timeouts=self.timeouts, retry=Retry(), headers=self.headers, tls=self.tls)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The credentials of a command, before the command knows which app gets them.

    Only Hugging Face gets the token. Only one app gets the user, the headers, the OAuth token and
    the certificates: the app whose address the user wrote, as an argument or with `--for`. An
    address that comes from a file (a lock, pyproject.toml, a saved app) is not enough: somebody
    else may have written that file.

    Attributes:
        user: the user name; empty if there is no login.
        oauth_token: the token of the user for whom the app acts; empty for none.
        timeout: seconds to open an app, and for each call; None for the defaults.
        recipient: the app of `--for`; None without that option.
        options: the options among these that are on the command line, such as `--user`.
        variables: the variables of the environment among these, such as `SPACECALL_USERNAME`.
        tls: the certificates for the app's host; None for the default ones.
    """

    token: str | None = field(default=None, repr=False)
    user: str = ""
    oauth_token: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    timeout: float | None = None
    recipient: Recipient | None = None
    options: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    tls: SSLContext | None = field(default=None, repr=False)

    @classmethod
    def from_options(
        cls,
        token: str = "",
        user: str = "",
        headers: Sequence[str] | None = None,
        timeout: float | None = None,
        recipient: str = "",
        oauth_token: str | None = None,
        *,
        ca_file: str = "",
        cert: str = "",
        cert_key: str = "",
    ) -> Credentials:
        """Read the values of the options, or the environment where an option is empty.

        Args:
            oauth_token: None for a command that calls no endpoint.

        Raises:
            InvalidInputError: a header or the token cannot be sent, the timeout is not positive,
                the recipient is not an app, or a file of certificates cannot be used.
        """
        if timeout is not None and not timeout > 0:
            raise InvalidInputError(f"--timeout must be more than 0 seconds, got {timeout:g}")
        options = {
            "--user": user,
            "--header": headers,
            "--oauth-token": oauth_token,
            "--ca-file": ca_file,
            "--cert": cert,
            "--for": recipient,
        }
        default_user = "" if user else os.environ.get("SPACECALL_USERNAME", "")
        default_oauth_token = os.environ.get(_OAUTH_TOKEN, "") if oauth_token == "" else ""
        variables = {"SPACECALL_USERNAME": default_user, _OAUTH_TOKEN: default_oauth_token}
        recipient = recipient or os.environ.get("SPACECALL_FOR", "")
        hub_credentials = resolve_token(token)
        return cls(
            token=_check_token(hub_credentials) if hub_credentials else None,
            user=user or default_user,
            oauth_token=oauth_token or default_oauth_token,
            headers=_parse_headers(headers or []),
            timeout=timeout,
            recipient=Recipient.parse(recipient) if recipient else None,
            options=tuple(name for name, value in options.items() if value),
            variables=tuple(name for name, text in variables.items() if text),
            tls=load_certificates(ca_file, cert, cert_key),
        )

    @property
    def _app_credentials(self) -> tuple[str, ...]:
        """The options and variables whose values an app would get."""
        return (*(name for name in self.options if name != "--for"), *self.variables)

    def for_app(self, source: str) -> Access:
        """Return the access to an app whose address the user wrote.

        Args:
            source: a Space id, an address, or a path.

        Raises:
            InvalidInputError: the credentials of the command line are for another app.
        """
        if not is_live(source):
            return self._token_access()
        if self.recipient is None or self.recipient.matches(source):
            return self._full_access(source)
        if self.options:
            raise unmatched_error(self.recipient, [source])
        return self._token_access()

    def for_stored(self, apps: Sequence[StoredApp]) -> list[Access]:
        """Return the access to each of the apps whose addresses come from files.

        Raises:
            InvalidInputError: `--for` is missing, or names none of these apps.
        """
        live = [app for app in apps if is_live(app.source)]
        recipient = self.recipient
        if recipient is None and self._app_credentials and live:
            raise unbound_error(live, self._app_credentials)
        if recipient is None:
            return [self._token_access() for _ in apps]
        if self.options and not any(recipient.matches(app.source) for app in live):
            raise unmatched_error(recipient, [app.source for app in live])
        return [
            self._full_access(app.source) if recipient.matches(app.source) else self._token_access()
            for app in apps
        ]

    def _token_access(self) -> Access:
        return Access(Auth(token=self.token) if self.token else None, self.timeout)

    def _full_access(self, source: str) -> Access:
        access = replace(
            self._token_access(),
            headers=self.headers,
            oauth_token=self.oauth_token or None,
            tls=self.tls,
        )
        if not self.user:
            return access
        password = _read_password(self.user, source)
        auth = Auth(token=self.token, username=self.user, password=password)
        return replace(access, auth=auth)


def _read_password(user: str, source: str) -> str:
    password = os.environ.get("SPACECALL_PASSWORD")
    if password is None and stdin_is_terminal() and stderr_is_terminal():
        return prompt_password(f"Password for {user} at {format_recipient(source)}: ")
    return password or ""


def _check_token(token: Token) -> str:
    try:
        check_header("authorization", token.value, f"the token of {token.origin}")
    except ValueError as error:
        raise InvalidInputError(str(error)) from None
    return token.value


def _parse_headers(lines: Sequence[str]) -> dict[str, str]:
    headers = dict(_parse_header(line) for line in lines)
    try:
        check_headers(headers)
    except ValueError as error:
        raise InvalidInputError(f"--header: {error}") from None
    return headers


def _parse_header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name.strip():
        raise InvalidInputError(f"--header must be 'Name: value', got {name.strip()[:40]!r}")
    return name.strip(), value.strip()
