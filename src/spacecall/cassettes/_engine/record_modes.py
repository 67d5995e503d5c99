"""What of a cassette's traffic is recorded."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

__all__ = ["MODES", "RecordMode"]

RecordMode: TypeAlias = Literal["none", "once", "new_episodes", "all", "rewrite"]
"""What is recorded, by the names that pytest-recording and vcrpy have for it:

- `none`: nothing, and what is not in the cassette fails;
- `once`: everything where there is no cassette yet, otherwise nothing;
- `new_episodes`: what is not in the cassette;
- `all`: everything; what was recorded before and is not asked for now stays;
- `rewrite`: everything, and the cassette has nothing else.
"""

MODES: Final[tuple[RecordMode, ...]] = get_args(RecordMode)
"""All of them."""
