"""Find the functions that components of an app call on the server: Gradio's `@server` functions.

They are not endpoints: they are in no /info, wait in no queue, and take one value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spacecall._core.app_components import Component
from spacecall._core.app_functions import Dependency
from spacecall._core.json_values import as_dict, as_list, as_str, as_str_list
from spacecall._suggestions import did_you_mean
from spacecall._visible import shorten
from spacecall.errors import InvalidInputError, NotFoundError

__all__ = ["find_server_function"]

_NO_INDEX = -1
_MAX_NAMES = 10


def find_server_function(
    config: Mapping[str, Any], component: str | int, function: str
) -> Dependency:
    """Return a server function of a component, as a function of the app without the queue.

    Args:
        config: the app's /config.
        component: its label, its `elem_id`, or its id in /config.
        function: its name.

    Raises:
        NotFoundError: no component with server functions is called so, or it has no such function.
        InvalidInputError: several components are called so.
    """
    components = [
        raw
        for raw in map(as_dict, as_list(config.get("components")))
        if _functions(raw) and isinstance(raw.get("id"), int)
    ]
    matches = [raw for raw in components if component in (raw["id"], *_names(raw))]
    if not matches:
        names = [name for raw in components for name in _names(raw)]
        listed = f"there is {_listed(names)}" if names else "no component of the app has any"
        hint = did_you_mean(str(component), names, listed)
        raise NotFoundError(
            f"no component with server functions is {shorten(repr(component))}; {hint}"
        )
    if len(matches) > 1:
        ids = _listed([str(raw["id"]) for raw in matches])
        raise InvalidInputError(
            f"{len(matches)} components are called {shorten(repr(component))}: give the id of one, "
            f"from Space.config: {ids}"
        )
    functions = _functions(matches[0])
    if function not in functions:
        hint = did_you_mean(function, functions, f"it has {_listed(functions)}")
        raise NotFoundError(
            f"the component {shorten(repr(component))} has no server function "
            f"{shorten(repr(function))}; {hint}"
        )
    return Dependency(
        _NO_INDEX,
        None,
        inputs=(Component(_NO_INDEX, "", label="value"),),
        outputs=(Component(matches[0]["id"], ""),),
        queued=False,
        server_function=function,
    )


def _functions(raw: Mapping[str, Any]) -> list[str]:
    return as_str_list(as_dict(raw.get("props")).get("server_fns"))


def _names(raw: Mapping[str, Any]) -> list[str]:
    props = as_dict(raw.get("props"))
    return [name for name in map(as_str, (props.get("label"), props.get("elem_id"))) if name]


def _listed(names: Sequence[str]) -> str:
    joined = ", ".join(shorten(name) for name in names[:_MAX_NAMES])
    return joined + (", …" if len(names) > _MAX_NAMES else "")
