"""Record the traffic with apps, and replay it without them. Needs the extra `cassettes`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from spacecall.cassettes._engine.record_modes import RecordMode
from spacecall.cassettes.errors import (
    CassetteError,
    CassetteMissError,
    SecretFoundError,
    StaleCassetteWarning,
    UnusedRequestsError,
)

if TYPE_CHECKING:
    from spacecall.cassettes.use import Cassette, Matcher, use_cassette

__all__ = [
    "Cassette",
    "CassetteError",
    "CassetteMissError",
    "Matcher",
    "RecordMode",
    "SecretFoundError",
    "StaleCassetteWarning",
    "UnusedRequestsError",
    "use_cassette",
]

# Imported on first use: pytest loads the plugin even if the extra is not installed.
_LAZY = frozenset({"Cassette", "Matcher", "use_cassette"})


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'spacecall.cassettes' has no attribute {name!r}")
    globals()[name] = value = getattr(import_module("spacecall.cassettes.use"), name)
    return value
