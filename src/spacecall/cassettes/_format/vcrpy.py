"""What is used of vcrpy, which has no types."""

# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false
# pyright: reportUnknownMemberType=false
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spacecall.cassettes.errors import CassetteError

try:
    from vcr.request import Request as _Request  # type: ignore[import-untyped]
    from vcr.serialize import CASSETTE_FORMAT_VERSION  # type: ignore[import-untyped]
except ModuleNotFoundError as error:
    raise CassetteError("cassettes need vcrpy: pip install 'spacecall[cassettes]'") from error

__all__ = ["VERSION", "request"]

VERSION: int = CASSETTE_FORMAT_VERSION
"""Of the format of cassettes."""


def request(method: str, url: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Any:
    """Return a request as matchers see it (`vcr.request.Request`)."""
    # vcrpy logs the address of a request that is created, and none that it is given later.
    seen = _Request(method, "", body, headers)
    seen.uri = url
    return seen
