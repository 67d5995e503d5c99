"""Texts that an app's page translates: `gr.I18n`, and Gradio's own labels.

The wire has a mark with a key, `__i18n__{"__type__": "translation_metadata", "key": "greeting"}`;
/config has the app's translations. Seen on 6.31.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from spacecall._core.json_values import as_dict

__all__ = ["has_marks", "read_translations", "translate"]

_MARK = re.compile(r'__i18n__\{[^{}]{,200}?"key": "([^"{}]{,200})"[^{}]{,200}\}')


def read_translations(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """What an app's keys mean: in English, or in the first language that it has."""
    languages = as_dict(config.get("i18n_translations"))
    return as_dict(languages.get("en", next(iter(languages.values()), None)))


def has_marks(text: str) -> bool:
    """Whether the page translates a part of `text`."""
    return _MARK.search(text) is not None


def translate(text: str, translations: Mapping[str, Any]) -> str:
    """Return `text` with its marks replaced.

    A key without a translation, as those of Gradio itself, gives its last part in words: that of
    `chat_interface.clear_chat` is `clear chat`.
    """

    def meaning(mark: re.Match[str]) -> str:
        meant = translations.get(mark[1])
        return meant if isinstance(meant, str) else mark[1].rpartition(".")[2].replace("_", " ")

    return _MARK.sub(meaning, text)
