"""Reading a cassette to inspect it, without replaying it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from spacecall.cassettes._format.bodies import StoredBody
from spacecall.cassettes._format.cassette_file import BodyFiles, external_bodies, load_cassette
from spacecall.cassettes._format.exchange import Exchange
from spacecall.cassettes._format.recorded_apps import RecordedApp, read_recorded_apps


@dataclass(frozen=True)
class Recording:
    """The content of a cassette.

    Attributes:
        exchanges: in the order of their requests.
        metadata: of the cassette, see `Cassette.metadata`.
    """

    path: Path
    exchanges: Sequence[Exchange]
    metadata: Mapping[str, Any]

    @cached_property
    def apps(self) -> Mapping[str, RecordedApp]:
        """The recorded apps by address.

        Raises:
            CassetteError: an external body is missing, or differs from the recorded one.
        """
        return read_recorded_apps(self.exchanges, self.read_body)

    def read_body(self, body: StoredBody) -> bytes:
        """Return the bytes of a body.

        Raises:
            CassetteError: an external body is missing, or differs from the recorded one.
        """
        return BodyFiles(self.path).read(body)

    @property
    def external_bodies(self) -> frozenset[str]:
        """The hashes of the bodies in `name.bodies` that it needs."""
        return external_bodies(self.exchanges)

    @property
    def shared_bodies(self) -> frozenset[str]:
        """The names of the files that it shares with other cassettes."""
        return external_bodies(self.exchanges, shared=True)


def read_recording(path: Path) -> Recording:
    """Return the content of the cassette at `path`.

    Raises:
        CassetteError: the file is missing, or is not a cassette.
    """
    exchanges, metadata = load_cassette(path)
    return Recording(path, exchanges, metadata)
