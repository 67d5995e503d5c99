"""Python names for what an app calls by any text.

A name is derived from the text it stands for, never from a position alone, so that it stays when
the app grows; it is the same on every Python, since only the fixed Unicode 3.2 tables decide. It
differs from an identifier of the app's only where that would break something: `input` and `id`
stay, `class` becomes `class_`, and a field `str` becomes `str_`, because it would hide the type
from the annotations after it.
"""

from __future__ import annotations

import hashlib
import itertools
import keyword
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence, Set

__all__ = [
    "FIELD_NAMES",
    "METHOD_NAMES",
    "PARAMETER_NAMES",
    "TUPLE_NAMES",
    "distinct",
    "field_name",
    "module_name",
    "output_names",
    "parameter_names",
    "pascal",
    "slug",
    "snake",
]

_LONGEST = 60
_UNICODE = unicodedata.ucd_3_2_0
_CATEGORIES = frozenset({"Ll", "Lm", "Lo", "Lt", "Lu", "Mc", "Mn", "Nd", "Nl"})
_TYPES = frozenset({"bool", "bytes", "dict", "float", "int", "list", "object", "str", "tuple"})

FIELD_NAMES: Set[str] = _TYPES | {
    *("construct", "copy", "dict", "from_orm", "json", "parse_file", "parse_obj", "parse_raw"),
    *("schema", "schema_json", "update_forward_refs", "validate"),
    *("model_computed_fields", "model_config", "model_construct", "model_copy", "model_dump"),
    *("model_dump_json", "model_extra", "model_fields", "model_fields_set", "model_json_schema"),
    *("model_parametrized_name", "model_post_init", "model_rebuild", "model_validate"),
    *("model_validate_json", "model_validate_strings"),
}
"""What a field of a pydantic model cannot be called."""

METHOD_NAMES: Set[str] = _TYPES | {
    *("caller", "classmethod", "close", "connect", "property", "staticmethod"),
}
"""What a method of a typed client cannot be called: the base classes' own names, and types."""

PARAMETER_NAMES: Set[str] = frozenset({"self"})
"""What a parameter of a method cannot be called."""

TUPLE_NAMES: Set[str] = _TYPES | {"count", "index"}
"""What a field of a NamedTuple cannot be called."""

_UNLABELLED = re.compile(r"(?:parameter|param|value)_\d+")


def snake(text: str) -> str:
    """`text` as a lower-case identifier, at most 60 characters; empty if nothing of it can be kept.

    It may still begin with a digit or be a keyword: see `field_name` and `distinct`.
    """
    return "_".join(_words(text))


def pascal(text: str) -> str:
    """`text` as the name of a class, as long as `snake` makes it; empty if nothing can be kept."""
    return "".join(word[0].upper() + word[1:] for word in _words(text))


def slug(text: str) -> str:
    """`text` as a name for a file: ASCII letters, digits and single hyphens; it may be empty."""
    ascii_only = "".join(char if char.isascii() else " " for char in _plain(text))
    return "-".join(re.findall(r"[a-z0-9]+", _separated(ascii_only).lower()))[:_LONGEST].strip("-")


def module_name(name: str) -> str:
    """The module that the client called `name` is written to.

    Raises:
        ValueError: nothing of the name can be kept.
    """
    made = slug(name).replace("-", "_")
    if not made:
        raise ValueError(f"no module can be named after {name!r}: use ASCII letters and digits")
    return _allowed(made, "app", frozenset({"con", "nul", "prn", "aux"}))


def field_name(text: str, reserved: Set[str], *, fallback: str) -> str:
    """An identifier for `text` that is no keyword and not `reserved`; the text itself if it is one.

    Args:
        text: what the app calls it.
        reserved: names that would break something in this place.
        fallback: an identifier used when nothing of the text can be kept; with an underscore, it is
            also put before a text that begins with a digit.
    """
    exact = text.strip("_")
    kept = exact.isidentifier() and len(exact) <= _LONGEST and _plain(exact) == exact
    kept = kept and all(char == "_" or _kept(char) for char in exact)
    return _allowed((exact if kept else snake(text)) or fallback, fallback, reserved)


