"""Names of secrets: of fields, of query parameters, and of the parameters of apps."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["is_secret_name"]

_NAMES: Final = frozenset(
    {
        *("api_key", "apikey", "password", "passwd", "pwd", "secret", "token", "authorization"),
        *("access_token", "auth_token", "bearer_token", "hf_token", "refresh_token"),
        *("session_token", "hugging_face_token", "huggingface_token"),
        *("access_key", "private_key", "secret_key", "client_secret", "credentials", "bearer"),
        *("api_token", "github_token", "id_token", "cookie", "passphrase", "set_cookie"),
    }
)
# Other names end in these words: `max_token`, `next_page_token`, `chocolate_cookie`.
_AMBIGUOUS: Final = frozenset({"token", "secret", "bearer", "cookie"})
_ENDINGS: Final = tuple(f"_{name}" for name in sorted(_NAMES - _AMBIGUOUS))
_JOINED_NAMES: Final = frozenset(name.replace("_", "") for name in _NAMES)
_WORD_START: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SEPARATORS: Final = re.compile(r"[^a-z0-9]+")


def is_secret_name(name: str) -> bool:
    """Return whether a name or label is that of a secret: `apiKey`, `OpenAI API key`."""
    words = _SEPARATORS.sub("_", _WORD_START.sub("_", name).lower()).strip("_")
    return (
        words in _NAMES
        or words.endswith(_ENDINGS)
        or _SEPARATORS.sub("", name.lower()) in _JOINED_NAMES
    )
