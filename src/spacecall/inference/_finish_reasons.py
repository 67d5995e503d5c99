"""What the finish reasons of replies mean: complete, cut off, filtered, or failed."""

from __future__ import annotations

from typing import Final

from spacecall.chat import ChatReply
from spacecall.errors import StatusError

__all__ = ["FailedReplyError", "check_reply", "explain_incomplete"]

_CUT: Final = "length"
_FILTERED: Final = frozenset({"content_filter", "safety", "sensitive"})
_FAILED: Final = frozenset({"error", "abort", "network_error", "insufficient_system_resource"})
"""The reasons of Mistral, OpenRouter and vLLM; of vLLM; of Z.ai; of DeepSeek."""


class FailedReplyError(StatusError):
    """The model failed during its answer: the finish reason is `error` or another such reason.

    Its status is 500, so that `fallback=True` tries the next provider.

    Attributes:
        reply: the reply as far as it came.
    """

    def __init__(self, message: str, *, reply: ChatReply) -> None:
        super().__init__(message, status=500)
        self.reply = reply
        self.provider = reply.provider


def check_reply(reply: ChatReply) -> None:
    """Check that the model did not fail.

    Raises:
        FailedReplyError: it failed in one of its answers.
    """
    for reason in _reasons(reply):
        if reason.casefold() in _FAILED:
            provider = f"{reply.provider}: " if reply.provider else ""
            raise FailedReplyError(
                f"{provider}the model failed during its answer, after {len(reply.text)} characters "
                f"(finish_reason {reason!r})",
                reply=reply,
            )


def explain_incomplete(reply: ChatReply, remedy: str) -> str | None:
    """Return why an answer of a complete reply is not complete; None if all are.

    Args:
        remedy: how to get longer answers.
    """
    if reply.is_cut_while_thinking:
        return "the reply was cut off while the model was thinking, before its answer: " + remedy
    reasons = _reasons(reply)
    if _CUT in reasons:
        return f"the answer was cut off by the limit of tokens: {remedy}"
    for reason in reasons:
        if reason.casefold() in _FILTERED:
            return f"a filter of the service ended the answer (finish_reason {reason!r})"
    return None


def _reasons(reply: ChatReply) -> list[str]:
    """Return the finish reasons of all answers of a reply."""
    reasons = [reply.finish_reason, *(choice.finish_reason for choice in reply.choices)]
    return [reason for reason in reasons if reason is not None]
