"""Embeddings and speech through the router, on a stand-in."""

from __future__ import annotations

import email
from base64 import b64encode
from pathlib import Path
from typing import Any

import anyio
import pytest

from spacecall import (
    DeadlineError,
    InvalidInputError,
    Output,
    ProtocolError,
    RateLimitedError,
    Retry,
    Timeouts,
)
from spacecall.inference import HuggingFaceInference, NoProviderError, SyncHuggingFaceInference
from tests.faults.exchanges import Exchange
from tests.inference.stand_in import QUICK, TOKEN, StandIn, answering, offer, opened
from tests.servers import DATA

MODEL = "o/m"
TONE = DATA / "tone.wav"
WAV = TONE.read_bytes()
VECTORS = "/hf-inference/models/o/m/pipeline/feature-extraction"
TASK_PATH = "/hf-inference/models/o/m"
EMBEDDERS = {
    "deepinfra": "/deepinfra/v1/openai/embeddings",
    "scaleway": "/scaleway/v1/embeddings",
    "together": "/together/v1/embeddings",
}
SPEAKERS = {
    "deepinfra": "/deepinfra/v1/openai/audio/speech",
    "hf-inference": TASK_PATH,
    "together": "/together/v1/audio/speech",
}


def serve(service: StandIn, task: str, *providers: str) -> None:
    """Let these providers serve the model."""
    service.mapping[MODEL] = {name: offer(MODEL, task) for name in providers}
    service.models[MODEL] = {"id": MODEL}


async def test_texts_become_vectors_in_batches(service: StandIn) -> None:
    serve(service, "feature-extraction", "groq", "hf-inference")
    service.on(VECTORS, answering(200, [[1, 2.5], [3, 4]]), answering(200, [[5, 6]]))
    async with (
        opened(service) as (hf, _),
        hf.feature_extraction(["a", "b", "c"], model=MODEL, batch_size=2) as job,
    ):
        partial = [event.value async for event in job if isinstance(event, Output)]
        vectors = await job.result()
    assert vectors == [[1, 2.5], [3, 4], [5, 6]]
    assert partial == [[[1, 2.5], [3, 4]]]
    assert await service.sent(VECTORS) == [{"inputs": ["a", "b"]}, {"inputs": ["c"]}]
    assert service.to(VECTORS)[0].headers["authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize("provider", EMBEDDERS)
async def test_vectors_of_openai_s_interface_are_in_the_order_of_the_texts(
    service: StandIn, provider: str
) -> None:
    serve(service, "feature-extraction", provider)
    data = [{"index": 1, "embedding": [2.0]}, {"index": 0, "embedding": [1.0]}]
    service.on(EMBEDDERS[provider], answering(200, {"data": data}))
    async with opened(service) as (hf, _):
        call = hf.feature_extraction(["a", "b"], model=MODEL, extra_body={"dimensions": 1})
        assert await call == [[1.0], [2.0]]
    sent = {"model": MODEL, "input": ["a", "b"], "dimensions": 1}
    assert await service.sent(EMBEDDERS[provider]) == [sent]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ([[[1.0], [2.0]]], "a vector for each token"),
        ([[1.0], [2.0]], "the provider sent 2 vectors instead of 1"),
        ({"x": 1}, "did not send a vector for each text"),
    ],
)
async def test_other_numbers_are_a_typed_error(
    service: StandIn, answer: object, words: str
) -> None:
    serve(service, "feature-extraction", "hf-inference")
    service.on(VECTORS, answering(200, answer))
    async with opened(service) as (hf, _):
        with pytest.raises(ProtocolError, match=words) as caught:
            await hf.feature_extraction("a", model=MODEL)
        assert caught.value.endpoint == VECTORS
        with pytest.raises(InvalidInputError, match="at least 1 text"):
            await hf.feature_extraction("a", model=MODEL, batch_size=0)
        assert await hf.feature_extraction([], model=MODEL) == []


