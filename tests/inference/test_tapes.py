"""Recorded exchanges: our requests are the recorded ones, the recorded answers become values.

The bodies of images that came as bytes are not in the recordings: of those only the requests are.
"""

from __future__ import annotations

import json
from contextlib import aclosing
from typing import Any

import pytest

from spacecall import InvalidInputError, NotFoundError, StatusError
from spacecall._core.json_values import as_dict, as_list, as_str
from spacecall._wire.inference.models import ModelInfo
from spacecall.chat import Message
from spacecall.inference._accumulators import Accumulator, TextAccumulator
from spacecall.inference._chat_accumulator import ChatAccumulator
from spacecall.inference._error_bodies import typed_error
from spacecall.inference._image_providers import ADAPTERS
from spacecall.inference._image_providers.adapter import same_names
from spacecall.inference._image_providers.image_request import check_image_request
from spacecall.inference._image_providers.image_response import RemoteImage
from spacecall.inference._image_providers.openai_images import OpenAIImages
from spacecall.inference._provider_choice import Provider
from spacecall.inference._text_requests import Sampling, build_chat_request, build_text_request
from tests.inference.tapes import Tape, tapes

ALL = tapes()
CHATS = [tape for tape in ALL if "messages" in tape.sent and tape.status == 200]
TEXTS = [
    tape
    for tape in ALL
    if tape.status == 200 and "messages" not in tape.sent and "generated_text" in tape.body
]
IN_BAND = [tape for tape in ALL if tape.status == 200 and '"error_type"' in tape.body]
IMAGES = [
    tape
    for tape in ALL
    if tape.provider != "hf-inference" and tape.status < 300 and "completions" not in tape.path
]
IMAGE_BYTES = [tape for tape in ALL if tape.headers["content-type"] == "image/jpeg" and tape.sent]
REFUSED = [tape for tape in ALL if tape.status >= 400]
# What the recording client said to itself, and sent along.
NOISE = {"provider", "options"}


