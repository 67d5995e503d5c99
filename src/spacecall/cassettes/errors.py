"""Errors and warnings of cassettes."""

from __future__ import annotations

from collections.abc import Sequence

from spacecall._warnings import VisibleWarning
from spacecall.errors import SpaceError

__all__ = [
    "CassetteError",
    "CassetteMissError",
    "SecretFoundError",
    "StaleCassetteWarning",
    "UnusedRequestsError",
]


class CassetteError(SpaceError):
    """The cassette cannot be read, written or replayed."""


class StaleCassetteWarning(VisibleWarning):
    """An endpoint has another shape now than when it was recorded: record the cassette again."""


class CassetteMissError(CassetteError):
    """A request is not in the cassette, or the cassette does not exist. Nothing was sent.

    Attributes:
        request: method and path of the request.
        differences: from the nearest recorded request, one line each.
    """

    def __init__(self, message: str, *, request: str, differences: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.request = request
        self.differences = tuple(differences)


class UnusedRequestsError(CassetteError):
    """The run did not make all recorded requests.

    Attributes:
        requests: method and path of each that was not made.
    """

    def __init__(self, message: str, *, requests: Sequence[str]) -> None:
        super().__init__(message)
        self.requests = tuple(requests)


class SecretFoundError(CassetteError):
    """The recording contains probable secrets; nothing was written.

    Attributes:
        locations: the kind of each secret and where it is; never the secret itself.
    """

    def __init__(self, message: str, *, locations: Sequence[str]) -> None:
        super().__init__(message)
        self.locations = tuple(locations)