@pytest.mark.parametrize("provider", ["hf-inference", "fal-ai"])
async def test_a_recording_becomes_a_text(service: StandIn, provider: str) -> None:
    serve(service, "automatic-speech-recognition", provider)
    path = TASK_PATH if provider == "hf-inference" else "/fal-ai/o/m"
    service.on(path, answering(200, {"text": "hello", "chunks": []}))
    async with opened(service) as (hf, _):
        transcription = await hf.automatic_speech_recognition(TONE, model=MODEL)
        with pytest.raises(InvalidInputError, match="is not audio"):
            await hf.automatic_speech_recognition(DATA / "red.png", model=MODEL)
    assert (transcription.text, transcription.raw["chunks"]) == ("hello", [])
    (sent,) = await service.sent(path)
    encoded = b64encode(WAV).decode()
    if provider == "hf-inference":
        assert sent == {"inputs": encoded}
    else:
        assert sent["audio_url"].endswith(f";base64,{encoded}")


@pytest.mark.parametrize("provider", SPEAKERS)
async def test_a_text_becomes_audio(service: StandIn, provider: str, tmp_path: Path) -> None:
    serve(service, "text-to-speech", provider)
    path = SPEAKERS[provider]
    service.on(path, answering(200, WAV, content_type="audio/wav"))
    async with opened(service) as (hf, _):
        audio = await hf.text_to_speech("hello", model=MODEL, voice="anna")
        saved = await audio.save(tmp_path)
        assert (saved.suffix, saved.read_bytes()) == (".wav", WAV)
        service.on(path, answering(200, b"<html>", content_type="text/html"))
        with pytest.raises(ProtocolError, match="expected audio, got text/html"):
            await hf.text_to_speech("hello", model=MODEL)
        with pytest.raises(InvalidInputError, match="the text to speak is empty"):
            await hf.text_to_speech(" ", model=MODEL)
    first: Any = (await service.sent(path))[0]
    if provider == "hf-inference":
        assert first == {"inputs": "hello", "parameters": {"voice": "anna"}}
    else:
        assert first == {"model": MODEL, "input": "hello", "voice": "anna"}


async def test_audio_of_fal_ai_is_fetched_without_the_key(service: StandIn) -> None:
    serve(service, "text-to-speech", "fal-ai")
    service.on("/speech.wav", answering(200, WAV, content_type="audio/wav"))
    service.on("/fal-ai/o/m", answering(200, {"audio": {"url": f"{service.url}/speech.wav"}}))
    async with opened(service) as (hf, doors):
        doors.allow(service.url)
        assert await (await hf.text_to_speech("hello", model=MODEL)).read() == WAV
    (fetched,) = service.to("/speech.wav")
    assert "authorization" not in fetched.headers


async def test_the_next_provider_is_tried_and_others_are_refused(service: StandIn) -> None:
    serve(service, "feature-extraction", "together", "hf-inference")
    service.on(EMBEDDERS["together"], answering(500, b"x"))
    service.on(VECTORS, answering(200, [[1.0]]))
    async with opened(service) as (hf, _):
        assert await hf.feature_extraction("a", model=MODEL, fallback=True) == [[1.0]]
        with pytest.raises(NoProviderError, match="does not support groq for this task"):
            await hf.feature_extraction("a", model=MODEL, provider="groq")


async def test_another_service_has_openai_s_paths(service: StandIn) -> None:
    service.on("/v1/embeddings", answering(200, {"data": [{"embedding": [1.0]}]}))
    service.on("/v1/audio/speech", answering(200, WAV, content_type="audio/wav"))
    async with HuggingFaceInference.connect(service.url) as hf:
        assert await hf.feature_extraction("a", model="nomic:v1") == [[1.0]]
        assert await (await hf.text_to_speech("a", model="tts")).read() == WAV
    assert (await service.sent("/v1/embeddings"))[0]["model"] == "nomic:v1"


async def test_another_service_gets_a_recording_as_a_form(service: StandIn) -> None:
    service.on("/v1/audio/transcriptions", answering(200, {"text": "hello", "words": []}))
    async with HuggingFaceInference.connect(service.url, api_key=TOKEN) as hf:
        transcription = await hf.automatic_speech_recognition(
            TONE,
            model="whisper-1",
            extra_body={"temperature": 0, "granularities[]": ["word", "segment"]},
        )
    assert (transcription.text, transcription.raw["words"]) == ("hello", [])
    (exchange,) = service.seen
    assert exchange.headers["authorization"] == f"Bearer {TOKEN}"
    assert exchange.headers["content-length"] == str(len(await exchange.body()))
    assert await form_fields(exchange) == [
        ("model", b"whisper-1"),
        ("temperature", b"0"),
        ("granularities[]", b"word"),
        ("granularities[]", b"segment"),
        ("file", WAV),
    ]


