"""A cassette that is looked at, not used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from spacecall.cassettes._format.bodies import Stored
from spacecall.cassettes._format.cassette_file import Bodies, beside, load
from spacecall.cassettes._format.exchange import Exchange
from spacecall.cassettes._format.recorded_apps import App, apps_of


@dataclass(frozen=True)
class Recording:
    """What is in a cassette.

    Attributes:
        exchanges: in the order of their requests.
        metadata: what the cassette says of itself.
    """

    path: Path
    exchanges: Sequence[Exchange]
    metadata: Mapping[str, Any]

    @cached_property
    def apps(self) -> Mapping[str, App]:
        """The apps that it talks to, by address.

        Raises:
            CassetteError: a body beside it is missing, or is not what was recorded.
        """
        return apps_of(self.exchanges, self.read)

    def read(self, body: Stored) -> bytes:
        """The bytes of a body.

        Raises:
            CassetteError: as `apps`.
        """
        return Bodies(self.path).read(body)

    @property
    def beside(self) -> frozenset[str]:
        """The names of the files in `name.bodies` that it needs."""
        return beside(self.exchanges)


def read_recording(path: Path) -> Recording:
    """The cassette at `path`.

    Raises:
        CassetteError: there is none, or it is none.
    """
    exchanges, metadata = load(path)
    return Recording(path, exchanges, metadata)
