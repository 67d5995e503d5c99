"""The record modes of a cassette."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

__all__ = ["MODES", "RecordMode"]

RecordMode: TypeAlias = Literal["none", "once", "new_episodes", "all", "rewrite"]
"""What is recorded. The names are those of pytest-recording and vcrpy:

- `none`: record nothing; a request that is not in the cassette fails;
- `once`: record everything if the cassette does not exist yet, otherwise nothing;
- `new_episodes`: record the requests that are not in the cassette; older requests stay in it;
- `all`: record everything; older requests that are not made again stay in the cassette;
- `rewrite`: record everything; older requests are removed.
"""

MODES: Final[tuple[RecordMode, ...]] = get_args(RecordMode)
"""All record modes."""
