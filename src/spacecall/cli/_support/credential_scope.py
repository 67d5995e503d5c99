"""Decide which app gets the credentials of a command: only one that the user has named."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from spacecall._core.app_sources import base_url, space_id
from spacecall._io.credentials import is_loopback, parse_origin
from spacecall._visible import visible_line
from spacecall.errors import InvalidInputError

__all__ = [
    "Recipient",
    "StoredApp",
    "format_recipient",
    "is_live",
    "unbound_error",
    "unmatched_error",
]

_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?")


@dataclass(frozen=True, slots=True)
class Recipient:
    """The app that credentials are for: a Space, or the app at an origin.

    Attributes:
        text: the value of `--for`.
        space: the Space's id; None for an origin.
        origins: the possible origins of the app: scheme, host and port.
    """

    text: str
    space: str | None
    origins: frozenset[tuple[str, str, int | None]]

    @classmethod
    def parse(cls, text: str) -> Recipient:
        """Parse a Space id, an address, `host` or `host:port`.

        A host without a scheme means https; for this machine also http.

        Raises:
            InvalidInputError: `text` has another form.
        """
        text = text.strip()
        if (space := space_id(text)) is not None:
            return cls(text, space, frozenset())
        if "://" in text:
            return cls(text, None, frozenset([_origin(text)]))
        if not _HOST.fullmatch(text):
            raise InvalidInputError(
                f"--for must be a host, host:port, an address or a Space id, got {text!r}"
            )
        schemes = (
            ("https", "http") if is_loopback(urlsplit(f"//{text}").hostname or "") else ("https",)
        )
        return cls(text, None, frozenset(parse_origin(f"{scheme}://{text}") for scheme in schemes))

    def matches(self, source: str) -> bool:
        """Tell whether this is the app at `source`, a Space id or an address."""
        space = space_id(source)
        if space is not None or self.space is not None:
            return space == self.space
        try:
            return _origin(source) in self.origins
        except InvalidInputError:
            return False


@dataclass(frozen=True, slots=True)
class StoredApp:
    """An app whose address comes from a file, which somebody else may have written.

    Attributes:
        name: the name of the client, or of the file.
        source: a Space id or an address.
    """

    name: str
    source: str


def is_live(source: str) -> bool:
    """Tell whether `source` is a Space id or an address, not a path of saved files."""
    return space_id(source) is not None or "://" in source


def format_recipient(source: str) -> str:
    """Return the value of `--for` that means the app at `source`."""
    space = space_id(source)
    if space is not None:
        return space
    try:
        scheme, host, port = _origin(source)
    except InvalidInputError:
        return visible_line(source)
    host = f"[{host}]" if ":" in host else host
    default = {"http": 80, "https": 443}.get(scheme)
    return f"{scheme}://{host}" if port == default else f"{scheme}://{host}:{port}"


def unbound_error(apps: Sequence[StoredApp], credentials: Sequence[str]) -> InvalidInputError:
    """Return the error for credentials without `--for`, if addresses come from files.

    Args:
        apps: the apps that would get the credentials.
        credentials: the options and variables that are not sent, such as `--user`.
    """
    names = " and ".join(credentials)
    first = visible_line(format_recipient(apps[0].source))
    if len(apps) == 1:
        client = visible_line(apps[0].name)
        return InvalidInputError(
            f"{names}: sent only to an app that you name. The address of {client} comes from a "
            f"file: to send them to {first}, add --for {first} (or set SPACECALL_FOR)"
        )
    listed = "\n".join(
        f"  {visible_line(app.name)}: --for {visible_line(format_recipient(app.source))}"
        for app in apps
    )
    return InvalidInputError(
        f"{names}: sent to one app only, but this command contacts {len(apps)} apps. "
        f"Name one with --for (or SPACECALL_FOR):\n{listed}"
    )


def unmatched_error(recipient: Recipient, sources: Sequence[str]) -> InvalidInputError:
    """Return the error for credentials whose app this command does not contact."""
    listed = ", ".join(visible_line(format_recipient(source)) for source in sources) or "none"
    return InvalidInputError(
        f"the credentials are for {recipient.text}, but this command does not contact it: "
        f"it contacts {listed}"
    )


def _origin(source: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port of an address, with the host in ASCII (IDNA).

    Raises:
        InvalidInputError: `source` is not an address.
    """
    scheme, host, port = parse_origin(base_url(source))
    try:
        return scheme, host if host.isascii() else host.encode("idna").decode(), port
    except UnicodeError as error:
        raise InvalidInputError(f"{source!r} does not name a host") from error
