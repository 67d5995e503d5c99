"""Requests for embeddings and speech, and their responses; nothing is sent here."""

from __future__ import annotations

import json
import mimetypes
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from spacecall._core.gradio_requests import Request
from spacecall._core.json_values import is_array
from spacecall._filenames import sniff
from spacecall._filesources import BytesSource
from spacecall._io.fetched_response import FetchedResponse
from spacecall._io.multipart import FilePart, Multipart
from spacecall._problems import validation_problems
from spacecall._wire.inference.tasks import EmbeddingsResponse, FalSpeech, TranscribedText
from spacecall.errors import ProtocolError
from spacecall.files import File, file_of
from spacecall.inference._image_providers.adapter import parse_response
from spacecall.inference._image_providers.image_request import quote_model
from spacecall.inference._image_providers.image_response import RemoteImage, from_url
from spacecall.inference._provider_choice import Provider

__all__ = [
    "EMBEDDINGS",
    "OPENAI",
    "SPEECH",
    "TRANSCRIPTIONS",
    "TRANSCRIPTION_FORMS",
    "Transcription",
    "build_embeddings_request",
    "build_speech_request",
    "build_transcription_form",
    "build_transcription_request",
    "read_embeddings",
    "read_speech",
    "read_transcription",
]

OPENAI: Final = ""
"""The name of a service with OpenAI's paths, which is not a provider."""
EMBEDDINGS: Final = {
    "deepinfra": "/deepinfra/v1/openai/embeddings",
    "hf-inference": "",
    "scaleway": "/scaleway/v1/embeddings",
    "together": "/together/v1/embeddings",
    OPENAI: "/v1/embeddings",
}
"""The paths of the providers of embeddings; empty for one that has the model in its path."""
SPEECH: Final = {
    "deepinfra": "/deepinfra/v1/openai/audio/speech",
    "fal-ai": "",
    "hf-inference": "",
    "together": "/together/v1/audio/speech",
    OPENAI: "/v1/audio/speech",
}
TRANSCRIPTION_FORMS: Final = {
    "deepinfra": "/deepinfra/v1/openai/audio/transcriptions",
    OPENAI: "/v1/audio/transcriptions",
}
"""The paths of the providers that take a recording as a form."""
TRANSCRIPTIONS: Final = ("fal-ai", "hf-inference", *TRANSCRIPTION_FORMS)
_VECTORS: Final[TypeAdapter[list[list[float]]]] = TypeAdapter(list[list[float]])


@dataclass(frozen=True, slots=True)
class Transcription:
    """The text of a recording.

    Attributes:
        text: what was said.
        raw: the JSON of the response, such as with the times of parts.
    """

    text: str
    raw: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)


def build_embeddings_request(
    provider: Provider, texts: Sequence[str], extra_body: Mapping[str, Any]
) -> Request:
    """Build a request for the vectors of texts."""
    if path := EMBEDDINGS[provider.name]:
        body = {"model": provider.model, "input": list(texts), **extra_body}
        return Request("POST", path, json=body)
    path = f"/{provider.name}/models/{quote_model(provider.model)}/pipeline/feature-extraction"
    return Request("POST", path, json={"inputs": list(texts), **extra_body})


def read_embeddings(provider: Provider, body: bytes, count: int) -> list[list[float]]:
    """Return the vectors in the order of the texts.

    Raises:
        ProtocolError: there is not a vector for each text, or they differ in length.
    """
    if EMBEDDINGS[provider.name]:
        entries = parse_response(EmbeddingsResponse, body, "embeddings").data
        indices = [entry.index for entry in entries if entry.index is not None]
        if len(set(indices)) < len(indices):
            raise ProtocolError("the provider sent two vectors of the same text")
        entries = sorted(entries, key=lambda entry: entry.index or 0)
        vectors = [list(entry.embedding) for entry in entries]
    else:
        try:
            vectors = _VECTORS.validate_json(body)
        except ValidationError as error:
            problem = validation_problems(error)[0]
            raise ProtocolError(
                f"the provider did not send a vector for each text: {problem} "
                "(some models have a vector for each token)"
            ) from None
    if len(vectors) != count:
        raise ProtocolError(f"the provider sent {len(vectors)} vectors instead of {count}")
    if len(set(map(len, vectors))) > 1:
        raise ProtocolError("the provider sent vectors of different lengths")
    return vectors


def build_transcription_request(
    provider: Provider, audio_uri: str, extra_body: Mapping[str, Any]
) -> Request:
    """Build a request for the text of a recording, a data URI."""
    model = quote_model(provider.model)
    if provider.name == "fal-ai":
        body = {"audio_url": audio_uri, **extra_body}
        return Request("POST", f"/{provider.name}/{model}", json=body)
    content = audio_uri.partition(",")[2]
    body = {"inputs": content, **({"parameters": dict(extra_body)} if extra_body else {})}
    return Request("POST", f"/{provider.name}/models/{model}", json=body)


def build_transcription_form(
    model: str, audio_uri: str, filename: str, extra_body: Mapping[str, Any]
) -> Multipart:
    """Build the form for a recording; each item of a list is a field of its own."""
    head, _, encoded = audio_uri.partition(",")
    mime_type = head.removeprefix("data:").partition(";")[0]
    source = BytesSource(b64decode(encoded), mime_type)
    texts = [
        (name, item if isinstance(item, str) else json.dumps(item))
        for name, value in {"model": model, **extra_body}.items()
        for item in (value if is_array(value) else [value])
    ]
    part = FilePart(filename, mime_type, source.size, source.open)
    return Multipart([part], lambda _: None, field="file", texts=texts)


def read_transcription(body: bytes) -> Transcription:
    """Read the text of a recording. Raise `ProtocolError` if there is none."""
    text = parse_response(TranscribedText, body, "a transcription").text
    return Transcription(text, json.loads(body))


def build_speech_request(
    provider: Provider, text: str, voice: str | None, extra_body: Mapping[str, Any]
) -> Request:
    """Build a request for the speech of a text."""
    options = ({} if voice is None else {"voice": voice}) | dict(extra_body)
    if path := SPEECH[provider.name]:
        return Request("POST", path, json={"model": provider.model, "input": text, **options})
    model = quote_model(provider.model)
    if provider.name == "fal-ai":
        return Request("POST", f"/{provider.name}/{model}", json={"text": text, **options})
    body = {"inputs": text, **({"parameters": options} if options else {})}
    return Request("POST", f"/{provider.name}/models/{model}", json=body)


def read_speech(provider: Provider, response: FetchedResponse) -> File | RemoteImage:
    """Return the audio of a response: its bytes, or its address at fal-ai.

    Raises:
        ProtocolError: it is not audio.
    """
    if provider.name == "fal-ai":
        audio = parse_response(FalSpeech, response.body, "speech").audio
        return from_url(audio.url, mime_type=audio.content_type)
    declared = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    mime_type = sniff(response.body) or declared or "unknown content"
    if not response.body or not mime_type.startswith("audio/"):
        raise ProtocolError(f"expected audio, got {mime_type}")
    name = "speech" + (mimetypes.guess_extension(mime_type) or "")
    return file_of(BytesSource(response.body, mime_type), name=name)
