"""Stream what a chat model adds to its reply, by kind."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Iterator
from operator import is_
from typing import Literal, TypeAlias

from spacecall._client.calls.job import Job
from spacecall._client.calls.job_iterators import common_prefix_length
from spacecall.chat._chat_reply import ChatReply
from spacecall.chat._conversation import Conversation
from spacecall.events import TextDelta
from spacecall.sync import SyncJob

__all__ = ["DeltaKind", "ReplyDelta", "reply_deltas", "reply_deltas_sync"]

DeltaKind: TypeAlias = Literal["reasoning", "text", "refusal", "tool_call"]
"""The part of a reply that grows; of a tool call its arguments."""


class ReplyDelta(TextDelta):
    """A piece of a reply.

    Attributes:
        kind: the part of the reply that it is added to.
        call_index: the position in `ChatReply.tool_calls`, of a piece of a tool call.
        offset: where the piece begins in that part; see `TextDelta`.
    """

    kind: DeltaKind
    call_index: int

    def __new__(
        cls, text: str, offset: int, kind: DeltaKind = "text", call_index: int = 0
    ) -> ReplyDelta:
        """Create a piece `text` that begins at `offset`."""
        delta = super().__new__(cls, text, offset)
        assert isinstance(delta, ReplyDelta)
        delta.kind = kind
        delta.call_index = call_index
        return delta

    def __reduce__(self) -> tuple[type[ReplyDelta], tuple[str, int, DeltaKind, int]]:  # type: ignore[override]
        return ReplyDelta, (str(self), self.offset, self.kind, self.call_index)


async def reply_deltas(job: Job[ChatReply]) -> AsyncGenerator[ReplyDelta, None]:
    """Yield what is added to the reply of an entered call of any chat model.

    It takes events from the buffer of `job.text` and `job.outputs`: use one of them. A tool call
    begins with a piece that may be empty; its name is in `ChatReply.tool_calls`.

    Raises: what `job.outputs` raises.
    """
    before = _EMPTY
    async for reply in job.outputs:
        for delta in _added(before, reply):
            yield delta
        before = reply


def reply_deltas_sync(job: SyncJob[ChatReply]) -> Generator[ReplyDelta]:
    """Yield what is added to a reply; see `reply_deltas`."""
    before = _EMPTY
    for reply in job.outputs:
        yield from _added(before, reply)
        before = reply


_EMPTY = ChatReply("", Conversation())


def _added(before: ChatReply, reply: ChatReply) -> Iterator[ReplyDelta]:
    yield from _piece("reasoning", before.reasoning, reply.reasoning)
    yield from _piece("text", before.text, reply.text)
    yield from _piece("refusal", before.refusal or "", reply.refusal or "")
    is_same = map(is_, before.tool_calls, reply.tool_calls)
    for index in [index for index, same in enumerate(is_same) if not same]:
        arguments = before.tool_calls[index].arguments
        yield from _piece("tool_call", arguments, reply.tool_calls[index].arguments, index)
    for index in range(len(before.tool_calls), len(reply.tool_calls)):
        yield ReplyDelta(reply.tool_calls[index].arguments, 0, "tool_call", index)


def _piece(kind: DeltaKind, before: str, text: str, index: int = 0) -> Iterator[ReplyDelta]:
    start = common_prefix_length(before, text)
    if start < len(text) or start < len(before):
        yield ReplyDelta(text[start:], start, kind, index)
