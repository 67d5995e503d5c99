"""Python names for what an app calls by any text, the same in dynamic calls and typed clients.

A name is derived from the text that it stands for, so that it stays when the app grows; it is the
same on every Python, since only the fixed Unicode 3.2 tables decide.
"""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Mapping, Sequence, Set
from functools import lru_cache
from typing import Final

__all__ = [
    "MAX_LENGTH",
    "RESERVED_PARAMETERS",
    "UniqueNames",
    "authored_label",
    "avoid_reserved",
    "field_name",
    "is_generated_name",
    "is_plain_identifier",
    "parameter_names",
    "separate_words",
    "snake_case",
    "snake_words",
    "strip_accents",
]

MAX_LENGTH: Final = 60
"""Characters of a name."""

RESERVED_PARAMETERS: Set[str] = frozenset({"self"})
"""What a parameter of a method cannot be called."""

_LONGEST_LABEL: Final = 240
"""Characters of a label that are read: one component can be an input of many functions."""

_UNICODE = unicodedata.ucd_3_2_0
_CATEGORIES = frozenset({"Ll", "Lm", "Lo", "Lt", "Lu", "Mc", "Mn", "Nd", "Nl"})
_COUNTED = re.compile(r"param_[0-9]+")
# `param` as well: with a number it would be counted
_UNLABELLED = re.compile(r"(?:parameter|param|value)_\d+|param")


def snake_case(text: str) -> str:
    """`text` as a lower-case identifier, at most 60 characters; empty if nothing of it can be kept.

    It may still begin with a digit or be a keyword: see `field_name`.
    """
    return "_".join(snake_words(text))


def field_name(text: str, reserved: Set[str], *, fallback: str) -> str:
    """An identifier for `text` that is no keyword and not `reserved`; the text itself if it is one.

    Args:
        text: what the app calls it.
        reserved: names that would break something in this place.
        fallback: an identifier used when nothing of the text can be kept; with an underscore, it is
            also put before a text that begins with a digit.
    """
    exact = text.strip("_")
    kept = exact if is_plain_identifier(exact) else snake_case(text)
    return avoid_reserved(kept or fallback, fallback, reserved)


def is_generated_name(name: str) -> bool:
    """Whether `name` is none of the app's own: Gradio counted, or sent none (before 4.44)."""
    return not name or _COUNTED.fullmatch(name) is not None


def parameter_names(
    parameters: Sequence[tuple[str, str, str]], spelling: Mapping[str, str] | None = None
) -> list[str]:
    """Return names for an endpoint's parameters, from their `(name, label, component)`.

    The name is the app's own. Where it has none (`*args`), the label names the parameter, or its
    component's kind; equal names are numbered from the second on, in the order of the wire.

    Args:
        parameters: in the order of the wire.
        spelling: how names of the app's own are written, where that is not as they are.
    """
    own = [name for name, *_ in parameters if not is_generated_name(name)]
    written = dict(zip(own, own, strict=True)) if spelling is None else spelling
    # A name that is another parameter's on the wire would be taken for that one.
    numbering = UniqueNames({*map(written.__getitem__, own), *(name for name, *_ in parameters)})
    first = set(own)
    names: list[str] = []
    for name, label, component in parameters:
        if name in first:
            first.remove(name)
            names.append(written[name])
        else:
            names.append(numbering.take(written.get(name) or _label_name(label, component)))
    return names


class UniqueNames:
    """Numbers equal names from the second on: `image`, `image_2`.

    Args:
        taken: names that cannot be used.
    """

    def __init__(self, taken: Set[str]) -> None:
        self._taken = set(taken)
        self._next: dict[str, int] = {}

    def take(self, name: str) -> str:
        """Return `name`, with a number where it is taken already."""
        unique = name
        # counted on from the last of the same name, or a list of equal ones would be quadratic
        number = self._next.get(name, 2)
        while unique in self._taken:
            unique = f"{name}_{number}"
            number += 1
        self._next[name] = number
        self._taken.add(unique)
        return unique


@lru_cache(maxsize=1024)
def _label_name(label: str, component: str) -> str:
    wanted = authored_label(label[:_LONGEST_LABEL]) or authored_label(component[:_LONGEST_LABEL])
    return field_name(snake_case(wanted), RESERVED_PARAMETERS, fallback="value")


def authored_label(label: str) -> str:
    """`label`, or an empty text for one that Gradio made up of a number."""
    spelled = snake_case(label)
    return "" if _UNLABELLED.fullmatch(spelled) or not spelled else label


def avoid_reserved(name: str, prefix: str, reserved: Set[str]) -> str:
    """`name` with `prefix` before a digit, and with an underscore where it is reserved."""
    if not name[0].isidentifier():
        name = f"{prefix}_{name}"
    if keyword.iskeyword(name) or name in reserved:
        name = f"{name}_"
    return name


def is_plain_identifier(text: str) -> bool:
    """Whether all Pythons read `text` as an identifier, and as this one."""
    return (
        text.isidentifier()
        and len(text) <= MAX_LENGTH
        and strip_accents(text) == text
        and all(char == "_" or _kept(char) for char in text)
    )


def snake_words(text: str) -> list[str]:
    """The words of `text` in lower case, of at most 60 characters together."""
    found: list[str] = []
    length = 0
    for word in separate_words(strip_accents(text)).split():
        lower = _UNICODE.normalize("NFKC", word.lower())
        length += len(lower) + 1
        if length > MAX_LENGTH + 1 and found:
            break
        found.append(lower[:MAX_LENGTH])
    return found


def separate_words(text: str) -> str:
    """`text` with a space between its words, `camelCase` and apostrophes understood."""
    text = re.sub(r"(?<=\w)['\u2019](?=\w)", "", text)
    text = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z0-9])(?=[A-Z][a-z])", " ", text)
    return "".join(char if _kept(char) else " " for char in text)


def strip_accents(text: str) -> str:
    """`text` in NFKC, Latin letters without their accents."""
    parts = _UNICODE.normalize("NFKD", text)
    kept: list[str] = []
    for char in parts:
        if not (kept and kept[-1].isascii() and _UNICODE.category(char) == "Mn"):
            kept.append(char)
    return _UNICODE.normalize("NFKC", "".join(kept))


def _kept(char: str) -> bool:
    return _UNICODE.category(char) in _CATEGORIES and f"a{char}".isidentifier()
