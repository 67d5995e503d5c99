"""What is used of vcrpy, which has no types."""

# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false
# pyright: reportUnknownMemberType=false
from __future__ import annotations

from typing import Any

from spacecall.cassettes.errors import CassetteError

try:
    from vcr.cassette import Cassette  # type: ignore[import-untyped]
    from vcr.persisters.filesystem import FilesystemPersister  # type: ignore[import-untyped]
    from vcr.record_mode import RecordMode  # type: ignore[import-untyped]
    from vcr.request import Request as _Request  # type: ignore[import-untyped]
except ModuleNotFoundError as error:
    raise CassetteError("cassettes need vcrpy: pip install 'spacecall[cassettes]'") from error

__all__ = ["Container", "Files", "RecordMode", "Request"]

Container: Any = Cassette
"""A cassette of vcrpy's: requests with their answers, and what the cassette says of itself."""
Files: Any = FilesystemPersister
"""Reads and writes cassettes as files."""
Request: Any = _Request
"""A request as matchers see it."""
