"""Parse an app's endpoints from /info, with the details that only /config has.

/info is corrected where real apps (4.44 to 6.31) behave differently:

- the limits of sliders and numbers are only in /config, and /info lists the choices of a component
  that accepts any value (`allow_custom_value`) as if they were the only ones;
- an empty image, number or choice on the page is sent as null, which no schema allows;
- an HTML component may hold any JSON, although its schema is a string;
- Gradio makes a label from the id of a component without one: it changes when the app changes;
- a translated label is a marker, and /config has the translations;
- two functions may have the same name, and /info describes one of them;
- a string as the default of a file is dropped: it would name a file of the caller's machine.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from spacecall._core.app_components import Component
from spacecall._core.app_config import AppConfig
from spacecall._core.app_functions import Dependency
from spacecall._core.component_outputs import relax_output
from spacecall._core.component_schema import constrain_input, describe_component, describe_input
from spacecall._core.file_positions import drop_text_files
from spacecall._core.gradio_schema import normalize_schema
from spacecall._core.json_values import as_dict, as_list, as_str, is_object
from spacecall._core.python_names import (
    field_name,
    is_numbered_parameter,
    parameter_names,
    snake_case,
)
from spacecall._core.translations import has_markers, translate
from spacecall.endpoints import NO_DEFAULT, Endpoint, OAuth, Parameter, ReturnValue
from spacecall.errors import ProtocolError

__all__ = ["normalize_schema", "parse_endpoints", "parse_oauth"]

_Pair = tuple[Mapping[str, Any], Component]

_MANY = 100
"""Parameters and outputs of an endpoint that is parsed at once."""

_MAX_LABEL = 1000
"""Characters of a label: a component can be an input of many functions."""


def parse_endpoints(config: AppConfig, info: object) -> Mapping[str, Endpoint]:
    """Parse the endpoints that /info names, by name and in its order.

    Args:
        config: the /config of the same app.
        info: the JSON value that /info returned.

    Raises:
        ProtocolError: `info` is not the /info of a Gradio app.
    """
    named_endpoints = as_dict(info).get("named_endpoints")
    if not is_object(named_endpoints):
        raise ProtocolError("not a Gradio /info: it has no object 'named_endpoints'")
    names = config.dependencies.names
    endpoints = {name: as_dict(raw) for name, raw in named_endpoints.items() if name in names}
    return _Endpoints(config, endpoints)


class _Endpoints(Mapping[str, Endpoint]):
    """Endpoints that are parsed when they are looked up: a call needs one of a thousand.

    An endpoint of many parameters is parsed at once, in the thread that parses the document.
    """

    def __init__(self, config: AppConfig, documents: Mapping[str, Mapping[str, Any]]) -> None:
        self._config = config
        self._documents = documents
        self._parsed: dict[str, Endpoint] = {}
        for name, raw in documents.items():
            if len(as_list(raw.get("parameters"))) + len(as_list(raw.get("returns"))) > _MANY:
                self._parsed[name] = self._parse(name)

    def __getitem__(self, name: str) -> Endpoint:
        endpoint = self._parsed.get(name)
        if endpoint is None:
            endpoint = self._parsed[name] = self._parse(name)
        return endpoint

    def _parse(self, name: str) -> Endpoint:
        raw = self._documents[name]
        dependency = self._config.find(name)
        assert dependency is not None
        return _endpoint(
            raw,
            dependency,
            self._config.version_info[:1],
            is_unique=not self._config.dependencies.is_ambiguous(name),
        )

    def __contains__(self, name: object) -> bool:
        return name in self._documents

    def __iter__(self) -> Iterator[str]:
        return iter(self._documents)

    def __len__(self) -> int:
        return len(self._documents)

    def __repr__(self) -> str:
        return repr(dict(self))


def _endpoint(
    raw: Mapping[str, Any], dependency: Dependency, major: tuple[int, ...], *, is_unique: bool
) -> Endpoint:
    parameters = _pairs(raw.get("parameters"), dependency.visible_inputs, is_unique=is_unique)
    outputs = _pairs(raw.get("returns"), dependency.visible_returns, is_unique=is_unique)
    names = _names(parameters)
    return Endpoint(
        name=dependency.name or "",
        parameters=tuple(map(_parameter, names, parameters)),
        returns=tuple(_return_value(pair, major) for pair in outputs),
        streaming=dependency.generator,
        queued=dependency.queued,
        stateful=dependency.stateful,
        visibility=dependency.visibility,
        event_data=dependency.event_data,
        oauth=parse_oauth(raw.get("oauth_token")),
        stream_input=_stream_input(names, dependency),
        computes_default=dependency.computes_default,
        description=as_str(raw.get("description")),
    )


def parse_oauth(requirement: object) -> OAuth | None:
    """Return whether a function takes a user's token; None for any other value."""
    if requirement == "required":
        return "required"
    return "optional" if requirement == "optional" else None


