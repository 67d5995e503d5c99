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

from spacecall._filenames import is_device

__all__ = [
    "FIELD_NAMES",
    "METHOD_NAMES",
    "PARAMETER_NAMES",
    "TUPLE_NAMES",
    "TYPE_NAMES",
    "Scope",
    "class_name",
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

TYPE_NAMES: Set[str] = frozenset(
    {"bool", "bytes", "dict", "float", "int", "list", "object", "str", "tuple"}
)
"""Types that annotations name without an import."""

FIELD_NAMES: Set[str] = TYPE_NAMES | {
    *("Config", "construct", "copy", "dict", "from_orm", "json", "mro", "parse_file", "parse_obj"),
    *("parse_raw", "register", "schema", "schema_json", "self", "update_forward_refs", "validate"),
    *("model_computed_fields", "model_config", "model_construct", "model_copy", "model_dump"),
    *("model_dump_json", "model_extra", "model_fields", "model_fields_set", "model_json_schema"),
    *("model_parametrized_name", "model_post_init", "model_rebuild", "model_validate"),
    *("model_validate_json", "model_validate_strings"),
}
"""What a field of a pydantic model cannot be called."""

METHOD_NAMES: Set[str] = TYPE_NAMES | {
    *("SOURCE", "aclose", "caller", "classmethod", "close", "connect", "property"),
    "staticmethod",
}
"""What a method of a typed client cannot be called: the base classes' own names, and types."""

PARAMETER_NAMES: Set[str] = frozenset({"self"})
"""What a parameter of a method cannot be called."""

TUPLE_NAMES: Set[str] = TYPE_NAMES | {"count", "index"}
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
    """`text` as a name for a file: ASCII letters, digits and single hyphens; it may be empty.

    What Windows takes for a device, such as `con`, becomes `con-app`.
    """
    ascii_only = "".join(char if char.isascii() else " " for char in _plain(text))
    words = re.findall(r"[a-z0-9]+", _separated(ascii_only).lower())
    made = "-".join(words)[:_LONGEST].strip("-")
    return f"{made}-app" if is_device(made) else made


def class_name(text: str, prefix: str) -> str:
    """The name of a class for `text`: the text itself where it is one, else its words joined.

    Args:
        text: what the app calls it.
        prefix: put before what cannot begin a name; alone it stands for a text of which nothing
            can be kept.
    """
    kept = text if _is_plain_identifier(text) and text[0].isupper() else pascal(text)
    return kept if kept[:1].isidentifier() else f"{prefix}{kept}"


def module_name(name: str) -> str:
    """The module that the client called `name` is written to.

    Raises:
        ValueError: nothing of the name can be kept.
    """
    made = slug(name).replace("-", "_")
    if not made:
        raise ValueError(f"no module can be named after {name!r}: use ASCII letters and digits")
    return _allowed(made, "app", frozenset())


def field_name(text: str, reserved: Set[str], *, fallback: str) -> str:
    """An identifier for `text` that is no keyword and not `reserved`; the text itself if it is one.

    Args:
        text: what the app calls it.
        reserved: names that would break something in this place.
        fallback: an identifier used when nothing of the text can be kept; with an underscore, it is
            also put before a text that begins with a digit.
    """
    exact = text.strip("_")
    kept = exact if _is_plain_identifier(exact) else snake(text)
    return _allowed(kept or fallback, fallback, reserved)


class Scope:
    """The names of a scope: of a module, a class, a signature. Each is given once.

    Names are compared as Python compares them, in NFKC: `_ﬁle` is `_file`.

    Args:
        taken: names that cannot be given.
    """

    def __init__(self, *taken: Iterable[str]) -> None:
        self._names = {_as_python_reads(name) for names in taken for name in names}

    def __contains__(self, name: str) -> bool:
        return _as_python_reads(name) in self._names

    @property
    def names(self) -> Set[str]:
        """All names that are taken."""
        return frozenset(self._names)

    def reserve(self, *names: str) -> None:
        """Take names that are spelled already."""
        self._names.update(map(_as_python_reads, names))

    def allocate(
        self,
        keys: Iterable[str],
        propose: Callable[[str], str],
        forms: Callable[[str], Sequence[str]] = lambda name: [name],
    ) -> dict[str, str]:
        """Give each key a name; none is given twice.

        Keys that would share a name get the beginning of their hash added, except one that is
        spelled like the name; so a name does not depend on the order of the keys.

        Args:
            keys: what to name; different from each other.
            propose: the name for a key, if it is free.
            forms: all names that are taken together with a name, such as `RunInput` and
                `RunOutput` for `Run`.
        """
        proposals = {key: propose(key) for key in keys}
        shared = Counter(map(_as_python_reads, proposals.values()))
        names: dict[str, str] = {}
        for key, name in proposals.items():
            alone = shared[_as_python_reads(name)] == 1 or key.removeprefix("/") == name
            if alone and self._are_free(forms(name)):
                names[key] = name
                self.reserve(*forms(name))
        spelled = proposals.keys()
        for key in sorted(spelled - names.keys()):
            digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
            hashed = (f"{proposals[key]}_{digest[:length]}" for length in range(4, len(digest) + 1))
            names[key] = next(
                name for name in hashed if name not in spelled and self._are_free(forms(name))
            )
            self.reserve(*forms(names[key]))
        return {key: names[key] for key in proposals}

    def _are_free(self, names: Iterable[str]) -> bool:
        return all(name not in self for name in names)


def distinct(
    keys: Iterable[str], propose: Callable[[str], str], taken: Iterable[str] = ()
) -> dict[str, str]:
    """Give each key a name in a scope of their own, where some names are `taken`."""
    return Scope(taken).allocate(keys, propose)


def output_names(outputs: Sequence[tuple[str, str]], reserved: Set[str] = TUPLE_NAMES) -> list[str]:
    """Field names for an endpoint's outputs, from their `(label, component)`.

    A label that Gradio made up (`value_17`, from a number that changes with the app's layout)
    counts as none: the component's kind names it. Outputs that share a label are told apart by
    their component, and numbered from the second on where that does not do.
    """
    wanted = [
        field_name(snake(_label(label)) or snake(component), reserved, fallback="value")
        for label, component in outputs
    ]
    shared = Counter(wanted)
    used = set(reserved)
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
    names = distinct(
        own, lambda name: field_name(name, PARAMETER_NAMES, fallback="value"), PARAMETER_NAMES
    )
    # A name that is another parameter's on the wire would be taken for that one.
    used = {*names.values(), *(name for name, _, _ in parameters)}
    made: list[str] = []
    for name, label, component in parameters:
        made.append(names.get(name) or _unnamed(label, component, used))
        used.add(made[-1])
    return made


def _unnamed(label: str, component: str, used: Set[str]) -> str:
    wanted = field_name(snake(_label(label)) or component, PARAMETER_NAMES, fallback="value")
    return _numbered(wanted, used)


def _label(label: str) -> str:
    spelled = snake(label)
    return "" if _UNLABELLED.fullmatch(spelled) or not spelled else label


def _numbered(name: str, used: Set[str]) -> str:
    choices = itertools.chain([name], (f"{name}_{number}" for number in itertools.count(2)))
    return next(made for made in choices if made not in used)


def _allowed(name: str, prefix: str, reserved: Set[str]) -> str:
    if not name[0].isidentifier():
        name = f"{prefix}_{name}"
    if keyword.iskeyword(name) or name in reserved:
        name = f"{name}_"
    return name


def _is_plain_identifier(text: str) -> bool:
    """Whether all Pythons read `text` as an identifier, and as this one."""
    return (
        text.isidentifier()
        and len(text) <= _LONGEST
        and _plain(text) == text
        and all(char == "_" or _kept(char) for char in text)
    )


def _as_python_reads(name: str) -> str:
    return unicodedata.normalize("NFKC", name)


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
