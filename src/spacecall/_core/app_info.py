"""What an app offers: /info's names and schemas, with what only /config knows.

Corrected on the way, as seen on real apps (4.44 to 6.31):

- limits of sliders and numbers are in /config only, and choices that may be extended
  (`allow_custom_value`) look like closed ones in /info;
- where the page shows an empty image, number or choice it sends null, which no schema admits;
- HTML components may hold any JSON, although they are said to hold text;
- a component without a label gets one with its id in it, which changes when the app does;
- a label that the page translates is a mark, which /config tells the meaning of;
- two functions may have one name: /info tells of one of them;
- a text as the default of a file is not a default: it would name a file of the caller's.
"""

from __future__ import annotations

import keyword
from collections.abc import Mapping, Sequence
from typing import Any

from spacecall._core.app_config import AppConfig, Component, Dependency
from spacecall._core.component_outputs import relax_output
from spacecall._core.component_schema import constrain_input, describe_component, describe_input
from spacecall._core.file_positions import drop_text_files
from spacecall._core.gradio_schema import normalize_schema
from spacecall._core.json_values import as_dict, as_list, as_str, is_object
from spacecall._core.python_names import field_name, is_generated_name, parameter_names, snake_case
from spacecall._core.translations import has_marks, translate
from spacecall.endpoints import NO_DEFAULT, Endpoint, Parameter, ReturnValue
from spacecall.errors import ProtocolError

__all__ = ["normalize_schema", "parse_endpoints"]

_Pair = tuple[Mapping[str, Any], Component]

_LONGEST = 1000
"""Characters of a label: an app can have one component as the input of many functions."""


def parse_endpoints(config: AppConfig, info: object) -> Mapping[str, Endpoint]:
    """The endpoints that /info names, by name and in its order.

    Args:
        config: the same app's /config.
        info: what /info answered, already parsed from JSON.

    Raises:
        ProtocolError: this is not what a Gradio app's /info answers.
    """
    named = as_dict(info).get("named_endpoints")
    if not is_object(named):
        raise ProtocolError("not a Gradio /info: it has no object 'named_endpoints'")
    found: dict[str, Endpoint] = {}
    for name, raw in named.items():
        dependency = config.find(name)
        if dependency is not None:
            endpoint = _endpoint(
                as_dict(raw),
                dependency,
                config.version_info[:1],
                alone=not config.is_ambiguous(name),
            )
            found[endpoint.name] = endpoint
    return found


def _endpoint(
    raw: Mapping[str, Any], dependency: Dependency, major: tuple[int, ...], *, alone: bool
) -> Endpoint:
    parameters = _pairs(raw.get("parameters"), dependency.visible_inputs, alone=alone)
    outputs = _pairs(raw.get("returns"), dependency.visible_returns, alone=alone)
    names = _names(parameters)
    return Endpoint(
        name=dependency.name or "",
        parameters=tuple(map(_parameter, names, parameters)),
        returns=tuple(_returned(pair, major) for pair in outputs),
        streaming=dependency.generator,
        queued=dependency.queued,
        stateful=dependency.stateful,
        visibility=dependency.visibility,
        event_data=dependency.event_data,
        description=as_str(raw.get("description")),
    )


def _pairs(raw: object, components: Sequence[Component], *, alone: bool) -> list[_Pair]:
    """What /info says of each slot, with its component.

    Where they do not belong together: /info is right if it speaks of the only function of this
    name, and of another function if it does not.
    """
    entries = [as_dict(entry) for entry in as_list(raw)]
    kinds = [as_str(entry.get("component")).lower() for entry in entries]
    if kinds == [component.kind for component in components]:
        return list(zip(entries, components, strict=True))
    if not alone:
        return [({}, component) for component in components]
    return [
        (entry, Component(id=-1, type=kind)) for entry, kind in zip(entries, kinds, strict=True)
    ]


def _parameter(name: str, pair: _Pair) -> Parameter:
    raw, component = pair
    schema = normalize_schema(raw.get("type"))
    default: Any = NO_DEFAULT
    if component.type == "browserstate":  # /info does not say what the browser starts with
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
        name_from_label=is_generated_name(_own_name(raw)),
    )


def _returned(pair: _Pair, major: tuple[int, ...]) -> ReturnValue:
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
    if not label or has_marks(label):
        label = component.label or translate(label, {})
    made_up = (f"parameter_{component.id}", f"value_{component.id}")
    if label in made_up and not component.label:
        return ""
    if len(label) > _LONGEST:
        label = f"{label[:_LONGEST]}…"
    return label


def _names(pairs: Sequence[_Pair]) -> list[str]:
    """A keyword for each parameter: the function's own (4.44 and later), or made of its label."""
    return parameter_names(
        [(_own_name(raw), _label(raw, component), component.kind) for raw, component in pairs]
    )


def _own_name(raw: Mapping[str, Any]) -> str:
    """The function's own name of a parameter, or an empty text."""
    name = as_str(raw.get("parameter_name"))
    if name.isidentifier() and not keyword.iskeyword(name):
        return name
    return field_name(name, frozenset(), fallback="value") if snake_case(name) else ""
