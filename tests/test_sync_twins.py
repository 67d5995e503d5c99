"""Each public async class and its twin without async have the same methods and parameters."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from typing import Any

import pytest

from scripts._site_pages import public_names
from spacecall import File, SyncSpace, chat, images
from spacecall.facades import SpaceFacade

CLASSES = {
    name: value
    for module, exported in public_names().items()
    for name in exported
    if inspect.isclass(value := getattr(import_module(module), name))
}
# Their twins take the options of every implementation.
CLASSES["ChatModel"] = chat.OpenChatModel
CLASSES["ImageModel"] = images.OpenImageModel
PAIRS = {
    name: (CLASSES[name], CLASSES[f"Sync{name}"])
    for name in sorted(CLASSES)
    if f"Sync{name}" in CLASSES
}
WITHOUT_TWIN = {
    "AnyChatModel": "its twin is SyncChatModel",
    "ChatSpace": "its twin is SyncChatModel",
    "AnyImageModel": "its twin is SyncImageModel",
    "File": "SyncFiles reads and saves files",
    "Media": "the models read them",
    "OpenChatModel": "its twin is SyncChatModel",
    "OpenImageModel": "its twin is SyncImageModel",
}
# By the names of async types and methods.
TYPES = {
    "AbstractAsyncContextManager": "AbstractContextManager",
    "AsyncIterator": "Iterator",
    "Connecting": "SyncConnecting",
    "Rows": "Iterable",
} | {name: f"Sync{name}" for name in PAIRS}
METHODS = {
    "aclose": "close",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "__anext__": "__next__",
    "__await__": "result",
}
SYNC_ONLY = {("Call", "submit"), ("Job", "result", "timeout")}
"""Async callers use a task group, and the timeouts of their event loop."""
# Async functions of users, which run in the event loop of both.
IN_THE_LOOP = {"steps"}
FILES = {"iter_bytes": "stream", "live": "live", "read": "read", "save": "save"}
"""The methods of `SyncFiles`, and those of `File` that they are without async."""


def methods(cls: type) -> dict[str, Any]:
    """Return public methods and properties, and what makes it a context manager or iterator."""
    result: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if base.__module__.startswith("spacecall") or base.__module__ == "collections.abc":
            members = {k: v for k, v in vars(base).items() if not k.startswith("_") or k in METHODS}
            twins = {k: v for k, v in vars(base).items() if k in METHODS.values()}
            result |= {
                name: member
                for name, member in {**members, **twins}.items()
                if isinstance(member, property | classmethod) or inspect.isroutine(member)
            }
    return result


def parameters(method: Any) -> dict[str, str]:
    """Return the types of the parameters by their names, and of the result."""
    function: Any = method.fget if isinstance(method, property) else method
    function = inspect.unwrap(getattr(function, "__func__", function))
    types: dict[str, str] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        hint = str(parameter.annotation)
        if hint.startswith("Unpack["):
            types |= options_of(function.__globals__[hint[len("Unpack[") : -1]])
        elif name not in ("self", "cls"):
            types[name] = hint
    types["return"] = str(inspect.signature(function).return_annotation)
    return types


def options_of(options: type) -> dict[str, str]:
    """Return the options of a TypedDict as parameters."""
    return {
        name: getattr(hint, "__forward_arg__", str(hint))
        for name, hint in options.__annotations__.items()
    }


def without_async(hint: str) -> str:
    return re.sub(r"\b[A-Z]\w+", lambda match: TYPES.get(match[0], match[0]), hint)


@pytest.mark.parametrize("name", PAIRS)
def test_the_twins_have_the_same_methods(name: str) -> None:
    async_methods, sync_methods = map(methods, PAIRS[name])
    expected = {METHODS.get(method, method) for method in async_methods}
    present = {METHODS.get(method, method) for method in sync_methods}
    assert expected - present <= {"result"} - present
    extra = present - expected - FILES.keys() - {"__iter__"}
    extra -= {method for method in extra if (name, method) in SYNC_ONLY}
    # The twin of a protocol opens any implementation.
    assert extra <= ({"connect"} if name in ("ChatModel", "ImageModel") else set())


@pytest.mark.parametrize("name", PAIRS)
def test_the_methods_of_twins_take_and_return_the_same(name: str) -> None:
    async_methods, sync_methods = map(methods, PAIRS[name])
    for method, member in async_methods.items():
        if method.startswith("__"):
            continue
        expected = {
            key: hint if key in IN_THE_LOOP else without_async(hint)
            for key, hint in parameters(member).items()
        }
        present = parameters(sync_methods[METHODS.get(method, method)])
        present = {k: hint for k, hint in present.items() if (name, method, k) not in SYNC_ONLY}
        assert present == expected, method


@pytest.mark.parametrize("name", ["Space", "HuggingFaceInference", "Hub", "TypedClient"])
def test_the_constructors_of_twins_take_the_same(name: str) -> None:
    async_class, sync_class = PAIRS[name]
    constructor = "connect" if name == "HuggingFaceInference" else "__init__"
    expected = parameters(getattr(async_class, constructor))
    expected = {key: without_async(hint) for key, hint in expected.items()}
    assert parameters(getattr(sync_class, constructor)) == expected


def test_each_class_with_async_methods_has_a_twin() -> None:
    missing = {
        name
        for name, cls in CLASSES.items()
        if not name.startswith("Sync") and f"Sync{name}" not in CLASSES
        for member in methods(cls).values()
        if inspect.iscoroutinefunction(getattr(member, "__func__", member))
    }
    facades = {name for name, cls in CLASSES.items() if issubclass(cls, SpaceFacade)}
    assert missing - facades <= WITHOUT_TWIN.keys()


def test_each_twin_has_an_original() -> None:
    assert {name.removeprefix("Sync") for name in CLASSES if name.startswith("Sync")} == set(PAIRS)


@pytest.mark.parametrize("method", sorted(FILES))
def test_files_are_read_without_async(method: str) -> None:
    original = parameters(getattr(File, FILES[method]))
    expected = {key: without_async(hint) for key, hint in original.items()}
    for sync_class in (SyncSpace, CLASSES["SyncHuggingFaceInference"], CLASSES["SyncImageModel"]):
        taken = parameters(getattr(sync_class, method))
        assert taken.pop("file") == "File"
        assert taken == expected
