"""Spell and find the names of endpoints, and put them into a URL.

The `api_name` of a function is any text. Gradio puts one slash before it: the api_name `predict` is
the endpoint `/predict`, and the api_name `/predict` is `//predict`. Slashes, spaces, percent signs,
dots and an empty text occur too (4.44 to 6.31 replace an empty name, 3.50 does not).
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import quote

__all__ = ["api_name_of", "endpoint_name", "match_endpoint", "url_segment", "with_slash"]


def endpoint_name(api_name: str) -> str:
    """Return the endpoint's name in /info for an app's `api_name`."""
    return f"/{api_name}"


def api_name_of(name: str) -> str:
    """Return the `api_name` of an endpoint's name, the opposite of `endpoint_name`."""
    return name.removeprefix("/")


def with_slash(spelling: str) -> str:
    """Return a caller's spelling with a leading slash, as messages show it."""
    return spelling if spelling.startswith("/") else endpoint_name(spelling)


def match_endpoint(spelling: str, names: Collection[str]) -> str | None:
    """Return the name among `names` that `spelling` means; None if there is no such endpoint.

    An exact name wins, then the name with one more leading slash: `predict` is `/predict`, and
    `/predict` is `//predict` if the app has no `/predict`. Otherwise leading slashes are ignored,
    if that leaves exactly one endpoint. Names are case-sensitive.

    Args:
        spelling: the caller's text.
        names: the names of the app's endpoints, such as `/predict`.
    """
    for name in (spelling, endpoint_name(spelling)):
        if name in names:
            return name
    bare = spelling.lstrip("/")
    alike = [name for name in names if name.lstrip("/") == bare]
    return alike[0] if len(alike) == 1 else None


def url_segment(api_name: str) -> str | None:
    """Return `api_name` quoted as one segment of a URL's path; None if no URL can contain it.

    Servers decode a path before they split it, so a quoted slash is a slash; clients and proxies
    remove the segments `.` and `..`; Gradio refuses URLs with control characters.
    """
    if not api_name.strip(".") or "/" in api_name or any(map(_is_control, api_name)):
        return None
    try:
        return quote(api_name, safe="")
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can carry
        return None


def _is_control(character: str) -> bool:
    return character < " " or character == "\x7f"