def each_tape(recordings: list[Tape]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("tape", recordings, ids=[tape.name for tape in recordings])


async def accumulate(tape: Tape, accumulator: Accumulator) -> None:
    if tape.streams:
        async with aclosing(tape.events()) as events:
            async for event in events:
                accumulator.feed(event)
        accumulator.finish()
    else:
        accumulator.read_body(tape.body.encode())


def lines(tape: Tape) -> list[dict[str, Any]]:
    """The JSON of a stream's events, read plainly."""
    recordings = (line.removeprefix("data:").strip() for line in tape.body.splitlines())
    return [json.loads(line) for line in recordings if line.startswith("{")]


def test_there_are_recordings_of_everything() -> None:
    recordings = [len(tape) for tape in (CHATS, TEXTS, IN_BAND, IMAGES, IMAGE_BYTES, REFUSED)]
    assert recordings == [24, 9, 2, 17, 3, 14]


@each_tape(CHATS)
async def test_a_chat_completion_is_read(tape: Tape) -> None:
    accumulator = ChatAccumulator()
    await accumulate(tape, accumulator)
    if tape.streams:
        deltas = [choice["delta"] for line in lines(tape) for choice in line["choices"]]
        expected = "".join(delta.get("content") or "" for delta in deltas)
    else:
        expected = json.loads(tape.body)["choices"][0]["message"]["content"]
    thinking, tag, text = expected.removesuffix("</s>").rpartition("</think>")
    assert accumulator.text == (text.lstrip() if tag else text)
    assert accumulator.choices[0].reasoning == thinking.removeprefix("<think>").strip("\n")
    assert accumulator.finish_reason in ("stop", "length")
    counted = [line["usage"] for line in lines(tape) if line.get("usage")]
    if counted:
        assert accumulator.usage is not None
        assert accumulator.usage.total_tokens == counted[-1]["total_tokens"]


@each_tape(CHATS)
def test_a_chat_request_is_the_recorded_one(tape: Tape) -> None:
    sent = {key: value for key, value in tape.sent.items() if key not in NOISE}
    ours = {"messages", "model", "max_tokens", "temperature", "seed", "stream"}
    sampling = Sampling(
        max_tokens=sent.get("max_tokens"),
        temperature=sent.get("temperature"),
        seed=sent.get("seed"),
        stream=sent.get("stream", False),
        extra_body={key: value for key, value in sent.items() if key not in ours},
    )
    messages = [Message(tape["role"], tape["content"]) for tape in sent["messages"]]
    request = build_chat_request(sent.get("model", "org/name"), messages, sampling)
    assert request.path == "/v1/chat/completions"
    assert request.json == {"model": "org/name"} | sent


@each_tape(TEXTS)
async def test_a_generated_text_is_read(tape: Tape) -> None:
    accumulator = TextAccumulator(strip=False)
    await accumulate(tape, accumulator)
    if tape.streams:
        tokens = [line["token"] for line in lines(tape)]
        expected = "".join(token["text"] for token in tokens if not token["special"])
        assert accumulator.finish_reason in ("stop", "length")
    else:
        expected = json.loads(tape.body)[0]["generated_text"]
    assert accumulator.text == expected


@each_tape([tape for tape in [*TEXTS, *IN_BAND] if tape.sent])
def test_a_request_for_text_is_the_recorded_one(tape: Tape) -> None:
    sent = {key: value for key, value in tape.sent.items() if key not in {*NOISE, "model"}}
    parameters = dict(sent.get("parameters", {}))
    model = tape.path.partition("/models/")[2]
    sampling = Sampling(
        max_tokens=parameters.get("max_new_tokens"),
        seed=parameters.get("seed"),
        stream=sent.get("stream", False),
    )
    request = build_text_request(model, sent["inputs"], sampling, return_full_text=None)
    assert tape.path.endswith(request.path)
    assert request.json == sent


@each_tape(IN_BAND)
async def test_an_error_within_a_stream_is_typed(tape: Tape) -> None:
    with pytest.raises(InvalidInputError, match="must be <= ") as caught:
        await accumulate(tape, TextAccumulator(provider="hf-inference"))
    assert (caught.value.status, caught.value.provider) == (422, "hf-inference")


# nebius has left the router; its recordings are OpenAI's images.
RECORDED = dict(ADAPTERS) | {
    "nebius": OpenAIImages(
        names=same_names(
            *("n", "width", "height", "negative_prompt", "guidance_scale"),
            *("num_inference_steps", "seed"),
        ),
        formats={"base64": "b64_json", "url": "url"},
    )
}


@each_tape([*IMAGES, *IMAGE_BYTES])
def test_an_order_of_images_is_the_recorded_one(tape: Tape) -> None:
    adapter = RECORDED[tape.provider]
    sent = {key: value for key, value in tape.sent.items() if key not in {*NOISE, "inputs"}}
    inner = sent.get("input") or sent.get("parameters") or sent
    prompt = inner.get("prompt") or tape.sent["inputs"]
    form = "response_format" if tape.provider != "fal-ai" else "sync_mode"
    theirs = {name: ours for ours, name in adapter.names.items()}
    fixed = {"prompt", "model", "version", "response_format", form, "image_size", "input"}
    options = {theirs[key]: value for key, value in inner.items() if key in theirs}
    extra = {key: inner[key] for key in inner if key not in theirs and key not in fixed}
    size = inner.get("image_size")
    if isinstance(size, dict):
        options |= size
    elif size is not None:
        extra["image_size"] = size
    request = check_image_request(
        prompt,
        width=options.pop("width", None),
        height=options.pop("height", None),
        aspect_ratio=None,
        n=options.pop("n", None),
        response_format="base64" if inner.get(form) else None,
        extra_body=extra,
        **options,
    )
    places = {
        "replicate": f"model:{sent.get('version')}",
        "fal-ai": tape.path.removeprefix("/"),
        "hf-inference": tape.path.partition("/models/")[2],
    }
    model = places.get(tape.provider) or sent["model"]
    http_request = adapter.build_request(request, Provider(tape.provider, model, "text-to-image"))
    needless = {*NOISE, "model"} if tape.provider == "hf-inference" else {*NOISE, "inputs"}
    if tape.provider == "fal-ai":  # which has no such fields
        needless |= {"response_format", "model"}
    assert http_request.json == {key: tape.sent[key] for key in tape.sent if key not in needless}
    at = "" if tape.provider == "hf-inference" else f"/{tape.provider}"
    assert http_request.path == f"{at}{tape.path}"


@each_tape(IMAGES)
async def test_images_become_files_or_addresses(tape: Tape) -> None:
    request = check_image_request("x")
    answer = RECORDED[tape.provider].read_response(
        tape.body.encode(), tape.headers["content-type"], request
    )
    if tape.provider == "replicate" and not answer.images:
        assert answer.pending is not None
        return
    (image,) = answer.images
    if isinstance(image, RemoteImage):
        assert image.url in tape.body
    else:
        assert (image.mime_type or "").startswith("image/")
        assert len(await image.read()) > 16


@each_tape(REFUSED)
def test_a_refusal_is_typed_and_keeps_what_it_says(tape: Tape) -> None:
    error = StatusError("", status=tape.status, body=tape.body)
    typed = typed_error(error, provider="somebody")
    kinds = {400: InvalidInputError, 404: NotFoundError, 421: StatusError, 422: InvalidInputError}
    assert type(typed) is kinds[tape.status]
    assert (typed.status, typed.provider, typed.body) == (tape.status, "somebody", tape.body)
    try:
        raw = as_dict(json.loads(tape.body))
    except ValueError:
        expected = tape.body
    else:
        recordings = raw.get("error") or raw.get("message") or raw.get("detail")
        first = next(iter(as_list(recordings)), None)
        expected = (
            as_str(recordings)
            or as_str(as_dict(recordings).get("message"))
            or as_str(as_dict(first).get("msg"))
        )
    assert expected
    assert expected[:100] in typed.message


@each_tape([tape for tape in ALL if "/api/models/" in tape.url])
def test_metadata_is_read(tape: Tape) -> None:
    info = ModelInfo.model_validate_json(tape.body)
    assert tape.path.endswith(info.id)
    assert info.pipeline_tag == "sentence-similarity"
