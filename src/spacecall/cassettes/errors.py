"""What can be wrong with a cassette."""

from __future__ import annotations

from collections.abc import Sequence

from spacecall._warnings import VisibleWarning
from spacecall.errors import SpaceError

__all__ = [
    "CassetteError",
    "CassetteMissError",
    "SecretError",
    "StaleCassetteWarning",
    "UnusedError",
]


class CassetteError(SpaceError):
    """The cassette cannot be read, written, or used for what was asked of it."""


class StaleCassetteWarning(VisibleWarning):
    """What was recorded is of another schema than the one in use: record it anew."""


class CassetteMissError(CassetteError):
    """A request that the cassette does not have. Nothing was sent.

    Attributes:
        request: method and path of the request.
        differences: between it and the nearest recorded request, one line each.
    """

    def __init__(self, message: str, *, request: str, differences: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.request = request
        self.differences = tuple(differences)


class UnusedError(CassetteError):
    """Recorded requests that the run did not make.

    Attributes:
        requests: method and path of each.
    """

    def __init__(self, message: str, *, requests: Sequence[str]) -> None:
        super().__init__(message)
        self.requests = tuple(requests)


class SecretError(CassetteError):
    """What would be written looks like a secret; nothing was written.

    Attributes:
        places: where each was found, and of which kind; never the secret itself.
    """

    def __init__(self, message: str, *, places: Sequence[str]) -> None:
        super().__init__(message)
        self.places = tuple(places)
