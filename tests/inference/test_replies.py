"""Replies with reasoning, tools, choices and formats, on a stand-in for the router."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from pydantic import BaseModel

from spacecall import CutReplyWarning, InvalidInputError, JobLostError, ProtocolError
from spacecall.chat import (
    ChatReply,
    Conversation,
    Message,
    ParsedReply,
    TokenLogprob,
    Usage,
    reply_deltas,
    reply_deltas_sync,
)
from spacecall.inference import (
    FailedReplyError,
    HuggingFaceInference,
    SyncHuggingFaceInference,
    _reply_reader,
)
from spacecall.inference._response_formats import response_format_json
from tests.faults.exchanges import Exchange
from tests.inference.stand_in import (
    CHAT,
    StandIn,
    answering,
    chunk,
    offer,
    opened,
    streaming,
    whole,
)

USAGE = {
    "prompt_tokens": 3,
    "completion_tokens": 9,
    "total_tokens": 12,
    "completion_tokens_details": {"reasoning_tokens": 7},
}


class City(BaseModel):
    """A city, as a format of replies."""

    name: str
    people: int | None = None


class Country(BaseModel):
    """A country with cities."""

    cities: list[City]


class Setting(BaseModel):
    """A model with fields that have the names of keywords of JSON Schema."""

    default: str = "x"
    type: str
    properties: list[City] = []


class Anything(BaseModel):
    """A format that allows any keys."""

    values: dict[str, int]


def call(call_id: str, name: str, arguments: str, index: int = 0) -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    return {"index": index, "id": call_id, "type": "function", "function": function}


def thinking(*, end: dict[str, Any]) -> Callable[..., Any]:
    return streaming(
        chunk(reasoning_content="I need "),
        chunk(reasoning_content="the weather."),
        chunk("Let me see."),
        chunk(tool_calls=[call("a", "weather", '{"city":')]),
        chunk(tool_calls=[{"index": 0, "function": {"arguments": ' "Paris"}'}}]),
        chunk(tool_calls=[call("b", "time", "{}", 1)]),
        end,
        done=True,
    )


KINDS = [
    ("reasoning", 0, "I need "),
    ("reasoning", 0, "the weather."),
    ("text", 0, "Let me see."),
    ("tool_call", 0, '{"city":'),
    ("tool_call", 0, ' "Paris"}'),
    ("tool_call", 1, "{}"),
]


async def test_what_a_reply_grows_by_streams_by_kind(service: StandIn) -> None:
    service.on(CHAT, thinking(end=chunk(reason="tool_calls") | {"usage": USAGE}))
    async with opened(service) as (hf, _), hf.chat("Weather?") as job:
        deltas = [delta async for delta in reply_deltas(job)]
        reply = await job.result()
    assert [(delta.kind, delta.call_index, str(delta)) for delta in deltas] == KINDS
    assert [delta.offset for delta in deltas] == [0, 7, 0, 0, 8, 0]
    assert (reply.reasoning, reply.text) == ("I need the weather.", "Let me see.")
    assert [tool.name for tool in reply.tool_calls] == ["weather", "time"]
    assert reply.usage == Usage(3, 9, 12, 7)


def test_what_a_reply_grows_by_streams_without_async(service_thread: StandIn) -> None:
    service_thread.on(CHAT, thinking(end=chunk(reason="tool_calls")))
    with (
        SyncHuggingFaceInference.connect(service_thread.url, model="o/m") as hf,
        hf.chat("Weather?") as job,
    ):
        deltas = list(reply_deltas_sync(job))
    assert [(delta.kind, delta.call_index, str(delta)) for delta in deltas] == KINDS


async def test_reasoning_goes_back_with_tool_calls_until_the_next_question(
    service: StandIn,
) -> None:
    service.on(CHAT, thinking(end=chunk(reason="tool_calls")), streaming(chunk("Sunny", "stop")))
    results = [Message("tool", "sun", tool_call_id="a"), Message("tool", "9", tool_call_id="b")]
    async with opened(service) as (hf, _):
        first = await hf.chat("Weather?")
        saved = Conversation.from_json(first.conversation.to_json())
        second = await hf.chat(results, conversation=saved)
        await hf.chat("And now?", conversation=second.conversation)
    _, during, after = await service.sent(CHAT)
    assert during["messages"][1]["reasoning_content"] == "I need the weather."
    assert [message["role"] for message in during["messages"][2:]] == ["tool", "tool"]
    assert not any("reasoning_content" in message for message in after["messages"])


@pytest.mark.parametrize("stream", [True, False])
async def test_a_reply_that_ends_while_the_model_thinks_warns(
    service: StandIn, stream: bool
) -> None:
    if stream:
        service.on(CHAT, streaming(chunk("<think>Hm"), chunk("m", "length"), done=True))
    else:
        service.on(CHAT, answering(200, whole("<think>Hmm", "length")))
    async with opened(service) as (hf, _):
        with pytest.warns(CutReplyWarning, match=r"raise max_tokens \(now 9\)") as caught:
            reply = await hf.chat("Hello", max_tokens=9, stream=stream)
    assert (reply.text, reply.reasoning, reply.is_cut_while_thinking) == ("", "Hmm", True)
    assert caught[0].filename == __file__


def answer_hello(service: StandIn, reason: str, *, stream: bool) -> None:
    if stream:
        service.on(CHAT, streaming(chunk("Hel"), chunk("lo", reason), done=True))
    else:
        service.on(CHAT, answering(200, whole("Hello", reason)))


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("reason", ["length", "max_tokens", "model_length", "content_filter"])
async def test_an_answer_that_is_not_complete_warns(
    service: StandIn, reason: str, stream: bool
) -> None:
    answer_hello(service, reason, stream=stream)
    is_filtered = reason == "content_filter"
    match = "a filter of the service" if is_filtered else r"limit of tokens: raise max_tokens \(now"
    async with opened(service) as (hf, _):
        with pytest.warns(CutReplyWarning, match=match) as caught:
            reply = await hf.chat("Hello", stream=stream)
        with pytest.warns(CutReplyWarning, match=match if is_filtered else r"\(now 7\)"):
            await hf.chat("Hello", stream=stream, extra_body={"max_completion_tokens": 7})
    assert (reply.text, reply.finish_reason) == ("Hello", reason if is_filtered else "length")
    assert caught[0].filename == __file__


async def test_one_of_several_answers_that_is_cut_off_warns(service: StandIn) -> None:
    choices = [
        {"index": index, "message": {"content": "Hi"}, "finish_reason": reason}
        for index, reason in enumerate(("stop", "length"))
    ]
    service.on(CHAT, answering(200, {"choices": choices}))
    async with opened(service) as (hf, _):
        with pytest.warns(CutReplyWarning, match="limit of tokens"):
            reply = await hf.chat("Hello", n=2, stream=False)
    assert [choice.finish_reason for choice in reply.choices] == ["stop", "length"]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("reason", ["error", "abort", "network_error"])
async def test_a_model_that_fails_during_its_answer_is_an_error_with_the_reply_so_far(
    service: StandIn, reason: str, stream: bool
) -> None:
    answer_hello(service, reason, stream=stream)
    async with opened(service) as (hf, _):
        with pytest.raises(FailedReplyError, match="after 5 characters") as caught:
            await hf.chat("Hi", model="llama-3:novita", stream=stream)
        error = caught.value
        assert (error.reply.text, error.reply.finish_reason) == ("Hello", reason)
        assert (error.status, error.provider, error.endpoint) == (500, "novita", CHAT)
        assert error.reply.conversation.messages[-1].text == "Hello"
        async with hf.chat("Hi", stream=stream) as job:
            with pytest.raises(FailedReplyError):
                _ = [piece async for piece in job.text]


async def test_the_next_provider_is_asked_after_a_model_that_failed(service: StandIn) -> None:
    llama = "meta-llama/Llama-3.3-70B-Instruct"
    service.mapping[llama] = {"novita": offer("n"), "together": offer("t")}
    failing = streaming(chunk("Hel"), chunk("lo", "error"), done=True)
    service.on(CHAT, failing, streaming(chunk("Hi"), chunk("", "stop"), done=True))
    async with opened(service) as (hf, _):
        assert (await hf.chat("Hello", model="llama-3", fallback=True)).text == "Hi"


@pytest.mark.parametrize("reason", ["length", "error"])
async def test_a_generated_text_may_end_at_its_limit_but_not_with_an_error(
    service: StandIn, reason: str
) -> None:
    choice = {"index": 0, "text": "Hello", "finish_reason": reason}
    service.on("/v1/completions", answering(200, {"choices": [choice]}))
    async with HuggingFaceInference.connect(service.url, model="m") as hf:
        call = hf.text_generation("Say", stream=False)
        if reason == "length":
            assert (await call).finish_reason == "length"
            return
        with pytest.raises(FailedReplyError) as caught:
            await call
    assert caught.value.reply.text == "Hello"


def test_a_failed_reply_and_a_cut_one_without_async(service_thread: StandIn) -> None:
    service_thread.on(
        CHAT,
        streaming(chunk("Hello", "error"), done=True),
        streaming(chunk("Hello", "length"), done=True),
    )
    with SyncHuggingFaceInference.connect(service_thread.url, model="m") as hf:
        with pytest.raises(FailedReplyError) as caught:
            hf.chat("Hi").result()
        assert caught.value.reply.text == "Hello"
        with pytest.warns(CutReplyWarning, match="limit of tokens"):
            hf.chat("Hi").result()


async def linger(exchange: Exchange, *events: str) -> None:
    await exchange.begin()
    for event in events:
        await exchange.send(f"data: {event}\n\n".encode())
    await exchange.gone()


async def test_a_stream_that_stays_open_after_the_answer_costs_little_time(
    service: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_reply_reader, "AFTER_ANSWER", 0.1)
    events = [json.dumps(chunk("Hi", "stop")), json.dumps({"usage": USAGE})]
    service.on(CHAT, lambda exchange: linger(exchange, *events))
    async with opened(service) as (hf, _):
        with anyio.fail_after(20):
            reply = await hf.chat("Hello")
    assert (reply.text, reply.usage) == ("Hi", Usage(3, 9, 12, 7))


@pytest.mark.parametrize("reason", ["stop", None])
async def test_a_connection_that_breaks_after_the_answer_costs_nothing(
    service: StandIn, reason: str | None
) -> None:
    async def broken(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.send(f"data: {json.dumps(chunk('Hi', reason))}\n\n".encode())
        await exchange.cut()

    service.on(CHAT, broken)
    async with opened(service) as (hf, _):
        if reason is None:
            with pytest.raises(JobLostError):
                await hf.chat("Hello")
        else:
            assert (await hf.chat("Hello")).text == "Hi"


@pytest.mark.parametrize("stream", [True, False])
async def test_a_reply_says_who_answered(service: StandIn, stream: bool) -> None:
    fields = {
        "id": "chatcmpl-1",
        "model": "llama-turbo",
        "system_fingerprint": "fp",
        "usage": USAGE,
    }
    provider = {"x-inference-provider": "together"}
    logprobs = {"content": [{"token": "Hi", "logprob": -0.1}]}

    async def stream_with_header(exchange: Exchange) -> None:
        await exchange.begin(headers=provider)
        for value in (chunk("Hi"), chunk(reason="stop")):
            value["choices"][0]["logprobs"] = logprobs if value["choices"][0]["delta"] else None
            await exchange.send(f"data: {json.dumps(value | fields)}\n\n".encode())
        await exchange.end()

    completion: dict[str, Any] = whole("Hi") | fields
    completion["choices"][0]["logprobs"] = logprobs
    service.on(CHAT, stream_with_header if stream else answering(200, completion, **provider))
    async with opened(service) as (hf, _):
        reply = await hf.chat("Hello", model="llama-3:fastest", stream=stream)
        assert (reply.id, reply.model, reply.provider) == ("chatcmpl-1", "llama-turbo", "together")
        assert reply.logprobs[0] == TokenLogprob("Hi", -0.1)
        assert reply.raw["system_fingerprint"] == "fp"
        assert reply.usage == Usage(3, 9, 12, 7)
        service.on(CHAT, answering(200, whole("Hi")))
        assert (await hf.chat("Hello", model="llama-3:fastest")).provider is None
        assert (await hf.chat("Hello", model="llama-3:novita")).provider == "novita"


async def test_parameters_are_sent_by_their_names(service: StandIn) -> None:
    service.on(CHAT, answering(200, whole("Hi")))
    parameters: dict[str, Any] = {
        "top_p": 0.5,
        "frequency_penalty": 0.1,
        "presence_penalty": 0.2,
        "stop": ["\n"],
        "seed": 7,
        "n": 2,
        "logprobs": True,
        "top_logprobs": 3,
        "reasoning_effort": "low",
        "tools": [{"type": "function", "function": {"name": "f"}}],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "parallel_tool_calls": False,
        "response_format": {"type": "json_object"},
    }
    async with opened(service) as (hf, _):
        await hf.chat("Hello", stream=False, **parameters)
        await hf.chat("Hello", stream=False, tool_choice="required", extra_body={"top_p": 1})
        with pytest.raises(InvalidInputError, match="reasoning_effort must be"):
            await hf.chat("Hello", reasoning_effort="hard")  # type: ignore[call-overload]
        with pytest.raises(TypeError, match="no option 'top_q': did you mean top_p"):
            await hf.chat("Hello", top_q=1)  # type: ignore[call-overload]
    first, second = await service.sent(CHAT)
    assert first == parameters | {key: first[key] for key in ("model", "messages")}
    assert (second["tool_choice"], second["top_p"]) == ("required", 1)


async def test_several_answers_are_choices(service: StandIn) -> None:
    completion = whole("one")
    completion["choices"] += [{"index": 1, "message": {"content": "two"}, "finish_reason": "stop"}]
    service.on(CHAT, answering(200, completion))
    async with opened(service) as (hf, _):
        reply = await hf.chat("Count", n=2, stream=False)
    assert reply.text == "one"
    assert [choice.text for choice in reply.choices] == ["one", "two"]


@pytest.mark.parametrize(
    "content", ['{"cities": [{"name": "Bern"}]}', '```json\n{"cities": []}\n```']
)
async def test_a_pydantic_model_is_a_format_and_gives_a_value(
    service: StandIn, content: str
) -> None:
    service.on(CHAT, streaming(chunk("<think>Hm.</think>"), chunk(content), chunk(reason="stop")))
    async with opened(service) as (hf, _):
        reply = await hf.chat("Cities?", response_format=Country)
    assert isinstance(reply, ParsedReply)
    assert [city.name for city in reply.parsed.cities] == ["Bern"] * ("Bern" in content)
    ((sent,),) = [await service.sent(CHAT)]
    document = sent["response_format"]["json_schema"]
    assert (document["name"], document["strict"]) == ("Country", True)
    assert document["schema"]["additionalProperties"] is False
    assert document["schema"]["$defs"]["City"]["required"] == ["name", "people"]


async def test_a_value_of_another_shape_is_an_error_that_keeps_the_text(service: StandIn) -> None:
    async with opened(service) as (hf, _):
        for reason, cause in (
            ("length", "it was cut off by max_tokens"),
            ("stop", "is not a City:"),
        ):
            service.on(CHAT, answering(200, whole('{"name": ', reason)))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", CutReplyWarning)
                reply = await hf.chat("City?", response_format=City, stream=False)
            assert reply.text == '{"name": '
            with pytest.raises(ProtocolError, match=cause):
                _ = reply.parsed
        service.on(CHAT, answering(200, whole("", refusal="No.")))
        refused = await hf.chat("City?", response_format=City, stream=False)
        with pytest.raises(ProtocolError, match="the model refused"):
            _ = refused.parsed
        service.on(CHAT, answering(200, whole('{"values": {"a": 1}}')))
        free = await hf.chat("?", response_format=Anything, stream=False)
        assert free.parsed.values == {"a": 1}
    assert (await service.sent(CHAT))[-1]["response_format"]["json_schema"]["strict"] is False
    empty: ParsedReply[City] = ParsedReply("x", Conversation())
    with pytest.raises(ProtocolError, match="no response_format"):
        _ = empty.parsed


def test_fields_may_have_the_names_of_keywords() -> None:
    document: Any = response_format_json(Setting)
    schema = document["json_schema"]["schema"]
    assert [*schema["properties"]] == schema["required"] == ["default", "type", "properties"]
    assert schema["properties"]["default"] == {"title": "Default", "type": "string"}


async def test_keep_alives_are_not_events(service: StandIn) -> None:
    async def slow(exchange: Exchange) -> None:
        await exchange.begin()
        for line in ("data:", ": ping", "data: ", "event: ping\ndata: {}", "data: {}"):
            await exchange.send(f"{line}\n\n".encode())
        await exchange.send(f"data:{json.dumps(chunk('Hi', 'stop'))}\n\ndata:[DONE]\n\n".encode())
        await exchange.end()

    service.on(CHAT, slow)
    async with opened(service) as (hf, _):
        assert (await hf.chat("Hello")).text == "Hi"


def test_formats_have_types_without_async(service_thread: StandIn) -> None:
    service_thread.on(CHAT, answering(200, whole('{"name": "Bern"}')))
    with SyncHuggingFaceInference.connect(service_thread.url, model="o/m") as hf:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert hf.chat("?", response_format=City, stream=False).result().parsed.name == "Bern"
            plain: ChatReply = hf.chat("?", response_format=None, stream=False).result()
        assert not isinstance(plain, ParsedReply)
