"""Derive Python names from the names and labels of an app.

A name is derived from its text alone, so that it stays the same when the app grows: names that
would be equal get a hash of their text. Outputs' labels are numbered instead, since labels need not
differ. An app's identifier is changed only if it would break something: `input` and `id` stay,
`class` becomes `class_`, and a field `str` becomes `str_`, because it would hide the type from the
annotations after it.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence, Set

from spacecall._core.python_names import (
    MAX_LENGTH,
    RESERVED_PARAMETERS,
    UniqueNames,
    authored_label,
    avoid_reserved,
    field_name,
    is_numbered_parameter,
    is_plain_identifier,
    parameter_names,
    separate_words,
    snake_case,
    snake_words,
)
from spacecall._filenames import is_device

__all__ = [
    "FIELD_NAMES",
    "METHOD_NAMES",
    "TUPLE_NAMES",
    "TYPE_NAMES",
    "Scope",
    "allocate_names",
    "class_name",
    "keyword_names",
    "module_name",
    "output_names",
    "pascal_case",
    "slug",
]

TYPE_NAMES: Set[str] = frozenset(
    {"bool", "bytes", "dict", "float", "int", "list", "object", "str", "tuple"}
)
"""Types that annotations use without an import."""

FIELD_NAMES: Set[str] = TYPE_NAMES | {
    *("Config", "construct", "copy", "dict", "from_orm", "json", "mro", "parse_file", "parse_obj"),
    *("parse_raw", "register", "schema", "schema_json", "self", "update_forward_refs", "validate"),
    *("model_computed_fields", "model_config", "model_construct", "model_copy", "model_dump"),
    *("model_dump_json", "model_extra", "model_fields", "model_fields_set", "model_json_schema"),
    *("model_parametrized_name", "model_post_init", "model_rebuild", "model_validate"),
    *("model_validate_json", "model_validate_strings"),
}
"""Names that a field of a pydantic model cannot have."""

METHOD_NAMES: Set[str] = TYPE_NAMES | {
    *("SOURCE", "aclose", "caller", "classmethod", "close", "connect", "map", "property"),
    "staticmethod",
}
"""Names that a method of a typed client cannot have: members of the base classes, and types."""

TUPLE_NAMES: Set[str] = TYPE_NAMES | {"count", "index"}
"""Names that a field of a NamedTuple cannot have."""


def pascal_case(text: str) -> str:
    """Return `text` in PascalCase; empty if no character is usable.

    Numbers stay apart: `SD 3.5` is `Sd3_5`. It is at most as long as the result of `snake_case`.
    """
    name = ""
    for word in snake_words(text):
        joint = "_" if name[-1:].isdecimal() and word[0].isdecimal() else ""
        name += f"{joint}{word[0].upper()}{word[1:]}"
    return name


def slug(text: str) -> str:
    """Return `text` as a file name: ASCII letters, digits and single hyphens; it may be empty.

    A device name of Windows gets a suffix: `con` becomes `con-app`.
    """
    letters = unicodedata.ucd_3_2_0.normalize("NFKD", text)
    ascii_only = "".join(
        char if char.isascii() else " "
        for char in letters
        if unicodedata.ucd_3_2_0.category(char) != "Mn"  # the accent of a letter
    )
    parts = re.findall(r"[a-z0-9]+", separate_words(ascii_only).lower())
    hyphenated = "-".join(parts)[:MAX_LENGTH].strip("-")
    return f"{hyphenated}-app" if is_device(hyphenated) else hyphenated


def class_name(text: str, prefix: str) -> str:
    """Return a class name for `text`: the text itself if it is one, else its words joined.

    Args:
        text: a name of the app, such as a label, an endpoint or a type.
        prefix: put before a text that cannot begin a name; the whole name if no character can be
            used.
    """
    base = text if is_plain_identifier(text) and text[0].isupper() else pascal_case(text)
    return base if base[:1].isidentifier() else f"{prefix}{base}"


def module_name(name: str) -> str:
    """Return the name of the module that the client called `name` is written to.

    Raises:
        ValueError: the name has no ASCII letters or digits.
    """
    base = slug(name).replace("-", "_")
    if not base:
        raise ValueError(f"no module can be named after {name!r}: use ASCII letters and digits")
    return avoid_reserved(base, "app", frozenset())


class Scope:
    """The names of a module, a class or a signature, each of which is given out once.

    Names are compared as Python compares them, in NFKC: `_ﬁle` is `_file`.

    Args:
        taken: names that are already in use.
    """

    def __init__(self, *taken: Iterable[str]) -> None:
        self._names = {_nfkc(name) for names in taken for name in names}

    def __contains__(self, name: str) -> bool:
        return _nfkc(name) in self._names

    @property
    def names(self) -> Set[str]:
        """All names in use."""
        return frozenset(self._names)

    def reserve(self, *names: str) -> None:
        """Add names that are in use."""
        self._names.update(map(_nfkc, names))

    def allocate(
        self,
        keys: Iterable[str],
        propose: Callable[[str], str],
        forms: Callable[[str], Sequence[str]] = lambda name: [name],
    ) -> dict[str, str]:
        """Give each key a name that is not in use, and add the names.

        Keys that would share a name get the beginning of their hash as a suffix, except a key that
        is spelled like the name. So names do not depend on the order of the keys.

        Args:
            keys: the texts to name, all different.
            propose: returns the preferred name of a key.
            forms: returns all names that come with a name: `RunInput` and `RunOutput` for `Run`.
        """
        proposals = {key: propose(key) for key in keys}
        uses = Counter(map(_nfkc, proposals.values()))
        names: dict[str, str] = {}
        for key, name in proposals.items():
            is_unique = uses[_nfkc(name)] == 1 or key.removeprefix("/") == name
            if is_unique and self._are_free(forms(name)):
                names[key] = name
                self.reserve(*forms(name))
        original_names = proposals.keys()
        for key in sorted(original_names - names.keys()):
            digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
            hashed = (f"{proposals[key]}_{digest[:length]}" for length in range(4, len(digest) + 1))
            names[key] = next(
                name
                for name in hashed
                if name not in original_names and self._are_free(forms(name))
            )
            self.reserve(*forms(names[key]))
        return {key: names[key] for key in proposals}

    def _are_free(self, names: Iterable[str]) -> bool:
        return all(name not in self for name in names)


def allocate_names(
    keys: Iterable[str], propose: Callable[[str], str], taken: Iterable[str] = ()
) -> dict[str, str]:
    """Give each key a name in a new scope, in which the names in `taken` are in use."""
    return Scope(taken).allocate(keys, propose)


def output_names(outputs: Sequence[tuple[str, str]], reserved: Set[str] = TUPLE_NAMES) -> list[str]:
    """Return field names for an endpoint's outputs, from each one's label and component.

    A label that Gradio made up (`value_17`, from a number that changes with the app's layout) does
    not count: the component names the output. Outputs that share a label get their component as a
    suffix, and a number from the second on if that is not enough.
    """
    base_names = [
        field_name(
            snake_case(authored_label(label)) or snake_case(component), reserved, fallback="value"
        )
        for label, component in outputs
    ]
    uses = Counter(base_names)
    used = set(reserved)
    names: list[str] = []
    for name, (label, component) in zip(base_names, outputs, strict=True):
        suffix = uses[name] > 1 and authored_label(label) and snake_case(component)
        numbered = UniqueNames(used | uses.keys() - {name})
        names.append(numbered.add(f"{name}_{suffix}" if suffix else name))
        used.add(names[-1])
    return names


def keyword_names(parameters: Sequence[tuple[str, str, str]]) -> list[str]:
    """Return keyword names for a method, from each parameter's name, label and component.

    They are the names of a dynamic call; the app's own names are changed if Python requires it.
    """
    app_names = [name for name, *_ in parameters if not is_numbered_parameter(name)]
    spelling = allocate_names(
        app_names,
        lambda name: field_name(name, RESERVED_PARAMETERS, fallback="value"),
        RESERVED_PARAMETERS,
    )
    return parameter_names(parameters, spelling)


def _nfkc(name: str) -> str:
    return unicodedata.normalize("NFKC", name)
