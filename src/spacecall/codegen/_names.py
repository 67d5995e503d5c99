"""Python names for what an app calls by any text.

A name is derived from the text it stands for, so that it stays when the app grows: names that would
be the same get a hash, but for those made of labels, which need not differ: they are numbered. It
differs from an identifier of the app's only where that would break something: `input` and `id`
stay, `class` becomes `class_`, and a field `str` becomes `str_`, because it would hide the type
from the annotations after it.
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
    is_generated_name,
    is_plain_identifier,
    parameter_names,
    separate_words,
    snake_case,
    snake_words,
    strip_accents,
)
from spacecall._filenames import is_device

__all__ = [
    "FIELD_NAMES",
    "METHOD_NAMES",
    "TUPLE_NAMES",
    "TYPE_NAMES",
    "Scope",
    "class_name",
    "distinct",
    "keyword_names",
    "module_name",
    "output_names",
    "pascal",
    "slug",
]

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

TUPLE_NAMES: Set[str] = TYPE_NAMES | {"count", "index"}
"""What a field of a NamedTuple cannot be called."""


def pascal(text: str) -> str:
    """`text` as the name of a class, as long as `snake` makes it; empty if nothing can be kept."""
    return "".join(word[0].upper() + word[1:] for word in snake_words(text))


def slug(text: str) -> str:
    """`text` as a name for a file: ASCII letters, digits and single hyphens; it may be empty.

    What Windows takes for a device, such as `con`, becomes `con-app`.
    """
    ascii_only = "".join(char if char.isascii() else " " for char in strip_accents(text))
    parts = re.findall(r"[a-z0-9]+", separate_words(ascii_only).lower())
    made = "-".join(parts)[:MAX_LENGTH].strip("-")
    return f"{made}-app" if is_device(made) else made


def class_name(text: str, prefix: str) -> str:
    """The name of a class for `text`: the text itself where it is one, else its words joined.

    Args:
        text: what the app calls it.
        prefix: put before what cannot begin a name; alone it stands for a text of which nothing
            can be kept.
    """
    kept = text if is_plain_identifier(text) and text[0].isupper() else pascal(text)
    return kept if kept[:1].isidentifier() else f"{prefix}{kept}"


def module_name(name: str) -> str:
    """The module that the client called `name` is written to.

    Raises:
        ValueError: nothing of the name can be kept.
    """
    made = slug(name).replace("-", "_")
    if not made:
        raise ValueError(f"no module can be named after {name!r}: use ASCII letters and digits")
    return avoid_reserved(made, "app", frozenset())


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
        field_name(
            snake_case(authored_label(label)) or snake_case(component), reserved, fallback="value"
        )
        for label, component in outputs
    ]
    shared = Counter(wanted)
    used = set(reserved)
    names: list[str] = []
    for name, (label, component) in zip(wanted, outputs, strict=True):
        finer = shared[name] > 1 and authored_label(label) and snake_case(component)
        numbered = UniqueNames(used | shared.keys() - {name})
        names.append(numbered.take(f"{name}_{finer}" if finer else name))
        used.add(names[-1])
    return names


def keyword_names(parameters: Sequence[tuple[str, str, str]]) -> list[str]:
    """Names for the keywords of an endpoint's method, from the `(name, label, component)` of each.

    They are those of a dynamic call; the app's own are changed where Python wants that.
    """
    own = [name for name, *_ in parameters if not is_generated_name(name)]
    spelling = distinct(
        own,
        lambda name: field_name(name, RESERVED_PARAMETERS, fallback="value"),
        RESERVED_PARAMETERS,
    )
    return parameter_names(parameters, spelling)


def _as_python_reads(name: str) -> str:
    return unicodedata.normalize("NFKC", name)
