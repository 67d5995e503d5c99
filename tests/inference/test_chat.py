"""Chat completions through the router, on a stand-in for it."""

from __future__ import annotations

from typing import Any

import anyio
import httpx
import pytest

from spacecall import (
    AuthError,
    CutReplyWarning,
    InvalidInputError,
    Limits,
    ProtocolError,
    chat,
)
from spacecall.chat import Conversation, Message, ToolCall
from spacecall.inference import (
    HuggingFaceInference,
    NoProviderError,
    SyncHuggingFaceInference,
)
from tests.client import proxies
from tests.faults.exchanges import Exchange, Handler
from tests.inference.stand_in import (
    CHAT,
    HUB,
    PNG,
    ROUTER,
    TOKEN,
    StandIn,
    answering,
    chunk,
    metadata,
    offer,
    opened,
    saying,
    streaming,
    whole,
)
from tests.servers import DATA

QWEN = "Qwen/Qwen2.5-72B-Instruct"
LLAMA = "meta-llama/Llama-3.3-70B-Instruct"
SPENT = {"error": "You have exceeded your monthly included credits for Inference Providers."}


async def test_an_answer_streams_as_pieces_of_text(service: StandIn) -> None:
    service.on(CHAT, saying("One ", "two."))
    async with opened(service) as (hf, _), hf.chat("Count") as job:
        pieces = [str(piece) async for piece in job.text]
        reply = await job.result()
    assert pieces == ["One ", "two."]
    assert (reply.text, reply.finish_reason) == ("One two.", "stop")
    assert await service.sent(CHAT) == [
        {
            "model": QWEN,
            "messages": [{"role": "user", "content": "Count"}],
            "stream": True,
            "stream_options": {"include_usage": True},
        }
    ]


