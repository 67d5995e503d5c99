"""What the functions of a session have changed of its components.

Since Gradio 4.44 a component that a function returns with other properties stays changed in the
session: the inputs of later calls are checked against its new choices and limits. Gradio 3
checks no choices.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from spacecall._core.app_components import Component
from spacecall._core.app_config import AppConfig
from spacecall._core.app_functions import Dependency
from spacecall._core.component_schema import changed_input
from spacecall._core.json_values import as_dict
from spacecall.component_updates import LayoutUpdate, Update
from spacecall.endpoints import Endpoint, Parameter
from spacecall.errors import ProtocolError

__all__ = ["SessionComponents", "read_layout", "read_update"]

_CHECKED: Final = frozenset({"allow_custom_value", "choices", "maximum", "minimum", "multiselect"})
"""The properties that decide which inputs a component takes."""


_ENTRY_BYTES: Final = 100
"""What a property costs besides its name and its value."""


def read_update(value: object) -> Update:
    """Return what an output changes of its component; `value` is the output as JSON."""
    fields = as_dict(value)
    if fields.get("__type__") != "update":
        return Update(has_value=True)
    properties = {
        name: setting for name, setting in fields.items() if name not in ("__type__", "value")
    }
    return Update(properties, has_value="value" in fields)


def _json_length(value: object) -> int:
    try:
        return len(json.dumps(value))
    except RecursionError as error:
        raise ProtocolError("an update of a component is nested too deeply") from error


def read_layout(endpoint: Dependency, values: Sequence[object]) -> tuple[LayoutUpdate, ...]:
    """Return what the raw output values of a function change of components without a value."""
    pairs = zip(endpoint.outputs, map(read_update, values), strict=False)
    return tuple(
        LayoutUpdate(
            properties=update.properties,
            has_value=update.has_value,
            component=component.type,
            component_id=component.id,
        )
        for component, update in pairs
        if component.skip_api and not component.is_state
    )


class SessionComponents:
    """The components of a session that its calls have changed.

    Args:
        max_bytes: of all changes together, as JSON.
    """

    def __init__(self, max_bytes: int = 2**25) -> None:
        self._max_bytes = max_bytes
        self._sizes: dict[tuple[int, str], int] = {}
        self._bytes = 0
        self._changes: dict[int, dict[str, Any]] = {}
        self.changed_props: dict[int, dict[str, Any]] = {}
        """All changed properties of the components that functions take with their properties."""

    def record(self, endpoint: Dependency, values: Sequence[Any]) -> None:
        """Record the component updates among the raw output values of a function.

        Raises:
            ProtocolError: the session has changed more than `max_bytes`.
        """
        for component, value in zip(endpoint.outputs, values, strict=False):
            properties = read_update(value).properties
            checked = {name: properties[name] for name in _CHECKED & properties.keys()}
            passed: Mapping[str, Any] = properties if component.passes_props else {}
            self._count(component, {**checked, **passed})
            if checked:
                self._changes[component.id] = self._changes.get(component.id, {}) | checked
            if passed:
                changed = self.changed_props.get(component.id, {})
                self.changed_props[component.id] = {**changed, **passed}

    def _count(self, component: Component, properties: Mapping[str, Any]) -> None:
        """Add the size of changes that replace earlier ones, before they are kept."""
        for name, setting in properties.items():
            size = _ENTRY_BYTES + len(name) + _json_length(setting)
            total = self._bytes + size - self._sizes.get((component.id, name), 0)
            if total > self._max_bytes:
                raise ProtocolError(
                    f"the app changed more than {self._max_bytes} bytes of the session's "
                    "components: raise Limits.max_body_bytes, or open another session"
                )
            self._bytes = total
            self._sizes[component.id, name] = size

    def describe(self, endpoints: Mapping[str, Endpoint], app: AppConfig) -> Mapping[str, Endpoint]:
        """Return the endpoints, with the choices and limits that their components have now."""
        if not self._changes:
            return endpoints
        described = dict(endpoints)
        for name, endpoint in endpoints.items():
            if (dependency := app.find(name)) is not None:
                parameters = self.apply(endpoint.parameters, dependency.visible_inputs)
                described[name] = replace(endpoint, parameters=tuple(parameters))
        return described

    def apply(
        self, parameters: Sequence[Parameter], components: Sequence[Component]
    ) -> list[Parameter]:
        """Return the parameters, with the choices and limits that their components have now."""
        if not self._changes or len(parameters) != len(components):
            return list(parameters)
        return [self._apply(*pair) for pair in zip(parameters, components, strict=True)]

    def _apply(self, parameter: Parameter, component: Component) -> Parameter:
        changes = self._changes.get(component.id)
        if changes is None:
            return parameter
        schema = changed_input(replace(component, props={**component.props, **changes}))
        return parameter if schema is None else replace(parameter, schema=schema)
