"""The parts of vcrpy that cassettes use, with types: vcrpy has none."""

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

__all__ = ["VERSION", "make_request"]

VERSION: int = CASSETTE_FORMAT_VERSION
"""The version of the cassette format."""


def make_request(method: str, url: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Any:
    """Return a request for matchers (`vcr.request.Request`)."""
    # vcrpy logs the URL of a request when it is created, but not when it is set later.
    request = _Request(method, "", body, headers)
    request.uri = url
    return request
