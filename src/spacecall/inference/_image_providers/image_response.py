"""The images of a response: their bytes or their URLs."""

from __future__ import annotations

import mimetypes
import re
from base64 import b64decode
from dataclasses import dataclass
from typing import TypeAlias

from spacecall._core.gradio_requests import Request
from spacecall._core.value_excerpts import short_repr
from spacecall._filenames import sniff
from spacecall._filesources import BytesSource
from spacecall.errors import ProtocolError
from spacecall.files import File, file_of


@dataclass(frozen=True, slots=True)
class RemoteImage:
    """An image that is fetched when it is read.

    Attributes:
        url: http or https.
        mime_type: as the provider declares it.
        size: in bytes, as the provider declares it.
    """

    url: str
    mime_type: str | None = None
    size: int | None = None


Image: TypeAlias = File | RemoteImage


@dataclass(frozen=True, slots=True)
class PendingPrediction:
    """A prediction that is not done.

    Attributes:
        status: a request for its state, with the same kind of response as the first request.
        cancel: a request that cancels it; None if the provider has none.
    """

    status: Request
    cancel: Request | None = None


@dataclass(frozen=True, slots=True)
class ImageResponse:
    """A response of a provider.

    Attributes:
        images: those that are ready.
        pending: the prediction to wait for; None if all images are ready.
        warnings: for the caller.
    """

    images: tuple[Image, ...] = ()
    pending: PendingPrediction | None = None
    warnings: tuple[str, ...] = ()


def from_bytes(data: bytes, content_type: str = "") -> File:
    """Return an image file with the given bytes.

    Args:
        content_type: as the response declares it; the type that the bytes show wins.

    Raises:
        ProtocolError: the bytes are not an image.
    """
    declared = content_type.partition(";")[0].strip().lower()
    if not data:
        raise ProtocolError("expected an image, got an empty response")
    is_text = data.lstrip()[:1] in (b"<", b"{", b"[")  # a web page or JSON, whatever is declared
    mime_type = sniff(data) or (declared if not is_text else None) or "unknown content"
    if not mime_type.startswith("image/"):
        raise ProtocolError(f"expected an image, got {declared or mime_type}")
    name = "image" + (mimetypes.guess_extension(mime_type) or "")
    return file_of(BytesSource(data, mime_type), name=name)


def from_base64(text: str) -> File:
    """Return an image file from base64. Raise `ProtocolError` if it is not an image."""
    try:
        data = b64decode(text, validate=True)
    except ValueError as error:
        raise ProtocolError(f"expected an image in base64: {error}") from error
    return from_bytes(data)


def from_url(url: str, *, mime_type: str | None = None, size: int | None = None) -> Image:
    """Return an image at an http(s) URL, or from a base64 data URI.

    The URL is data of a server, so that anything else, such as a path, is refused.

    Raises:
        ProtocolError: `url` is neither.
    """
    head, comma, data = url.partition(",")
    if comma and re.fullmatch(r"data:[^,]*;base64", head, re.IGNORECASE):
        return from_base64(data)
    if url.lower().startswith(("http://", "https://")):
        return RemoteImage(url, mime_type, size)
    raise ProtocolError(f"the provider sent {short_repr(url)} instead of the URL of an image")
