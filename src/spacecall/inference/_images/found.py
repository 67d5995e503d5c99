"""The images in an answer: their bytes, or where they are."""

from __future__ import annotations

import mimetypes
import re
from base64 import b64decode
from dataclasses import dataclass
from typing import TypeAlias

from spacecall._core.requests import Request
from spacecall._filenames import sniff
from spacecall._filesources import BytesSource
from spacecall.errors import ProtocolError
from spacecall.files import File, file_of


@dataclass(frozen=True, slots=True)
class Remote:
    """An image that is to be fetched.

    Attributes:
        url: http or https.
        mime_type: as the provider says.
        size: in bytes, as the provider says.
    """

    url: str
    mime_type: str | None = None
    size: int | None = None


Image: TypeAlias = File | Remote


@dataclass(frozen=True, slots=True)
class Pending:
    """Work that is not done.

    Attributes:
        look: asks how far it is; answered like the request for the images.
        stop: ends it.
    """

    look: Request
    stop: Request


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider answered.

    Attributes:
        images: as far as they are there.
        pending: what there is to wait for; None when the images are all.
        remarks: what the caller should be told.
    """

    images: tuple[Image, ...] = ()
    pending: Pending | None = None
    remarks: tuple[str, ...] = ()


def from_bytes(data: bytes, content_type: str = "") -> File:
    """An image that is the answer's own body, or was in it.

    Args:
        content_type: as the answer says; what the bytes show goes first.

    Raises:
        ProtocolError: these bytes are no image.
    """
    declared = content_type.partition(";")[0].strip().lower()
    if not data:
        raise ProtocolError("expected an image, got an empty answer")
    written = data.lstrip()[:1] in (b"<", b"{", b"[")  # a web page, or JSON, whatever is declared
    mime_type = sniff(data) or (declared if not written else None) or "something unknown"
    if not mime_type.startswith("image/"):
        raise ProtocolError(f"expected an image, got {declared or mime_type}")
    name = "image" + (mimetypes.guess_extension(mime_type) or "")
    return file_of(BytesSource(data, mime_type), name=name)


def from_base64(text: str) -> File:
    """An image in base64. Raises `ProtocolError` if it is none."""
    try:
        data = b64decode(text, validate=True)
    except ValueError as error:
        raise ProtocolError(f"expected an image in base64: {error}") from error
    return from_bytes(data)


def from_url(url: str, *, mime_type: str | None = None, size: int | None = None) -> Image:
    """An image at an address of the web, or in a data URI of base64.

    The address is data of the server's: anything else, such as a path, is not taken for a file.

    Raises:
        ProtocolError: it is neither.
    """
    head, comma, data = url.partition(",")
    if comma and re.fullmatch(r"data:[^,]*;base64", head, re.IGNORECASE):
        return from_base64(data)
    if url.lower().startswith(("http://", "https://")):
        return Remote(url, mime_type, size)
    raise ProtocolError("expected the address of an image, got something else")
