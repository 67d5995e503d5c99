"""Where an app is: a Space's id, or an address."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from spacecall.errors import InvalidInputError

_USER_INFO = re.compile(r"^(\s*(?:[^:/@]*:)?//)?.*@", re.DOTALL)
_SPACE_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_BARE_HOST = re.compile(r"(?:localhost|[\w-]+(?:\.[\w-]+)+)(?::\d{1,5})?(?:/[^@]*)?", re.ASCII)
_HUB_PAGE = re.compile(
    r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/spaces/([^/?#]+/[^/?#]+)/?.*"
)


def space_id(source: str) -> str | None:
    """`owner/name` if `source` is that, or the Space's page on the Hub; None for an address."""
    page = _HUB_PAGE.fullmatch(source)
    found = page.group(1) if page else source
    return found if _SPACE_ID.fullmatch(found) else None


def without_secrets(source: str) -> str:
    """Return `source` as it can be shown: without user, password, query and fragment."""
    return _USER_INFO.sub(r"\1", source).partition("?")[0].partition("#")[0]


def base_url(source: str) -> str:
    """The app's address without query, fragment and the slash at its end.

    Raises:
        InvalidInputError: this is no http(s) address, or has credentials in it.
    """
    try:
        parts = urlsplit(source.strip())
        port = parts.port
    except ValueError:  # whose text repeats a part of it
        shown = without_secrets(source)
        raise InvalidInputError(f"{shown!r} is not an address") from None
    if "@" in parts.netloc:
        raise InvalidInputError("put credentials into auth=Auth(…), not into the address")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidInputError(
            f"{without_secrets(source)!r} is neither a Space id (owner/name) nor an "
            f"address{_with_scheme(source)}"
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    place = host if port is None else f"{host}:{port}"
    return f"{parts.scheme}://{place}{parts.path.rstrip('/')}"


def _with_scheme(source: str) -> str:
    """What to write for an address whose http:// was left out."""
    if not _BARE_HOST.fullmatch(source.strip()):
        return " (https://…)"
    return f": write http://{source.strip()} or https://{source.strip()}"
