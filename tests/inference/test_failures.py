"""What goes wrong with chat completions, and what is done then, on a stand-in."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from spacecall import (
    AuthError,
    Call,
    CreditsError,
    DeadlineError,
    InvalidInputError,
    JobLostError,
    NotFoundError,
    ProtocolError,
    RateLimitedError,
    SpaceError,
    StatusError,
    Timeouts,
    UnavailableError,
)
from spacecall.inference import HuggingFaceInference, NoProviderError, ProvidersFailedError
from tests.faults.exchanges import Exchange
from tests.inference.stand_in import (
    CHAT,
    HUB,
    ROUTER,
    TOKEN,
    StandIn,
    answering,
    chunk,
    offer,
    opened,
    saying,
    streaming,
    whole,
)

QWEN = "Qwen/Qwen2.5-72B-Instruct"
LLAMA = "meta-llama/Llama-3.3-70B-Instruct"
SPENT = {"error": "You have exceeded your monthly included credits for Inference Providers."}


@pytest.mark.parametrize("status", [402, 404, 429, 500, 502, 503, 504])
async def test_the_next_live_provider_is_asked_when_asked_for(
    service: StandIn, status: int
) -> None:
    service.mapping[LLAMA] = {
        "novita": offer("novita/llama"),
        "slow": offer("x", status="staging"),
        "together": offer("together/llama"),
    }
    refused = answering(status, {"error": "not now"}, retry_after="600")
    service.on(CHAT, refused, saying("Hi"))
    async with opened(service) as (hf, _):
        reply = await hf.chat("Hello", model="llama-3", fallback=True)
        assert reply.text == "Hi"
        models = [item["model"] for item in await service.sent(CHAT)]
        assert models == [f"{LLAMA}:novita", f"{LLAMA}:together"]
        service.on(CHAT, refused)
        with pytest.raises(ProvidersFailedError, match=r"novita: .*together: ") as caught:
            await hf.chat("Hello", model="llama-3:fastest", fallback=True)
        assert [item.provider for item in caught.value.attempts] == [
            "fastest",
            "novita",
            "together",
        ]


@pytest.mark.parametrize("option", [{"provider": "together"}, {"fallback": True}])
async def test_another_service_takes_no_options_of_providers(
    service: StandIn, option: dict[str, Any]
) -> None:
    async with HuggingFaceInference.connect(service.url, model="m", image_model="m") as hf:
        client: Any = hf
        calls: list[Callable[[], Call[Any]]] = [
            lambda: client.chat("Hi", **option),
            lambda: client.text_generation("Hi", **option),
            lambda: client.generate("a cat", **option),
            lambda: client.feature_extraction("Hi", model="m", **option),
            lambda: client.automatic_speech_recognition(b"RIFF    WAVE", model="m", **option),
            lambda: client.text_to_speech("Hi", model="m", **option),
        ]
        for call in calls:
            with pytest.raises(InvalidInputError, match="another base_url does not take it"):
                await call()
    assert service.seen == []


@pytest.mark.parametrize("way", [{"model": "llama-3:together"}, {"provider": "together"}])
async def test_an_error_names_the_provider_however_it_was_requested(
    service: StandIn, way: dict[str, str]
) -> None:
    service.on(CHAT, answering(402, SPENT))
    async with opened(service, model="llama-3") as (hf, _):
        with pytest.raises(CreditsError, match=r"^together: ") as caught:
            await hf.chat("Hello", **way)  # type: ignore[call-overload]
    assert caught.value.provider == "together"


@pytest.mark.parametrize("way", [{"model": "llama-3:fastest"}, {"provider": "cheapest"}])
async def test_a_choice_of_the_router_is_not_the_provider_of_an_error(
    service: StandIn, way: dict[str, str]
) -> None:
    service.on(CHAT, answering(402, SPENT), answering(402, SPENT, x_inference_provider="novita"))
    async with opened(service, model="llama-3") as (hf, _):
        for provider in (None, "novita"):
            with pytest.raises(CreditsError) as caught:
                await hf.chat("Hello", **way)  # type: ignore[call-overload]
            assert caught.value.provider == provider


async def test_a_missing_key_is_advised_where_it_is_sent(service: StandIn) -> None:
    """A token of HF_TOKEN is for Hugging Face only."""
    service.on(CHAT, answering(401, {"error": "who?"}))
    service.on("/v1/embeddings", answering(401, {"error": "who?"}))
    async with HuggingFaceInference.connect(service.url) as hf:
        for call in (hf.chat("Hi", model="m"), hf.feature_extraction("Hi", model="m")):
            with pytest.raises(AuthError, match=r"give api_key=…; HF_TOKEN is not sent there\): w"):
                await call
    async with opened(service) as (hf, _):
        with pytest.raises(AuthError, match=r"give api_key=…, or set HF_TOKEN\): who"):
            await hf.chat("Hi", model="m/m")


async def test_live_providers_that_are_not_supported_are_named(service: StandIn) -> None:
    entries = {"novita": "live", "hyperbolic": "live", "groq": "error"}
    words = "live, but not supported by spacecall for this task: novita, hyperbolic"
    for task in ("text-to-image", "feature-extraction", "text-to-speech"):
        service.mapping[f"o/{task}"] = {
            name: offer("x", task, status) for name, status in entries.items()
        }
        service.models[f"o/{task}"] = {"id": f"o/{task}"}
    async with opened(service) as (hf, _):
        calls: list[Callable[[], Call[Any]]] = [
            lambda: hf.generate("a cat", model="o/text-to-image"),
            lambda: hf.feature_extraction("Hi", model="o/feature-extraction"),
            lambda: hf.text_to_speech("Hi", model="o/text-to-speech"),
        ]
        for call in calls:
            with pytest.raises(NoProviderError, match=words) as caught:
                await call()
            assert (caught.value.live, caught.value.unsupported) == ((), ("novita", "hyperbolic"))
        with pytest.raises(NoProviderError, match=r"novita for this task; live, .*: hyperbolic"):
            await hf.generate("a cat", model="o/text-to-image", provider="novita")


async def test_other_refusals_and_no_fallback_are_errors_at_once(service: StandIn) -> None:
    service.mapping[LLAMA] = {"novita": offer("n"), "together": offer("t")}
    service.on(CHAT, answering(401, {"error": "Invalid token"}))
    async with opened(service) as (hf, _):
        with pytest.raises(AuthError):
            await hf.chat("Hello", model="llama-3", fallback=True)
        service.on(CHAT, answering(402, SPENT))
        with pytest.raises(CreditsError):
            await hf.chat("Hello", model="llama-3")
        assert len(service.to(CHAT)) == 2
        service.seen.clear()
        service.on(CHAT, answering(402, SPENT), saying("Hi"))
        assert (await hf.chat("Hello", model="llama-3:groq", fallback=True)).text == "Hi"
        models = [item["model"] for item in await service.sent(CHAT)]
        assert models == [f"{LLAMA}:groq", f"{LLAMA}:novita"]


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (400, {"error": {"message": "bad", "type": "x", "code": None}}, InvalidInputError, "bad"),
        (401, {"error": "Invalid username or password."}, AuthError, "give api_key="),
        (402, SPENT, CreditsError, "monthly included credits"),
        (403, {"error": "not for you", "error_type": "x"}, AuthError, "not for you"),
        (404, {"error": "Model nope does not exist"}, NotFoundError, "does not exist"),
        (410, b"api-inference is no longer supported", NotFoundError, "no longer supported"),
        (422, {"error": "Template error", "error_type": "template_error"}, InvalidInputError, "Te"),
        (429, {"error": {"message": "slow down"}}, RateLimitedError, "slow down"),
        (503, {"error": "Model is loading", "estimated_time": 20.5}, UnavailableError, "loading"),
        (504, b"upstream timed out", UnavailableError, "upstream timed out"),
        (
            400,
            {"title": "Bad", "detail": "see there", "status": 400},
            InvalidInputError,
            "see there",
        ),
        (
            400,
            {"error": {"message": "no such model", "code": "model_not_supported"}},
            NotFoundError,
            "no such model",
        ),
    ],
)
async def test_every_refusal_is_typed_and_keeps_what_it_says(
    service: StandIn, status: int, body: object, kind: type[Exception], words: str
) -> None:
    service.on(CHAT, answering(status, body, retry_after="61"))
    async with opened(service) as (hf, _):
        with pytest.raises(kind, match=words) as caught:
            await hf.chat("Hello", model="llama-3:together")
    error = caught.value
    assert isinstance(
        error,
        InvalidInputError
        | AuthError
        | CreditsError
        | NotFoundError
        | RateLimitedError
        | UnavailableError,
    )
    assert (error.status, error.provider, error.endpoint) == (status, "together", CHAT)
    assert error.estimated_time == (20.5 if status == 503 else None)
    assert error.retry_after == 61
    assert TOKEN not in str(error) + repr(error) + error.body


async def test_an_error_within_a_stream_ends_it(service: StandIn) -> None:
    service.on(CHAT, streaming(chunk("Hi"), {"error": {"message": "overloaded", "code": 503}}))
    async with opened(service) as (hf, _):
        job = await hf.chat("Hello", model="llama-3").__aenter__()
        with pytest.raises(UnavailableError, match="overloaded") as caught:
            await job.result()
    assert caught.value.endpoint == CHAT


async def test_an_answer_that_is_cut_off_is_lost_and_never_taken_for_whole(
    service: StandIn,
) -> None:
    async def cut(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.send(b'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n')
        await exchange.cut()

    service.on(CHAT, cut, streaming(chunk("Hi")))
    async with opened(service) as (hf, _):
        for _ in range(2):
            with pytest.raises(JobLostError):
                await hf.chat("Hello")


async def test_silence_has_an_end(service: StandIn) -> None:
    async def silent(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.gone()

    service.on(CHAT, silent)
    async with opened(service) as (hf, _):
        with pytest.raises(DeadlineError):
            await hf.chat("Hello").with_options(timeouts=Timeouts(idle=0.3))
        with pytest.raises(DeadlineError):
            await hf.chat("Hello").with_options(timeouts=Timeouts(run=0.3))


async def test_leaving_early_ends_the_request(service: StandIn) -> None:
    left = anyio.Event()

    async def endless(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.send(b'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n')
        await exchange.gone()
        left.set()

    service.on(CHAT, endless)
    async with opened(service) as (hf, _):
        async with hf.chat("Hello") as job:
            async for _ in job.text:
                break
        with anyio.fail_after(20):
            await left.wait()


async def test_what_cannot_be_sent_is_refused(service: StandIn) -> None:
    async with opened(service) as (hf, _):
        with pytest.raises(InvalidInputError, match="empty"):
            await hf.chat(" ")
        with pytest.raises(
            InvalidInputError, match=r"messages\[0\] must be Message or dict, got int"
        ):
            await hf.chat([3])  # type: ignore[list-item]
        with pytest.raises(InvalidInputError, match="temperature"):
            await hf.chat("Hello", temperature="hot")  # type: ignore[call-overload]
    assert not service.to(CHAT)


async def test_what_an_answer_repeats_of_a_token_is_in_no_error(service: StandIn) -> None:
    """Neither of a typed_error, nor of one within an answer, streamed or whole."""
    words = {"error": {"message": f"{TOKEN} is no good", "code": 401}}
    service.on(CHAT, answering(401, words), streaming(words), answering(200, words))
    async with opened(service) as (hf, _):
        for stream in (True, True, False):
            with pytest.raises(AuthError, match="is no good") as caught:
                await hf.chat("Hello", stream=stream)
            assert TOKEN not in str(caught.value) + repr(caught.value) + caught.value.body
            assert (caught.value.endpoint, caught.value.status) == (CHAT, 401)
        service.on(CHAT, streaming({"choices": TOKEN}), answering(200, {"choices": TOKEN}))
        for stream in (True, False):
            with pytest.raises(ProtocolError, match="not answer with a model") as odd:
                await hf.chat("Hello", stream=stream)
            assert TOKEN not in "".join(traceback.format_exception(odd.value))


async def test_the_next_provider_s_answer_takes_the_place_of_one_that_broke_off(
    service: StandIn,
) -> None:
    service.mapping[LLAMA] = {"novita": offer("n"), "together": offer("t")}
    service.on(CHAT, streaming(chunk("Hi"), {"error": "gone", "code": 503}), saying("Hello."))
    async with opened(service) as (hf, _), hf.chat("x", model="llama-3", fallback=True) as job:
        text = ""
        async for piece in job.text:
            text = text[: piece.offset] + piece
        assert (await job.result()).text == text == "Hello."


async def test_what_is_no_answer_is_told_with_its_place(service: StandIn) -> None:
    page = answering(200, b"<html>Welcome</html>", content_type="text/html")
    service.on(CHAT, page, answering(307, b"", location="http://elsewhere.invalid/"))
    async with opened(service) as (hf, doors):
        for kind in (ProtocolError, StatusError):
            with pytest.raises(kind) as caught:
                await hf.chat("Hello", model="my/model")
            assert isinstance(caught.value, SpaceError)
            assert caught.value.endpoint == CHAT
            assert caught.value.space == f"https://{ROUTER}"
        assert {item.url.host for item in doors.seen} == {ROUTER, HUB}


async def test_a_choice_of_the_router_s_needs_no_provider_that_the_hub_knows(
    service: StandIn,
) -> None:
    service.on(CHAT, saying("Hi"))
    async with opened(service) as (hf, _):
        assert (await hf.chat("Hello", model="llama-3:fastest", fallback=True)).text == "Hi"


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("beginning", ["", "\ufeff", ": hello\n\n"])
async def test_events_are_read_whatever_the_content_type(
    service: StandIn, beginning: str, stream: bool
) -> None:
    events = "".join(f"data: {json.dumps(piece)}\n\n" for piece in (chunk("A"), chunk("B", "stop")))
    content = (beginning + events + "data: [DONE]").encode()
    service.on(CHAT, answering(200, content, content_type="text/plain"))
    async with opened(service) as (hf, _):
        assert (await hf.chat("Hi", stream=stream)).text == "AB"
    service.on(CHAT, answering(200, b'data: {"choices": []}\n\n', content_type="text/plain"))
    async with opened(service) as (hf, _):
        with pytest.raises(JobLostError):
            await hf.chat("Hi", stream=stream)


async def test_a_redirect_names_the_address(service: StandIn) -> None:
    location = "https://user:secret@llm.example/v1/chat/completions?key=secret"
    service.on(CHAT, answering(308, b"", location=location))
    async with opened(service) as (hf, _):
        with pytest.raises(StatusError) as caught:
            await hf.chat("Hi")
    assert "is redirected to https://llm.example:443: use that address" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("n", [0, -1])
async def test_fewer_than_one_answer_is_refused(service: StandIn, n: int) -> None:
    async with opened(service) as (hf, _):
        with pytest.raises(InvalidInputError, match="n must be at least 1"):
            await hf.chat("Hi", n=n)
        with pytest.raises(InvalidInputError, match="n must be at least 1"):
            await hf.chat("Hi", extra_body={"n": n})
    assert not service.seen


async def test_n_and_stream_of_the_extra_body_are_known(service: StandIn) -> None:
    def piece(index: int, text: str, reason: str | None = None) -> dict[str, Any]:
        delta = {"content": text}
        return {"choices": [{"index": index, "delta": delta, "finish_reason": reason}]}

    service.on(CHAT, streaming(piece(0, "a", "stop"), piece(1, "b"), piece(1, "B", "stop")))
    async with opened(service) as (hf, _):
        reply = await hf.chat("Hi", extra_body={"n": 2})
        assert [choice.text for choice in reply.choices] == ["a", "bB"]
        service.on(CHAT, answering(200, whole("C")))
        assert (await hf.chat("Hi", extra_body={"stream": False})).text == "C"
    assert "stream_options" not in (await service.sent(CHAT))[-1]


async def test_empty_names_of_models_and_providers_are_refused(service: StandIn) -> None:
    async with opened(service) as (hf, _):
        for call in (
            lambda: hf.chat("Hi", model=""),
            lambda: hf.chat("Hi", provider=""),
            lambda: hf.text_generation("Hi", model=""),
            lambda: hf.generate("A cat", model=""),
            lambda: hf.feature_extraction("Hi", model="m", provider=""),
        ):
            with pytest.raises(InvalidInputError, match="is empty: leave it out"):
                await call()
    assert not service.seen


async def test_an_empty_message_has_its_place(service: StandIn) -> None:
    async with opened(service) as (hf, _):
        with pytest.raises(InvalidInputError, match=r"messages\[1\] is empty"):
            await hf.chat([{"role": "system", "content": "s"}, {"role": "user", "content": []}])
        with pytest.raises(InvalidInputError, match="the message is empty"):
            await hf.chat(" ")
