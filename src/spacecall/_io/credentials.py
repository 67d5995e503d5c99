"""Which host may see which credential."""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

from spacecall._core.redaction import basic_credentials
from spacecall._visible import shorten
from spacecall.errors import InvalidInputError
from spacecall.options import Auth


class MaskedHeaders(dict[str, str]):
    """Headers whose values are not in their repr: tools show the locals of a traceback."""

    def __repr__(self) -> str:
        return "{" + ", ".join(f"{name!r}: …" for name in self) + "}"


DEFAULT_HUB = "https://huggingface.co"


def hub_endpoint() -> str:
    """The Hub's address; `HF_ENDPOINT` overrides it.

    Raises:
        InvalidInputError: HF_ENDPOINT is no address, or has credentials in it, which errors would
            show.
    """
    address = (os.environ.get("HF_ENDPOINT") or DEFAULT_HUB).rstrip("/")
    if "@" in address:
        raise InvalidInputError("HF_ENDPOINT has a user or password in it: give the address alone")
    scheme, host, _ = parse_origin(address)
    if scheme not in ("http", "https") or not host:
        raise InvalidInputError(
            f"HF_ENDPOINT is {shorten(address)}: write an address such as {DEFAULT_HUB}"
        )
    return address


def token_header(auth: Auth | None, url: str) -> dict[str, str]:
    """The token's header for `url`, or nothing where the token must not go.

    A Hugging Face host (the Hub, the router of HF Inference) sees it over https only. A Space gets
    it as `x-hf-authorization`, which Hugging Face's proxy takes off, so that the app itself cannot
    read the token.
    """
    if auth is None or auth.token is None:
        return {}
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    bearer = f"Bearer {auth.token}"
    if host in auth.hosts:
        return {"token_header": bearer}
    hub = urlsplit(hub_endpoint())
    if (parts.scheme, parts.netloc) == (hub.scheme, hub.netloc):
        return {"token_header": bearer}
    if parts.scheme == "https" and host.endswith(".huggingface.co"):
        return {"token_header": bearer}
    if parts.scheme == "https" and host.endswith(".hf.space"):
        return {"x-hf-authorization": bearer}
    return {}


def auth_secrets(auth: Auth | None) -> Iterator[str]:
    """Yield what is secret in `auth`, as it is sent."""
    if auth is not None:
        yield auth.token or ""
        yield auth.password or ""
        if auth.password:
            yield basic_credentials(auth.username or "", auth.password)


def parse_origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port, for comparing where two urls lead; empty for what is no url."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return "", "", None
    return parts.scheme, (parts.hostname or "").lower(), port


def redacted_origin(url: str) -> str:
    """Where `url` leads, without what may be secret in it."""
    scheme, host, port = parse_origin(url)
    return f"{scheme}://{host}:{port}"


def redacted_url(url: str) -> str:
    """Return `url` without its query, and without a user and a password."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def join_url(base: str, url: str) -> str:
    """`url` as seen from `base`; what is no url stays, to be refused where it is used."""
    try:
        return urljoin(base, url)
    except ValueError:
        return url


def is_same_host(base: str, url: str) -> bool:
    """Whether `url` is on the host of `base`, by the same scheme; a step up to https counts."""
    home, target = parse_origin(base), parse_origin(url)
    # Another port is another app, but for that of https itself.
    upgraded = (home[0], target[0]) == ("http", "https") and target[2] in (home[2], 443)
    return home == target or (upgraded and home[1] == target[1])
