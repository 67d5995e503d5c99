"""What is used of vcrpy, which has no types."""

# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false
# pyright: reportUnknownMemberType=false
from __future__ import annotations

from typing import Any

from spacecall.cassettes.errors import CassetteError

try:
    from vcr.cassette import Cassette  # type: ignore[import-untyped]
    from vcr.persisters.filesystem import CassetteNotFoundError  # type: ignore[import-untyped]
    from vcr.record_mode import RecordMode  # type: ignore[import-untyped]
    from vcr.request import Request as _Request  # type: ignore[import-untyped]
    from vcr.serialize import deserialize as _deserialize  # type: ignore[import-untyped]
    from vcr.serialize import serialize as _serialize
except ModuleNotFoundError as error:
    raise CassetteError("cassettes need vcrpy: pip install 'spacecall[cassettes]'") from error

__all__ = ["Container", "NotFoundError", "RecordMode", "Request", "deserialize", "serialize"]

Container: Any = Cassette
"""A cassette of vcrpy's: requests with their answers, and what the cassette says of itself."""
NotFoundError: type[Exception] = CassetteNotFoundError
"""Says to vcrpy that there is no cassette yet."""
Request: Any = _Request
"""A request as matchers see it."""
deserialize: Any = _deserialize
"""Reads a cassette from text."""
serialize: Any = _serialize
"""Writes a cassette as text."""