async def form_fields(exchange: Exchange) -> list[tuple[Any, Any]]:
    """Return the names and contents of a form, in order."""
    head = f"content-type: {exchange.headers['content-type']}\r\n\r\n".encode()
    message = email.message_from_bytes(head + await exchange.body())
    return [
        (part.get_param("name", header="content-disposition"), part.get_payload(decode=True))
        for part in message.walk()
        if not part.is_multipart()
    ]


async def test_deepinfra_gets_a_recording_as_a_form(service: StandIn) -> None:
    serve(service, "automatic-speech-recognition", "deepinfra")
    path = "/deepinfra/v1/openai/audio/transcriptions"
    service.on(path, answering(200, {"text": "hello"}), answering(429, {"error": "slow down"}))
    async with opened(service, retry=Retry(attempts=1)) as (hf, _):
        assert (await hf.automatic_speech_recognition(WAV, model=MODEL)).text == "hello"
        with pytest.raises(RateLimitedError, match="slow down") as caught:
            await hf.automatic_speech_recognition(TONE, model=MODEL)
    assert caught.value.provider == "deepinfra"
    exchange = service.to(path)[0]
    assert await form_fields(exchange) == [("model", b"o/m"), ("file", WAV)]
    assert b'filename="file.wav"' in await exchange.body()


@pytest.mark.parametrize("status", [200, 429])
async def test_an_error_of_another_service_is_typed_whatever_its_status(
    service: StandIn, status: int
) -> None:
    error = {"error": {"message": "slow down", "code": 429}}
    service.on("/v1/audio/transcriptions", answering(status, error))
    service.on("/v1/embeddings", answering(status, error))
    async with HuggingFaceInference.connect(service.url, retry=QUICK) as hf:
        for call in (
            hf.automatic_speech_recognition(TONE, model="whisper"),
            hf.feature_extraction("a", model="m"),
        ):
            with pytest.raises(RateLimitedError, match="slow down") as caught:
                await call
            assert caught.value.space == service.url


async def test_a_transcription_has_the_timeout_of_a_run(service: StandIn) -> None:
    async def silent(_: Exchange) -> None:
        await anyio.sleep_forever()

    service.on("/v1/audio/transcriptions", silent)
    timeouts = Timeouts(run=0.1)
    async with HuggingFaceInference.connect(service.url, timeouts=timeouts) as hf:
        with anyio.fail_after(10), pytest.raises(DeadlineError, match=r"within 0\.1 s"):
            await hf.automatic_speech_recognition(TONE, model="whisper")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([{"index": 0, "embedding": [1]}, {"index": 0, "embedding": [2]}], "same text"),
        ([{"embedding": [1]}, {"embedding": [2, 3]}], "vectors of different lengths"),
    ],
)
async def test_vectors_that_do_not_fit_the_texts_are_refused(
    service: StandIn, data: list[Any], words: str
) -> None:
    service.on("/v1/embeddings", answering(200, {"data": data}))
    async with HuggingFaceInference.connect(service.url) as hf:
        with pytest.raises(ProtocolError, match=words):
            await hf.feature_extraction(["a", "b"], model="m")


def test_without_async_too(service_thread: StandIn) -> None:
    service_thread.on("/v1/embeddings", answering(200, {"data": [{"embedding": [1.0]}]}))
    service_thread.on("/v1/audio/speech", answering(200, WAV, content_type="audio/wav"))
    with SyncHuggingFaceInference.connect(service_thread.url) as hf:
        assert hf.feature_extraction(["a"], model="m").result() == [[1.0]]
        assert hf.read(hf.text_to_speech("a", model="m").result()) == WAV
        service_thread.on("/v1/audio/transcriptions", answering(200, {"text": "hello"}))
        assert hf.automatic_speech_recognition(TONE, model="m").result().text == "hello"
