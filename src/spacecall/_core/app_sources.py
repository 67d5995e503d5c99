"""Parse the source of an app: a Space id, or a URL."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from spacecall._core.auth_hints import NOT_IN_THE_URL
from spacecall.errors import InvalidInputError

_USER_INFO = re.compile(r"^(\s*(?:[^:/@]*:)?//)?.*@", re.DOTALL)
_SPACE_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_BARE_HOST = re.compile(r"(?:localhost|[\w-]+(?:\.[\w-]+)+)(?::\d{1,5})?(?:/[^@]*)?", re.ASCII)
_HUB_PAGE = re.compile(
    r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/spaces/([^/?#]+/[^/?#]+)/?.*"
)


def space_id(source: str) -> str | None:
    """Return the `owner/name` of a Space id or of a Space's page on the Hub; None for a URL."""
    page = _HUB_PAGE.fullmatch(source)
    name = page.group(1) if page else source
    return name if _SPACE_ID.fullmatch(name) else None


def without_secrets(source: str) -> str:
    """Return `source` without user, password, query and fragment, safe to show."""
    return _USER_INFO.sub(r"\1", source).partition("?")[0].partition("#")[0]


def base_url(source: str) -> str:
    """Return the app's URL without query, fragment and trailing slash.

    Raises:
        InvalidInputError: `source` is not an http(s) URL, or has credentials or the port 0 in it.
    """
    try:
        parts = urlsplit(source.strip())
        port = parts.port
    except ValueError:  # its text repeats a part of the URL
        raise InvalidInputError(
            f"invalid URL {without_secrets(source)!r}: write https://host/path"
        ) from None
    if "@" in parts.netloc:
        raise InvalidInputError(
            f"{without_secrets(source)!r} contains a user name or password{NOT_IN_THE_URL}"
        )
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidInputError(
            f"{without_secrets(source)!r} is neither a Space id (owner/name) nor a "
            f"URL{_scheme_hint(source)}"
        )
    if port == 0:
        raise InvalidInputError(
            f"{without_secrets(source)!r} has the port 0: write the port that the app listens on"
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    authority = host if port is None else f"{host}:{port}"
    return f"{parts.scheme}://{authority}{parts.path.rstrip('/')}"


def _scheme_hint(source: str) -> str:
    """Return the hint for a URL, which may lack its scheme."""
    if not _BARE_HOST.fullmatch(source.strip()):
        return " (https://…)"
    return f": write http://{source.strip()} or https://{source.strip()}"
