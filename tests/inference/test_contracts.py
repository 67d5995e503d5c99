"""The same answer in the shapes of chat services gives the same reply, whole and streamed."""

from __future__ import annotations

import json

import pytest

from spacecall.chat import MessageInput, ToolCall, Usage, reply_deltas
from tests.faults.exchanges import Exchange
from tests.inference.service_shapes import SHAPES, ServiceShape
from tests.inference.stand_in import CHAT, StandIn, opened


def serve(service: StandIn, shape: ServiceShape) -> None:
    """Let a service answer streamed or whole, as it is asked."""

    async def respond(exchange: Exchange) -> None:
        if not (await exchange.json()).get("stream"):
            await exchange.answer(200, shape.whole, shape.headers)
            return
        await exchange.begin(headers=shape.headers)
        for chunk in shape.chunks:
            await exchange.send(f"data: {json.dumps(chunk)}\n\n".encode())
        await exchange.send(b"data: [DONE]\n\n" if shape.done else b"")
        await exchange.end()

    service.on(CHAT, respond)


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("name", SHAPES)
async def test_each_service_gives_the_same_reply(service: StandIn, name: str, stream: bool) -> None:
    shape = SHAPES[name]
    serve(service, shape)
    async with opened(service, model="o/m") as (hf, _):
        reply = await hf.chat("Where is it warmer?", stream=stream)
        results: list[MessageInput] = [
            {"role": "tool", "tool_call_id": call.id, "content": "9"} for call in reply.tool_calls
        ]
        await hf.chat(results, conversation=reply.conversation, stream=stream)
    assert (reply.text, reply.finish_reason) == ("Let me look.", "tool_calls")
    assert reply.reasoning == shape.reasoning
    oslo, paris = shape.ids
    assert reply.tool_calls == (
        ToolCall(oslo, "temperature", '{"city": "Oslo"}'),
        ToolCall(paris, "temperature", '{"city": "Paris"}'),
    )
    assert reply.usage is not None
    prompt, completion, total, reasoning = shape.usage
    assert reply.usage == Usage(prompt, completion, total, reasoning, reply.usage.cached_tokens)
    assert reply.model == shape.model
    assert reply.id == (shape.whole["id"] or None)
    assert reply.provider == shape.headers.get("x-inference-provider")
    assert reply.raw["created"] == shape.whole["created"]
    sent = (await service.sent(CHAT))[-1]["messages"]
    assert [call["id"] for call in sent[1]["tool_calls"]] == [*shape.ids]
    thoughts = {sent[1].get("reasoning"), sent[1].get("reasoning_content")} - {None}
    is_tagged = "<think>" in str(shape.whole)
    assert thoughts == ({shape.reasoning} if shape.reasoning and not is_tagged else set())


@pytest.mark.parametrize("name", SHAPES)
async def test_each_service_streams_the_parts_in_order(service: StandIn, name: str) -> None:
    shape = SHAPES[name]
    serve(service, shape)
    async with opened(service, model="o/m") as (hf, _), hf.chat("Where is it warmer?") as job:
        kinds = [(delta.kind, delta.call_index) async for delta in reply_deltas(job)]
    expected = [("text", 0), ("tool_call", 0), ("tool_call", 1)]
    if shape.reasoning:
        expected.insert(0, ("reasoning", 0))
    assert list(dict.fromkeys(kinds)) == expected
