"""Images and audio clips of messages."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import PurePath
from typing import IO, Literal, Protocol, TypeAlias, TypeGuard, cast, get_args

from anyio.to_thread import run_sync

from spacecall._filenames import TYPES_BY_SUFFIX, sniff
from spacecall._filesources import WebUrl, peek
from spacecall.errors import InvalidInputError
from spacecall.files import File, FileInput, file_of, source_of

__all__ = ["ImageDetail", "Media", "MediaInput", "MediaKind", "Picture"]

MediaKind: TypeAlias = Literal["image", "audio"]
"""The kind of a medium."""
ImageDetail: TypeAlias = Literal["auto", "low", "high"]
"""How closely a chat model looks at an image."""


class Picture(Protocol):
    """The used part of the interface of PIL images."""

    @property
    def mode(self) -> str:
        """The pixel format, such as `RGB`."""
        ...

    def convert(self, mode: str, /) -> Picture:
        """Return the picture in another pixel format."""
        ...

    def save(self, fp: IO[bytes], format: str, /) -> None:  # noqa: A002 - PIL's own name
        """Write the picture to a file object."""
        ...


class Media:
    """An image or an audio clip.

    Its first bytes decide its kind; if they are out of reach or ambiguous, its name; and at last
    the type that a data URI or `mime_type` declares.

    Args:
        source: anything that `File` takes, or a PIL image, which is sent as PNG.
        kind: for an ambiguous source, such as a URL without a file name; bytes of another kind are
            refused.
        name: the file name that the service sees; by default the source's. It gets the matching
            suffix, because services distinguish images from audio by it.
        mime_type: for an ambiguous source.
        detail: how closely a chat model looks at the image, if its service has this option.

    Raises:
        InvalidInputError: the source is neither an image nor audio, or cannot be read.
    """

    __slots__ = ("_detail", "_file", "_kind", "_uri")

    def __init__(
        self,
        source: MediaInput,
        *,
        kind: MediaKind | None = None,
        name: str | None = None,
        mime_type: str | None = None,
        detail: ImageDetail | None = None,
    ) -> None:
        if kind is not None and kind not in get_args(MediaKind):
            raise InvalidInputError(f"a medium is {' or '.join(get_args(MediaKind))}, not {kind!r}")
        inherited = source if isinstance(source, Media) else None
        file = File(_file_input(source), name=name, mime_type=mime_type)
        declared = kind or (inherited.kind if inherited else None)
        detected = _detect_type(file, declared)
        self._kind: MediaKind = declared or _kind_of(detected, file)
        if detected and detected.startswith(f"{self._kind}/"):
            mime_type = detected
        name = _with_suffix(file.name, self._kind, mime_type)
        self._file = File(file, name=name, mime_type=mime_type)
        self._uri = inherited.uri if inherited else _uri_of(source)
        self._detail: ImageDetail | None = detail or (inherited.detail if inherited else None)

    @property
    def kind(self) -> MediaKind:
        """`image` or `audio`."""
        return self._kind

    @property
    def file(self) -> File:
        """The file, with a name and a type that fit its kind."""
        return self._file

    @property
    def detail(self) -> ImageDetail | None:
        """How closely a chat model looks at the image; None for the default of its service."""
        return self._detail

    @property
    def uri(self) -> str | None:
        """The http(s) URL or data URI of its source; None for other sources."""
        return self._uri

    async def data_uri(self) -> str:
        """Return the content as a data URI.

        Raises:
            InvalidInputError: the content cannot be read; or it is a URL, which only a Space reads.
        """
        if self._uri is not None and _is_data(self._uri):
            return self._uri
        content = b64encode(await self._file.read()).decode()
        return f"data:{self._file.mime_type or f'{self._kind}/*'};base64,{content}"

    async def portable(self) -> Media:
        """Return the medium with a `uri`, so that it can be saved and sent again."""
        return (
            self
            if self._uri is not None
            else Media(await self.data_uri(), kind=self._kind, detail=self._detail)
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Media):
            return NotImplemented
        if self is other:
            return True
        return self._uri is not None and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key) if self._uri is not None else id(self)

    @property
    def _key(self) -> tuple[MediaKind, str | None, ImageDetail | None]:
        return self._kind, self._uri, self._detail

    def __repr__(self) -> str:
        return f"Media({self._kind}, name={self._file.name!r})"


MediaInput: TypeAlias = Media | FileInput | Picture
"""What `Media` takes: anything that `File` takes, or a PIL image."""


def distinct_names(files: Sequence[File]) -> list[File]:
    """Return files with different names, so that one folder can hold them.

    If two names are equal, also in another case, each file gets its number before its name.
    """
    if len({file.name.casefold() for file in files}) == len(files):
        return list(files)
    return [File(file, name=f"{number}-{file.name}") for number, file in enumerate(files, start=1)]


def received_medium(uri: str, kind: MediaKind, detail: ImageDetail | None = None) -> Media:
    """Return a medium of received data: `Limits.file_hosts` restricts where it is fetched from.

    Raises:
        InvalidInputError: the URI is not valid, or its content is of another kind.
    """
    source = uri if _is_data(uri) else file_of(WebUrl(uri, received=True))
    return Media(source, kind=kind, detail=detail)


class _PictureSource:
    """A PIL image that is encoded when it is read."""

    name = "image.png"
    size: int | None = None  # unknown until it is encoded
    mime_type: str | None = "image/png"
    url: str | None = None

    def __init__(self, picture: Picture) -> None:
        self._picture = picture

    @asynccontextmanager
    async def _opened(self) -> AsyncGenerator[AsyncIterator[bytes], None]:
        encoded = await run_sync(self._encode)

        async def chunks() -> AsyncGenerator[bytes, None]:
            yield encoded

        yield chunks()

    def open(self) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        return self._opened()

    def _encode(self) -> bytes:
        buffer = io.BytesIO()
        try:
            picture = self._picture
            if picture.mode not in _PNG_MODES:
                picture = picture.convert("RGB")
            picture.save(buffer, "PNG")
        except (OSError, ValueError) as error:
            raise InvalidInputError(f"the picture cannot be written as PNG: {error}") from error
        return buffer.getvalue()


_PNG_MODES = frozenset({"1", "I", "I;16", "L", "LA", "P", "RGB", "RGBA"})

# The first suffix of a type is added to names without one.
_SUFFIXES = {mime_type: suffix for suffix, mime_type in reversed(TYPES_BY_SUFFIX.items())} | {
    "image/jpg": ".jpg",
    "audio/wav": ".wav",
    "audio/mp3": ".mp3",
    "audio/x-m4a": ".m4a",
}
_KIND_LABELS = {"image": "an image", "audio": "audio"}
# Containers of audio or video; the content does not say which.
_CONTAINERS = ("video/mp4", "audio/ogg")


def _file_input(source: MediaInput) -> FileInput:
    if isinstance(source, Media):
        return source.file
    return file_of(_PictureSource(source)) if _is_picture(source) else cast("FileInput", source)


def _is_picture(source: object) -> TypeGuard[Picture]:
    return all(hasattr(source, name) for name in ("mode", "convert", "save", "tobytes"))


def _uri_of(source: object) -> str | None:
    if isinstance(source, File) and isinstance(source_of(source), WebUrl):
        return source.url
    if not isinstance(source, str):
        return None
    return source if source.lower().startswith(("http://", "https://", "data:")) else None


def _is_data(uri: str) -> bool:
    return uri[:5].lower() == "data:"


def _detect_type(file: File, declared: MediaKind | None) -> str | None:
    """Return the media type of the first bytes, of the name, or as declared."""
    sniffed = sniff(peek(source_of(file)))
    by_name = TYPES_BY_SUFFIX.get(PurePath(file.name).suffix.lower())
    if sniffed is None or sniffed in _CONTAINERS:
        return by_name or file.mime_type or sniffed
    if declared is not None and not sniffed.startswith(f"{declared}/"):
        raise InvalidInputError(f"{file.name!r} is not {_KIND_LABELS[declared]}: it is {sniffed}")
    return sniffed


def _kind_of(mime_type: str | None, file: File) -> MediaKind:
    family = (mime_type or "").partition("/")[0].lower()
    for kind in get_args(MediaKind):
        if family == kind:
            return cast("MediaKind", kind)
    if mime_type is not None:
        raise InvalidInputError(f"{file.name!r} is neither an image nor audio: it is {mime_type}")
    head = peek(source_of(file))
    content = f"its content begins with {head[:8].hex(' ')}" if head else "its content is unknown"
    raise InvalidInputError(
        f"{file.name!r} is neither an image nor audio by its name, and {content}; "
        "declare it with Media(…, kind='image')"
    )


def _with_suffix(name: str, kind: MediaKind, mime_type: str | None) -> str:
    """Return `name` with a suffix of the kind."""
    if TYPES_BY_SUFFIX.get(PurePath(name).suffix.lower(), "").startswith(f"{kind}/"):
        return name
    return name + _SUFFIXES.get(mime_type or "", "")
