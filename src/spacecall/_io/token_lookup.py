"""The user's Hugging Face token, from the environment or from the file of the Hub's tools."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from spacecall._filenames import expand_home
from spacecall._regular_files import read_document

_VARIABLES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
_MAX_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class Token:
    """A token and its origin.

    Attributes:
        origin: such as `HF_TOKEN`; it can be shown.
    """

    value: str = field(repr=False)
    origin: str


def find_token() -> Token | None:
    """Return the token of HF_TOKEN, or of the file in which the Hub's tools save it.

    The file is not read if HF_HUB_DISABLE_IMPLICIT_TOKEN is set.
    """
    for name in _VARIABLES:
        if value := os.environ.get(name, "").strip():
            return Token(value, name)
    if os.environ.get("HF_HUB_DISABLE_IMPLICIT_TOKEN", "").upper() in ("1", "ON", "YES", "TRUE"):
        return None
    path, variable = _token_file()
    try:
        value = read_document(path, _MAX_BYTES).decode().strip()
    except (OSError, ValueError):  # not readable, not a regular file, not UTF-8, an invalid path
        return None
    return Token(value, f"{path} ({variable})" if variable else str(path)) if value else None


def _token_file() -> tuple[Path, str]:
    """Return the path at which the Hub's tools save the token, and the variable that set it."""
    if token_path := os.environ.get("HF_TOKEN_PATH"):
        return expand_home(token_path), "HF_TOKEN_PATH"
    if home := os.environ.get("HF_HOME"):
        return expand_home(home) / "token", "HF_HOME"
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return expand_home(cache) / "huggingface" / "token", ""
