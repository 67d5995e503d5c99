"""The base of all models of the wire."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["WireModel"]


class WireModel(BaseModel):
    """An immutable model; pydantic builds its validator with the first message, not at import."""

    model_config = ConfigDict(frozen=True, defer_build=True)
