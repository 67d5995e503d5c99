"""Suggest names that are similar to a misspelled one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice
from typing import Final

__all__ = ["did_you_mean", "nearest"]

# Apps send names too: comparing takes time in proportion to their number and squared length.
_MAX_NAMES: Final = 1000
_MAX_LENGTH: Final = 100


def nearest(
    name: str, candidates: Iterable[str], *, count: int = 3, cutoff: float = 0.6
) -> list[str]:
    """Return up to `count` of `candidates` that look like `name`, the most similar first.

    Args:
        cutoff: how similar they must be, from 0 to 1.
    """
    short = [
        candidate for candidate in islice(candidates, _MAX_NAMES) if len(candidate) <= _MAX_LENGTH
    ]
    return get_close_matches(name[:_MAX_LENGTH], short, n=count, cutoff=cutoff)


def did_you_mean(
    name: str,
    candidates: Iterable[str],
    otherwise: str = "",
    *,
    count: int = 1,
    cutoff: float = 0.6,
) -> str:
    """Return "did you mean a or b?", or `otherwise` if nothing looks like `name`."""
    near = nearest(name, candidates, count=count, cutoff=cutoff)
    return f"did you mean {' or '.join(near)}?" if near else otherwise
