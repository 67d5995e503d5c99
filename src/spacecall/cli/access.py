"""How the commands reach an app: options, credentials, headers."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from spacecall._io.settings import Settings
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


@dataclass(frozen=True, slots=True)
class Token:
    """A token, and where it was found.

    Attributes:
        origin: such as `HF_TOKEN`; it can be shown.
    """

    value: str = field(repr=False)
    origin: str


def find_token(given: str = "") -> Token | None:
    """The Hugging Face token that commands use.

    The first of: the one given as an option, HF_TOKEN, and the file that the Hub's own tools save
    it in, unless HF_HUB_DISABLE_IMPLICIT_TOKEN is set.
    """
    if given.strip():
        return Token(given.strip(), "--token")
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        if value := os.environ.get(name, "").strip():
            return Token(value, name)
    if os.environ.get("HF_HUB_DISABLE_IMPLICIT_TOKEN", "").upper() in ("1", "ON", "YES", "TRUE"):
        return None
    path, why = _token_file()
    try:
        value = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return Token(value, f"{path} ({why})" if why else str(path)) if value else None


def _token_file() -> tuple[Path, str]:
    """Where the Hub's own tools save the token, and the variable that says so."""
    if named := os.environ.get("HF_TOKEN_PATH"):
        return Path(named).expanduser(), "HF_TOKEN_PATH"
    if home := os.environ.get("HF_HOME"):
        return Path(home).expanduser() / "token", "HF_HOME"
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "huggingface" / "token", ""


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
