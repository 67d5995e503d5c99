"""Derive Python names from an app's labels and names, for dynamic calls and typed clients.

A name depends only on its text, so that it stays when the app grows, and on the fixed Unicode 3.2
tables, so that it is the same on every Python version.
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
    "is_numbered_parameter",
    "is_plain_identifier",
    "normalize_letters",
    "parameter_names",
    "separate_words",
    "snake_case",
    "snake_words",
]

MAX_LENGTH: Final = 60
"""The most characters of a name."""

RESERVED_PARAMETERS: Set[str] = frozenset({"self"})
"""The names that a parameter of a method cannot have."""

_MAX_LABEL: Final = 240
"""Characters of a label that are read: a component can be an input of many functions."""

_UNICODE = unicodedata.ucd_3_2_0
_CATEGORIES = frozenset({"Ll", "Lm", "Lo", "Lt", "Lu", "Mc", "Mn", "Nd", "Nl"})
_GENERATED = re.compile(r"param_[0-9]+")
# also `param`: with a number it would look generated
_UNLABELLED = re.compile(r"(?:parameter|param|value)_\d+|param")


def snake_case(text: str) -> str:
    """Convert `text` to lower-case words with underscores, at most 60 characters, maybe none.

    The result may begin with a digit or be a keyword: see `field_name`.
    """
    return "_".join(snake_words(text))


def field_name(text: str, reserved: Set[str], *, fallback: str) -> str:
    """Return an identifier for `text` that is neither a keyword nor `reserved`.

    A text that is such an identifier stays as it is.

    Args:
        text: the app's name or label.
        reserved: the names that cannot be used here.
        fallback: the identifier for a text without any letter or digit, and the prefix of a text
            that begins with a digit.
    """
    stripped = text.strip("_")
    name = stripped if is_plain_identifier(stripped) else snake_case(text)
    return avoid_reserved(name or fallback, fallback, reserved)


def is_numbered_parameter(name: str) -> bool:
    """Return whether a parameter has no name of its own: `param_0`, or "" (before Gradio 4.44)."""
    return not name or _GENERATED.fullmatch(name) is not None


def parameter_names(
    parameters: Sequence[tuple[str, str, str]], spelling: Mapping[str, str] | None = None
) -> list[str]:
    """Return names for an endpoint's parameters, from their `(name, label, component)`.

    The name is that of the app's function. Without one (`*args`), the label or else the component's
    kind names the parameter; equal names are numbered from the second on, in order.

    Args:
        parameters: the parameters in the order of the request.
        spelling: the spelling of each name of the app's function; by default the name itself.
    """
    function_names = [name for name, *_ in parameters if not is_numbered_parameter(name)]
    if spelling is None:
        spelling = dict(zip(function_names, function_names, strict=True))
    # A name that the request uses for another parameter would mean that parameter.
    reserved = {name for name, *_ in parameters}
    unique_names = UniqueNames({*map(spelling.__getitem__, function_names), *reserved})
    unassigned = set(function_names)
    names: list[str] = []
    for name, label, component in parameters:
        if name in unassigned:
            unassigned.remove(name)
            names.append(spelling[name])
        else:
            names.append(unique_names.add(spelling.get(name) or _label_name(label, component)))
    return names


class UniqueNames:
    """A set of names that numbers equal names from the second on: `image`, `image_2`.

    Args:
        used: names that cannot be used again.
    """

    def __init__(self, used: Set[str]) -> None:
        self._used = set(used)
        self._next_number: dict[str, int] = {}

    def add(self, name: str) -> str:
        """Add and return `name`, with a number if it is used already."""
        unique = name
        # counting on from the last equal name: a list of equal names would take quadratic time
        number = self._next_number.get(name, 2)
        while unique in self._used:
            unique = f"{name}_{number}"
            number += 1
        self._next_number[name] = number
        self._used.add(unique)
        return unique


@lru_cache(maxsize=1024)
def _label_name(label: str, component: str) -> str:
    text = authored_label(label[:_MAX_LABEL]) or authored_label(component[:_MAX_LABEL])
    return field_name(snake_case(text), RESERVED_PARAMETERS, fallback="value")


def authored_label(label: str) -> str:
    """Return `label`, or an empty text if Gradio generated it from a number."""
    name = snake_case(label)
    return "" if _UNLABELLED.fullmatch(name) or not name else label


def avoid_reserved(name: str, prefix: str, reserved: Set[str]) -> str:
    """Put `prefix` before a leading digit, and an underscore after a reserved name."""
    if not name[0].isidentifier():
        name = f"{prefix}_{name}"
    if keyword.iskeyword(name) or name in reserved:
        name = f"{name}_"
    return name


def is_plain_identifier(text: str) -> bool:
    """Return whether every Python version reads `text` as an identifier of the same spelling."""
    return (
        text.isidentifier()
        and len(text) <= MAX_LENGTH
        and normalize_letters(text) == text
        and all(char == "_" or _is_letter(char) for char in text)
    )


def snake_words(text: str) -> list[str]:
    """Split `text` into words in lower case, at most 60 characters in total."""
    words: list[str] = []
    length = 0
    for word in separate_words(normalize_letters(text)).split():
        lower = normalize_letters(word.lower())
        length += len(lower) + 1
        if length > MAX_LENGTH + 1 and words:
            break
        words.append(lower[:MAX_LENGTH])
    return words


def separate_words(text: str) -> str:
    """Put a space between the words of `text`; `camelCase` is split, apostrophes are removed."""
    text = re.sub(r"(?<=\w)['\u2019](?=\w)", "", text)
    text = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z0-9])(?=[A-Z][a-z])", " ", text)
    return "".join(char if _is_letter(char) else " " for char in text)


def normalize_letters(text: str) -> str:
    """Return `text` in NFKC, without marks that are not part of a Latin letter.

    `é` stays, in one character. A mark that no letter has with the one before it is removed, since
    nobody could type it: the dot that lower case leaves after the i of `İ`.
    """
    if text.isascii():
        return text
    chars: list[str] = []
    for char in _UNICODE.normalize("NFKC", text):
        if not (chars and _UNICODE.category(char) == "Mn" and _is_latin(chars[-1])):
            chars.append(char)
    return "".join(chars)


def _is_latin(char: str) -> bool:
    return _UNICODE.normalize("NFKD", char)[0].isascii()


@lru_cache(maxsize=1024)
def _is_letter(char: str) -> bool:
    return _UNICODE.category(char) in _CATEGORIES and f"a{char}".isidentifier()
