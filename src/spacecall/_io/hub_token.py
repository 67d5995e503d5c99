"""The Hugging Face token of whoever runs the program, where their tools keep it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from spacecall._filenames import expand_home

_VARIABLES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")


@dataclass(frozen=True, slots=True)
class Token:
    """A token, and where it was found.

    Attributes:
        origin: such as `HF_TOKEN`; it can be shown.
    """

    value: str = field(repr=False)
    origin: str


def find_token() -> Token | None:
    """The first of: HF_TOKEN, and the file that the Hub's own tools save it in.

    The file is not read where HF_HUB_DISABLE_IMPLICIT_TOKEN is set.
    """
    for name in _VARIABLES:
        if value := os.environ.get(name, "").strip():
            return Token(value, name)
    if os.environ.get("HF_HUB_DISABLE_IMPLICIT_TOKEN", "").upper() in ("1", "ON", "YES", "TRUE"):
        return None
    path, why = _token_file()
    try:
        value = path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):  # not readable, not UTF-8, no path
        return None
    return Token(value, f"{path} ({why})" if why else str(path)) if value else None


def _token_file() -> tuple[Path, str]:
    """Where the Hub's own tools save the token, and the variable that says so."""
    if named := os.environ.get("HF_TOKEN_PATH"):
        return expand_home(named), "HF_TOKEN_PATH"
    if home := os.environ.get("HF_HOME"):
        return expand_home(home) / "token", "HF_HOME"
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return expand_home(cache) / "huggingface" / "token", ""
