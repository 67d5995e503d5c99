"""The parts of a message's content: as values, and as the dicts of OpenAI's interface."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Required, TypeAlias, TypedDict, cast, get_args

from spacecall.chat._dict_reader import DictReader
from spacecall.errors import InvalidInputError
from spacecall.media import ImageDetail, Media, MediaKind

__all__ = [
    "AudioPartDict",
    "AudioUrlPartDict",
    "ContentPart",
    "ImagePartDict",
    "ImageUrlDict",
    "InputAudioDict",
    "PartDict",
    "TextPartDict",
    "UrlDict",
    "VideoPartDict",
    "VideoUrl",
    "read_part",
]


@dataclass(frozen=True, slots=True)
class VideoUrl:
    """A video of a message, which the service fetches.

    Attributes:
        url: an http(s) URL, or a data URI.
    """

    url: str

    def __post_init__(self) -> None:
        if not self.url.lower().startswith(("http://", "https://", "data:")):
            raise InvalidInputError("VideoUrl.url must be an http(s) URL or a data URI")


ContentPart: TypeAlias = str | Media | VideoUrl
"""A part of a content: a text, an image or audio, or a video."""


class TextPartDict(TypedDict):
    """A text."""

    type: Literal["text"]
    text: str


class ImageUrlDict(TypedDict, total=False):
    """Where an image is, and how closely the model looks at it (`auto`, `low`, `high`)."""

    url: Required[str]
    detail: ImageDetail | None


class ImagePartDict(TypedDict):
    """An image."""

    type: Literal["image_url"]
    image_url: ImageUrlDict


class InputAudioDict(TypedDict):
    """Audio in base64, and its format, such as `wav` or `mp3`."""

    data: str
    format: str


class AudioPartDict(TypedDict):
    """Audio inside the message."""

    type: Literal["input_audio"]
    input_audio: InputAudioDict


class UrlDict(TypedDict):
    """Where a medium is: an http(s) URL, or a data URI."""

    url: str


class AudioUrlPartDict(TypedDict):
    """Audio that the service fetches."""

    type: Literal["audio_url"]
    audio_url: UrlDict


class VideoPartDict(TypedDict):
    """A video that the service fetches."""

    type: Literal["video_url"]
    video_url: UrlDict


PartDict: TypeAlias = (
    TextPartDict | ImagePartDict | AudioPartDict | AudioUrlPartDict | VideoPartDict
)
"""A part of a content in OpenAI's interface."""


def read_part(value: object, place: str) -> ContentPart:
    """Read a part of a content.

    Args:
        place: of the part, in errors.

    Raises:
        InvalidInputError: the dict is not a part; the message says where.
    """
    part = DictReader(value, place)
    kind = part.choice("type", tuple(_READERS))
    result = _READERS[kind](part)
    part.refuse_others()
    return result


def _read_text(part: DictReader) -> ContentPart:
    return part.text("text")


def _read_image(part: DictReader) -> ContentPart:
    image = part.object("image_url")
    detail = None
    if image.get("detail") is not None:
        detail = cast("ImageDetail", image.choice("detail", get_args(ImageDetail)))
    medium = _read_medium(image, "url", image.url("url"), "image", detail)
    image.refuse_others()
    return medium


def _read_audio(part: DictReader) -> ContentPart:
    audio = part.object("input_audio")
    uri = f"data:audio/{audio.text('format')};base64,{audio.text('data')}"
    medium = _read_medium(audio, "data", uri, "audio")
    audio.refuse_others()
    return medium


def _read_audio_url(part: DictReader) -> ContentPart:
    audio = part.object("audio_url")
    medium = _read_medium(audio, "url", audio.url("url"), "audio")
    audio.refuse_others()
    return medium


def _read_video(part: DictReader) -> ContentPart:
    video = part.object("video_url")
    result = VideoUrl(video.url("url"))
    video.refuse_others()
    return result


def _read_medium(
    reader: DictReader,
    name: str,
    uri: str,
    kind: MediaKind,
    detail: ImageDetail | None = None,
) -> Media:
    try:
        return Media(uri, kind=kind, detail=detail)
    except InvalidInputError as error:
        raise InvalidInputError(f"{reader.place}.{name}: {error.message}") from error


_READERS: Mapping[str, Callable[[DictReader], ContentPart]] = {
    "text": _read_text,
    "image_url": _read_image,
    "input_audio": _read_audio,
    "audio_url": _read_audio_url,
    "video_url": _read_video,
}