def _stream_input(names: Sequence[str], dependency: Dependency) -> str | None:
    index = dependency.stream_index
    return None if index is None or index >= len(names) else names[index]


def _pairs(raw: object, components: Sequence[Component], *, is_unique: bool) -> list[_Pair]:
    """Return the description of each slot in /info with its component.

    If their kinds differ, /info is right if only one function has this name. Otherwise it describes
    another function.
    """
    entries = [as_dict(entry) for entry in as_list(raw)]
    kinds = [as_str(entry.get("component")).lower() for entry in entries]
    if kinds == [component.kind for component in components]:
        return list(zip(entries, components, strict=True))
    if not is_unique:
        return [({}, component) for component in components]
    return [
        (entry, Component(id=-1, type=kind)) for entry, kind in zip(entries, kinds, strict=True)
    ]


def _parameter(name: str, pair: _Pair) -> Parameter:
    raw, component = pair
    schema = normalize_schema(raw.get("type"))
    default: Any = NO_DEFAULT
    if component.type == "browserstate":  # /info does not have its initial value
        default = component.props.get("default_value")
    elif raw.get("parameter_has_default") is True:
        default = drop_text_files(schema, raw.get("parameter_default"), NO_DEFAULT)
    return Parameter(
        name=name,
        label=_label(raw, component),
        component=component.kind,
        schema=constrain_input(schema, component, default),
        default=default,
        description=describe_input(schema, component),
        name_from_label=is_numbered_parameter(_function_name(raw)),
        computed_default=component.set_on_load and default is not NO_DEFAULT,
    )


def _return_value(pair: _Pair, major: tuple[int, ...]) -> ReturnValue:
    raw, component = pair
    schema = normalize_schema(raw.get("type"))
    return ReturnValue(
        label=_label(raw, component),
        component=component.kind,
        schema=relax_output(schema, component, major),
        description=describe_component(component),
    )


def _label(raw: Mapping[str, Any], component: Component) -> str:
    label = as_str(raw.get("label"))
    if not label or has_markers(label):
        label = component.label or translate(label, {})
    generated = (f"parameter_{component.id}", f"value_{component.id}")
    if label in generated and not component.label:
        return ""
    if len(label) > _MAX_LABEL:
        label = f"{label[:_MAX_LABEL]}…"
    return label


def _names(pairs: Sequence[_Pair]) -> list[str]:
    """Return a keyword for each parameter: the function's (4.44 and later), or from its label."""
    return parameter_names(
        [(_function_name(raw), _label(raw, component), component.kind) for raw, component in pairs]
    )


def _function_name(raw: Mapping[str, Any]) -> str:
    """Return the name of the parameter in the app's function; empty if /info has none."""
    name = as_str(raw.get("parameter_name"))
    if name.isidentifier() and not keyword.iskeyword(name):
        return name
    return field_name(name, frozenset(), fallback="value") if snake_case(name) else ""
