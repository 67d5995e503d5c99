"""The options of calls of chat models that are opened by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

__all__ = ["ChatModelOptions"]


class ChatModelOptions(TypedDict, total=False):
    """The options of the `chat` methods of all models; see there.

    A call with an option that the model does not have is a TypeError.

    Attributes:
        api_key: a token for this call, of models on Spaces.
        zerogpu_uuid: of Phi-4.
        cookies: of Phi-4.
    """

    model: str
    provider: str | None
    fallback: bool
    stream: bool
    max_tokens: int | None
    temperature: float | None
    seed: int | None
    tools: Sequence[Mapping[str, Any]]
    extra_body: Mapping[str, Any] | None
    api_key: str | None
    zerogpu_uuid: str | None
    cookies: Mapping[str, str] | None
