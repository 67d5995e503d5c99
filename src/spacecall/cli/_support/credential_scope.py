"""Which app gets the credentials of a command: one that its caller has named, and no other."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from spacecall._core.app_sources import base_url, space_id
from spacecall._io.credentials import origin
from spacecall._visible import visible_line
from spacecall.errors import InvalidInputError

__all__ = [
    "Recipient",
    "StoredApp",
    "is_live",
    "recipient_text",
    "refuse_unbound",
    "refuse_unmatched",
]

_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?")


@dataclass(frozen=True, slots=True)
class Recipient:
    """The app that credentials are for: a Space, or what answers at an origin.

    Attributes:
        text: as it was written.
        space: the Space's id; None for an origin.
        origins: scheme, host and port, any of which the app may have.
    """

    text: str
    space: str | None
    origins: frozenset[tuple[str, str, int | None]]

    @classmethod
    def parse(cls, text: str) -> Recipient:
        """Read a Space id, an address, `host` or `host:port`.

        A host alone stands for https; this machine's for http too.

        Raises:
            InvalidInputError: it is none of these.
        """
        text = text.strip()
        if (space := space_id(text)) is not None:
            return cls(text, space, frozenset())
        if "://" in text:
            return cls(text, None, frozenset([_origin(text)]))
        if not _HOST.fullmatch(text):
            raise InvalidInputError(
                f"--for is a host, host:port, an address or a Space id, got {text!r}"
            )
        schemes = ("https", "http") if _is_loopback(text) else ("https",)
        return cls(text, None, frozenset(origin(f"{scheme}://{text}") for scheme in schemes))

    def matches(self, source: str) -> bool:
        """Whether the app at `source`, a Space id or an address, is the one."""
        space = space_id(source)
        if space is not None or self.space is not None:
            return space == self.space
        try:
            return _origin(source) in self.origins
        except InvalidInputError:
            return False


@dataclass(frozen=True, slots=True)
class StoredApp:
    """An app whose address is in a file, which somebody else may have written.

    Attributes:
        name: of the client, or of the file.
        source: a Space id or an address.
    """

    name: str
    source: str


def is_live(source: str) -> bool:
    """Whether `source` is where an app answers, and not a path of saved files."""
    return space_id(source) is not None or "://" in source


def recipient_text(source: str) -> str:
    """What `--for` takes for the app at `source`."""
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


def refuse_unbound(apps: Sequence[StoredApp], given: Sequence[str]) -> InvalidInputError:
    """Say that credentials which were not bound to an app do not go where files say.

    Args:
        apps: that would get them.
        given: what is not sent, such as `--user`.
    """
    said = " and ".join(given)
    first = visible_line(recipient_text(apps[0].source))
    if len(apps) == 1:
        place = visible_line(apps[0].name)
        return InvalidInputError(
            f"{said}: only for an app that you name. The address of {place} comes from a file: "
            f"if {first} is to get it, add --for {first} (or set SPACECALL_FOR)"
        )
    listed = "\n".join(
        f"  {visible_line(app.name)}: --for {visible_line(recipient_text(app.source))}"
        for app in apps
    )
    return InvalidInputError(
        f"{said}: only for one app, and {len(apps)} apps would be asked. "
        f"Say which with --for (or SPACECALL_FOR):\n{listed}"
    )


def refuse_unmatched(recipient: Recipient, sources: Sequence[str]) -> InvalidInputError:
    """Say that the app which credentials are for is not asked."""
    listed = ", ".join(visible_line(recipient_text(source)) for source in sources) or "none"
    return InvalidInputError(
        f"the credentials are for {recipient.text}, which this command does not ask: "
        f"it asks {listed}"
    )


def _origin(source: str) -> tuple[str, str, int | None]:
    """Scheme, host and port of an address; a name that only looks like another in ASCII.

    Raises:
        InvalidInputError: this is not an address.
    """
    scheme, host, port = origin(base_url(source))
    try:
        return scheme, host if host.isascii() else host.encode("idna").decode(), port
    except UnicodeError as error:
        raise InvalidInputError(f"{source!r} does not name a host") from error


def _is_loopback(place: str) -> bool:
    host = urlsplit(f"//{place}").hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
