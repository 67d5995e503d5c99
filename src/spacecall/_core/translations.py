"""Replace the translation markers in an app's labels: `gr.I18n`, and Gradio's own labels.

A marker has a key: `__i18n__{"__type__": "translation_metadata", "key": "greeting"}`. /config has
the app's translations. Measured on 6.31.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from spacecall._core.json_values import as_dict

__all__ = ["has_markers", "read_translations", "translate"]

_MARKER = re.compile(r'__i18n__\{[^{}]{,200}?"key": "([^"{}]{,200})"[^{}]{,200}\}')


def read_translations(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an app's translations by key: in English, or else in its first language."""
    languages = as_dict(config.get("i18n_translations"))
    return as_dict(languages.get("en", next(iter(languages.values()), None)))


def has_markers(text: str) -> bool:
    """Return whether `text` has a translation marker."""
    return _MARKER.search(text) is not None


def translate(text: str, translations: Mapping[str, Any]) -> str:
    """Return `text` with its markers replaced.

    A key without a translation, such as those of Gradio itself, is replaced by the words of its
    last part: `chat_interface.clear_chat` by `clear chat`.
    """

    def replacement(marker: re.Match[str]) -> str:
        key = marker[1]
        translation = translations.get(key)
        if isinstance(translation, str):
            return translation
        return key.rpartition(".")[2].replace("_", " ")

    return _MARKER.sub(replacement, text)
