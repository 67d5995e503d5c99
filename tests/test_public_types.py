"""Whatever a public function takes or returns has a public name."""

from __future__ import annotations

import ast
import builtins
import collections.abc
import contextlib
import inspect
import sys
import typing
from collections.abc import Iterator, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any, TypeVar, get_args

import pytest

from scripts._site_pages import public_names
from spacecall import FileInput, FileSource
from spacecall.media import MediaInput

NAMES = public_names()
_LIBRARIES = (builtins, typing, collections.abc, contextlib)


def _public_values() -> dict[int, str]:
    return {
        id(getattr(import_module(module), name)): f"{module}.{name}"
        for module, exported in NAMES.items()
        for name in exported
    }


PUBLIC = _public_values()


def _annotations(value: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield where each annotation is, the namespace of its names, and its text or reference."""
    if inspect.isclass(value):
        yield from _annotations_of_class(value)
    elif inspect.isroutine(value):
        yield from _annotations_of_function(value, value.__qualname__)


def _annotations_of_class(value: type) -> Iterator[tuple[str, Any, Any]]:
    for base in value.__mro__:
        if not base.__module__.startswith("spacecall"):
            continue
        names = vars(sys.modules[base.__module__])
        for attribute, hint in vars(base).get("__annotations__", {}).items():
            if not attribute.startswith("_"):
                yield f"{value.__qualname__}.{attribute}", names, hint
        for name, member in vars(base).items():
            if name.startswith("_") and not _is_part_of_the_interface(name, base):
                continue
            function = member.fget if isinstance(member, property) else member
            function = getattr(function, "__func__", function)
            if inspect.isroutine(function):
                yield from _annotations_of_function(function, f"{value.__qualname__}.{name}")


def _is_part_of_the_interface(name: str, owner: type) -> bool:
    """Whether users call it: a constructor if the class says what it takes."""
    if name == "__init__":
        return "Args:" in (owner.__doc__ or "")
    return name in {"__enter__", "__aenter__", "__iter__", "__aiter__", "__next__", "__anext__"}


def _annotations_of_function(function: Any, label: str) -> Iterator[tuple[str, Any, Any]]:
    function = inspect.unwrap(function)
    names = getattr(function, "__globals__", {})
    for parameter, hint in getattr(function, "__annotations__", {}).items():
        if parameter not in ("self", "cls"):
            yield f"{label}({parameter})", names, hint


def _private_names(names: Mapping[str, Any], hint: Any) -> Iterator[str]:
    if isinstance(hint, typing.ForwardRef):
        if module := hint.__forward_module__:  # of a TypedDict, which has the fields of its bases
            names = vars(sys.modules[module] if isinstance(module, str) else module)
        hint = hint.__forward_arg__
    tree = ast.parse(hint if isinstance(hint, str) else "", mode="exec")
    literals = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Literal"
        for inner in ast.walk(node.slice)
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in literals
        ):
            yield from _private_names(names, node.value)
        if isinstance(node, ast.Name) and not _is_public(node.id, names):
            yield node.id


def _is_public(name: str, names: Mapping[str, Any]) -> bool:
    if name not in names:
        return hasattr(builtins, name)
    value = names[name]
    if isinstance(value, (TypeVar, ModuleType, typing.ParamSpec)) or id(value) in PUBLIC:
        return True
    if any(getattr(library, name, None) is value for library in _LIBRARIES):
        return True
    # The module of an alias is that of its first part, wherever the alias is.
    is_definition = inspect.isclass(value) or inspect.isroutine(value)
    return is_definition and not value.__module__.startswith("spacecall")


@pytest.mark.parametrize("module", NAMES)
def test_public_signatures_have_public_types(module: str) -> None:
    private = sorted(
        {
            f"{label}: {name}"
            for exported in NAMES[module]
            for label, names, hint in _annotations(getattr(import_module(module), exported))
            for name in _private_names(names, hint)
        }
    )
    assert not private, "without a public name:\n" + "\n".join(private)


@pytest.mark.parametrize("module", NAMES)
def test_public_annotations_can_be_evaluated(module: str) -> None:
    """Libraries make tools, forms and commands of functions so."""
    for exported in NAMES[module]:
        for label, names, hint in _annotations(getattr(import_module(module), exported)):
            if isinstance(hint, str):
                annotated = type("Annotated", (), {"__annotations__": {label: hint}})
                assert label in typing.get_type_hints(annotated, dict(names))


def test_no_two_classes_of_a_space_differ_by_case_alone() -> None:
    for facade in (name for name in NAMES if name.startswith("spacecall.spaces.")):
        names = [*NAMES[facade], *NAMES.get(f"{facade}.client", [])]
        assert len({name.casefold() for name in names}) == len(names), facade


def test_a_private_type_is_noticed() -> None:
    class _Private: ...

    names = {"_Private": _Private, "Any": Any, "Alias": typing.Literal["a"] | None}
    _Private.__module__ = "spacecall._private"
    assert list(_private_names(names, "list[_Private] | Any")) == ["_Private"]
    assert list(_private_names(names, "Alias")) == ["Alias"]
    assert not list(_private_names(names, "dict[str, Any]"))


def test_the_aliases_of_files_can_be_part_of_an_annotation_that_is_evaluated() -> None:
    for alias in (FileSource, FileInput, MediaInput):
        assert type(None) in get_args(alias | None)