async def test_done_ends_a_stream_that_stays_open(service: StandIn) -> None:
    async def linger(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.send(b'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n')
        await exchange.send(b"data: [DONE]\n\n")
        await exchange.gone()

    service.on(CHAT, linger)
    async with opened(service) as (hf, _):
        with anyio.fail_after(20):
            assert (await hf.chat("Hello")).text == "Hi"


async def test_without_streaming_the_answer_comes_whole_with_its_usage(service: StandIn) -> None:
    service.on(CHAT, answering(200, whole("Hi", "length")))
    async with opened(service) as (hf, _):
        with pytest.warns(CutReplyWarning, match="that of the service"):
            reply = await hf.chat("Hello", stream=False, temperature=0.5, seed=7)
    assert (reply.text, reply.finish_reason) == ("Hi", "length")
    assert reply.usage is not None
    assert (reply.usage.prompt_tokens, reply.usage.total_tokens) == (3, 5)
    (sent,) = await service.sent(CHAT)
    assert (sent["temperature"], sent["seed"]) == (0.5, 7)
    assert not {"stream", "max_tokens"} & set(sent)


async def test_the_usage_of_a_stream_is_requested_and_its_last_event_counts(
    service: StandIn,
) -> None:
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    end: dict[str, Any] = {"choices": [], "usage": usage}
    service.on(CHAT, streaming(chunk("Hi"), chunk(reason="stop"), end, done=True))
    async with opened(service) as (hf, _):
        reply = await hf.chat("Hello")
        assert reply.usage is not None
        assert reply.usage.total_tokens == 3
        await hf.chat("Hello", extra_body={"stream_options": {"include_usage": False}})
    options = [request["stream_options"] for request in await service.sent(CHAT)]
    assert options == [{"include_usage": True}, {"include_usage": False}]


async def test_a_service_without_stream_options_is_asked_again_without_them(
    service: StandIn,
) -> None:
    refusal = answering(422, {"detail": [{"loc": ["body", "stream_options"], "msg": "Extra"}]})
    service.on(CHAT, refusal, saying("Hi"))
    async with opened(service) as (hf, _):
        assert (await hf.chat("Hello")).text == "Hi"
        service.on(CHAT, answering(422, {"detail": "too long"}))
        with pytest.raises(InvalidInputError, match="too long"):
            await hf.chat("Hello")
    keys = ["stream_options" in request for request in await service.sent(CHAT)]
    assert keys == [True, False, True]


async def test_tools_are_passed_through_and_their_calls_come_back(service: StandIn) -> None:
    called = {"index": 0, "id": "1", "function": {"name": "add", "arguments": '{"a": '}}
    continuation = {"index": 0, "function": {"arguments": "1}"}}
    service.on(
        CHAT,
        streaming(
            chunk(tool_calls=[called]),
            chunk(tool_calls=[continuation]),
            chunk(reason="tool_calls"),
            done=True,
        ),
        saying("One."),
    )
    tool: dict[str, Any] = {"type": "function", "function": {"name": "add", "parameters": {}}}
    async with opened(service) as (hf, _):
        reply = await hf.chat("Add", tools=[tool])
        assert reply.tool_calls == (ToolCall("1", "add", '{"a": 1}'),)
        assert reply.finish_reason == "tool_calls"
        result = Message("tool", "1", tool_call_id="1")
        assert (await hf.chat([result], conversation=reply.conversation)).text == "One."
    first, second = await service.sent(CHAT)
    assert first["tools"] == [tool]
    assert second["messages"][1]["tool_calls"][0]["function"]["name"] == "add"
    assert second["messages"][2] == {"role": "tool", "content": "1", "tool_call_id": "1"}


async def test_a_conversation_goes_whole_with_its_images(service: StandIn) -> None:
    service.on(CHAT, saying("Red."))
    async with opened(service) as (hf, _):
        first = await hf.chat([Message("system", "Be brief."), Message("user", "Look", [PNG])])
        saved = Conversation.from_json(first.conversation.to_json())
        assert saved.session_hash is None
        await hf.chat("Sure?", conversation=saved)
    _, second = await service.sent(CHAT)
    assert [request["role"] for request in second["messages"]] == [
        "system",
        "user",
        "assistant",
        "user",
    ]
    words, image = second["messages"][1]["content"]
    assert words == {"type": "text", "text": "Look"}
    assert image["image_url"]["url"].startswith("data:image/png;base64,")


async def test_the_default_models(service: StandIn) -> None:
    """Qwen2.5-72B for text, Llama-3.2-11B-Vision where there is an image."""
    service.on(CHAT, saying("Hi"))
    async with opened(service) as (hf, _):
        await hf.chat("Hello")
        await hf.chat("Look", media=[DATA / "red.png"])
        await hf.chat("Hello", model="llama-3.3-70b")
    async with opened(service, model="llama-3") as (hf, _):
        await hf.chat("Hello")
    assert [request["model"] for request in await service.sent(CHAT)] == [
        *(QWEN, "meta-llama/Llama-3.2-11B-Vision-Instruct", LLAMA, LLAMA),
    ]


@pytest.mark.parametrize("suffix", ["together", "fastest", "cheapest", "preferred"])
async def test_provider_suffixes_go_to_the_router(service: StandIn, suffix: str) -> None:
    service.on(CHAT, saying("Hi"))
    async with opened(service) as (hf, _):
        await hf.chat("Hello", model=f"llama-3:{suffix}")
        await hf.chat("Hello", model="llama-3:other", provider=suffix)
    assert [request["model"] for request in await service.sent(CHAT)] == [f"{LLAMA}:{suffix}"] * 2


async def test_auto_is_the_router_s_choice_without_a_suffix(service: StandIn) -> None:
    service.on(CHAT, saying("Hi"))
    async with opened(service) as (hf, _):
        await hf.chat("Hello", model="llama-3", provider="auto")
        await hf.chat("Hello", model="llama-3:auto", fallback=True)
    assert [request["model"] for request in await service.sent(CHAT)] == [LLAMA] * 2


async def test_bill_to_goes_to_the_router_alone(service: StandIn) -> None:
    service.on(CHAT, saying("Hi"))
    async with opened(service, bill_to="my-org") as (hf, doors):
        await hf.chat("Hello", model="my/model")
    billed = {request.url.host: request.headers.get("x-hf-bill-to") for request in doors.seen}
    assert billed == {ROUTER: "my-org", HUB: None}


async def test_tokens_go_to_hugging_face_alone(
    service: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was found never goes to another address; one that is given for it does."""
    service.on(CHAT, saying("Hi"))
    monkeypatch.setenv("HF_TOKEN", "hf_found")
    async with opened(service, api_key=None) as (hf, doors):
        await hf.chat("Hello", model="my/model")
    assert {request.headers.get("authorization") for request in doors.seen} == {"Bearer hf_found"}
    service.seen.clear()
    for key in (None, "own"):
        async with HuggingFaceInference.connect(f"{service.url}/v1", api_key=key) as hf:
            assert (await hf.chat("Hello", model="my/model")).text == "Hi"
    assert [request.headers.get("authorization") for request in service.seen] == [
        None,
        "Bearer own",
    ]
    assert [request.path for request in service.seen] == [CHAT, CHAT]


@pytest.mark.parametrize("way", ["http", "socks5"])
async def test_every_request_goes_through_the_proxy(
    service: StandIn, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the router's substitute and to the Hub's."""
    monkeypatch.setenv("HF_ENDPOINT", service.url)
    service.on(CHAT, saying("Hi"))
    greet, login = (proxies.http, "") if way == "http" else (proxies.socks5, "u:p@")
    with anyio.fail_after(60):
        async with (
            proxies.proxy(greet) as (port, targets),
            HuggingFaceInference.connect(
                service.url, proxy=f"{way}://{login}127.0.0.1:{port}"
            ) as hf,
        ):
            assert (await hf.chat("Hello")).text == "Hi"
            assert (await hf.info(QWEN)).id == QWEN
    assert [f"http://{host}:{port}" for host, port in targets] == [service.url] * len(targets)
    assert len(service.seen) == 2
    async with httpx.AsyncClient() as client:
        with pytest.raises(ValueError, match="give the proxy to the http_client"):
            async with HuggingFaceInference.connect(proxy="http://h:1", http_client=client):
                pass


async def test_an_answer_has_ten_minutes() -> None:
    async with HuggingFaceInference.connect(api_key=TOKEN) as hf:
        assert hf._connection.direct.settings.timeouts.run == 600
        assert TOKEN not in repr(hf)


async def test_a_model_s_id_and_an_alias_lead_here(service: StandIn) -> None:
    service.on(CHAT, saying("Hi"))
    async with opened(service) as (_, doors), httpx.AsyncClient(transport=doors) as client:
        for name in ("some/model:fastest", "llama-3", "Llama-3.3-70B:together"):
            async with chat.connect(name, http_client=client) as model:
                assert isinstance(model, HuggingFaceInference)
                assert (await model.chat("Hello")).text == "Hi"
    sent = [request["model"] for request in await service.sent(CHAT)]
    assert sent == ["some/model:fastest", LLAMA, f"{LLAMA}:together"]


@pytest.mark.parametrize(
    ("path", "chat_path", "query"),
    [
        ("", CHAT, {}),
        ("/", CHAT, {}),
        ("/v1", CHAT, {}),
        ("/v1/chat/completions", CHAT, {}),
        ("/api/v3/", "/api/v3/chat/completions", {}),
        ("/proxy/v1?key=k-secret", "/proxy/v1/chat/completions", {"key": "k-secret"}),
        ("/gpt?api-version=1", "/gpt/chat/completions", {"api-version": "1"}),
    ],
)
async def test_another_service_has_its_path_and_query(
    service: StandIn, path: str, chat_path: str, query: dict[str, str]
) -> None:
    service.on(chat_path, saying("Hi"))
    async with HuggingFaceInference.connect(f"{service.url}{path}") as hf:
        assert (await hf.chat("Hello", model="my/model")).text == "Hi"
        service.on(chat_path, answering(401, {"error": "k-secret is wrong"}))
        with pytest.raises(AuthError) as caught:
            await hf.chat("Hello", model="my/model")
        assert ("k-secret" in str(caught.value)) is ("k-secret" not in path)
    assert [(request.path, request.query) for request in service.seen] == [(chat_path, query)] * 2


async def test_another_service_gets_names_as_they_are_and_the_hub_is_not_asked(
    service: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", service.url)
    service.on(CHAT, saying("Hi"))
    async with HuggingFaceInference.connect(service.url) as hf:
        for name in ("llama-3", "llama3.2:1b", "gpt:auto", "flux"):
            await hf.chat("Hello", model=name)
    sent = [request["model"] for request in await service.sent(CHAT)]
    assert sent == ["llama-3", "llama3.2:1b", "gpt:auto", "flux"]
    assert len(service.seen) == len(sent)


async def test_mistake_headers_that_are_gone_are_sent(service: StandIn) -> None:
    """x-wait-for-model and x-use-cache; what the caller adds goes to the router alone."""
    service.on(CHAT, saying("Hi"))
    async with opened(service, headers={"x-mine": "1"}) as (hf, doors):
        call = hf.chat("Hello", model="my/model")
        await call.with_options(headers={"x-once": "2"})
    (targets,) = [request for request in doors.seen if request.url.host == ROUTER]
    assert (targets.headers["x-mine"], targets.headers["x-once"]) == ("1", "2")
    assert not {"x-wait-for-model", "x-use-cache"} & set(targets.headers)
    (hub,) = [request for request in doors.seen if request.url.host == HUB]
    assert not {"x-mine", "x-once"} & set(hub.headers)


@pytest.mark.parametrize(
    "hub",
    [
        answering(500, b"x"),
        answering(503, b"x"),
        answering(404, {"error": "Repository not found"}),
        answering(401, {"error": "Invalid username or password."}),
        answering(200, b"<html>maintenance"),
        answering(200, {"id": "o/m", "pipeline_tag": "any-to-any"}),
        answering(200, {"id": "o/m", "pipeline_tag": "automatic-speech-recognition"}),
        answering(200, {"id": "o/m"}),
    ],
)
@pytest.mark.parametrize("fallback", [False, True])
async def test_what_a_model_is_for_decides(
    service: StandIn, hub: Handler, *, fallback: bool
) -> None:
    """Only whether it makes images; whatever else the Hub says keeps nobody from chatting."""
    service.on("/api/models/o/m", hub)
    service.on(CHAT, saying("Hi"))
    async with opened(service) as (hf, _):
        assert (await hf.chat("Hello", model="o/m", fallback=fallback)).text == "Hi"
        assert (await hf.chat("Hello", model="o/m:groq", fallback=fallback)).text == "Hi"
    sent = [request["model"] for request in await service.sent(CHAT)]
    assert sent == ["o/m", "o/m:groq"]


async def test_the_hub_is_asked_only_for_models_without_a_short_name(service: StandIn) -> None:
    service.on(CHAT, saying("Hi"))
    async with opened(service) as (hf, _):
        for model in (None, "llama-3", "qwq-32b:groq"):
            await hf.chat("Hello", model=model)
        assert {request.path for request in service.seen} == {CHAT}
        await hf.chat("Hello", model="o/m")
        assert len(service.to("/api/models/o/m")) == 1


async def test_a_hub_that_is_down_is_not_asked_again_for_a_while(service: StandIn) -> None:
    service.on(CHAT, saying("Hi"))
    service.on("/api/models/o/m", answering(500, b"x"))
    async with opened(service) as (hf, _):
        await hf.chat("Hello", model="o/m")
        asked = len(service.to("/api/models/o/m"))
        await hf.chat("Hello", model="o/m")
        assert len(service.to("/api/models/o/m")) == asked


async def test_a_model_with_odd_metadata_does_not_keep_others_from_being_asked_for(
    service: StandIn,
) -> None:
    service.on("/api/models/o/odd", answering(200, {"id": "o/odd", "pipeline_tag": ["x"]}))
    service.models["o/m"] = metadata("o/m")
    service.on(CHAT, answering(200, whole("fine")))
    async with opened(service) as (hf, _):
        for model in ("o/odd", "o/m"):
            assert (await hf.chat("Hi", model=model)).text == "fine"
    assert len(service.to("/api/models/o/m")) == 1


async def test_a_silent_hub_is_not_waited_for(
    service: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(exchange: Exchange) -> None:
        await exchange.gone()

    monkeypatch.setattr("spacecall.inference._text_service.HUB_SECONDS", 0.2)
    service.on(CHAT, saying("Hi"))
    service.on("/api/models/o/m", silent)
    async with opened(service) as (hf, _):
        with anyio.fail_after(20):
            assert (await hf.chat("Hello", model="o/m", fallback=True)).text == "Hi"


async def test_a_model_that_makes_images_answers_with_them(service: StandIn) -> None:
    flux = "black-forest-labs/FLUX.1-dev"
    service.mapping[flux] = {"hf-inference": offer(flux, "text-to-image")}
    service.on(f"/hf-inference/models/{flux}", answering(200, PNG, content_type="image/png"))
    async with opened(service) as (hf, _):
        reply = await hf.chat("a cat", model="flux", seed=7)
        assert reply.text == ""
        assert await reply.images[0].read() == PNG
        with pytest.raises(NoProviderError, match="image-to-image: no provider"):
            await hf.chat("like this", model="flux", media=[PNG])


def test_without_async_too(service_thread: StandIn) -> None:
    service_thread.on(CHAT, saying("One ", "two."))
    with SyncHuggingFaceInference.connect(service_thread.url) as hf:
        assert hf.chat("Count", model="my/model").result().text == "One two."
        with hf.chat("Count", model="my/model") as job:
            assert [str(piece) for piece in job.text] == ["One ", "two."]


async def test_a_stream_without_end_is_bounded_in_bytes(service: StandIn) -> None:
    service.on(CHAT, saying(*["x" * 1000] * 200))
    async with opened(service, limits=Limits(max_body_bytes=50_000)) as (hf, _):
        with pytest.raises(
            ProtocolError, match=r"more than 50000 bytes \(raise Limits\.max_body_bytes\)"
        ):
            await hf.chat("Count")


async def test_pieces_that_nobody_reads_are_bounded_in_bytes(service: StandIn) -> None:
    service.on(CHAT, saying(*["x" * 1000] * 50))
    limits = Limits(max_buffered_bytes=100_000)
    async with opened(service, limits=limits) as (hf, _), hf.chat("Count") as job:
        reply = await job.result()
        values = [value async for value in job.outputs]
    assert len(reply.text) == 50_000
    assert len(values) <= 3
    assert values[-1] == reply
