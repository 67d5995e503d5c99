"""The options of chat models that are opened by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from spacecall._client.space_options import SpaceOptions

__all__ = ["ChatConnectOptions", "ChatModelOptions"]


class ChatConnectOptions(SpaceOptions, total=False):
    """The options of `connect`: those of the model's own `connect`.

    An option that the model does not have is a TypeError.

    Attributes:
        source: of models on Spaces: the address of the app.
        model: of HF Inference: another model than the name's.
        base_url: of HF Inference: a service that accepts the same requests as the router.
        api_key: of HF Inference.
        bill_to: of HF Inference.
        cache_ttl: of HF Inference, in seconds.
    """

    source: str | None
    model: str | None
    base_url: str | None
    api_key: str | None
    bill_to: str | None
    cache_ttl: float


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