def distinct(
    keys: Iterable[str], propose: Callable[[str], str], taken: Iterable[str] = ()
) -> dict[str, str]:
    """A name for each key, no name twice.

    Keys that would share a name get the beginning of their hash added, except one that is spelled
    like the name; so a name does not depend on the order of the keys.

    Args:
        keys: what to name; different from each other.
        propose: the name wanted for a key.
        taken: names that cannot be given.
    """
    wanted = {key: propose(key) for key in keys}
    shared = Counter(wanted.values())
    used = set(taken)
    names: dict[str, str] = {}
    for key, name in wanted.items():
        if name not in used and (shared[name] == 1 or key.lstrip("/") == name):
            names[key] = name
            used.add(name)
    for key in sorted(wanted.keys() - names.keys()):
        digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
        lengths = range(4, len(digest))
        names[key] = next(
            made for n in lengths if (made := f"{wanted[key]}_{digest[:n]}") not in used
        )
        used.add(names[key])
    return {key: names[key] for key in wanted}


def output_names(outputs: Sequence[tuple[str, str]]) -> list[str]:
    """Field names for an endpoint's outputs, from their `(label, component)`.

    A label that Gradio made up (`value_17`, from a number that changes with the app's layout)
    counts as none: the component's kind names it. Outputs that share a label are told apart by
    their component, and numbered from the second on where that does not do.
    """
    wanted = [
        field_name(snake(_label(label)) or snake(component), TUPLE_NAMES, fallback="value")
        for label, component in outputs
    ]
    shared = Counter(wanted)
    used: set[str] = set()
    names: list[str] = []
    for name, (label, component) in zip(wanted, outputs, strict=True):
        finer = shared[name] > 1 and _label(label) and snake(component)
        names.append(_numbered(f"{name}_{finer}" if finer else name, used | shared.keys() - {name}))
        used.add(names[-1])
    return names


def parameter_names(parameters: Sequence[tuple[str, str, str]]) -> list[str]:
    """Names for an endpoint's parameters, from their `(name, label, component)`.

    The name is the app's own; only where Gradio had none and counted (`param_3`) the label names
    the parameter, or its component's kind, with a number from the second of a kind on.
    """
    own = [name for name, _, _ in parameters if name and not _UNLABELLED.fullmatch(name)]
    names = distinct(own, lambda name: field_name(name, PARAMETER_NAMES, fallback="value"))
    used = set(names.values())
    made: list[str] = []
    for name, label, component in parameters:
        made.append(names.get(name) or _unnamed(label, component, used))
        used.add(made[-1])
    return made


def _unnamed(label: str, component: str, used: Set[str]) -> str:
    wanted = field_name(snake(_label(label)) or component, PARAMETER_NAMES, fallback="value")
    return _numbered(wanted, used)


def _label(label: str) -> str:
    return "" if _UNLABELLED.fullmatch(label) or not snake(label) else label


def _numbered(name: str, used: Set[str]) -> str:
    choices = itertools.chain([name], (f"{name}_{number}" for number in itertools.count(2)))
    return next(made for made in choices if made not in used)


def _allowed(name: str, prefix: str, reserved: Set[str]) -> str:
    if not name[0].isidentifier():
        name = f"{prefix}_{name}"
    if keyword.iskeyword(name) or name in reserved:
        name = f"{name}_"
    return name


def _words(text: str) -> list[str]:
    found: list[str] = []
    length = 0
    for word in _separated(_plain(text)).split():
        lower = _UNICODE.normalize("NFKC", word.lower())
        length += len(lower) + 1
        if length > _LONGEST + 1 and found:
            break
        found.append(lower[:_LONGEST])
    return found


def _separated(text: str) -> str:
    """`text` with a space between its words, `camelCase` and apostrophes understood."""
    text = re.sub(r"(?<=\w)['\u2019](?=\w)", "", text)
    text = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z0-9])(?=[A-Z][a-z])", " ", text)
    return "".join(char if _kept(char) else " " for char in text)


def _plain(text: str) -> str:
    """`text` in NFKC, Latin letters without their accents."""
    parts = _UNICODE.normalize("NFKD", text)
    kept: list[str] = []
    for char in parts:
        if not (kept and kept[-1].isascii() and _UNICODE.category(char) == "Mn"):
            kept.append(char)
    return _UNICODE.normalize("NFKC", "".join(kept))


def _kept(char: str) -> bool:
    return _UNICODE.category(char) in _CATEGORIES and f"a{char}".isidentifier()
