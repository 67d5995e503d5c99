"""Which host gets which credential."""

from __future__ import annotations

import os
from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urljoin, urlsplit

from spacecall._core.redaction import basic_credentials
from spacecall._visible import shorten
from spacecall.errors import AuthError, InvalidInputError
from spacecall.options import Auth


class MaskedHeaders(dict[str, str]):
    """Headers that hide their values in `repr`: tools show the local variables of a traceback."""

    def __repr__(self) -> str:
        return "{" + ", ".join(f"{name!r}: …" for name in self) + "}"


DEFAULT_HUB = "https://huggingface.co"


def hub_endpoint() -> str:
    """Return the Hub's address: `HF_ENDPOINT`, or huggingface.co.

    Raises:
        InvalidInputError: HF_ENDPOINT is not a URL, or contains credentials, which errors would
            show.
    """
    address = (os.environ.get("HF_ENDPOINT") or DEFAULT_HUB).rstrip("/")
    if "@" in address:
        raise InvalidInputError(
            "HF_ENDPOINT contains a user or a password: remove them from the URL"
        )
    scheme, host, port = parse_origin(address)
    if scheme not in ("http", "https") or not host or port == 0:
        raise InvalidInputError(
            f"HF_ENDPOINT is {shorten(address)}: use a URL such as {DEFAULT_HUB}"
        )
    return address


def token_header(auth: Auth | None, url: str) -> dict[str, str]:
    """Return the header with the token for `url`; empty if that host must not get the token.

    Hosts of Hugging Face (the Hub, the router of HF Inference) get it over https only. A Space gets
    it as `x-hf-authorization`, which the proxy of Hugging Face removes, so that the app cannot read
    the token.
    """
    if auth is None or auth.token is None:
        return {}
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    bearer = f"Bearer {auth.token}"
    if host in auth.hosts:
        return {"authorization": bearer}
    hub = urlsplit(hub_endpoint())
    if (parts.scheme, parts.netloc) == (hub.scheme, hub.netloc):
        return {"authorization": bearer}
    if parts.scheme == "https" and host.endswith(".huggingface.co"):
        return {"authorization": bearer}
    if parts.scheme == "https" and host.endswith(".hf.space"):
        return {"x-hf-authorization": bearer}
    return {}


def user_token(auth: Auth | None, oauth_token: str | None, url: str) -> str | None:
    """Return the token of the user for whom the app at `url` may act; None if there is none.

    An app gets `Auth.token` only if its host is one of `Auth.hosts`, which can read it anyway.

    Args:
        oauth_token: a token that the caller passes to the app; empty for no user at all.

    Raises:
        AuthError: `oauth_token` would be sent without TLS to another machine.
    """
    if oauth_token == "":
        return None
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    is_named = auth is not None and host in auth.hosts
    if oauth_token is None:
        return auth.token if auth is not None and is_named else None
    if parts.scheme != "https" and not is_named and not is_loopback(host):
        raise AuthError(
            f"oauth_token is not sent to {host} without https: use the https address, or name the "
            "host in Auth.hosts"
        )
    return oauth_token


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is that of this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def auth_secrets(auth: Auth | None) -> Iterator[str]:
    """Yield the secrets of `auth`, as they are sent."""
    if auth is not None:
        yield auth.token or ""
        yield auth.password or ""
        yield from auth.cookies.values()
        if auth.password:
            yield basic_credentials(auth.username or "", auth.password)


def parse_origin(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port of a URL; empty strings and None if it is invalid."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "", "", None
    if port is None:
        port = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, (parts.hostname or "").lower(), port


def redacted_origin(url: str) -> str:
    """Return the origin of `url`, which has no secrets in it."""
    scheme, host, port = parse_origin(url)
    return f"{scheme}://{host}:{port}"


def redacted_url(url: str) -> str:
    """Return `url` without user, password, query and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def join_url(base: str, url: str) -> str:
    """Resolve `url` against `base`. An invalid URL is returned as it is: using it raises."""
    try:
        return urljoin(base, url)
    except ValueError:
        return url


def is_same_host(base: str, url: str) -> bool:
    """Return whether `url` is on the origin of `base`; also with https in place of http."""
    home, target = parse_origin(base), parse_origin(url)
    # Another port is another app, except for the default port of https.
    upgraded = (home[0], target[0]) == ("http", "https") and target[2] in (home[2], 443)
    return home == target or (upgraded and home[1] == target[1])
