"""How the commands reach an app: options, credentials, headers."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, TypeAlias

import typer

from spacecall._io import tokens
from spacecall._io.settings import Settings
from spacecall._io.tokens import Token
from spacecall.errors import InvalidInputError
from spacecall.options import Auth, Retry, Timeouts

__all__ = [
    "Access",
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
        envvar="SPACECALL_USERNAME",
        help="For an app with a login; SPACECALL_PASSWORD has the password, or it is asked for.",
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
    return Token(given.strip(), "--token") if given.strip() else tokens.find_token()


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach an app.

    Attributes:
        timeout: seconds for reaching it, and for each call.
        headers: sent with every request to the app.
    """

    auth: Auth | None
    timeout: float | None
    headers: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(
        cls, token: str, user: str, headers: Sequence[str] | None, timeout: float | None
    ) -> Access:
        """From the options' values.

        Raises:
            InvalidInputError: a header without a colon, or a timeout that is no time.
        """
        if timeout is not None and not timeout > 0:
            raise InvalidInputError(f"--timeout must be more than 0 seconds, got {timeout:g}")
        found = find_token(token)
        value = found.value if found else None
        password = _password(user) if user else None
        auth = Auth(token=value, username=user or None, password=password)
        return cls(
            auth if value or user else None, timeout, dict(_header(one) for one in headers or [])
        )

    @property
    def timeouts(self) -> Timeouts:
        """For a Space."""
        usual = Timeouts()
        if self.timeout is None:
            return usual
        connect = min(self.timeout, usual.connect or self.timeout)
        return Timeouts(connect=connect, total=self.timeout)

    @property
    def settings(self) -> Settings:
        """For reading what an app says of itself."""
        return Settings(timeouts=self.timeouts, retry=Retry(), headers=self.headers)


def _password(user: str) -> str:
    password = os.environ.get("SPACECALL_PASSWORD")
    if password is None and sys.stdin.isatty() and sys.stderr.isatty():
        return getpass.getpass(f"Password of {user}: ", sys.stderr)
    return password or ""


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name.strip():
        raise InvalidInputError(f"a header is 'Name: value', got {name.strip()[:40]!r}")
    return name.strip(), value.strip()
