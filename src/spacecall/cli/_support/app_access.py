"""How the commands reach an app: options, credentials, headers."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, TypeAlias

import typer

from spacecall._io import hub_token
from spacecall._io.hub_token import Token
from spacecall._io.request_settings import Settings
from spacecall.cli._outputs.terminal import ask_password, stderr_is_terminal, stdin_is_terminal
from spacecall.cli._support.credential_scope import (
    Recipient,
    StoredApp,
    is_live,
    recipient_text,
    refuse_unbound,
    refuse_unmatched,
)
from spacecall.errors import InvalidInputError
from spacecall.options import Auth, Retry, Timeouts, check_header, check_headers

__all__ = [
    "Access",
    "Credentials",
    "ForOption",
    "HeaderOption",
    "TimeoutOption",
    "Token",
    "TokenOption",
    "UserOption",
    "find_token",
]

TokenOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--token",
        metavar="TOKEN",
        help="Of Hugging Face, for private Spaces; sent to Hugging Face alone. "
        "[default: HF_TOKEN, or the one that is saved on this machine]",
        show_default=False,
    ),
]
"""`--token`, for every command that reaches an app."""

UserOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--user",
        metavar="NAME",
        help="For an app with a login; SPACECALL_PASSWORD has the password, or it is asked for. "
        "[default: SPACECALL_USERNAME]",
        show_default=False,
    ),
]
"""`--user`, for every command that reaches an app."""

HeaderOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--header",
        "-H",
        metavar="'NAME: VALUE'",
        help="Sent with every request to the app. Can be repeated.",
        show_default=False,
    ),
]
"""`--header`, for every command that reaches an app."""

ForOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--for",
        metavar="APP",
        help="The one app that gets the user and the headers: a host, host:port, an address or a "
        "Space id. Needed where addresses come from files. [default: SPACECALL_FOR]",
        show_default=False,
    ),
]
"""`--for`, for every command that reaches an app."""

TimeoutOption: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        metavar="SECONDS",
        help="Give up after so long; a call is cancelled on the server then.",
        show_default=False,
    ),
]
"""`--timeout`, for every command that reaches an app."""


def find_token(given: str = "") -> Token | None:
    """The Hugging Face token that commands use: the one given as an option, or one that is found.

    See `spacecall.hub.find_token` for where it is looked for.
    """
    return Token(given.strip(), "--token") if given.strip() else hub_token.find_token()


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach one app.

    Attributes:
        timeout: seconds for reaching it, and for each call.
        headers: sent with every request to the app.
    """

    auth: Auth | None
    timeout: float | None
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    @property
    def timeouts(self) -> Timeouts:
        """For a Space."""
        usual = Timeouts()
        if self.timeout is None:
            return usual
        connect = min(self.timeout, usual.connect or self.timeout)
        return Timeouts(open=self.timeout, connect=connect, total=self.timeout)

    @property
    def settings(self) -> Settings:
        """For reading what an app says of itself."""
        return Settings(timeouts=self.timeouts, retry=Retry(), headers=self.headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a command was given to reach apps with, before it is known which app gets it.

    A token goes to Hugging Face alone, whatever the app is. A user and headers go to one app: the
    one that the caller has named, as the command's own argument or with `--for`. An address that
    comes from a file (a lock, pyproject.toml, a saved app) names nobody.

    Attributes:
        user: empty for none.
        timeout: seconds for reaching an app, and for each call.
        recipient: the app that the user and the headers are for; None where that was not said.
        options: what of it was written on this command line, such as `--user`.
        variables: what of it comes from the environment.
    """

    token: str | None = field(default=None, repr=False)
    user: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    timeout: float | None = None
    recipient: Recipient | None = None
    options: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        token: str = "",
        user: str = "",
        headers: Sequence[str] | None = None,
        timeout: float | None = None,
        recipient: str = "",
    ) -> Credentials:
        """From the options' values, and from the environment where they are empty.

        Raises:
            InvalidInputError: a header or a token that cannot be sent, a timeout that is no time,
                or a recipient that is no app's.
        """
        if timeout is not None and not timeout > 0:
            raise InvalidInputError(f"--timeout must be more than 0 seconds, got {timeout:g}")
        options = {"--user": user, "--header": headers, "--for": recipient}
        named_user = "" if user else os.environ.get("SPACECALL_USERNAME", "")
        named = recipient or os.environ.get("SPACECALL_FOR", "")
        token_found = find_token(token)
        return cls(
            token=_sendable(token_found) if token_found else None,
            user=user or named_user,
            headers=_headers(headers or []),
            timeout=timeout,
            recipient=Recipient.parse(named) if named else None,
            options=tuple(name for name, value in options.items() if value),
            variables=("SPACECALL_USERNAME",) if named_user else (),
        )

    @property
    def _given(self) -> tuple[str, ...]:
        """What an app would get."""
        return (*(name for name in self.options if name != "--for"), *self.variables)

    def for_app(self, source: str) -> Access:
        """For the one app whose address the caller wrote.

        Args:
            source: a Space id, an address, or a path.

        Raises:
            InvalidInputError: options of this command line are for another app.
        """
        if not is_live(source):
            return self._bare()
        if self.recipient is None or self.recipient.matches(source):
            return self._whole(source)
        if self.options:
            raise refuse_unmatched(self.recipient, [source])
        return self._bare()

    def for_stored(self, apps: Sequence[StoredApp]) -> list[Access]:
        """For apps whose addresses come from files.

        Raises:
            InvalidInputError: it was not said which of them gets the user or the headers, or the
                app that options of this command line are for is none of them.
        """
        live = [app for app in apps if is_live(app.source)]
        recipient = self.recipient
        if recipient is None and self._given and live:
            raise refuse_unbound(live, self._given)
        if recipient is None:
            return [self._bare() for _ in apps]
        if self.options and not any(recipient.matches(app.source) for app in live):
            raise refuse_unmatched(recipient, [app.source for app in live])
        return [
            self._whole(app.source) if recipient.matches(app.source) else self._bare()
            for app in apps
        ]

    def _bare(self) -> Access:
        return Access(Auth(token=self.token) if self.token else None, self.timeout)

    def _whole(self, source: str) -> Access:
        if not self.user:
            return replace(self._bare(), headers=self.headers)
        auth = Auth(token=self.token, username=self.user, password=_password(self.user, source))
        return Access(auth, self.timeout, self.headers)


def _password(user: str, source: str) -> str:
    password = os.environ.get("SPACECALL_PASSWORD")
    if password is None and stdin_is_terminal() and stderr_is_terminal():
        return ask_password(f"Password of {user} at {recipient_text(source)}: ")
    return password or ""


def _sendable(token: Token) -> str:
    try:
        check_header("authorization", token.value, f"the token of {token.origin}")
    except ValueError as error:
        raise InvalidInputError(str(error)) from None
    return token.value


def _headers(lines: Sequence[str]) -> dict[str, str]:
    headers = dict(_header(line) for line in lines)
    try:
        check_headers(headers)
    except ValueError as error:
        raise InvalidInputError(f"--header: {error}") from None
    return headers


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name.strip():
        raise InvalidInputError(f"a header is 'Name: value', got {name.strip()[:40]!r}")
    return name.strip(), value.strip()
